//! Registrations: which flows reach a person's phones (RFC 3261 section 10).
//!
//! Any shard may answer a REGISTER and any may ring a phone. The table is cut
//! into buckets by person; readers take a bucket without a lock, writers (only
//! REGISTER and the sweep) replace one bucket under a lock that no call waits
//! for.

use crate::peer::Peer;
use arc_swap::ArcSwap;
use domain::{EdgeId, IdMap, UserId};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Most phones one person may register.
pub const MAX_PER_USER: usize = 10;

const BUCKETS: usize = 4096;
/// Parts of the table, by person.
pub(crate) const PORTIONS: usize = BUCKETS;

/// One registered phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Whose.
    pub user: UserId,
    /// The Contact URI, as it goes into the Request-URI of calls.
    pub contact: String,
    /// Where its REGISTER came from, and where calls go (RFC 3581, symmetric).
    pub flow: Peer,
    /// When it ends, microseconds since 1970 UTC.
    pub expires_us: i64,
    /// Its Call-ID, by which an older REGISTER that comes late is told.
    pub call_id: String,
    /// CSeq of the last REGISTER.
    pub cseq: u32,
    /// The edge it registered at, which over TCP holds the connection; edges of
    /// 0.1.0 do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edge: Option<EdgeId>,
}

/// What the journal keeps of registrations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BindingChange {
    /// A phone registered, or registered again.
    Put(Binding),
    /// It is gone.
    Removed {
        /// Whose.
        user: UserId,
        /// Which.
        contact: String,
        /// Its last registration; edges of 0.1.0 do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<Last>,
    },
}

/// The registration that ended when a phone was removed. Kept until it would have run
/// out: a sibling that missed the end may tell of it still.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Last {
    /// Its Call-ID.
    pub call_id: String,
    /// Its CSeq.
    pub cseq: u32,
    /// When it would have ended, microseconds since 1970 UTC.
    pub until_us: i64,
}

impl Last {
    fn of(binding: &Binding) -> Self {
        Self { call_id: binding.call_id.clone(), cseq: binding.cseq, until_us: binding.expires_us }
    }

    /// Whether a registration is that one, or an older one of the same phone. One that
    /// lasts longer is newer, though a phone that started anew counts from one again.
    fn covers(&self, binding: &Binding) -> bool {
        binding.call_id == self.call_id
            && binding.cseq <= self.cseq
            && binding.expires_us <= self.until_us
    }
}

/// A phone that was removed.
#[derive(Clone, Debug)]
struct Gone {
    user: UserId,
    contact: String,
    last: Last,
}

/// Most of them in a bucket; beyond that the oldest is forgotten.
const MAX_GONE: usize = 64;

/// The refusal of [`Bindings::put`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// [`MAX_PER_USER`] are there already.
    #[error("{MAX_PER_USER} phones are registered already: unregister one")]
    TooMany,
    /// A newer REGISTER of the same phone was here before.
    #[error("a newer registration of this phone is known")]
    Outdated,
}

type UserBucket = IdMap<UserId, Arc<Vec<Binding>>>;
/// Which bucket a flow is in is keyed, so that nobody makes many meet in one.
type FlowBucket = IdMap<SocketAddr, (u32, UserId)>;

/// Every registered phone of this edge.
#[derive(Debug)]
pub struct Bindings {
    users: Box<[ArcSwap<UserBucket>]>,
    /// How many bindings each far address has, and whose the last one is: who is
    /// known by address.
    flows: Box<[ArcSwap<FlowBucket>]>,
    /// Keyed anew in each process: far addresses are chosen by strangers.
    flow_hash: RandomState,
    writers: Mutex<()>,
    /// Phones that were removed, by bucket.
    gone: Mutex<HashMap<usize, Vec<Gone>>>,
}

impl Default for Bindings {
    fn default() -> Self {
        Self {
            users: (0..BUCKETS).map(|_| ArcSwap::default()).collect(),
            flows: (0..BUCKETS).map(|_| ArcSwap::default()).collect(),
            flow_hash: RandomState::new(),
            writers: Mutex::new(()),
            gone: Mutex::default(),
        }
    }
}

fn user_bucket(user: UserId) -> usize {
    // The last bytes of a UUIDv7 are random.
    let bytes = user.0.as_bytes();
    usize::from(u16::from_be_bytes([bytes[14], bytes[15]])) % BUCKETS
}

/// Adds or renews a phone among those of its person.
fn renew(list: &mut Vec<Binding>, binding: Binding, now_us: i64) -> Result<(), BindingError> {
    list.retain(|b| b.expires_us > now_us);
    if let Some(old) = list.iter().find(|b| b.contact == binding.contact)
        && old.call_id == binding.call_id
        && old.cseq > binding.cseq
    {
        return Err(BindingError::Outdated);
    }
    list.retain(|b| b.contact != binding.contact && b.flow != binding.flow);
    if list.len() >= MAX_PER_USER {
        return Err(BindingError::TooMany);
    }
    list.push(binding);
    Ok(())
}

/// Applies what a journal kept to the phones of the person it is of.
fn apply(list: &mut Vec<Binding>, change: BindingChange, now_us: i64) {
    match change {
        BindingChange::Put(binding) if binding.expires_us > now_us => {
            // A journal that holds more than the limit was written by a version
            // with a higher one; the newest stay.
            if renew(list, binding.clone(), now_us) == Err(BindingError::TooMany) {
                list.remove(0);
                list.push(binding);
            }
        }
        BindingChange::Put(_) => {}
        BindingChange::Removed { contact, last, .. } => {
            list.retain(|b| b.contact != contact || last.as_ref().is_some_and(|l| !l.covers(b)));
        }
    }
}

/// The part of the table that a change is of.
pub(crate) fn portion_of(change: &BindingChange) -> usize {
    user_bucket(user_of(change))
}

fn user_of(change: &BindingChange) -> UserId {
    match change {
        BindingChange::Put(binding) => binding.user,
        BindingChange::Removed { user, .. } => *user,
    }
}

impl Bindings {
    /// A person's phones, those whose time is over included: filter by
    /// [`Binding::expires_us`].
    pub fn of(&self, user: UserId) -> Option<Arc<Vec<Binding>>> {
        self.users[user_bucket(user)].load().get(&user).cloned()
    }

    /// Has any phone registered from this address?
    pub fn knows_flow(&self, addr: SocketAddr) -> bool {
        self.flow_bucket(addr).load().contains_key(&addr)
    }

    /// Who registered from this address; of several persons, the last.
    pub fn user_at(&self, addr: SocketAddr) -> Option<UserId> {
        self.flow_bucket(addr).load().get(&addr).map(|(_, user)| *user)
    }

    /// The edge that holds the flow from this address, if it is known.
    pub fn flow_edge(&self, addr: SocketAddr) -> Option<EdgeId> {
        let user = self.user_at(addr)?;
        self.of(user)?.iter().rev().find(|b| b.flow.addr == addr)?.edge
    }

    /// Adds or renews a phone. Another binding of the same person over the same
    /// flow is replaced: the phone there has started anew.
    pub fn put(&self, binding: Binding, now_us: i64) -> Result<(), BindingError> {
        self.edit(binding.user, |list| renew(list, binding, now_us))
    }

    /// Removes a phone; returns what siblings and the journal are to be told.
    pub fn remove(&self, user: UserId, contact: String) -> BindingChange {
        let last = self.edit(user, |list| {
            let last = list.iter().find(|b| b.contact == contact).map(Last::of);
            list.retain(|b| b.contact != contact);
            last
        });
        if let Some(last) = &last {
            self.bury(user, &contact, last);
        }
        BindingChange::Removed { user, contact, last }
    }

    fn graves(&self) -> std::sync::MutexGuard<'_, HashMap<usize, Vec<Gone>>> {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps in mind that a registration has ended; says whether that is news.
    fn bury(&self, user: UserId, contact: &str, last: &Last) -> bool {
        let mut graves = self.graves();
        let bucket = graves.entry(user_bucket(user)).or_default();
        let alike =
            |g: &Gone| g.user == user && g.contact == contact && g.last.call_id == last.call_id;
        if let Some(known) = bucket.iter_mut().find(|g| alike(g)) {
            let newer = (last.cseq, last.until_us) > (known.last.cseq, known.last.until_us);
            if newer {
                known.last = last.clone();
            }
            return newer;
        }
        if bucket.len() >= MAX_GONE {
            bucket.remove(0);
        }
        bucket.push(Gone { user, contact: contact.to_owned(), last: last.clone() });
        true
    }

    fn is_gone(&self, binding: &Binding) -> bool {
        self.graves().get(&user_bucket(binding.user)).is_some_and(|bucket| {
            bucket.iter().any(|g| {
                g.user == binding.user && g.contact == binding.contact && g.last.covers(binding)
            })
        })
    }

    /// The ends that are kept in mind, of one of [`PORTIONS`].
    pub(crate) fn ends(&self, portion: usize) -> Vec<BindingChange> {
        let graves = self.graves();
        let removed = |g: &Gone| BindingChange::Removed {
            user: g.user,
            contact: g.contact.clone(),
            last: Some(g.last.clone()),
        };
        graves.get(&portion).into_iter().flatten().map(removed).collect()
    }

    /// Replaces the whole table by what a journal kept.
    pub fn load(&self, changes: impl Iterator<Item = BindingChange>, now_us: i64) {
        let mut users: Vec<UserBucket> = vec![UserBucket::default(); BUCKETS];
        let mut flows: Vec<FlowBucket> = vec![FlowBucket::default(); BUCKETS];
        let mut people: IdMap<UserId, Vec<Binding>> = IdMap::default();
        for change in changes {
            if let BindingChange::Removed { user, contact, last: Some(last) } = &change
                && last.until_us > now_us
            {
                self.bury(*user, contact, last);
            }
            apply(people.entry(user_of(&change)).or_default(), change, now_us);
        }
        for (user, mut list) in people {
            list.retain(|b| b.expires_us > now_us);
            if list.is_empty() {
                continue;
            }
            for b in &list {
                let bucket = &mut flows[self.flow_index(b.flow.addr)];
                let known = bucket.entry(b.flow.addr).or_insert((0, user));
                *known = (known.0 + 1, user);
            }
            list.shrink_to_fit();
            users[user_bucket(user)].insert(user, Arc::new(list));
        }
        let _one_writer = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        for (bucket, new) in self.users.iter().zip(users) {
            bucket.store(Arc::new(new));
        }
        for (bucket, new) in self.flows.iter().zip(flows) {
            bucket.store(Arc::new(new));
        }
    }

    /// Applies what a sibling tells; says whether that was news. What is known
    /// already, or replaced by something newer, changes nothing.
    pub fn merge(&self, change: BindingChange, now_us: i64) -> bool {
        let news = match &change {
            BindingChange::Put(new) => {
                new.expires_us > now_us
                    && !self.is_gone(new)
                    && self.of(new.user).is_none_or(|list| {
                        let alike = |b: &&Binding| b.contact == new.contact || b.flow == new.flow;
                        list.iter().filter(alike).all(|b| b.expires_us < new.expires_us)
                    })
            }
            BindingChange::Removed { user, contact, last } => {
                let ends = |b: &Binding| {
                    b.contact == *contact && last.as_ref().is_none_or(|last| last.covers(b))
                };
                let known = self.of(*user).is_some_and(|list| list.iter().any(ends));
                let mut lasting = last.iter().filter(|last| last.until_us > now_us);
                lasting.next().is_some_and(|last| self.bury(*user, contact, last)) || known
            }
        };
        if news {
            self.edit(user_of(&change), |list| apply(list, change, now_us));
        }
        news
    }

    /// Forgets what has expired.
    pub fn sweep(&self, now_us: i64) {
        for bucket in &self.users {
            let stale: Vec<UserId> = bucket
                .load()
                .iter()
                .filter(|(_, list)| list.iter().any(|b| b.expires_us <= now_us))
                .map(|(user, _)| *user)
                .collect();
            for user in stale {
                self.edit(user, |list| list.retain(|b| b.expires_us > now_us));
            }
        }
        self.graves().retain(|_, bucket| {
            bucket.retain(|g| g.last.until_us > now_us);
            !bucket.is_empty()
        });
    }

    /// Every binding.
    pub fn all(&self) -> Vec<Binding> {
        (0..PORTIONS).flat_map(|portion| self.portion(portion)).collect()
    }

    /// The bindings of one of [`PORTIONS`].
    pub(crate) fn portion(&self, portion: usize) -> Vec<Binding> {
        self.users[portion].load().values().flat_map(|list| list.iter().cloned()).collect()
    }

    /// How many phones are registered.
    pub fn count(&self, now_us: i64) -> usize {
        self.users
            .iter()
            .map(|b| {
                let bucket = b.load();
                bucket.values().flat_map(|l| l.iter()).filter(|b| b.expires_us > now_us).count()
            })
            .sum()
    }

    fn flow_index(&self, addr: SocketAddr) -> usize {
        (self.flow_hash.hash_one(addr) % BUCKETS as u64) as usize
    }

    fn flow_bucket(&self, addr: SocketAddr) -> &ArcSwap<FlowBucket> {
        &self.flows[self.flow_index(addr)]
    }

    fn edit<R>(&self, user: UserId, change: impl FnOnce(&mut Vec<Binding>) -> R) -> R {
        let _one_writer = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = &self.users[user_bucket(user)];
        let mut users = IdMap::clone(&bucket.load());
        let old = users.get(&user).cloned().unwrap_or_default();
        let mut list = Vec::clone(&old);
        let result = change(&mut list);
        for b in &list {
            self.count_flow(b.flow.addr, 1, user);
        }
        for b in old.iter() {
            self.count_flow(b.flow.addr, -1, user);
        }
        if list.is_empty() {
            users.remove(&user);
        } else {
            // Pushing onto an empty list leaves room for three more phones than most have.
            list.shrink_to_fit();
            users.insert(user, Arc::new(list));
        }
        bucket.store(Arc::new(users));
        result
    }

    fn count_flow(&self, addr: SocketAddr, by: i64, user: UserId) {
        let bucket = self.flow_bucket(addr);
        let mut flows = IdMap::clone(&bucket.load());
        let count = i64::from(flows.get(&addr).map_or(0, |(count, _)| *count)) + by;
        match u32::try_from(count) {
            Ok(0) | Err(_) => flows.remove(&addr),
            Ok(count) => flows.insert(addr, (count, user)),
        };
        bucket.store(Arc::new(flows));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use feed::record::Transport;
    use uuid::Uuid;

    fn binding(port: u16, contact: &str, cseq: u32) -> Binding {
        Binding {
            user: UserId(Uuid::from_u128(1)),
            contact: contact.into(),
            flow: Peer {
                transport: Transport::Udp,
                listener: 0,
                addr: SocketAddr::from(([127, 0, 0, 1], port)),
            },
            expires_us: 100,
            call_id: "one".into(),
            cseq,
            edge: None,
        }
    }

    #[test]
    fn a_phone_replaces_itself_and_expires() {
        let table = Bindings::default();
        let user = UserId(Uuid::from_u128(1));
        assert_eq!(table.put(binding(1, "sip:a@x", 1), 0), Ok(()));
        assert_eq!(table.put(binding(2, "sip:a@x", 2), 0), Ok(()), "it moved");
        assert_eq!(table.put(binding(1, "sip:a@x", 1), 0), Err(BindingError::Outdated));
        assert!(!table.knows_flow(SocketAddr::from(([127, 0, 0, 1], 1))));
        assert!(table.knows_flow(SocketAddr::from(([127, 0, 0, 1], 2))));
        assert_eq!(table.put(binding(2, "sip:b@x", 1), 0), Ok(()), "it started anew");
        assert_eq!(table.of(user).map(|l| l.len()), Some(1));
        table.sweep(100);
        assert_eq!(table.of(user), None);
        assert!(!table.knows_flow(SocketAddr::from(([127, 0, 0, 1], 2))));
    }

    #[test]
    fn what_a_sibling_tells_late_undoes_nothing() {
        let (table, user) = (Bindings::default(), UserId(Uuid::from_u128(1)));
        let until = |port, cseq, expires_us| {
            BindingChange::Put(Binding { expires_us, ..binding(port, "sip:a@x", cseq) })
        };
        let flows = || table.of(user).map(|l| l.iter().map(|b| b.flow.addr.port()).collect());
        assert!(table.merge(until(1, 1, 100), 0));
        assert!(!table.merge(until(1, 1, 100), 0), "known");
        assert!(table.merge(until(2, 2, 200), 0), "it moved");
        assert!(!table.merge(until(1, 1, 100), 0), "older");
        assert_eq!(flows(), Some(vec![2]));
        assert!(!table.merge(until(3, 3, 50), 60), "over");
        let removed = BindingChange::Removed { user, contact: "sip:a@x".into(), last: None };
        assert!(table.merge(removed.clone(), 0));
        assert!(!table.merge(removed, 0));
        assert_eq!(table.of(user), None);
    }

    #[test]
    fn a_phone_that_has_gone_is_not_brought_back_by_a_sibling_that_missed_it() {
        let (a, b) = (Bindings::default(), Bindings::default());
        let user = UserId(Uuid::from_u128(1));
        let until = |cseq, expires_us| Binding { expires_us, ..binding(1, "sip:a@x", cseq) };
        let put = |cseq, expires_us| BindingChange::Put(until(cseq, expires_us));
        a.put(until(1, 100), 0).expect("there is room");
        b.merge(put(1, 100), 0);
        // The phone renews and leaves while the link is down.
        a.put(until(2, 200), 0).expect("renewed");
        let end = a.remove(user, "sip:a@x".into());
        let told = |from: &Bindings, to: &Bindings, now_us| {
            for portion in 0..PORTIONS {
                let puts = from.portion(portion).into_iter().map(BindingChange::Put);
                for change in puts.chain(from.ends(portion)) {
                    to.merge(change, now_us);
                }
            }
        };
        told(&b, &a, 0);
        assert_eq!(a.of(user), None, "it has gone");
        told(&a, &b, 0);
        assert_eq!(b.of(user), None, "and the sibling hears of it");
        assert!(!b.merge(end.clone(), 0), "once");
        // The journal brings that back too.
        let c = Bindings::default();
        c.load([put(1, 100), end].into_iter(), 0);
        assert!(!c.merge(put(2, 200), 0));
        // Registered anew, under the next number or from one again.
        assert!(b.merge(put(3, 150), 0));
        told(&a, &b, 0);
        assert!(b.of(user).is_some(), "what came later stays");
        assert!(a.merge(put(1, 300), 0), "a phone that started anew");
        // Once it would have run out nobody needs to know.
        a.sweep(200);
        assert_eq!(a.ends(user_bucket(user)), []);
    }

    #[test]
    fn a_journal_comes_back_as_it_was() {
        let (table, loaded) = (Bindings::default(), Bindings::default());
        let mut journal = Vec::new();
        for n in 0..5_000u32 {
            let mut new = binding(5060, "sip:a@x", 1);
            new.user = UserId(Uuid::from_u128(u128::from(n)));
            // All phones at the same port, as phones are.
            new.flow.addr.set_ip(std::net::Ipv4Addr::from(0x0a00_0000 + n).into());
            table.put(new.clone(), 0).expect("there is room");
            journal.push(BindingChange::Put(new));
        }
        let gone = UserId(Uuid::from_u128(7));
        journal.push(table.remove(gone, "sip:a@x".into()));
        journal.push(BindingChange::Put(Binding { expires_us: 0, ..binding(1, "sip:late@x", 1) }));
        let fullest = table.flows.iter().map(|b| b.load().len()).max();
        assert!(fullest < Some(20), "{fullest:?} of 5,000 flows share a bucket");
        loaded.load(journal.into_iter(), 0);
        let sorted = |table: &Bindings| {
            let mut all = table.all();
            all.sort_by_key(|b| b.user);
            all
        };
        assert_eq!(sorted(&loaded), sorted(&table));
        assert_eq!(loaded.count(0), 4_999);
        for b in loaded.all() {
            assert_eq!(loaded.user_at(b.flow.addr), Some(b.user));
        }
        assert_eq!(loaded.of(gone), None);
    }

    #[test]
    fn one_person_cannot_fill_the_table() {
        let table = Bindings::default();
        for n in 0..MAX_PER_USER as u16 {
            assert_eq!(table.put(binding(n + 1, &format!("sip:{n}@x"), 1), 0), Ok(()));
        }
        assert_eq!(table.put(binding(99, "sip:99@x", 1), 0), Err(BindingError::TooMany));
        assert_eq!(table.count(0), MAX_PER_USER);
    }
}
