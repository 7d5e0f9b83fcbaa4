//! The story `call`: from an operator's admission to a ringing phone and back to
//! a call record, each step as its own function.

mod assign;
mod calls;
mod consent;
mod failover;
mod operators;
pub mod phones;
mod records;
mod talk;
mod upload;

pub use assign::Assigned;
pub use consent::Tenants;
pub use operators::{AdmittedOperator, Operators};

use super::report::Report;
use super::world::World;

/// A story that can be told.
pub struct Story {
    /// Its name for `--story`.
    pub name: &'static str,
    /// One line for `--list`.
    pub about: &'static str,
}

/// Every story there is; the first is the default.
pub const STORIES: [Story; 2] = [
    Story {
        name: "call",
        about: "two operators, a consent, an upload, assignments, calls, a failover, call records",
    },
    Story {
        name: "failover",
        about: "two edges under load: one is killed and comes back, then the control plane",
    },
];

/// What stands after the first four steps.
pub struct Seeded {
    /// The operators and their trunks.
    pub operators: Operators,
    /// The tenants.
    pub tenants: Tenants,
    /// People and the queue.
    pub assigned: Assigned,
}

/// Steps 1 to 4: everything a call needs. `None` if one of them failed.
pub async fn seed(world: &World, report: &mut Report) -> Option<Seeded> {
    let operators =
        report.step("operators", async |notes| operators::run(world, notes).await).await;
    let tenants = report
        .step("consent", async |notes| consent::run(world, operators.as_ref(), notes).await)
        .await;
    let inventory = report
        .step("upload", async |notes| {
            upload::run(operators.as_ref(), tenants.as_ref(), notes).await
        })
        .await;
    let assigned = report
        .step("assignment", async |notes| {
            assign::run(tenants.as_ref(), inventory.as_ref(), notes).await
        })
        .await;
    Some(Seeded { operators: operators?, tenants: tenants?, assigned: assigned? })
}

/// The whole story.
pub async fn call(world: &World) -> Report {
    let mut report = Report::new("call");
    let seeded = seed(world, &mut report).await;
    let seeded = seeded.as_ref();
    let mut talked =
        report.step("calls", async |notes| calls::run(world, needed(seeded)?, notes).await).await;
    let failed_over = report
        .step("failover", async |notes| {
            failover::run(needed(seeded)?, needed(talked.as_ref())?, notes).await
        })
        .await;
    if let (Some(talked), Some(more)) = (&mut talked, failed_over) {
        talked.expected.extend(more);
    }
    report
        .step("records", async |notes| {
            records::run(world, needed(seeded)?, needed(talked.as_ref())?, notes).await
        })
        .await;
    report
}

/// What an earlier step left; a later step is not run without it.
fn needed<T>(part: Option<T>) -> Result<T, super::report::Fault> {
    part.ok_or_else(|| super::report::Fault("a step before it failed".to_owned()))
}
