//! The rules of numbers in other words, over plain maps: what the real store is compared with.

use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

pub const USER: &str = "CallingUserAssignment";
pub const APP: &str = "FirstPartyAppAssignment";
pub const CONF: &str = "ConferenceAssignment";
pub const ALPHA: u64 = 442_079_460_000;
/// Stands where other numbers have their operator.
pub const OWN: usize = 2;
pub const BETA: u64 = 442_079_462_000;

/// xorshift64*: enough to choose by, and the same everywhere.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() >> 33) as usize % n
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }
}

/// Who has a number and is neither a person nor a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    Bridge(Uuid),
    Policy(Uuid),
}

/// What can change about a number, tags apart.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    pub holder: Option<usize>,
    pub other: Option<Other>,
    pub location: Option<Uuid>,
    pub usage: &'static str,
    pub may_set: bool,
    /// `none`, `days` or `forever`, with which block of days it is: they are never over within a
    /// run, and no two end at the same instant.
    pub block: (&'static str, u64),
}

pub const FREE: (&str, u64) = ("none", 0);

impl State {
    pub fn is_assigned(&self) -> bool {
        self.holder.is_some() || self.other.is_some()
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Num {
    pub tenant: usize,
    pub operator: usize,
    pub state: State,
    pub tags: BTreeMap<String, String>,
    /// Which upload brought it.
    pub life: u64,
}

/// A person, or a queue. Whoever has left stays in the list: what was done with them remains to be
/// undone, and to be refused.
#[derive(Clone, Debug)]
pub struct Holder {
    pub tenant: usize,
    pub id: Uuid,
    pub is_queue: bool,
    pub licensed: bool,
    pub active: bool,
    pub gone: bool,
    pub about: About,
}

/// What else is kept of a person.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    pub upn: String,
    /// The phone's user name, which stays when the person is renamed.
    pub phone: String,
    pub name: String,
    pub country: &'static str,
    pub external: Option<String>,
    pub given: Option<String>,
    pub family: Option<String>,
    pub mail: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Trace {
    pub before: State,
    pub after: State,
    pub added: BTreeMap<String, String>,
    pub removed: BTreeMap<String, String>,
    pub life: u64,
}

#[derive(Clone, Debug)]
pub struct Entry {
    pub number: u64,
    pub holder: Option<usize>,
    pub location: Option<Uuid>,
    pub usage: Option<&'static str>,
    pub undo: Option<(&'static str, Trace)>,
}

#[derive(Clone, Debug)]
pub struct Order {
    pub id: Uuid,
    pub kind: &'static str,
    pub tenant: usize,
    /// `None`: the tenant's own.
    pub operator: Option<usize>,
    pub dry_run: bool,
    pub may_set: Option<bool>,
    pub add: Vec<String>,
    pub remove: Vec<String>,
    pub block: Option<&'static str>,
    pub entries: Vec<Entry>,
    pub outcomes: Vec<(&'static str, Option<Trace>)>,
}

/// The rules once more.
pub struct Model {
    pub numbers: BTreeMap<u64, Num>,
    pub holders: Vec<Holder>,
    /// Whether active, by tenant and operator.
    pub consents: BTreeMap<(usize, usize), bool>,
    pub settings: Vec<&'static str>,
    /// Are numbers of people who leave taken back, by tenant?
    pub frees: Vec<bool>,
    /// How a tag was written first, by tenant.
    pub known: Vec<BTreeMap<String, String>>,
    pub here: Vec<Uuid>,
    pub abroad: Vec<Uuid>,
    pub lives: u64,
    pub blocks: std::sync::atomic::AtomicU64,
    pub last: BTreeMap<u64, (&'static str, Trace)>,
}

impl Model {
    pub fn stamped(&self, block: &'static str) -> (&'static str, u64) {
        if block != "days" {
            return (block, 0);
        }
        (block, 1 + self.blocks.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
    }

    /// Those who are there.
    pub fn present(&self) -> impl Iterator<Item = (usize, &Holder)> {
        self.holders.iter().enumerate().filter(|(_, holder)| !holder.gone)
    }

    /// The people who are there, of all tenants.
    pub fn people(&self) -> Vec<usize> {
        self.present().filter(|(_, holder)| !holder.is_queue).map(|(h, _)| h).collect()
    }

    /// Is this somebody of the tenant's?
    pub fn is_there(&self, tenant: usize, holder: usize) -> bool {
        let holder = &self.holders[holder];
        holder.tenant == tenant && !holder.gone
    }

    /// Takes a number back at once, as one operation does.
    pub fn take_back(&mut self, number: u64) {
        let tenant = self.numbers[&number].tenant;
        let block = self.stamped(self.settings[tenant]);
        let num = self.numbers.get_mut(&number).expect("it is there");
        let before = num.state.clone();
        (num.state.holder, num.state.block) = (None, block);
        let (after, life) = (num.state.clone(), num.life);
        let (added, removed) = (BTreeMap::new(), BTreeMap::new());
        let trace = Trace { before, after, added, removed, life };
        self.last.insert(number, ("unassign", trace));
    }

    pub fn number_of(&self, holder: usize) -> Option<u64> {
        self.numbers.iter().find(|(_, n)| n.state.holder == Some(holder)).map(|(n, _)| *n)
    }

    /// May the number go to this holder, with these state afterwards?
    pub fn give(&self, number: u64, now: &Num, after: &State) -> Result<(), &'static str> {
        let to = after.holder.expect("somebody");
        let holder = &self.holders[to];
        if now.state.is_assigned() {
            return Err("already_assigned");
        }
        if after.block != FREE {
            return Err("number_blocked");
        }
        if self.consents.get(&(now.tenant, now.operator)) != Some(&true) {
            return Err("consent_not_active");
        }
        if now.state.usage == CONF || (now.state.usage == APP) != holder.is_queue {
            return Err("wrong_usage");
        }
        if !(holder.licensed && holder.active) {
            return Err(if holder.is_queue { "account_unlicensed" } else { "user_unlicensed" });
        }
        if self.number_of(to).is_some_and(|other| other != number) {
            return Err("has_number");
        }
        if after.location != now.state.location && !now.state.may_set {
            return Err("location_locked");
        }
        if now.state.usage == USER && after.location.is_none() {
            return Err("location_required");
        }
        if after.location == Some(self.abroad[now.tenant]) {
            return Err("location_country");
        }
        Ok(())
    }

    pub fn parts(kind: &str, to: &State, from: &State) -> State {
        let mut out = to.clone();
        match kind {
            "assign" | "unassign" => {
                out.holder = from.holder;
                out.location = from.location;
                out.block = from.block;
            }
            "location" => out.location = from.location,
            "usage" => out.usage = from.usage,
            "update" => {
                out.usage = from.usage;
                out.location = from.location;
                out.may_set = from.may_set;
            }
            _ => {}
        }
        out
    }

    /// One entry of an order that changes numbers which are there.
    pub fn entry(
        &self,
        order: &Order,
        e: &Entry,
    ) -> Result<(State, Vec<String>, Vec<String>), &'static str> {
        let missing = if order.operator.is_some() { "not_held" } else { "not_found" };
        let now = self
            .numbers
            .get(&e.number)
            .filter(|n| n.tenant == order.tenant && order.operator.is_none_or(|o| o == n.operator))
            .ok_or(missing)?;
        let mut after = now.state.clone();
        let (mut add, mut remove) = (Vec::new(), Vec::new());
        if let Some((kind, trace)) = &e.undo {
            if trace.life != now.life || Self::parts(kind, &now.state, &trace.after) != now.state {
                return Err("moved_on");
            }
            after = Self::parts(kind, &now.state, &trace.before);
            if *kind == "tags" {
                let left = trace.added.keys().all(|t| now.tags.contains_key(t))
                    && !trace.removed.keys().any(|t| now.tags.contains_key(t));
                if !left {
                    return Err("moved_on");
                }
                add.extend(trace.removed.values().cloned());
                remove.extend(trace.added.values().cloned());
            }
        } else {
            match order.kind {
                "assign" => {
                    after.holder = Some(e.holder.ok_or("invalid_field")?);
                    after.location = e.location.or(now.state.location);
                    let holder = &self.holders[e.holder.expect("named")];
                    if holder.tenant != order.tenant || holder.gone {
                        return Err(if holder.is_queue {
                            "unknown_account"
                        } else {
                            "unknown_user"
                        });
                    }
                    self.give(e.number, now, &after)?;
                }
                "unassign" => {
                    match now.state.other {
                        Some(Other::Bridge(_)) => return Err("conference_assigned"),
                        Some(Other::Policy(_)) => return Err("policy_assigned"),
                        None if now.state.holder.is_none() => return Err("not_assigned"),
                        None => {}
                    }
                    after.holder = None;
                    after.block = self.stamped(order.block.unwrap_or(self.settings[order.tenant]));
                }
                "location" => after.location = e.location,
                "usage" => after.usage = e.usage.expect("a usage"),
                "update" => {
                    after.usage = e.usage.unwrap_or(now.state.usage);
                    after.location = e.location.or(now.state.location);
                    after.may_set = order.may_set.unwrap_or(now.state.may_set);
                }
                _ => {
                    add.clone_from(&order.add);
                    remove.clone_from(&order.remove);
                }
            }
        }
        if e.undo.is_some() && after.holder.is_some() && after.holder != now.state.holder {
            if after.holder.is_some_and(|h| self.holders[h].gone) {
                return Err("unknown_user");
            }
            self.give(e.number, now, &after)?;
        }
        let changes = after.usage != now.state.usage;
        match order.kind {
            // Numbers for conferences are the operator's to make, and to make others of.
            "usage" if changes && [after.usage, now.state.usage].contains(&CONF) => {
                return Err("usage_not_tenants");
            }
            "usage" | "update" if changes && now.state.is_assigned() => {
                return Err("still_assigned");
            }
            "location" if after.location != now.state.location && !now.state.may_set => {
                return Err("location_locked");
            }
            "location"
                if after.location.is_none()
                    && now.state.holder.is_some_and(|h| !self.holders[h].is_queue) =>
            {
                return Err("location_required");
            }
            "location" | "update" if after.location == Some(self.abroad[order.tenant]) => {
                return Err("location_country");
            }
            "update"
                if after.location.is_none()
                    && ((after.usage == USER && !after.may_set)
                        || after.holder.is_some_and(|h| !self.holders[h].is_queue)) =>
            {
                return Err("location_required");
            }
            _ => {}
        }
        Ok((after, add, remove))
    }

    /// Tags after an edit: what was not there and is, what was there and is not.
    pub fn retag(
        &mut self,
        number: u64,
        add: &[String],
        remove: &[String],
    ) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
        let tenant = self.numbers[&number].tenant;
        let known = &mut self.known[tenant];
        let num = self.numbers.get_mut(&number).expect("it is there");
        let (mut added, mut removed) = (BTreeMap::new(), BTreeMap::new());
        let wanted: BTreeSet<String> = add.iter().map(|t| t.to_lowercase()).collect();
        for tag in remove {
            let folded = tag.to_lowercase();
            if !wanted.contains(&folded)
                && let Some(name) = num.tags.remove(&folded)
            {
                removed.insert(folded, name);
            }
        }
        for tag in add {
            let folded = tag.to_lowercase();
            if !num.tags.contains_key(&folded) {
                let name = known.entry(folded.clone()).or_insert_with(|| tag.clone()).clone();
                num.tags.insert(folded.clone(), name.clone());
                added.insert(folded, name);
            }
        }
        (added, removed)
    }

    pub fn upload(&mut self, order: &Order, e: &Entry) -> Result<Option<Trace>, &'static str> {
        let operator = order.operator.expect("an operator");
        let usage = e.usage.expect("a usage");
        let may_set =
            e.undo.as_ref().map_or(order.may_set.unwrap_or(false), |(_, t)| t.before.may_set);
        let first = if operator == 0 { ALPHA } else { BETA };
        if !(first..first + 1000).contains(&e.number) {
            return Err("outside_ranges");
        }
        if let Some(held) = self.numbers.get(&e.number) {
            let same = (held.tenant, held.operator) == (order.tenant, operator);
            return Err(if same { "already_uploaded" } else { "held_elsewhere" });
        }
        if usage == USER && e.location.is_none() && !may_set {
            return Err("location_required");
        }
        if e.location == Some(self.abroad[order.tenant]) {
            return Err("location_country");
        }
        let block = e.undo.as_ref().map_or(FREE, |(_, trace)| trace.before.block);
        let state =
            State { holder: None, other: None, location: e.location, usage, may_set, block };
        if !order.dry_run {
            self.lives += 1;
            let num = Num {
                tenant: order.tenant,
                operator,
                state: state.clone(),
                tags: BTreeMap::new(),
                life: self.lives,
            };
            self.numbers.insert(e.number, num);
        }
        Ok(Some(Trace {
            before: state.clone(),
            after: state,
            added: BTreeMap::new(),
            removed: BTreeMap::new(),
            life: self.lives,
        }))
    }

    pub fn release(&mut self, order: &Order, e: &Entry) -> Result<Option<Trace>, &'static str> {
        let held = self
            .numbers
            .get(&e.number)
            .filter(|n| (n.tenant, Some(n.operator)) == (order.tenant, order.operator))
            .ok_or("not_held")?;
        if held.state.is_assigned() {
            return Err("still_assigned");
        }
        if e.undo.as_ref().is_some_and(|(_, trace)| trace.life != held.life) {
            return Err("moved_on");
        }
        let trace = Trace {
            before: held.state.clone(),
            after: held.state.clone(),
            added: BTreeMap::new(),
            removed: BTreeMap::new(),
            life: held.life,
        };
        if !order.dry_run {
            self.numbers.remove(&e.number);
            self.last.remove(&e.number);
        }
        Ok(Some(trace))
    }

    pub fn add_own(
        &mut self,
        tenant: usize,
        number: u64,
        usage: &'static str,
        location: Option<Uuid>,
        dry_run: bool,
    ) -> Result<(), &'static str> {
        if let Some(held) = self.numbers.get(&number) {
            let same = held.tenant == tenant;
            return Err(if same { "already_uploaded" } else { "held_elsewhere" });
        }
        if [ALPHA, BETA].iter().any(|first| (*first..*first + 1000).contains(&number)) {
            return Err("inside_operator_range");
        }
        if location == Some(self.abroad[tenant]) {
            return Err("location_country");
        }
        if !dry_run {
            self.lives += 1;
            let state =
                State { holder: None, other: None, location, usage, may_set: true, block: FREE };
            let (tags, life) = (BTreeMap::new(), self.lives);
            self.numbers.insert(number, Num { tenant, operator: OWN, state, tags, life });
        }
        Ok(())
    }

    pub fn remove_own(&mut self, tenant: usize, number: u64) -> Result<(), &'static str> {
        match self.numbers.get(&number).filter(|n| n.tenant == tenant) {
            None => return Err("not_found"),
            Some(n) if n.operator != OWN => return Err("not_direct_routing"),
            Some(n) if n.state.is_assigned() => return Err("still_assigned"),
            Some(_) => {}
        }
        self.numbers.remove(&number);
        self.last.remove(&number);
        Ok(())
    }

    pub fn run(&mut self, order: &mut Order) {
        let (mut seen, mut named) = (BTreeSet::new(), BTreeSet::new());
        let mut outcomes = Vec::new();
        let mut first: Vec<Option<&'static str>> = Vec::new();
        for e in &order.entries {
            let twice = !seen.insert(e.number);
            let again = !twice && e.holder.is_some_and(|h| !named.insert(h));
            first.push(if twice {
                Some("duplicate_entry")
            } else if again {
                Some("has_number")
            } else {
                None
            });
        }
        // A trial runs over what would be, which one that is not kept must not leave behind.
        let kept = order.dry_run.then(|| (self.numbers.clone(), self.known.clone()));
        for (e, refused) in order.entries.clone().iter().zip(first) {
            let done = match (refused, order.kind) {
                (Some(code), _) => Err(code),
                (None, "upload") => self.upload(order, e),
                (None, "release") => self.release(order, e),
                (None, _) => self.entry(order, e).map(|(after, add, remove)| {
                    let before = self.numbers[&e.number].state.clone();
                    let life = self.numbers[&e.number].life;
                    let (added, removed) = self.retag(e.number, &add, &remove);
                    self.numbers.get_mut(&e.number).expect("there").state = after.clone();
                    if before.holder != after.holder && !order.dry_run {
                        self.last.remove(&e.number);
                    }
                    let changed = before != after || !added.is_empty() || !removed.is_empty();
                    changed.then_some(Trace { before, after, added, removed, life })
                }),
            };
            outcomes.push(match done {
                Ok(trace) => ("", trace.filter(|_| !order.dry_run)),
                Err(code) => (code, None),
            });
        }
        if let Some((numbers, known)) = kept {
            (self.numbers, self.known) = (numbers, known);
        }
        order.outcomes = outcomes;
    }
}
