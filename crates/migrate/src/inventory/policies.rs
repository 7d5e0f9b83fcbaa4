//! The tenant, its policies, and Direct Routing.

use super::{Builder, Columns};
use crate::import::Row;
use crate::model::{
    Cell, Cloud, GroupRank, PolicyGrant, PolicyKind, PolicyLevel, RemarkKind, Trunk, VoiceRoute,
    VoiceRoutingPolicy,
};
use crate::read;

impl Builder {
    pub(super) fn tenant(&mut self, row: &Row<'_>, columns: &Columns) {
        let id = match row.cell(columns.get("tenant_id"), read::id) {
            Cell::Absent => row.cell(columns.get("id"), read::id),
            told => told,
        };
        // A service instance names its cloud: `MicrosoftCommunicationsOnline/GOV-1A`, `.../CN-0A`.
        let by_instance = row.cell(columns.get("service_instance"), |text| {
            let name = text.rsplit('/').next().unwrap_or_default().to_ascii_uppercase();
            let family = name.split('-').next().unwrap_or_default();
            match family {
                "CN" | "CHINA" | "PARTNER" => Some(Cloud::China),
                "GOVGCCHIGH" | "GCCH" | "USGOV" => Some(Cloud::GccHigh),
                "DOD" | "USDOD" => Some(Cloud::Dod),
                "GCC" => Some(Cloud::Gcc),
                "NOAM" | "EMEA" | "APAC" => Some(Cloud::Commercial),
                _ => None,
            }
        });
        let cloud = match self.word(row, columns.get("cloud"), Cloud::read, |c| *c == Cloud::Other)
        {
            Cell::Absent | Cell::Empty { .. } => by_instance,
            told => told,
        };
        let tenant = &mut self.inventory.tenant;
        tenant.id = id;
        tenant.name = row.text(columns.get("name"));
        tenant.country = row.text(columns.get("country"));
        if cloud.get().is_some() {
            tenant.cloud = cloud;
        }
    }

    pub(super) fn number_configuration(&mut self, row: &Row<'_>, columns: &Columns) {
        let truth = |name: &str| row.cell(columns.get(name), read::truth);
        let tenant = &mut self.inventory.tenant;
        tenant.assignment_blocked_forever = truth("blocked_forever");
        tenant.assignment_blocked_days = row.cell(columns.get("blocked_days"), read::count);
        tenant.assignment_email = truth("assignment_email");
        tenant.unassignment_email = truth("unassignment_email");
        tenant.on_prem_to_online = truth("on_prem_to_online");
        if tenant.id.get().is_none() {
            tenant.id = row.cell(columns.get("tenant_id"), read::id);
        }
    }

    pub(super) fn voice_route(&mut self, row: &Row<'_>, columns: &Columns) {
        let list = |name: &str| row.cell(columns.get(name), |text| Some(read::list(text)));
        self.inventory.voice_routes.push(VoiceRoute {
            name: row.str(columns.get("name")).to_owned(),
            pattern: row.text(columns.get("pattern")),
            usages: list("usages"),
            gateways: list("gateways"),
            priority: row.cell(columns.get("priority"), read::count),
            at: row.at(),
        });
    }

    pub(super) fn pstn_usage(&mut self, row: &Row<'_>, columns: &Columns) {
        match row.cell(columns.get("usages"), |text| Some(read::list(text))) {
            Cell::Given { value, at } => {
                self.inventory.pstn_usages.extend(value.into_iter().map(|v| Cell::given(v, at)));
            }
            Cell::Lost { at } => self.inventory.pstn_usages.push(Cell::Lost { at }),
            _ => {}
        }
    }

    pub(super) fn voice_routing_policy(&mut self, row: &Row<'_>, columns: &Columns) {
        self.inventory.voice_routing_policies.push(VoiceRoutingPolicy {
            name: read::policy_name(row.str(columns.get("name"))).to_owned(),
            usages: row.cell(columns.get("usages"), |text| Some(read::list(text))),
            at: row.at(),
        });
    }

    pub(super) fn gateway(&mut self, row: &Row<'_>, columns: &Columns) {
        let fqdn = match row.str(columns.get("fqdn")) {
            "" => row.str(columns.get("identity")),
            fqdn => fqdn,
        };
        let truth = |name: &str| row.cell(columns.get(name), read::truth);
        self.inventory.trunks.push(Trunk {
            fqdn: fqdn.to_owned(),
            enabled: truth("enabled"),
            max_sessions: row.cell(columns.get("max_sessions"), read::count),
            media_bypass: truth("media_bypass"),
            sends_options: truth("sends_options"),
            site: row.text(columns.get("site")),
            at: row.at(),
        });
    }

    pub(super) fn group_policy(&mut self, row: &Row<'_>, columns: &Columns) {
        let kind = self
            .word(row, columns.get("policy_type"), PolicyKind::read, |_| false)
            .copied()
            .filter(|kind| *kind != PolicyKind::Other);
        let group = row.str(columns.get("group")).to_lowercase();
        let name = read::policy_name(row.str(columns.get("policy_name"))).to_owned();
        let Some(kind) = kind.filter(|_| !name.is_empty()) else { return };
        if let Ok(rank) = row.str(columns.get("rank")).parse() {
            self.inventory.group_ranks.push(GroupRank {
                group: group.clone(),
                kind,
                rank,
                at: row.at(),
            });
        }
        let level = PolicyLevel::Group { group };
        self.inventory.policy_grants.push(PolicyGrant { kind, name, level, at: row.at() });
    }

    pub(super) fn user_policy(&mut self, row: &Row<'_>, columns: &Columns) {
        let kind = PolicyKind::read(row.str(columns.get("policy_type")));
        let name = read::policy_name(row.str(columns.get("policy_name"))).to_owned();
        if kind == PolicyKind::Other || name.is_empty() {
            return;
        }
        let user = row.str(columns.get("upn")).to_owned();
        let sources = row.cell(columns.get("policy_source"), read::objects);
        let sources = sources.get().map(Vec::as_slice).unwrap_or_default();
        let mut levels: Vec<PolicyLevel> = sources
            .iter()
            .filter_map(|source| {
                let how = super::users::field(source, &["AssignmentType", "assignmentType"]);
                let reference = super::users::field(source, &["Reference", "reference"]);
                match how.to_ascii_lowercase().as_str() {
                    "direct" => Some(PolicyLevel::User { user: user.clone() }),
                    "group" => Some(PolicyLevel::Group { group: read::id(&reference)? }),
                    "global" => Some(PolicyLevel::Global),
                    _ => None,
                }
            })
            .collect();
        if levels.is_empty() {
            levels.push(PolicyLevel::User { user });
        }
        for level in levels {
            let grant = PolicyGrant { kind, name: name.clone(), level, at: row.at() };
            self.inventory.policy_grants.push(grant);
        }
    }

    /// Users whom a batch did not reach are told.
    pub(super) fn batch_policy(&mut self, row: &Row<'_>, columns: &Columns) {
        let result = row.str(columns.get("result"));
        if !result.eq_ignore_ascii_case("Success") {
            let user = row.str(columns.get("id"));
            let state = row.str(columns.get("state"));
            let message = format!("{user} was not assigned its policy: {result} ({state})");
            let remedy = "Assign by object id or SIP address, not by user principal name.";
            self.remark(RemarkKind::Note, row.at(), "batch_policy_failed", message, remedy);
        }
    }

    pub(super) fn group_member(&mut self, row: &Row<'_>, columns: &Columns) {
        let group = row.cell(columns.get("group"), read::id);
        let upn = row.text(columns.get("upn"));
        self.inventory.group_members.push((group, upn));
    }
}
