//! Calls for help by those whom nobody knows, from a tenant's trusted network (design
//! section 5; emergency.md section 7).
//!
//! Such a call is carried at once: a phone that never answers a challenge would be
//! lost. A source can be forged, so only so many are taken on trust; beyond that
//! whoever calls must prove it, as everybody else.

use super::{Core, Incoming};
use domain::trusted::TrustedNetwork;
use domain::{TenantId, UserId, emergency};
use feed::record::TenantRecord;
use feed::snapshot::Snapshot;
use numbering::Country;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use uuid::Uuid;

/// Whom seals and records name where nobody was proven: no person has this id.
pub(super) const NOBODY: UserId = UserId(Uuid::nil());

/// So many at once, and so many a second after that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub burst: f64,
    pub per_second: f64,
}

/// Calls taken on trust from one address: an office behind one NAT has a few.
const PER_SOURCE: Rate = Rate { burst: 10.0, per_second: 0.1 };
/// From all networks of a tenant: sources within them can be forged.
const PER_TENANT: Rate = Rate { burst: 50.0, per_second: 0.5 };
/// Most sources or tenants watched; beyond that the oldest knowledge is thrown away.
const MAX_WATCHED: usize = 10_000;

/// How much each of many may, and did.
#[derive(Debug)]
pub(super) struct Buckets<K> {
    left: HashMap<K, (f64, Instant)>,
}

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self { left: HashMap::new() }
    }
}

impl<K: Eq + Hash> Buckets<K> {
    /// May `who` do it once more? Counted if so.
    pub fn allows(&mut self, who: K, rate: Rate, now: Instant) -> bool {
        if self.left.len() >= MAX_WATCHED && !self.left.contains_key(&who) {
            self.left.clear();
        }
        let (left, since) = self.left.entry(who).or_insert((rate.burst, now));
        let gained = now.saturating_duration_since(*since).as_secs_f64() * rate.per_second;
        *left = (*left + gained).min(rate.burst);
        *since = now;
        let allowed = *left >= 1.0;
        if allowed {
            *left -= 1.0;
        }
        allowed
    }
}

/// What all shards took on trust.
#[derive(Debug, Default)]
pub(crate) struct Guests(Mutex<(Buckets<IpAddr>, Buckets<TenantId>)>);

impl Guests {
    fn allows(&self, source: IpAddr, tenant: TenantId, now: Instant) -> bool {
        let (sources, tenants) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // An IPv6 host has a whole network to send from.
        let source = match source.to_canonical() {
            IpAddr::V6(ip) => IpAddr::from((ip.to_bits() >> 64 << 64).to_be_bytes()),
            v4 => v4,
        };
        sources.allows(source, PER_SOURCE, now) && tenants.allows(tenant, PER_TENANT, now)
    }
}

impl Core {
    /// Whose trusted network a call for help comes from, and where that stands: the one
    /// of the tenant that the caller names before others, whose guest it may be.
    pub(super) fn network_of<'w>(
        &self,
        r: &Incoming<'_>,
        called: &str,
        named: Option<&TenantRecord>,
        world: &'w Snapshot,
    ) -> Option<(&'w TenantRecord, Country)> {
        let helps = |network: &TrustedNetwork| {
            network.unproven_help
                && emergency::recognise(called, network.country)
                    .or_else(|| emergency::recognise_urn(called, network.country))
                    .is_some()
        };
        let all = || world.trusted_networks(r.from.addr.ip()).filter(|(_, n)| helps(n));
        let own = named.and_then(|named| all().find(|(tenant, _)| tenant.id == named.id));
        let (tenant, network) = own.or_else(|| all().next())?;
        Some((tenant, network.country))
    }

    /// May this one be taken on trust?
    pub(super) fn trusts(&self, r: &Incoming<'_>, tenant: TenantId) -> bool {
        self.shared.guests.allows(r.from.addr.ip(), tenant, r.at.now)
    }
}
