//! Exports about accounts, numbers, licences, queues and policies (migration.md sections 1.2 to 1.4,
//! 1.6 and 1.7).

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::dice::guid;
use crate::export::{Files, json, row};
use crate::plan::{Licence, MCOEV, MCOMEETADV, MCOPSTN5, Model, Plan, TEAMS1, VIRTUAL};

pub fn write(plan: &Plan, files: &mut dyn Files) -> io::Result<()> {
    files.file("Get-CsTenant.json", &mut |out| {
        write!(
            out,
            "{{\"TenantId\":\"{}\",\"DisplayName\":\"Contoso\",\"ServiceInstance\":\"MicrosoftCommunicationsOnline/EMEA-1A-S1\",\"CountryLetterCode\":\"GB\",\"Cloud\":\"commercial\"}}",
            guid(7, 0)
        )
    })?;
    files.file("Get-CsPhoneNumberTenantConfiguration.json", &mut |out| {
        write!(
            out,
            "{{\"AssignmentEmailEnabled\":false,\"UnassignmentEmailEnabled\":false,\"AssignmentBlockedForever\":{},\"AssignmentBlockedDays\":null,\"AllowOnPremToOnlineMigration\":null}}",
            plan.blocks_numbers
        )
    })?;
    files.file("Get-CsOnlineUser.csv", &mut |out| users(plan, out))?;
    files.file("Get-CsPhoneNumberAssignment.csv", &mut |out| numbers(plan, out))?;
    files.file("Get-MgUserLicenseDetail.csv", &mut |out| licences(plan, out))?;
    files.file("Get-MgSubscribedSku.json", &mut |out| skus(plan, out))?;
    files.file("Get-CsOnlineApplicationInstance.csv", &mut |out| accounts(plan, out))?;
    files.file("Get-CsCallQueue.json", &mut |out| queues(plan, out))?;
    files.file("Get-CsAutoAttendant.json", &mut |out| attendants(plan, out))?;
    // PowerShell writes no file of nothing.
    if !plan.forwards.is_empty() {
        files.file("Get-CsUserCallingSettings.json", &mut |out| forwards(plan, out))?;
    }
    policies(plan, files)
}

fn word(truth: bool) -> &'static str {
    if truth { "True" } else { "False" }
}

fn users(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    row(
        out,
        &[
            "UserPrincipalName",
            "Identity",
            "DisplayName",
            "SipAddress",
            "AccountType",
            "InterpretedUserType",
            "AccountEnabled",
            "UsageLocation",
            "City",
            "Office",
            "Department",
            "LineUri",
            "OnPremLineUri",
            "OnPremLineURIManuallySet",
            "EnterpriseVoiceEnabled",
            "HostingProvider",
            "TeamsUpgradeEffectiveMode",
            "OnlineVoiceRoutingPolicy",
            "SoftDeletionTimestamp",
        ],
    )?;
    for person in &plan.people {
        let site = &plan.sites[person.site];
        let line =
            if person.line.is_empty() { String::new() } else { format!("tel:{}", person.line) };
        let on_premises = if person.on_premises.is_empty() {
            String::new()
        } else {
            format!("tel:{}", person.on_premises)
        };
        row(
            out,
            &[
                &person.upn,
                &person.id,
                &person.name,
                &format!("sip:{}", person.upn),
                person.account_type,
                "PureOnlineTeamsOnlyUser",
                "True",
                person.usage_location,
                &site.city,
                &site.name,
                "Sales",
                &line,
                &on_premises,
                if person.on_premises.is_empty() { "True" } else { "False" },
                word(person.voice),
                "sipfed.online.lync.com",
                person.mode,
                person.routing_policy,
                person.deleted,
            ],
        )?;
    }
    Ok(())
}

fn numbers(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    row(
        out,
        &[
            "TelephoneNumber",
            "OperatorId",
            "NumberType",
            "ActivationState",
            "AssignedPstnTargetId",
            "AssignmentCategory",
            "Capability",
            "City",
            "CivicAddressId",
            "IsoCountryCode",
            "LocationId",
            "LocationUpdateSupported",
            "PortInOrderStatus",
            "PstnAssignmentStatus",
            "PstnPartnerName",
            "NumberSource",
            "AssignmentBlockedState",
            "AssignmentBlockedUntil",
        ],
    )?;
    let operator = guid(8, 0);
    for number in &plan.numbers {
        let site = &plan.sites[number.site];
        let (address, place) = if number.located {
            (guid(3, number.site), guid(4, number.site))
        } else if number.model == Model::Direct {
            let nil = "00000000-0000-0000-0000-000000000000".to_owned();
            (nil.clone(), nil)
        } else {
            (String::new(), String::new())
        };
        let blocked = if number.blocked.is_empty() { "NotBlocked" } else { number.blocked };
        let partner = if number.model == Model::Operator { "Example Telecom" } else { "" };
        row(
            out,
            &[
                &number.raw,
                &operator,
                number.model.word(),
                number.activation,
                &number.target,
                if number.target.is_empty() { "" } else { "Primary" },
                number.capability,
                &site.city,
                &address,
                site.country,
                &place,
                "True",
                "",
                number.assignment,
                partner,
                "Online",
                blocked,
                "",
            ],
        )?;
    }
    Ok(())
}

fn licences(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    row(
        out,
        &[
            "UserPrincipalName",
            "SkuId",
            "SkuPartNumber",
            "ServicePlanName",
            "ServicePlanId",
            "ProvisioningStatus",
        ],
    )?;
    let people = plan.people.iter().map(|person| (&person.upn, &person.licences));
    let accounts = plan.accounts.iter().map(|account| (&account.upn, &account.licences));
    for (upn, licences) in people.chain(accounts) {
        if licences.is_empty() {
            // An account without licences is told by what has nothing to do with telephones.
            row(
                out,
                &[
                    upn,
                    &sku_id("FLOW_FREE"),
                    "FLOW_FREE",
                    "FLOW_P2_VIRAL",
                    "50e68c76-46c6-4674-81f9-75456511b170",
                    "Success",
                ],
            )?;
        }
        for licence in licences {
            let id = sku_id(licence.sku);
            for (name, plan_id, status) in &licence.plans {
                row(out, &[upn, &id, licence.sku, name, plan_id, status])?;
            }
        }
    }
    Ok(())
}

fn sku_id(part: &str) -> String {
    let sum = part.bytes().fold(7_usize, |sum, b| sum.wrapping_mul(31).wrapping_add(b.into()));
    guid(10, sum)
}

fn skus(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let all =
        plan.people.iter().map(|p| &p.licences).chain(plan.accounts.iter().map(|a| &a.licences));
    let mut used: BTreeMap<&str, usize> = BTreeMap::new();
    for licence in all.flat_map(|licences: &Vec<Licence>| licences) {
        *used.entry(licence.sku).or_default() += 1;
    }
    let plans_of = |sku: &str| -> Vec<(&str, &str)> {
        match sku {
            "SPE_E5" => vec![MCOEV, TEAMS1, MCOMEETADV],
            "SPE_E3" => vec![TEAMS1],
            "MCOPSTN_5" => vec![MCOPSTN5],
            "PHONESYSTEM_VIRTUALUSER" => vec![VIRTUAL],
            "MCOEV" => vec![MCOEV],
            _ => vec![MCOEV, MCOMEETADV],
        }
    };
    let spare = 10;
    json(
        out,
        used.into_iter().map(|(sku, count)| {
            let plans: Vec<String> = plans_of(sku)
                .into_iter()
                .map(|(name, id)| {
                    format!("{{\"ServicePlanName\":\"{name}\",\"ServicePlanId\":\"{id}\",\"ProvisioningStatus\":\"Success\",\"AppliesTo\":\"User\"}}")
                })
                .collect();
            format!(
                "{{\"SkuPartNumber\":\"{sku}\",\"SkuId\":\"{}\",\"AppliesTo\":\"User\",\"CapabilityStatus\":\"Enabled\",\"ConsumedUnits\":{count},\"PrepaidUnits\":{{\"Enabled\":{},\"Warning\":0,\"Suspended\":0,\"LockedOut\":0}},\"ServicePlans\":[{}]}}",
                sku_id(sku),
                count + spare,
                plans.join(",")
            )
        }),
    )
}

const ATTENDANT: &str = "ce933385-9390-45d1-9512-c8d228074e07";
const QUEUE: &str = "11cd3e2e-fccb-42ad-ad00-878b93575e07";

fn accounts(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    row(
        out,
        &[
            "ObjectId",
            "TenantId",
            "UserPrincipalName",
            "ApplicationId",
            "DisplayName",
            "PhoneNumber",
        ],
    )?;
    let tenant = guid(7, 0);
    for account in &plan.accounts {
        // Exports lose the plus sign of these now and then (migration.md section 1.1).
        let number = plan.numbers[account.number].raw.trim_start_matches('+').to_owned();
        let application = if account.queue { QUEUE } else { ATTENDANT };
        row(
            out,
            &[
                &account.id,
                &tenant,
                &account.upn,
                application,
                &account.name,
                &format!("tel:+{number}"),
            ],
        )?;
    }
    Ok(())
}

fn queues(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let queues = plan.accounts.iter().enumerate().filter(|(_, account)| account.queue);
    json(
        out,
        queues.map(|(at, queue)| {
            let agents: Vec<String> = queue
                .agents
                .iter()
                .map(|agent| format!("{{\"ObjectId\":\"{}\",\"OptIn\":true}}", plan.people[*agent].id))
                .collect();
            format!(
                "{{\"Identity\":\"{}\",\"Name\":\"{}\",\"RoutingMethod\":\"Attendant\",\"AllowOptOut\":true,\"Users\":[],\"DistributionLists\":[],\"Agents\":[{}],\"OverflowAction\":\"Disconnect\",\"OverflowActionTarget\":null,\"TimeoutAction\":\"Disconnect\",\"TimeoutActionTarget\":null,\"ApplicationInstances\":[\"{}\"]}}",
                guid(11, at),
                queue.name,
                agents.join(","),
                queue.id
            )
        }),
    )
}

fn attendants(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let attendants = plan.accounts.iter().enumerate().filter(|(_, account)| !account.queue);
    json(
        out,
        attendants.map(|(at, attendant)| {
            let target = attendant.leads_to.map(|queue| plan.accounts[queue].id.clone());
            format!(
                "{{\"Identity\":\"{}\",\"Name\":\"{}\",\"LanguageId\":\"en-GB\",\"TimeZoneId\":\"UTC\",\"Operator\":null,\"DefaultCallFlow\":{{\"Menu\":{{\"MenuOptions\":[{{\"Action\":\"TransferCallToTarget\",\"DtmfResponse\":\"Tone1\",\"CallTarget\":{{\"Id\":\"{}\",\"Type\":\"ApplicationEndpoint\"}}}}]}}}},\"CallFlows\":[],\"ApplicationInstances\":[\"{}\"]}}",
                guid(12, at),
                attendant.name,
                target.unwrap_or_default(),
                attendant.id
            )
        }),
    )
}

fn forwards(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    json(
        out,
        plan.forwards.iter().map(|(person, number)| {
            format!(
                "{{\"SipUri\":\"sip:{}\",\"IsForwardingEnabled\":true,\"ForwardingType\":\"Immediate\",\"ForwardingTarget\":\"{number}\",\"ForwardingTargetType\":\"SingleTarget\",\"IsUnansweredEnabled\":false,\"UnansweredTarget\":null,\"UnansweredTargetType\":\"Voicemail\",\"Delegates\":[],\"Delegators\":[],\"CallGroupTargets\":[],\"GroupMembershipDetails\":[]}}",
                plan.people[*person].upn
            )
        }),
    )
}

fn policies(plan: &Plan, files: &mut dyn Files) -> io::Result<()> {
    files.file("Get-CsOnlineVoiceRoutingPolicy.csv", &mut |out| {
        row(out, &["Identity", "OnlinePstnUsages", "Description"])?;
        row(out, &["Global", if plan.global_routes { "Everywhere" } else { "" }, ""])?;
        row(out, &["Tag:Everywhere", "Everywhere", ""])
    })?;
    files.file("Get-CsOnlineVoiceRoute.csv", &mut |out| {
        row(
            out,
            &["Identity", "NumberPattern", "OnlinePstnUsages", "OnlinePstnGatewayList", "Priority"],
        )?;
        row(out, &["Everywhere", "^\\+", "Everywhere", "sbc1.contoso.example", "1"])
    })?;
    files.file("Get-CsOnlinePSTNGateway.csv", &mut |out| {
        row(
            out,
            &[
                "Identity",
                "Fqdn",
                "SipSignalingPort",
                "MaxConcurrentSessions",
                "Enabled",
                "MediaBypass",
            ],
        )?;
        row(out, &["sbc1.contoso.example", "sbc1.contoso.example", "5061", "500", "True", "False"])
    })?;
    if !plan.group_grants.is_empty() {
        files.file("Get-CsGroupPolicyAssignment.csv", &mut |out| {
            row(out, &["GroupId", "PolicyType", "PolicyName", "Priority"])?;
            for group in &plan.group_grants {
                row(out, &[group, "OnlineVoiceRoutingPolicy", "Everywhere", "1"])?;
            }
            Ok(())
        })?;
    }
    if !plan.number_grants.is_empty() {
        files.file("Get-CsPhoneNumberPolicyAssignment.csv", &mut |out| {
            row(out, &["TelephoneNumber", "PolicyType", "PolicyName", "Authority"])?;
            for number in &plan.number_grants {
                row(out, &[number, "OnlineVoiceRoutingPolicy", "Everywhere", "Tenant"])?;
            }
            Ok(())
        })?;
    }
    Ok(())
}
