//! What is put wrong on purpose, and the answer key.

use std::collections::BTreeSet;

use crate::dice::guid;
use crate::plan::{MCOEV, MCOMEETADV, Model, Number, Person, Plan, TEAMS1, licence};

/// One planted fault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Planted {
    /// Code of the rule that must speak.
    pub code: &'static str,
    /// About whom or what.
    pub subject: String,
    /// `block`, `warn` or `unknown`.
    pub severity: &'static str,
}

/// The answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key {
    /// What must be found.
    pub planted: Vec<Planted>,
    /// Subjects that a fault touches beside its own: others may be said about them.
    pub touched: BTreeSet<String>,
}

impl Key {
    fn put(&mut self, code: &'static str, severity: &'static str, subject: &str) {
        self.planted.push(Planted { code, subject: subject.to_owned(), severity });
        self.touched.insert(subject.to_owned());
    }

    fn touch(&mut self, subject: &str) {
        self.touched.insert(subject.to_owned());
    }
}

/// Draws without putting back.
struct Urn(Vec<usize>);

impl Urn {
    fn draw(&mut self, plan: &mut Plan) -> Option<usize> {
        if self.0.is_empty() {
            return None;
        }
        let at = plan.dice.below(self.0.len());
        Some(self.0.swap_remove(at))
    }
}

pub fn plant(plan: &mut Plan) -> Key {
    let mut key = Key::default();
    people(plan, &mut key);
    applications(plan, &mut key);
    sites(plan, &mut key);
    tenant(plan, &mut key);
    key
}

fn urn(plan: &Plan, of: impl Fn(&Person) -> bool) -> Urn {
    Urn((0..plan.people.len()).filter(|at| of(&plan.people[*at])).collect())
}

fn number(plan: &mut Plan, person: usize) -> Option<&mut Number> {
    let at = plan.number_of[person]?;
    plan.numbers.get_mut(at)
}

/// Every kind of fault of a person, up to three times each.
fn people(plan: &mut Plan, key: &mut Key) {
    let mut direct = urn(plan, |person| person.model == Model::Direct);
    let mut operator = urn(plan, |person| person.model == Model::Operator);
    let mut of_plan = urn(plan, |person| person.model == Model::Plan);
    for round in 0..3 {
        if round > 0 && plan.dice.percent(50) {
            continue;
        }
        for kind in 0..9 {
            let Some(at) = direct.draw(plan) else { return };
            direct_fault(plan, key, kind, at);
        }
        for kind in 0..5 {
            let Some(at) = operator.draw(plan) else { return };
            operator_fault(plan, key, kind, at);
        }
        if let Some(at) = of_plan.draw(plan) {
            plan.people[at].licences.truncate(1);
            key.put("licence_calling_plan_gone", "warn", &plan.people[at].upn.clone());
        }
    }
}

fn direct_fault(plan: &mut Plan, key: &mut Key, kind: usize, at: usize) {
    let person = &mut plan.people[at];
    let upn = person.upn.clone();
    key.touch(&person.line);
    match kind {
        0 => {
            person.licences = vec![licence("SPE_E3", &[TEAMS1])];
            key.put("licence_phone_missing", "block", &upn);
        }
        1 => {
            person.licences[0].plans[0].2 = "Disabled";
            key.put("licence_phone_disabled", "block", &upn);
        }
        2 => {
            person.usage_location = "";
            key.put("account_usage_location", "block", &upn);
        }
        3 => {
            person.mode = "Islands";
            key.put("account_not_teams_only", "block", &upn);
        }
        4 => {
            person.licences = vec![licence("Microsoft_365_E5_(no_Teams)", &[MCOEV, MCOMEETADV])];
            key.put("licence_teams_missing", "block", &upn);
        }
        5 => {
            person.deleted = "2026-02-20T08:00:00Z";
            key.put("account_soft_deleted", "block", &upn);
        }
        6 => {
            person.voice = false;
            key.put("account_voice_off", "warn", &upn);
        }
        7 => {
            person.on_premises = person.line.clone();
            key.put("hybrid_on_premises_number", "block", &upn);
        }
        _ => {
            let line = format!("{};ext=524", person.line);
            person.line = line.clone();
            if let Some(number) = number(plan, at) {
                number.raw = line.clone();
            }
            key.put("number_extension", "block", &line);
        }
    }
}

fn operator_fault(plan: &mut Plan, key: &mut Key, kind: usize, at: usize) {
    let upn = plan.people[at].upn.clone();
    let line = plan.people[at].line.clone();
    match kind {
        0 => {
            plan.people[at].routing_policy = "Everywhere";
            key.put("policy_user_routes", "block", &upn);
        }
        1 => {
            if let Some(number) = number(plan, at) {
                number.blocked = "BlockedForever";
            }
            key.put("number_blocked", "block", &line);
        }
        2 => {
            if let Some(number) = number(plan, at) {
                number.activation = "AssignmentFailed";
            }
            key.put("number_not_activated", "block", &line);
        }
        3 => {
            if let Some(number) = number(plan, at) {
                number.located = false;
            }
            key.put("emergency_number_without_location", "block", &line);
        }
        _ => {
            // Somebody else was given the same number.
            let copy = plan.people.len();
            let of = &plan.people[at];
            let twin = Person {
                upn: format!("twin{copy:06}@contoso.example"),
                id: guid(5, copy),
                name: "Twin".into(),
                site: of.site,
                model: Model::Operator,
                line: of.line.clone(),
                voice: true,
                usage_location: of.usage_location,
                mode: "TeamsOnly",
                account_type: "User",
                deleted: "",
                on_premises: String::new(),
                routing_policy: "",
                licences: vec![licence("SPE_E5", &[MCOEV, TEAMS1, MCOMEETADV])],
                unlisted: true,
            };
            key.touch(&twin.upn);
            plan.people.push(twin);
            plan.number_of.push(None);
            key.put("number_duplicate", "block", &line);
        }
    }
}

fn applications(plan: &mut Plan, key: &mut Key) {
    let mut accounts = Urn((0..plan.accounts.len()).collect());
    let mut queues = Urn((0..plan.accounts.len()).filter(|at| plan.accounts[*at].queue).collect());
    for kind in 0..3 {
        let Some(at) = accounts.draw(plan) else { return };
        let upn = plan.accounts[at].upn.clone();
        match kind {
            0 => {
                plan.accounts[at].licences.clear();
                key.put("licence_resource_account_missing", "block", &upn);
            }
            1 => {
                plan.accounts[at].licences = vec![licence("MCOEV", &[MCOEV])];
                key.put("licence_resource_account_user_plan", "block", &upn);
            }
            _ => {
                let number = plan.accounts[at].number;
                plan.numbers[number].capability = "UserAssignment";
                let raw = plan.numbers[number].raw.clone();
                key.put("number_capability", "block", &raw);
            }
        }
    }
    if let Some(at) = queues.draw(plan) {
        plan.accounts[at].agents.clear();
        let name = plan.accounts[at].name.clone();
        key.put("inventory_queue_without_agents", "warn", &name);
    }
    // A number whose holder is in no export.
    let raw = "+442076999901".to_owned();
    let site = 0;
    plan.numbers.push(Number {
        raw: raw.clone(),
        model: Model::Direct,
        target: guid(9, 1),
        assignment: "UserAssigned",
        capability: "UserAssignment",
        activation: "Activated",
        blocked: "",
        located: false,
        site,
    });
    key.put("number_orphan", "block", &raw);
    // Somebody forwards to a number that will move.
    let target = plan.people.iter().find(|p| p.model == Model::Direct && !p.line.contains(';'));
    if let Some(line) = target.map(|person| person.line.clone())
        && let Some(at) = plan.people.iter().position(|p| p.model == Model::Operator)
    {
        plan.forwards.push((at, line));
        let upn = plan.people[at].upn.clone();
        key.put("inventory_forward_to_number", "warn", &upn);
    }
}

fn sites(plan: &mut Plan, key: &mut Key) {
    let mut sites = Urn((0..plan.sites.len()).collect());
    for kind in 0..7 {
        let Some(at) = sites.draw(plan) else { return };
        let site = &mut plan.sites[at];
        let name = site.name.clone();
        match kind {
            0 => {
                site.trusted = false;
                key.put("emergency_site_without_trusted_address", "block", &name);
            }
            1 => {
                site.lis_subnet = site.lis_subnet.replace(".0", ".150");
                let wrong = format!("10.{}.{}.150", at / 250, at % 250);
                site.lis_subnet = wrong.clone();
                key.put("emergency_subnet_host", "block", &wrong);
            }
            2 => {
                site.lis_located = false;
                let subnet = site.lis_subnet.clone();
                key.put("emergency_subnet_without_location", "block", &subnet);
            }
            3 => {
                site.validated = "NotValidated";
                key.put("emergency_address_not_validated", "block", &guid(3, at));
            }
            4 => {
                site.lossy = true;
                key.put("network_loss", "block", &name);
            }
            5 => {
                site.queue_kbps = 10;
                key.put("network_queue", "block", &name);
            }
            _ => {
                site.days = 3;
                key.put("network_insufficient", "unknown", &name);
            }
        }
    }
}

fn tenant(plan: &mut Plan, key: &mut Key) {
    if plan.dice.percent(50) {
        plan.global_routes = true;
        key.put("policy_global_routes", "block", "Global");
    }
    if plan.dice.percent(50) {
        plan.blocks_numbers = true;
        key.put("tenant_blocks_numbers", "block", "tenant");
    }
    let group = guid(6, plan.dice.below(1_000));
    key.put("policy_group_routes", "block", &group);
    plan.group_grants.push(group);
    if let Some(at) = plan.people.iter().position(|p| p.model == Model::Plan) {
        let line = plan.people[at].line.clone();
        key.put("policy_number_routes", "block", &line);
        plan.number_grants.push(line);
    }
}
