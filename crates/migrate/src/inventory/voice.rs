//! Resource accounts, queues, attendants, and each user's calling settings.

use super::numbers::empty_if_nil;
use super::users::field;
use super::{Builder, Columns};
use crate::import::Row;
use crate::model::{
    AppKind, Attendant, CallGroup, CallingSettings, Cell, Delegation, ForwardKind, Queue,
    QueueMember, QueueTarget, ResourceAccount, SharedCallingPolicy, SourceRef, TargetKind,
};
use crate::read;
use serde_json::{Map, Value};

/// Microsoft's own applications (migration.md section 1.4).
const ATTENDANT: &str = "ce933385-9390-45d1-9512-c8d228074e07";
const QUEUE: &str = "11cd3e2e-fccb-42ad-ad00-878b93575e07";

impl Builder {
    pub(super) fn resource_account(&mut self, row: &Row<'_>, columns: &Columns) {
        let object_id = row.cell(columns.get("object_id"), read::id);
        let upn = match row.str(columns.get("upn")) {
            "" => object_id.text().to_owned(),
            upn => upn.to_owned(),
        };
        let app = row.cell(columns.get("application_id"), |text| {
            Some(match read::id(text)?.as_str() {
                ATTENDANT => AppKind::AutoAttendant,
                QUEUE => AppKind::CallQueue,
                _ => AppKind::ThirdParty,
            })
        });
        let key = upn.to_lowercase();
        if self.resource_accounts.contains_key(&key) {
            return;
        }
        let phone_number = row
            .cell(columns.get("phone_number"), |text| Some(read::without_scheme(text).to_owned()));
        // Exports of resource accounts lose the plus sign (migration.md section 1.1).
        let line = match phone_number.at() {
            Some(at) => self.read_number(phone_number.text(), self.settings.country, at),
            None => None,
        };
        let index = self.inventory.resource_accounts.len();
        for name in [key, object_id.text().to_owned()] {
            if !name.is_empty() {
                self.resource_accounts.entry(name).or_insert(index);
            }
        }
        self.inventory.resource_accounts.push(ResourceAccount {
            upn,
            object_id,
            display_name: row.text(columns.get("display_name")),
            app,
            phone_number,
            line,
            at: row.at(),
            ..ResourceAccount::default()
        });
    }

    pub(super) fn association(&mut self, row: &Row<'_>, columns: &Columns) {
        let account = read::id(row.str(columns.get("object_id")));
        let configuration = read::id(row.str(columns.get("configuration_id")));
        if let Some(account) = account {
            let own = self.associations.entry(account).or_insert((Vec::new(), row.at()));
            own.0.extend(configuration);
        }
    }

    pub(super) fn queue(&mut self, row: &Row<'_>, columns: &Columns) {
        let ids = |name: &str| row.cell(columns.get(name), |text| Some(lowered(read::list(text))));
        let agents = row.cell(columns.get("agents"), |text| {
            Some(
                read::objects(text)?
                    .iter()
                    .map(|agent| QueueMember {
                        id: field(agent, &["ObjectId", "objectId", "Id", "id"]).to_lowercase(),
                        opted_in: read::truth(&field(agent, &["OptIn", "optIn"])),
                    })
                    .filter(|agent| !agent.id.is_empty())
                    .collect::<Vec<_>>(),
            )
        });
        let users = ids("users").map(|users| {
            users.into_iter().map(|id| QueueMember { id, opted_in: None }).collect::<Vec<_>>()
        });
        let agents = match (agents, users) {
            (Cell::Given { mut value, at }, users) => {
                for user in users.get().into_iter().flatten() {
                    if !value.iter().any(|own| own.id == user.id) {
                        value.push(user.clone());
                    }
                }
                Cell::Given { value, at }
            }
            // Agents that are lost make the whole list unknown, whoever else is listed.
            (Cell::Lost { at }, _) => Cell::Lost { at },
            (
                Cell::Absent | Cell::Empty { .. },
                users @ (Cell::Given { .. } | Cell::Lost { .. }),
            ) => users,
            (agents, _) => agents,
        };
        let mut targets = Vec::new();
        let mut lost = None;
        let mut place = None;
        for (when, name) in [
            ("overflow", "overflow_target"),
            ("timeout", "timeout_target"),
            ("no_agent", "no_agent_target"),
        ] {
            let cell = row.cell(columns.get(name), read::objects);
            place = place.or(cell.at());
            match cell {
                Cell::Given { value, .. } => {
                    targets.extend(value.iter().filter_map(|target| target_of(when, target)));
                }
                Cell::Lost { at } => lost = lost.or(Some(at)),
                _ => {}
            }
        }
        let name = row.str(columns.get("name"));
        let id = row.cell(columns.get("id"), read::id);
        self.inventory.queues.push(Queue {
            name: if name.is_empty() { id.text().to_owned() } else { name.to_owned() },
            id,
            agents,
            groups: ids("groups"),
            targets: found(targets, lost, place),
            resource_accounts: ids("application_instances"),
            caller_id_accounts: ids("obo_accounts"),
            authorised_users: ids("authorised_users"),
            at: row.at(),
        });
    }

    pub(super) fn attendant(&mut self, row: &Row<'_>, columns: &Columns) {
        let mut targets = Vec::new();
        let mut lost = None;
        let mut place = None;
        for name in ["operator", "default_call_flow", "call_flows"] {
            let cell = row.cell(columns.get(name), read::objects);
            place = place.or(cell.at());
            match cell {
                Cell::Given { value, .. } if name == "operator" => {
                    targets.extend(value.iter().filter_map(|target| target_of("operator", target)));
                }
                Cell::Given { value, .. } => {
                    value.iter().for_each(|flow| menu_targets(flow, 0, &mut targets));
                }
                Cell::Lost { at } => lost = lost.or(Some(at)),
                _ => {}
            }
        }
        targets.dedup();
        let name = row.str(columns.get("name"));
        let id = row.cell(columns.get("id"), read::id);
        self.inventory.attendants.push(Attendant {
            name: if name.is_empty() { id.text().to_owned() } else { name.to_owned() },
            id,
            language: row.text(columns.get("language")),
            time_zone: row.text(columns.get("time_zone")),
            targets: found(targets, lost, place),
            resource_accounts: row
                .cell(columns.get("application_instances"), |text| Some(lowered(read::list(text)))),
            at: row.at(),
        });
    }

    pub(super) fn calling_settings(&mut self, row: &Row<'_>, columns: &Columns) {
        let user = read::without_scheme(row.str(columns.get("user"))).to_owned();
        let truth = |name: &str| row.cell(columns.get(name), read::truth);
        let address = |name: &str| {
            row.cell(columns.get(name), |text| Some(read::without_scheme(text).to_owned()))
        };
        let kind = |name: &str| row.cell(columns.get(name), |text| Some(ForwardKind::read(text)));
        self.inventory.calling_settings.push(CallingSettings {
            user: user.clone(),
            forwarding: truth("forwarding"),
            forwarding_type: row.text(columns.get("forwarding_type")),
            forwarding_kind: kind("forwarding_kind"),
            forwarding_target: address("forwarding_target"),
            unanswered: truth("unanswered"),
            unanswered_kind: kind("unanswered_kind"),
            unanswered_target: address("unanswered_target"),
            at: row.at(),
        });
        for (name, owner_is_user) in [("delegates", true), ("delegators", false)] {
            let Cell::Given { value, at } = row.cell(columns.get(name), read::objects) else {
                continue;
            };
            for entry in &value {
                let other = field(entry, &["Id", "id"]);
                let other = read::without_scheme(&other).to_owned();
                let (delegator, delegate) =
                    if owner_is_user { (user.clone(), other) } else { (other, user.clone()) };
                self.inventory.delegations.push(Delegation { delegator, delegate, at });
            }
        }
        let group = row.cell(columns.get("call_group"), |text| Some(read::list(text)));
        if let Cell::Given { value, at } = group {
            let members = value.iter().map(|m| read::without_scheme(m).to_owned()).collect();
            self.inventory.call_groups.push(CallGroup { owner: user.clone(), members, at });
        }
        if let Cell::Given { value, at } = row.cell(columns.get("memberships"), read::objects) {
            for entry in &value {
                let owner = field(entry, &["CallGroupOwnerId", "callGroupOwnerId"]);
                let owner = read::without_scheme(&owner).to_owned();
                self.inventory.call_groups.push(CallGroup {
                    owner,
                    members: vec![user.clone()],
                    at,
                });
            }
        }
    }

    pub(super) fn shared_calling(&mut self, row: &Row<'_>, columns: &Columns) {
        self.inventory.shared_calling_policies.push(SharedCallingPolicy {
            name: read::policy_name(row.str(columns.get("name"))).to_owned(),
            resource_account: empty_if_nil(row, columns.get("resource_account")),
            emergency_numbers: row
                .cell(columns.get("emergency_numbers"), |text| Some(read::list(text))),
            at: row.at(),
        });
    }
}

fn lowered(items: Vec<String>) -> Vec<String> {
    items.into_iter().map(|item| item.to_lowercase()).collect()
}

fn found(
    targets: Vec<QueueTarget>,
    lost: Option<SourceRef>,
    place: Option<SourceRef>,
) -> Cell<Vec<QueueTarget>> {
    match (lost, place) {
        (Some(at), _) => Cell::Lost { at },
        (None, Some(at)) if targets.is_empty() => Cell::Empty { at },
        (None, Some(at)) => Cell::Given { value: targets, at },
        (None, None) => Cell::Absent,
    }
}

fn target_of(when: &str, target: &Map<String, Value>) -> Option<QueueTarget> {
    let id = field(target, &["Id", "id"]).to_lowercase();
    let kind = TargetKind::read(&field(target, &["Type", "type"]));
    (!id.is_empty()).then(|| QueueTarget { when: when.to_owned(), id, kind })
}

/// Targets of menus, however deep they lie; what a depth limit flattened is text and no target.
fn menu_targets(flow: &Map<String, Value>, depth: usize, into: &mut Vec<QueueTarget>) {
    if depth > 16 {
        return;
    }
    for (name, value) in flow {
        match value {
            Value::Object(inner) if matches!(name.as_str(), "CallTarget" | "callTarget") => {
                into.extend(target_of("menu", inner));
            }
            Value::Object(inner) => menu_targets(inner, depth + 1, into),
            Value::Array(items) => items
                .iter()
                .filter_map(Value::as_object)
                .for_each(|inner| menu_targets(inner, depth + 1, into)),
            _ => {}
        }
    }
}
