//! Who is ready: every account with a voice, by its own findings, its numbers', its groups' and its
//! site's.

use std::collections::BTreeMap;
use std::{panic, thread};

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use serde::{Deserialize, Serialize};

use super::rules::Rule;
use super::scope::Scope;
use super::sites::SiteVerdict;
use crate::model::{Area, Finding, MoveGroup, NumberType, RoomKind, Severity, User};

/// May somebody or something move? Ordered: the worst last.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// Yes.
    #[default]
    Ready,
    /// Yes, and something should be done.
    ReadyWithActions,
    /// Cannot be told from what was exported.
    Unknown,
    /// No.
    NotReady,
}

impl Readiness {
    /// Every verdict, the best first.
    pub const ALL: [Self; 4] = [Self::Ready, Self::ReadyWithActions, Self::Unknown, Self::NotReady];

    /// The words in reports.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::ReadyWithActions => "ready, with things to do",
            Self::Unknown => "cannot be told",
            Self::NotReady => "not ready",
        }
    }

    /// The verdict of the gravest finding.
    pub const fn of(severity: Severity) -> Self {
        match severity {
            Severity::Block => Self::NotReady,
            Severity::Unknown => Self::Unknown,
            Severity::Warn => Self::ReadyWithActions,
            Severity::Info => Self::Ready,
        }
    }
}

/// An account with a voice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// User principal name as exported.
    pub subject: String,
    /// `person`, `room`, `common_area`, `resource_account`.
    pub kind: String,
    /// Site.
    pub site: Option<String>,
    /// How calls reach the outside today: the word of the number's type, `PBX` or `none`.
    pub today: String,
    /// Verdict.
    pub readiness: Readiness,
    /// Codes of the rules that say so; `info` left out.
    pub because: Vec<String>,
}

/// The verdict in a few figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headline {
    /// Accounts by verdict.
    pub people: BTreeMap<Readiness, usize>,
    /// Sites by the verdict about their network.
    pub sites: BTreeMap<Readiness, usize>,
    /// Findings by severity.
    pub findings: BTreeMap<Severity, usize>,
    /// Codes of the findings that stop every move.
    pub stops_everybody: Vec<String>,
    /// Groups that move together.
    pub move_groups: usize,
    /// Members of the largest.
    pub largest_group: usize,
    /// The verdict about the whole: `not_ready` while something stops everybody or nobody may move.
    pub verdict: Readiness,
}

/// Subjects that are nobody's own.
const EVERYBODY: [&str; 2] = ["tenant", "Global"];

/// Rules whose blocks stop every move. Seats that are short are not among them: who needs one is
/// blocked alone, and the others may move.
const STOPS_EVERYBODY: [Rule; 3] =
    [Rule::TenantBlocksNumbers, Rule::TenantCloud, Rule::PolicyGlobalRoutes];

/// Findings by subject: the gravest severity, and the codes worth naming.
struct BySubject<'a>(HashMap<&'a str, Vec<&'a Finding>>);

impl<'a> BySubject<'a> {
    fn new(findings: &'a [Finding]) -> Self {
        let mut by: HashMap<&str, Vec<&Finding>> = HashMap::new();
        for finding in findings {
            if finding.severity != Severity::Info && !EVERYBODY.contains(&finding.subject.as_str())
            {
                by.entry(finding.subject.as_str()).or_default().push(finding);
            }
        }
        Self(by)
    }

    fn of(&self, subject: &str) -> &[&'a Finding] {
        self.0.get(subject).map_or(&[], Vec::as_slice)
    }
}

pub fn judge(scope: &Scope<'_>, findings: &[Finding], sites: &[SiteVerdict]) -> Vec<Person> {
    let by = BySubject::new(findings);
    let networks: HashMap<&str, &SiteVerdict> =
        sites.iter().map(|site| (site.site.as_str(), site)).collect();
    let mut by_member: HashMap<usize, Vec<&Finding>> = HashMap::new();
    for finding in findings.iter().filter(|f| f.code == Rule::PolicyGroupRoutes.code()) {
        for member in scope.members_of(&finding.subject) {
            if let Some(super::scope::Account::User(at)) = scope.account(member) {
                by_member.entry(at).or_default().push(finding);
            }
        }
    }
    // Without any export of licences nobody is known to be ready.
    let licences_unknown = findings.iter().any(|f| {
        f.subject == "tenant"
            && f.severity == Severity::Unknown
            && f.code == Rule::LicencePhoneMissing.code()
    });
    let judge_user = |at: usize, user: &User| {
        let mut weight = Weight::default();
        weight.add(by.of(&user.upn));
        for number in scope.numbers(at) {
            weight.add(by.of(&number.raw));
        }
        if let Some(raw) = user.line_uri.get() {
            weight.add(by.of(raw));
        }
        weight.add(by_member.get(&at).map_or(&[], Vec::as_slice));
        if let Some(site) = scope.site_of[at] {
            let name = scope.inventory.sites[site].name.as_str();
            for finding in by.of(name).iter().filter(|f| f.area != Area::Network) {
                weight.add(&[finding]);
            }
            if let Some(verdict) = networks.get(name) {
                weight.add_site(verdict);
            }
        }
        if licences_unknown {
            weight.raise(Readiness::Unknown, Rule::LicencePhoneMissing.code());
        }
        let today = match scope.user_type(at) {
            Some(kind) => kind.word(),
            None if scope.on_pbx[at] => "PBX",
            None => "none",
        };
        let kind = match scope.rooms[at] {
            Some(RoomKind::MeetingRoom) => "room",
            Some(RoomKind::CommonArea) => "common_area",
            _ => "person",
        };
        weight.person(&user.upn, kind, user.site.clone(), today)
    };
    // Two threads, a half each.
    let voices: Vec<(usize, &User)> = scope.voices().collect();
    let judge_some = |some: &[(usize, &User)]| -> Vec<Person> {
        some.iter().map(|&(at, user)| judge_user(at, user)).collect()
    };
    let mut people: Vec<Person> = thread::scope(|threads| {
        let (first, second) = voices.split_at(voices.len() / 2);
        let beside = threads.spawn(|| judge_some(second));
        let mut people = judge_some(first);
        people.append(&mut beside.join().unwrap_or_else(|panic| panic::resume_unwind(panic)));
        people
    });
    for (at, account) in scope.inventory.resource_accounts.iter().enumerate() {
        let mut weight = Weight::default();
        weight.add(by.of(&account.upn));
        let numbers = &scope.numbers_of_resource[at];
        for number in numbers {
            weight.add(by.of(&scope.inventory.numbers[*number].raw));
        }
        if licences_unknown {
            weight.raise(Readiness::Unknown, Rule::LicenceResourceAccountMissing.code());
        }
        let today = numbers
            .first()
            .and_then(|number| scope.inventory.numbers[*number].number_type.copied())
            .map_or("none", NumberType::word);
        people.push(weight.person(&account.upn, "resource_account", None, today));
    }
    people
}

#[derive(Default)]
struct Weight {
    worst: Readiness,
    because: Vec<String>,
}

impl Weight {
    fn add(&mut self, findings: &[&Finding]) {
        for finding in findings {
            self.raise(Readiness::of(finding.severity), &finding.code);
        }
    }

    /// A site's network counts as its verdict, which weighs its findings itself.
    fn add_site(&mut self, site: &SiteVerdict) {
        if site.network > Readiness::Ready {
            for code in &site.because {
                self.raise(site.network, code);
            }
        }
    }

    fn raise(&mut self, to: Readiness, code: &str) {
        self.worst = self.worst.max(to);
        if !self.because.iter().any(|known| known == code) {
            self.because.push(code.to_owned());
        }
    }

    fn person(self, subject: &str, kind: &str, site: Option<String>, today: &str) -> Person {
        Person {
            subject: subject.to_owned(),
            kind: kind.to_owned(),
            site,
            today: today.to_owned(),
            readiness: self.worst,
            because: self.because,
        }
    }
}

pub fn headline(
    people: &[Person],
    sites: &[SiteVerdict],
    findings: &[Finding],
    groups: &[MoveGroup],
) -> Headline {
    let mut headline = Headline::default();
    for person in people {
        *headline.people.entry(person.readiness).or_default() += 1;
    }
    for site in sites {
        *headline.sites.entry(site.network).or_default() += 1;
    }
    for finding in findings {
        *headline.findings.entry(finding.severity).or_default() += 1;
    }
    let mut seen = HashSet::new();
    headline.stops_everybody = findings
        .iter()
        .filter(|f| f.severity == Severity::Block)
        .filter(|f| STOPS_EVERYBODY.iter().any(|rule| rule.code() == f.code))
        .filter(|f| seen.insert(f.code.as_str()))
        .map(|f| f.code.clone())
        .collect();
    headline.move_groups = groups.len();
    headline.largest_group = groups.iter().map(|group| group.members.len()).max().unwrap_or(0);
    let count = |readiness| headline.people.get(&readiness).copied().unwrap_or(0);
    let may_move = count(Readiness::Ready) + count(Readiness::ReadyWithActions);
    headline.verdict = if !headline.stops_everybody.is_empty() {
        Readiness::NotReady
    } else if people.is_empty() {
        Readiness::Unknown
    } else if may_move == 0 {
        if count(Readiness::Unknown) > 0 { Readiness::Unknown } else { Readiness::NotReady }
    } else if count(Readiness::Ready) == people.len() {
        Readiness::Ready
    } else {
        Readiness::ReadyWithActions
    };
    headline
}
