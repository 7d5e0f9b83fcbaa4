//! Policies and routes.

use super::tenant::*;
use super::{Case, check};
use migrate::assess::Rule;
use migrate::model::Severity::{Block, Info, Warn};
use migrate::model::*;

fn grant(kind: PolicyKind, name: &str, level: PolicyLevel) -> PolicyGrant {
    PolicyGrant { kind, name: name.into(), level, at: at(15, 4) }
}

fn routing(level: PolicyLevel) -> PolicyGrant {
    grant(PolicyKind::OnlineVoiceRoutingPolicy, "UK", level)
}

fn policy(tenant: &mut House, name: &str, usages: &[&str]) {
    tenant.inventory.voice_routing_policies.push(VoiceRoutingPolicy {
        name: name.into(),
        usages: given(usages.iter().map(|usage| (*usage).to_owned()).collect()),
        at: at(15, 3),
    });
}

fn to_group() -> PolicyLevel {
    PolicyLevel::Group { group: "group-1".into() }
}

fn to_number() -> PolicyLevel {
    PolicyLevel::Number { number: BOB_NUMBER.into() }
}

fn to_user(upn: &str) -> PolicyLevel {
    PolicyLevel::User { user: upn.into() }
}

fn trunk(tenant: &mut House, fqdn: &str) {
    tenant.inventory.trunks.push(Trunk { fqdn: fqdn.into(), at: at(17, 2), ..Trunk::default() });
}

fn route(tenant: &mut House, gateways: &[&str]) {
    tenant.inventory.voice_routes.push(VoiceRoute {
        name: "UK national".into(),
        gateways: given(gateways.iter().map(|name| (*name).to_owned()).collect()),
        at: at(16, 2),
        ..VoiceRoute::default()
    });
}

fn shared_calling(tenant: &mut House, account: &str) {
    tenant.inventory.shared_calling_policies.push(SharedCallingPolicy {
        name: "SC1".into(),
        resource_account: text(account),
        at: at(0, 8),
        ..SharedCallingPolicy::default()
    });
}

#[rustfmt::skip]
pub fn cases() -> Vec<Case> {
    vec![
        Case { rule: Rule::PolicyGlobalRoutes, severity: Block, subject: "Global",
            breaks: |t| t.inventory.voice_routing_policies[0].usages = given(vec!["Unrestricted".into()]),
            just_not: |t| t.inventory.voice_routing_policies[0].usages = empty() },
        Case { rule: Rule::PolicyGroupRoutes, severity: Block, subject: "group-1",
            breaks: |t| t.inventory.policy_grants.push(routing(to_group())),
            just_not: |t| {
                policy(t, "UK", &[]);
                t.inventory.policy_grants.push(routing(to_group()));
            } },
        Case { rule: Rule::PolicyNumberRoutes, severity: Block, subject: BOB_NUMBER,
            breaks: |t| t.number(BOB_NUMBER).policies.push(routing(to_number())),
            just_not: |t| {
                let kind = PolicyKind::CallingLineIdentity;
                t.number(BOB_NUMBER).policies.push(grant(kind, "UK", to_number()));
            } },
        Case { rule: Rule::PolicyUserRoutes, severity: Block, subject: ALICE,
            breaks: |t| t.user(ALICE).policies.push(routing(to_user(ALICE))),
            just_not: |t| t.user(BOB).policies.push(routing(to_user(BOB))) },
        Case { rule: Rule::PolicyRoutesAtCutover, severity: Info, subject: "UK",
            breaks: |t| t.user(BOB).policies.push(routing(to_user(BOB))),
            just_not: |t| t.user(ALICE).policies.push(routing(to_user(ALICE))) },
        Case { rule: Rule::PolicySiteRoutes, severity: Warn, subject: SITE,
            breaks: |t| t.site().voice_routing_policy = text("UK"),
            just_not: |t| t.site().voice_routing_policy = empty() },
        Case { rule: Rule::PolicyEmergencyRouting, severity: Warn, subject: "UK-999",
            breaks: |t| t.site().emergency_call_routing_policy = text("UK-999"),
            just_not: |t| t.site().emergency_call_routing_policy = empty() },
        Case { rule: Rule::PolicySharedCalling, severity: Block, subject: "SC1",
            breaks: |t| shared_calling(t, SALES),
            just_not: |t| shared_calling(t, MAIN) },
        Case { rule: Rule::PolicyCommonAreaPhone, severity: Warn, subject: LOBBY,
            breaks: |t| t.user(LOBBY).policies.clear(),
            just_not: |t| {
                let own = t.user(LOBBY).policies.remove(0);
                t.inventory.policy_grants.push(own);
            } },
        Case { rule: Rule::RouteWithoutTrunk, severity: Warn, subject: "UK national",
            breaks: |t| route(t, &["sbc.contoso.com"]),
            just_not: |t| { trunk(t, "SBC.contoso.com"); route(t, &["sbc.contoso.com"]); } },
        Case { rule: Rule::TrunkWithoutRoute, severity: Warn, subject: "sbc.contoso.com",
            breaks: |t| trunk(t, "sbc.contoso.com"),
            just_not: |t| { trunk(t, "sbc.contoso.com"); route(t, &["sbc.contoso.com"]); } },
    ]
}

#[test]
fn policy_rules() {
    check(&cases());
}
