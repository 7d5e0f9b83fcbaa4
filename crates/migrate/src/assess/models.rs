//! Which model for which segment, and what stays where it is (migration.md section 5.2, Hybrid;
//! design section 7).

use std::collections::BTreeMap;

use foldhash::HashMap;
use jiff::civil::Date;
use numbering::Country;
use serde::{Deserialize, Serialize};

use super::findings::Findings;
use super::rules::Rule;
use super::scope::Scope;
use super::settings::{Exception, Settings};
use crate::model::{AppKind, Cloud, LineClass, NumberType, SourceRef};

/// The model recommended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recommendation {
    /// Operator Connect.
    OperatorConnect,
    /// Calling Plan.
    CallingPlan,
    /// Direct Routing.
    DirectRouting,
    /// The PBX, or an adapter on Direct Routing.
    StaysOnPbx,
}

impl Recommendation {
    /// The words in reports.
    pub const fn words(self) -> &'static str {
        match self {
            Self::OperatorConnect => "Operator Connect",
            Self::CallingPlan => "Calling Plan",
            Self::DirectRouting => "Direct Routing",
            Self::StaysOnPbx => "stays on the PBX or an adapter",
        }
    }
}

/// Accounts alike in country and in how they are served today.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// Country; `None` where it is not known.
    pub country: Option<Country>,
    /// How they are served today.
    pub today: String,
    /// People, resource accounts, or lines nobody talks on.
    pub kind: String,
    /// How many.
    pub count: usize,
    /// Recommended.
    pub recommended: Recommendation,
    /// Why.
    pub reason: String,
    /// It is not known yet whether an operator covers the country.
    pub provisional: bool,
}

/// Something that stays on Direct Routing, a Calling Plan or a PBX.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelException {
    /// Number, line, site or account as exported, or a country.
    pub subject: String,
    /// Where it stays.
    pub stays: Recommendation,
    /// Why.
    pub reason: String,
    /// Who answers for it, by the project.
    pub owner: Option<String>,
    /// When to look again, by the project.
    pub review: Option<Date>,
}

type Key = (Option<Country>, String, &'static str, Recommendation, &'static str, bool);

pub fn judge(
    scope: &Scope<'_>,
    settings: &Settings,
    day: Date,
    found: &mut Findings<'_>,
) -> (Vec<Segment>, Vec<ModelException>) {
    let inventory = scope.inventory;
    let mut segments: BTreeMap<Key, usize> = BTreeMap::new();
    let mut exceptions = Exceptions::new(settings, day, found);
    let mut uncovered: BTreeMap<Country, (usize, Recommendation)> = BTreeMap::new();
    let mut provisional = false;
    let home = Country::parse(inventory.tenant.country.text()).ok();
    for (at, user) in scope.voices() {
        let number = scope.numbers(at).next();
        let country = user
            .line
            .and_then(|line| scope.country_of(line))
            .or_else(|| number.and_then(|number| number.country))
            .or_else(|| Country::parse(user.usage_location.text()).ok())
            .or(home);
        let today = match scope.user_type(at) {
            Some(kind) => kind.word(),
            None if scope.on_pbx[at] => "PBX",
            None => "none",
        };
        let extension = user.line.is_some_and(crate::model::LineNumber::has_extension);
        let by_location = scope.site_of[at]
            .is_some_and(|s| inventory.sites[s].location_based_routing.copied() == Some(true));
        let (recommended, reason, open) = if extension {
            let reason = "an extension behind a number exists only as Direct Routing";
            let subject = number.map_or_else(|| user.line_uri.text(), |n| n.raw.as_str());
            exceptions.add(subject, Recommendation::DirectRouting, reason, Some(user.at));
            (Recommendation::DirectRouting, reason, false)
        } else if by_location {
            let reason = "location-based routing is on at the site";
            (Recommendation::DirectRouting, reason, false)
        } else {
            by_country(scope, settings, country, today)
        };
        if !open
            && recommended != Recommendation::OperatorConnect
            && !extension
            && !by_location
            && let Some(country) = country
        {
            uncovered.entry(country).or_insert((0, recommended)).0 += 1;
        }
        provisional |= open;
        let key = (country, today.to_owned(), "people", recommended, reason, open);
        *segments.entry(key).or_default() += 1;
    }
    for site in &inventory.sites {
        if site.location_based_routing.copied() == Some(true) {
            let reason = "location-based routing is on at the site";
            let at = site.location_based_routing.at();
            exceptions.add(&site.name, Recommendation::DirectRouting, reason, at);
        }
    }
    for (at, account) in inventory.resource_accounts.iter().enumerate() {
        let number = scope.numbers_of_resource[at].first().map(|n| &inventory.numbers[*n]);
        let Some(number) = number else { continue };
        let today = number.number_type.copied().map_or("none", NumberType::word);
        let (recommended, reason, open) = if account.app.copied() == Some(AppKind::ThirdParty) {
            let reason = "a contact centre of another maker must confirm Operator Connect first";
            let stays = Recommendation::DirectRouting;
            exceptions.add(&account.upn, stays, reason, Some(account.at));
            (stays, reason, false)
        } else {
            by_country(scope, settings, number.country.or(home), today)
        };
        provisional |= open;
        let key =
            (number.country, today.to_owned(), "queues and attendants", recommended, reason, open);
        *segments.entry(key).or_default() += 1;
    }
    for line in inventory.special_lines.iter().filter(|line| line.class != LineClass::Phone) {
        let reason = "no person talks on this line: it needs an adapter or its old home";
        let stays = Recommendation::StaysOnPbx;
        exceptions.add(&line.subject, stays, reason, Some(line.at));
        let country = line.line.and_then(|line| numbering::describe(line.e164()).country).or(home);
        let key = (country, "PBX".to_owned(), "special lines", stays, reason, false);
        *segments.entry(key).or_default() += 1;
    }
    for (country, (_, stays)) in uncovered {
        exceptions.add(country.as_str(), stays, "no operator chosen covers the country", None);
    }
    let exceptions = exceptions.all;
    if provisional {
        let message = "No operators were chosen yet: every recommendation of Operator Connect is provisional.";
        found.unknown(Rule::ModelUncovered, "tenant", None, message);
    }
    let segments = segments
        .into_iter()
        .map(|((country, today, kind, recommended, reason, provisional), count)| Segment {
            country,
            today,
            kind: kind.to_owned(),
            count,
            recommended,
            reason: reason.to_owned(),
            provisional,
        })
        .collect();
    (segments, exceptions)
}

/// By cloud and by who covers the country. The last answer: is it provisional?
fn by_country(
    scope: &Scope<'_>,
    settings: &Settings,
    country: Option<Country>,
    today: &str,
) -> (Recommendation, &'static str, bool) {
    let cloud = scope.inventory.tenant.cloud.copied();
    if matches!(cloud, Some(Cloud::GccHigh | Cloud::Dod | Cloud::China)) {
        let reason = "there is no Operator Connect in the tenant's cloud";
        return (Recommendation::DirectRouting, reason, false);
    }
    match (&settings.covered_countries, country) {
        (None, _) => {
            let reason = "nothing speaks against it; no operator was chosen yet";
            (Recommendation::OperatorConnect, reason, true)
        }
        (Some(_), None) => {
            let reason = "the country is not known";
            (Recommendation::OperatorConnect, reason, true)
        }
        (Some(covered), Some(country)) if covered.contains(&country) => {
            let reason = "an operator that covers the country was chosen";
            (Recommendation::OperatorConnect, reason, false)
        }
        (Some(_), Some(_)) if today == NumberType::CallingPlan.word() => {
            let reason = "no operator chosen covers the country; it has a Calling Plan today";
            (Recommendation::CallingPlan, reason, false)
        }
        (Some(_), Some(_)) => {
            let reason = "no operator chosen covers the country";
            (Recommendation::DirectRouting, reason, false)
        }
    }
}

struct Exceptions<'a, 'b, 'c> {
    told: HashMap<&'a str, &'a Exception>,
    day: Date,
    found: &'c mut Findings<'b>,
    all: Vec<ModelException>,
}

impl<'a, 'b, 'c> Exceptions<'a, 'b, 'c> {
    fn new(settings: &'a Settings, day: Date, found: &'c mut Findings<'b>) -> Self {
        let told = settings.exceptions.iter().map(|e| (e.subject.as_str(), e)).collect();
        Self { told, day, found, all: Vec::new() }
    }

    fn add(&mut self, subject: &str, stays: Recommendation, reason: &str, at: Option<SourceRef>) {
        let told = self.told.get(subject).filter(|told| !told.owner.trim().is_empty());
        let message = match told {
            None => Some(format!("It stays ({}): {reason}. Nobody owns it.", stays.words())),
            Some(told) if told.review < self.day => Some(format!(
                "It stays ({}): {reason}. The review was due on {}.",
                stays.words(),
                told.review
            )),
            Some(_) => None,
        };
        if let Some(message) = message {
            self.found.add(Rule::ModelException, subject, at, message);
        }
        self.all.push(ModelException {
            subject: subject.to_owned(),
            stays,
            reason: reason.to_owned(),
            owner: told.map(|told| told.owner.clone()),
            review: told.map(|told| told.review),
        });
    }
}
