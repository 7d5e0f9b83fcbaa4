//! Who and what there is, before anything is written.

use crate::dice::{Dice, guid};

/// How large a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Accounts of people; nine of ten have a number.
    pub users: usize,
    /// Numbers beside those of people, queues and attendants, assigned to nobody.
    pub spare_numbers: usize,
    /// Call queues, each with an account of its own; a seventh as many attendants.
    pub queues: usize,
    /// Sites.
    pub sites: usize,
    /// Call records.
    pub calls: usize,
    /// Windows measured on each of five days at each site.
    pub windows_a_day: usize,
}

impl Size {
    /// A small tenant, for tests: some two hundred accounts.
    pub const SMALL: Self =
        Self { users: 210, spare_numbers: 30, queues: 14, sites: 9, calls: 900, windows_a_day: 40 };

    /// The tenant of the bench: 100,000 users, 150,000 numbers, 5,000 queues, 2,000 sites, a million
    /// call records.
    pub const BENCH: Self = Self {
        users: 100_000,
        spare_numbers: 54_286,
        queues: 5_000,
        sites: 2_000,
        calls: 1_000_000,
        windows_a_day: 8,
    };
}

/// How somebody's calls reach the outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    Direct,
    Operator,
    Plan,
    None,
}

impl Model {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Direct => "DirectRouting",
            Self::Operator => "OperatorConnect",
            Self::Plan => "CallingPlan",
            Self::None => "",
        }
    }
}

pub struct Licence {
    pub sku: &'static str,
    pub plans: Vec<(&'static str, &'static str, &'static str)>,
}

pub const MCOEV: (&str, &str) = ("MCOEV", "4828c8ec-dc2e-4779-b502-87ac9ce28ab7");
pub const TEAMS1: (&str, &str) = ("TEAMS1", "57ff2da0-773e-42df-b2af-ffb7a2317929");
pub const MCOMEETADV: (&str, &str) = ("MCOMEETADV", "3e26ee1f-8a5f-4d52-aee2-b81ce45c8f40");
pub const MCOPSTN5: (&str, &str) = ("MCOPSTN5", "54a152dc-90de-4996-93d2-bc47e670fc06");
pub const VIRTUAL: (&str, &str) = ("MCOEV_VIRTUALUSER", "f47330e9-c134-43b3-9993-e7f004506889");

pub fn licence(sku: &'static str, plans: &[(&'static str, &'static str)]) -> Licence {
    Licence { sku, plans: plans.iter().map(|(name, id)| (*name, *id, "Success")).collect() }
}

pub struct Person {
    pub upn: String,
    pub id: String,
    pub name: String,
    pub site: usize,
    pub model: Model,
    pub line: String,
    pub voice: bool,
    pub usage_location: &'static str,
    pub mode: &'static str,
    pub account_type: &'static str,
    pub deleted: &'static str,
    pub on_premises: String,
    pub routing_policy: &'static str,
    pub licences: Vec<Licence>,
    /// An account somebody made beside the plan: it is in no list of numbers.
    pub unlisted: bool,
}

pub struct Number {
    pub raw: String,
    pub model: Model,
    pub target: String,
    pub assignment: &'static str,
    pub capability: &'static str,
    pub activation: &'static str,
    pub blocked: &'static str,
    pub located: bool,
    pub site: usize,
}

pub struct Account {
    pub upn: String,
    pub id: String,
    pub name: String,
    pub queue: bool,
    pub number: usize,
    pub licences: Vec<Licence>,
    /// Whom a queue rings (indices of people), or the queue an attendant leads to.
    pub agents: Vec<usize>,
    pub leads_to: Option<usize>,
}

pub struct Site {
    pub name: String,
    pub country: &'static str,
    pub city: String,
    pub link_kbps: u64,
    pub queue_kbps: u64,
    pub trusted: bool,
    pub validated: &'static str,
    /// Written in the location service instead of the network's id.
    pub lis_subnet: String,
    pub lis_located: bool,
    /// Days with measurements.
    pub days: usize,
    /// A run of windows with loss.
    pub lossy: bool,
}

pub struct Plan {
    pub dice: Dice,
    pub size: Size,
    pub people: Vec<Person>,
    pub numbers: Vec<Number>,
    pub accounts: Vec<Account>,
    pub sites: Vec<Site>,
    pub global_routes: bool,
    pub blocks_numbers: bool,
    /// Groups and numbers that grant a voice routing policy.
    pub group_grants: Vec<String>,
    pub number_grants: Vec<String>,
    /// Person and number they forward to.
    pub forwards: Vec<(usize, String)>,
    /// By index of the person: index of their number.
    pub number_of: Vec<Option<usize>>,
}

const COUNTRIES: [&str; 3] = ["GB", "DE", "FR"];
const NAMES: [&str; 6] =
    ["Ann Archer", "O'Brien, \"Bob\"", "Zoë Müller", "דנה לוי", "Jean-Luc Petit", "Ng $wee Kai"];

/// A number in a known range: the models have ranges of their own, so that none lies amid another's.
fn raw(country: &str, model: Model, serial: usize) -> String {
    let digit = match model {
        Model::Direct => 7,
        Model::Operator => 8,
        Model::Plan | Model::None => 3,
    };
    match country {
        "GB" => format!("+4420{digit}{serial:07}"),
        "DE" => format!("+4930{digit}{serial:07}"),
        _ => format!("+331{digit}{serial:07}"),
    }
}

impl Plan {
    pub fn new(seed: u64, size: &Size) -> Self {
        let mut plan = Self {
            dice: Dice(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x5eed),
            size: *size,
            people: Vec::with_capacity(size.users),
            numbers: Vec::new(),
            accounts: Vec::new(),
            sites: Vec::new(),
            global_routes: false,
            blocks_numbers: false,
            group_grants: Vec::new(),
            number_grants: Vec::new(),
            forwards: Vec::new(),
            number_of: Vec::with_capacity(size.users),
        };
        plan.sites(size);
        plan.people(size);
        plan.applications(size);
        for spare in 0..size.spare_numbers {
            let site = spare % size.sites;
            let serial = 9_000_000 + spare;
            let number = raw(plan.sites[site].country, Model::Operator, serial);
            plan.number(number, Model::Operator, String::new(), "Unassigned", site);
        }
        plan
    }

    fn sites(&mut self, size: &Size) {
        for at in 0..size.sites {
            let country = COUNTRIES[at % COUNTRIES.len()];
            self.sites.push(Site {
                name: format!("Site {at:04}"),
                country,
                city: format!("Town {at:04}"),
                link_kbps: 200_000,
                queue_kbps: 60_000,
                trusted: true,
                validated: "Validated",
                lis_subnet: format!("10.{}.{}.0", at / 250, at % 250),
                lis_located: true,
                days: 5,
                lossy: false,
            });
        }
    }

    fn number(
        &mut self,
        raw: String,
        model: Model,
        target: String,
        assignment: &'static str,
        site: usize,
    ) -> usize {
        self.numbers.push(Number {
            raw,
            model,
            target,
            assignment,
            capability: if assignment == "VoiceApplicationAssigned" {
                "VoiceApplicationAssignment"
            } else {
                "UserAssignment"
            },
            activation: "Activated",
            blocked: "",
            located: model != Model::Direct,
            site,
        });
        self.numbers.len() - 1
    }

    fn people(&mut self, size: &Size) {
        for at in 0..size.users {
            let site = at % size.sites;
            let model = match (at / size.sites + at) % 10 {
                0..=4 => Model::Direct,
                5..=7 => Model::Operator,
                8 => Model::Plan,
                _ => Model::None,
            };
            let country = self.sites[site].country;
            let id = guid(1, at);
            let line = match model {
                Model::None => String::new(),
                model => raw(country, model, at),
            };
            let number = (model != Model::None)
                .then(|| self.number(line.clone(), model, id.clone(), "UserAssigned", site));
            self.number_of.push(number);
            let mut licences = vec![licence("SPE_E5", &[MCOEV, TEAMS1, MCOMEETADV])];
            if model == Model::Plan {
                licences.push(licence("MCOPSTN_5", &[MCOPSTN5]));
            }
            let name = NAMES[self.dice.below(NAMES.len())];
            self.people.push(Person {
                upn: format!("user{at:06}@contoso.example"),
                id,
                name: format!("{name} {at}"),
                site,
                model,
                line,
                voice: model != Model::None,
                usage_location: country,
                mode: "TeamsOnly",
                account_type: "User",
                deleted: "",
                on_premises: String::new(),
                routing_policy: if model == Model::Direct { "Everywhere" } else { "" },
                licences,
                unlisted: false,
            });
        }
    }

    fn applications(&mut self, size: &Size) {
        let voices: Vec<usize> =
            (0..self.people.len()).filter(|at| self.people[*at].voice).collect();
        let attendants = size.queues / 7;
        for at in 0..size.queues + attendants {
            let queue = at < size.queues;
            let site = at % size.sites;
            let id = guid(2, at);
            let serial = 8_000_000 + at;
            let raw = raw(self.sites[site].country, Model::Operator, serial);
            let number =
                self.number(raw, Model::Operator, id.clone(), "VoiceApplicationAssigned", site);
            let first = at * 4 % voices.len().max(1);
            let agents = if queue {
                voices.iter().cycle().skip(first).take(3.min(voices.len())).copied().collect()
            } else {
                Vec::new()
            };
            self.accounts.push(Account {
                upn: format!("voice{at:05}@contoso.example"),
                id,
                name: format!("{} {at}", if queue { "Queue" } else { "Attendant" }),
                queue,
                number,
                licences: vec![licence("PHONESYSTEM_VIRTUALUSER", &[VIRTUAL])],
                agents,
                leads_to: (!queue && size.queues > 0).then(|| at % size.queues),
            });
        }
    }
}
