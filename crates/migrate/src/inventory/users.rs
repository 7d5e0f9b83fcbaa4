//! `Get-CsOnlineUser`, Graph's user configurations and directory users, lists about users.

use super::merge::{Merge, fuller};
use super::{Builder, Columns};
use crate::import::{Raw, Row};
use crate::model::{
    AccountType, Cell, PlanState, PlanStatus, PolicyGrant, PolicyKind, PolicyLevel, RemarkKind,
    Role, RoleMark, SourceKind, SourceRef, UpgradeMode, User, UserLicence,
};
use crate::read;
use serde_json::{Map, Value};

impl Builder {
    /// The user of that name, made where there is none yet.
    pub(super) fn user_at(&mut self, upn: &str, object_id: Option<&str>, at: SourceRef) -> usize {
        let key = upn.to_lowercase();
        let known =
            self.users.get(&key).or_else(|| object_id.and_then(|id| self.users.get(id))).copied();
        let index = known.unwrap_or_else(|| {
            self.inventory.users.push(User { upn: upn.to_owned(), at, ..User::default() });
            self.inventory.users.len() - 1
        });
        self.users.entry(key).or_insert(index);
        if let Some(id) = object_id {
            self.users.entry(id.to_owned()).or_insert(index);
        }
        index
    }

    pub(super) fn user(&mut self, row: &Row<'_>, columns: &Columns, kind: SourceKind) {
        let object_id = row.cell(columns.get("object_id"), read::id);
        let sip = row
            .cell(columns.get("sip_address"), |text| Some(read::without_scheme(text).to_owned()));
        let named = [row.str(columns.get("upn")), sip.text(), object_id.text()];
        let Some(upn) = named.into_iter().find(|name| !name.is_empty()).map(str::to_owned) else {
            return;
        };
        let index = self.user_at(&upn, object_id.get().map(String::as_str), row.at());
        if !sip.text().is_empty() {
            self.users.entry(sip.text().to_lowercase()).or_insert(index);
        }
        let first = &self.inventory.users[index];
        if first.at != row.at() && first.at.file == row.file {
            let message = format!("{upn} is in the file already, in row {}", first.at.row);
            self.remark(RemarkKind::Duplicate, row.at(), "duplicate_user", message, "");
        }
        let account_type = self.word(row, columns.get("account_type"), AccountType::read, |t| {
            *t == AccountType::Other
        });
        let upgrade_mode = self.word(row, columns.get("upgrade_mode"), UpgradeMode::read, |m| {
            *m == UpgradeMode::Other
        });
        let enabled = match row.cell(columns.get("enabled"), read::truth) {
            // The admin centre's export says the opposite.
            Cell::Absent => {
                row.cell(columns.get("blocked_sign_in"), read::truth).map(|blocked| !blocked)
            }
            told => told,
        };
        let text = |name: &str| row.text(columns.get(name));
        let number = |name: &str| {
            row.cell(columns.get(name), |text| Some(read::without_scheme(text).to_owned()))
        };
        let truth = |name: &str| row.cell(columns.get(name), read::truth);
        let list = |name: &str| row.cell(columns.get(name), |text| Some(read::list(text)));
        let inventory = &mut self.inventory;
        let user = &mut inventory.users[index];
        let mut merge = Merge {
            kind: "user",
            subject: &upn,
            files: &inventory.files,
            resolutions: &self.settings.resolutions,
            conflicts: &mut inventory.conflicts,
            index: &mut self.conflicts,
        };
        merge.cell("object_id", &mut user.object_id, object_id);
        merge.cell("display_name", &mut user.display_name, text("display_name"));
        merge.cell("sip_address", &mut user.sip_address, sip);
        merge.cell("account_type", &mut user.account_type, account_type);
        merge.cell("interpreted_type", &mut user.interpreted_type, text("interpreted_type"));
        merge.cell("enabled", &mut user.enabled, enabled);
        merge.cell("usage_location", &mut user.usage_location, text("usage_location"));
        merge.cell("country", &mut user.country, text("country"));
        merge.cell("city", &mut user.city, text("city"));
        merge.cell("office", &mut user.office, text("office"));
        merge.cell("department", &mut user.department, text("department"));
        merge.cell("company", &mut user.company, text("company"));
        merge.cell("title", &mut user.title, text("title"));
        merge.cell("line_uri", &mut user.line_uri, number("line_uri"));
        merge.cell("on_prem_line_uri", &mut user.on_prem_line_uri, number("on_prem_line_uri"));
        merge.cell(
            "on_prem_manually_set",
            &mut user.on_prem_manually_set,
            truth("on_prem_manually_set"),
        );
        merge.cell("on_prem_voice", &mut user.on_prem_voice, truth("on_prem_voice"));
        merge.cell("enterprise_voice", &mut user.enterprise_voice, truth("enterprise_voice"));
        merge.cell("hosting_provider", &mut user.hosting_provider, text("hosting_provider"));
        merge.cell("registrar_pool", &mut user.registrar_pool, text("registrar_pool"));
        merge.cell("upgrade_mode", &mut user.upgrade_mode, upgrade_mode);
        merge.cell("dir_sync", &mut user.dir_sync, truth("dir_sync"));
        fuller(&mut user.features, list("features"));
        fuller(&mut user.validation_errors, row.cell(columns.get("validation_errors"), errors));
        fuller(&mut user.telephone_numbers, row.cell(columns.get("telephone_numbers"), numbers));
        fuller(&mut user.soft_deleted, row.cell(columns.get("soft_deleted"), read::moment));
        self.user_policies(row, columns, index);
        self.user_plans(row, columns, index, kind);
    }

    /// Policy columns, and the list that tells direct grants from groups' ones.
    fn user_policies(&mut self, row: &Row<'_>, columns: &Columns, index: usize) {
        let user = &mut self.inventory.users[index];
        let effective = row.cell(columns.get("effective_policies"), read::objects);
        for (at, kind) in columns.policies.iter().copied() {
            let cell = row.cell(Some(at), |text| Some(read::policy_name(text).to_owned()));
            match user.policy_columns.iter_mut().find(|(own, _)| *own == kind) {
                Some((_, mine)) => fuller(mine, cell),
                None => user.policy_columns.push((kind, cell)),
            }
        }
        let Cell::Given { value, at } = effective else {
            // Without that list a name on the user may come from a group as well; the group
            // policies, where exported, tell.
            let direct: Vec<PolicyGrant> = user
                .policy_columns
                .iter()
                .filter_map(|(kind, cell)| match cell {
                    Cell::Given { value, at } if at.file == row.file && at.row == row.line => {
                        Some(PolicyGrant {
                            kind: *kind,
                            name: value.clone(),
                            level: PolicyLevel::User { user: user.upn.clone() },
                            at: *at,
                        })
                    }
                    _ => None,
                })
                .collect();
            for grant in direct {
                if !user.policies.iter().any(|own| own.kind == grant.kind) {
                    user.policies.push(grant);
                }
            }
            return;
        };
        for entry in &value {
            let kind = PolicyKind::read(&field(entry, &["PolicyType", "policyType"]));
            let given = entry
                .get("policyAssignment")
                .or_else(|| entry.get("PolicyAssignment"))
                .and_then(Value::as_object)
                .unwrap_or(entry);
            let name = field(given, &["displayName", "DisplayName", "policyName", "PolicyName"]);
            if kind == PolicyKind::Other || name.is_empty() {
                continue;
            }
            let group = field(given, &["groupId", "GroupId"]);
            let by_group =
                field(given, &["assignmentType", "AssignmentType"]).eq_ignore_ascii_case("group");
            let level = match read::id(&group) {
                Some(group) if by_group => PolicyLevel::Group { group },
                _ => PolicyLevel::User { user: user.upn.clone() },
            };
            user.policies.retain(|own| own.kind != kind);
            let name = read::policy_name(&name).to_owned();
            user.policies.push(PolicyGrant { kind, name, level, at });
        }
    }

    /// Plans as the user's own export tells them.
    fn user_plans(&mut self, row: &Row<'_>, columns: &Columns, index: usize, kind: SourceKind) {
        let key = self.inventory.users[index].upn.to_lowercase();
        let plans = row.cell(columns.get("assigned_plans"), plans);
        let covered = !matches!(plans, Cell::Absent);
        let at = plans.at().unwrap_or(row.at());
        if covered {
            let grace = row
                .cell(columns.get("assigned_plans"), read::objects)
                .map(|plans| grace_of(&plans))
                .get()
                .copied()
                .flatten();
            let licence = UserLicence {
                plans,
                grace_until: grace.map_or(Cell::Absent, |moment| Cell::given(moment, at)),
                at,
                ..UserLicence::default()
            };
            self.licences.entry(key.clone()).or_default().push(licence);
        }
        if let Some(assigned) = row.cell(columns.get("assigned_licences"), read::objects).get() {
            for licence in assigned {
                let Some(sku) = read::id(&field(licence, &["skuId", "SkuId"])) else { continue };
                let off = licence
                    .get("disabledPlans")
                    .or_else(|| licence.get("DisabledPlans"))
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .filter_map(|plan| read::id(plan.as_str()?))
                    .collect();
                self.assigned.push((key.clone(), sku, off, row.at()));
            }
            self.licences.entry(key.clone()).or_default();
        } else if matches!(row.raw(columns.get("assigned_licences")), Raw::Empty) {
            self.licences.entry(key.clone()).or_default();
        }
        if kind == SourceKind::DirectoryUsers
            && let Cell::Given { value, at } = row.text(columns.get("licence_names"))
        {
            // Names of products only: which plans they bring is not told.
            for name in value.split(['+', ';']).map(str::trim).filter(|n| !n.is_empty()) {
                if !name.eq_ignore_ascii_case("Unlicensed") {
                    let licence =
                        UserLicence { part_number: name.to_owned(), at, ..UserLicence::default() };
                    self.licences.entry(key.clone()).or_default().push(licence);
                }
            }
            self.licences.entry(key).or_default();
        }
    }

    pub(super) fn role(&mut self, row: &Row<'_>, columns: &Columns) {
        let role = self.word(row, columns.get("role"), Role::read, |role| *role == Role::Other);
        let user = row.str(columns.get("user")).to_owned();
        let Some(role) = role.copied() else { return };
        let because = "a list says so".to_owned();
        self.inventory.roles.push(RoleMark { user: user.clone(), role, because, at: row.at() });
        let Cell::Given { value, at } = row.cell(columns.get("for"), |text| Some(read::list(text)))
        else {
            return;
        };
        for delegator in value {
            self.inventory.delegations.push(crate::model::Delegation {
                delegator,
                delegate: user.clone(),
                at,
            });
        }
    }

    pub(super) fn seat(&mut self, row: &Row<'_>, columns: &Columns) {
        let (user, site) = (row.str(columns.get("user")), row.str(columns.get("site")));
        if !site.is_empty() {
            self.seats.push((user.to_lowercase(), site.to_owned(), row.at()));
        }
    }
}

/// The first of some properties, as text.
pub(super) fn field(object: &Map<String, Value>, names: &[&str]) -> String {
    names
        .iter()
        .find_map(|name| object.get(*name))
        .map(|value| match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            _ => String::new(),
        })
        .unwrap_or_default()
}

/// `{TelephoneNumber, AssignmentCategory}`.
fn numbers(text: &str) -> Option<Vec<(String, String)>> {
    Some(
        read::objects(text)?
            .iter()
            .map(|entry| {
                let number = field(entry, &["TelephoneNumber", "telephoneNumber"]);
                let category = field(entry, &["AssignmentCategory", "assignmentCategory"]);
                (read::without_scheme(&number).to_owned(), category)
            })
            .filter(|(number, _)| !number.is_empty())
            .collect(),
    )
}

fn errors(text: &str) -> Option<Vec<String>> {
    let objects = read::objects(text)?;
    if objects.is_empty() {
        return Some(read::list(text));
    }
    let names = ["ErrorDescription", "errorDescription", "ErrorCode", "Message", "message"];
    Some(objects.iter().map(|entry| field(entry, &names)).filter(|e| !e.is_empty()).collect())
}

/// Plans of `AssignedPlan`, Graph's `assignedPlans` and `ServicePlans`.
pub(super) fn plans(text: &str) -> Option<Vec<PlanState>> {
    Some(read::objects(text)?.iter().map(plan).collect())
}

pub(super) fn plan(entry: &Map<String, Value>) -> PlanState {
    let id = read::id(&field(entry, &["ServicePlanId", "servicePlanId"])).unwrap_or_default();
    let name = field(entry, &["ServicePlanName", "servicePlanName", "Capability", "service"]);
    let status = field(
        entry,
        &["ProvisioningStatus", "provisioningStatus", "CapabilityStatus", "capabilityStatus"],
    );
    PlanState { id, name, status: PlanStatus::read(&status) }
}

fn grace_of(plans: &[Map<String, Value>]) -> Option<jiff::Timestamp> {
    plans
        .iter()
        .filter(|plan| read::truth(&field(plan, &["IsInGracePeriod"])) == Some(true))
        .filter_map(|plan| read::moment(&field(plan, &["GracePeriodExpiryDate"])))
        .min()
}
