//! The verdict: who is ready, who is not, why, and what to do (migration.md sections 2 to 5).
//!
//! [`assess`] is a pure function of the inventory, the project's settings and a day. Every rule of
//! [`Rule`] says something about one subject at a time; a rule whose data was lost or never exported
//! says *unknown*, never nothing.

mod emergency;
mod findings;
mod hybrid;
mod inventory;
mod licences;
mod models;
mod numbers;
mod people;
mod plans;
mod policies;
mod quality;
mod rules;
mod scope;
mod settings;
mod sites;

pub use licences::{Allotment, LicenceNeed};
pub use models::{ModelException, Recommendation, Segment};
pub use people::{Headline, Person, Readiness};
pub use plans::{PlanClass, PlanFound};
pub use quality::{Completion, CompletionRates, completion};
pub use rules::{Effort, Rule, Source, page, pages, severity_word};
pub use settings::{EmergencyTest, Exception, NetworkLimits, RuleChange, Settings, SettingsError};
pub use sites::{SiteVerdict, Voice};

use std::collections::BTreeMap;
use std::{panic, thread};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::groups;
use crate::model::{Finding, Inventory, Link, MoveGroup};
use findings::Findings;
use scope::Scope;

/// The verdict as one document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// The day it was made for: blocks and grace run out on days.
    pub day: Date,
    /// The verdict in a few figures.
    pub headline: Headline,
    /// One rule about one subject each, the worst first.
    pub findings: Vec<Finding>,
    /// Who must move together, and why.
    pub move_groups: Vec<MoveGroup>,
    /// Links that the project does not let bind.
    pub loose_links: Vec<Link>,
    /// Each site with the figures used.
    pub sites: Vec<SiteVerdict>,
    /// Each person or account with a voice, and whether it may move.
    pub people: Vec<Person>,
    /// The model recommended for each segment.
    pub segments: Vec<Segment>,
    /// What stays where it is.
    pub exceptions: Vec<ModelException>,
    /// Seats needed and to be bought.
    pub licences: LicenceNeed,
    /// How many calls were answered and delivered, where sources can tell.
    pub completion: CompletionRates,
    /// Rules the project switched off or weighed otherwise, with its reasons.
    pub rule_changes: BTreeMap<String, RuleChange>,
}

/// Judges an inventory.
///
/// # Errors
/// [`SettingsError`] where a setting cannot be followed; nothing is judged then.
pub fn assess(
    inventory: &Inventory,
    settings: &Settings,
    day: Date,
) -> Result<Assessment, SettingsError> {
    settings.check()?;
    // Several threads, each with findings of its own: which rule speaks first is settled afterwards.
    let (scope, mut found, licences, models, beside, groups) = thread::scope(|threads| {
        let groups =
            threads.spawn(|| groups::move_groups(inventory, &groups::Binding::of(settings)));
        let scope = Scope::new(inventory);
        let (found, licences, models, beside) = thread::scope(|threads| {
            let beside = threads.spawn(|| {
                let mut found = Findings::new(inventory, settings);
                emergency::judge(&scope, settings, &mut found);
                let sites = sites::judge(&scope, settings, &mut found);
                (found, sites)
            });
            let mut found = Findings::new(inventory, settings);
            let licences = licences::judge(&scope, day, &mut found);
            inventory::judge(&scope, &mut found);
            numbers::judge(&scope, day, &mut found);
            policies::judge(&scope, &mut found);
            hybrid::judge(&scope, settings, &mut found);
            let models = models::judge(&scope, settings, day, &mut found);
            (found, licences, models, beside.join())
        });
        (scope, found, licences, models, beside, groups.join())
    });
    let (segments, exceptions) = models;
    let (more, sites) = beside.unwrap_or_else(|panic| panic::resume_unwind(panic));
    let groups = groups.unwrap_or_else(|panic| panic::resume_unwind(panic));
    found.join(more);
    let findings = found.finish();
    let people = people::judge(&scope, &findings, &sites);
    let headline = people::headline(&people, &sites, &findings, &groups.groups);
    Ok(Assessment {
        day,
        headline,
        findings,
        move_groups: groups.groups,
        loose_links: groups.loose,
        sites,
        people,
        segments,
        exceptions,
        licences,
        completion: completion(&inventory.calls),
        rule_changes: settings.rules.clone(),
    })
}
