//! Step 4: numbers get their people, and wrong wishes their reasons.

use std::collections::BTreeMap;

use api_types::number::{AssignmentPut, Number};
use api_types::tenant::{ResourceAccount, ResourceAccountCreate, User, UserCreate};
use serde_json::json;

use super::consent::Tenants;
use super::upload::{Inventory, explained, refused};
use crate::demo::cast::{AGENTS, PEOPLE, QUEUE_NUMBER, SPARE_NUMBER, TENANT};
use crate::demo::client::{Client, Refusal};
use crate::demo::report::{Context, Fault, Notes, ensure};

/// People, and the queue.
pub struct Assigned {
    /// By user name.
    pub people: BTreeMap<&'static str, User>,
    /// The queue's account.
    pub queue: ResourceAccount,
}

impl Assigned {
    /// A person of the cast.
    pub fn person(&self, user: &str) -> Result<&User, Fault> {
        self.people.get(user).ok_or_else(|| Fault(format!("{user} is not in the cast")))
    }
}

pub async fn run(
    tenants: Option<&Tenants>,
    inventory: Option<&Inventory>,
    notes: &mut Notes,
) -> Result<Assigned, Fault> {
    let (tenants, inventory) = (super::needed(tenants)?, super::needed(inventory)?);
    let api = &tenants.contoso.api;

    let mut people = BTreeMap::new();
    for part in &PEOPLE {
        let create = UserCreate {
            upn: format!("{}@{}", part.user, TENANT.1),
            display_name: part.name.to_owned(),
            country: part.country.to_owned(),
            licences: part.licensed.then(|| "teams_phone".to_owned()).into_iter().collect(),
        };
        let user: User = api.post("/tenant/v1/users", &create).await.context(part.user)?;
        people.insert(part.user, user);
    }
    let agent_ids = AGENTS.iter().map(|agent| people[agent].id).collect();
    let create = ResourceAccountCreate {
        upn: format!("sales@{}", TENANT.1),
        display_name: "Sales queue".to_owned(),
        kind: "call_queue".to_owned(),
        licences: vec!["resource_account".to_owned()],
        agent_ids,
        ring_seconds: Some(20),
    };
    let queue: ResourceAccount = api.post("/tenant/v1/resource-accounts", &create).await?;

    let gb = inventory.locations.get("GB").copied();
    let to = |user: &str| AssignmentPut {
        user_id: Some(people[user].id),
        location_id: gb,
        ..AssignmentPut::default()
    };
    for (what, number, wish, code) in [
        ("an unlicensed user", SPARE_NUMBER, to("dan"), "user_unlicensed"),
        ("a queue's number to a user", QUEUE_NUMBER, to("bob"), "wrong_usage"),
        (
            "no location",
            SPARE_NUMBER,
            AssignmentPut { location_id: None, ..to("bob") },
            "location_required",
        ),
    ] {
        let problem = refused(assign(api, number, &wish).await, code).context(what)?;
        notes.push("refusals", explained(&problem)?);
    }
    let spare: Number = api.get(&format!("/tenant/v1/numbers/{SPARE_NUMBER}")).await?;
    ensure!(
        spare.assignment_status == "Unassigned" && spare.location_id.is_none(),
        "a refused assignment left its mark: {spare:?}"
    );

    for part in &PEOPLE {
        let Some(number) = part.number else { continue };
        let wish = AssignmentPut {
            user_id: Some(people[part.user].id),
            location_id: inventory.locations.get(part.country).copied(),
            ..AssignmentPut::default()
        };
        let assigned = assign(api, number, &wish).await.context(number)?;
        ensure!(
            assigned.assignment_status == "UserAssigned"
                && assigned.assigned_to_id == wish.user_id
                && assigned.location_id == wish.location_id,
            "{number} is not assigned as wished: {assigned:?}"
        );
        notes.push(
            "assignments",
            json!({ "number": number, "user": part.user, "user_id": wish.user_id }),
        );
    }
    let wish = AssignmentPut {
        resource_account_id: Some(queue.id),
        location_id: gb,
        ..AssignmentPut::default()
    };
    let assigned = assign(api, QUEUE_NUMBER, &wish).await.context(QUEUE_NUMBER)?;
    ensure!(
        assigned.assignment_status == "VoiceApplicationAssigned"
            && assigned.assigned_to_id == Some(queue.id),
        "{QUEUE_NUMBER} is not the queue's: {assigned:?}"
    );
    notes.push(
        "assignments",
        json!({ "number": QUEUE_NUMBER, "queue_id": queue.id, "agents": AGENTS }),
    );

    // Read again, as others see them now.
    for user in people.values_mut() {
        *user = api.get(&format!("/tenant/v1/users/{}", user.id)).await?;
    }
    Ok(Assigned { people, queue })
}

async fn assign(api: &Client, number: &str, wish: &AssignmentPut) -> Result<Number, Refusal> {
    api.put(&format!("/tenant/v1/numbers/{number}/assignment"), wish).await
}
