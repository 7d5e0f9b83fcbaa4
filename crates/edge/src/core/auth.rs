//! Who a phone is, proved by digest (RFC 7616, RFC 8760); never by what a header
//! claims.

use super::guest::{Buckets, Rate};
use super::{Core, Incoming, Who, count};
use crate::outbox::Outbox;
use domain::{TenantId, UserId, emergency};
use feed::record::{EdgeKey, PhoneCredential, TenantRecord, Transport};
use feed::snapshot::Snapshot;
use sip::digest::{Authenticator, Credentials, Ha1, NonceCounts, Verdict};
use sip::seal::SealKeys;
use sip::{HeaderName, Method, SipUri, Uri};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Makes nonces and knows its own again.
pub(super) struct Nonces {
    secret: [u8; 32],
    realms: HashMap<TenantId, Authenticator>,
}

/// Most nonces whose counts are kept.
const MAX_NONCES: usize = 200_000;
/// Locks among which they are divided, so that shards seldom meet.
const LOCKS: usize = 16;

/// How often each nonce was used, for all shards of an edge: what was taken by one
/// is not taken by another. An edge takes no nonces of another, nor of its own
/// former life, since it cannot know how often they were used.
#[derive(Debug, Default)]
pub(crate) struct Used(OnceLock<Life>);

#[derive(Debug)]
struct Life {
    /// Makes the nonces of this life its own.
    id: [u8; 32],
    counts: [Mutex<NonceCounts>; LOCKS],
}

impl Used {
    /// The first core begins the life.
    pub fn begin(&self, id: [u8; 32], life: Duration) {
        self.0.get_or_init(|| Life {
            id,
            counts: std::array::from_fn(|_| {
                Mutex::new(NonceCounts::new(life.as_secs(), MAX_NONCES / LOCKS))
            }),
        });
    }

    fn accept(&self, nonce: &[u8], nc: u32, now_s: u64) -> bool {
        let Some(life) = self.0.get() else { return false };
        // A nonce ends in its MAC: as good as drawn by lot.
        let lock = nonce.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        let counts = &life.counts[usize::from(lock) % LOCKS];
        counts.lock().unwrap_or_else(PoisonError::into_inner).accept(nonce, nc, now_s)
    }

    /// What a nonce is bound to: a source address, in this life.
    fn context(&self, ip: IpAddr) -> [u8; 48] {
        let ip = match ip {
            IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
            IpAddr::V6(ip) => ip.octets(),
        };
        let mut context = [0; 48];
        context[..16].copy_from_slice(&ip);
        if let Some(life) = self.0.get() {
            context[16..].copy_from_slice(&life.id);
        }
        context
    }
}

impl Nonces {
    pub fn new(secret: [u8; 32]) -> Self {
        Self { secret, realms: HashMap::new() }
    }

    /// Under the newest key of the edges.
    pub fn from_keys(keys: &[EdgeKey], fallback: [u8; 32]) -> Self {
        let derived = keys.last().and_then(|key| {
            let seal = SealKeys::new(key.id, &key.secret).ok()?.seal(&[b"nonces"], &[0; 24]);
            let tail = seal.as_bytes().get(2..34)?;
            <[u8; 32]>::try_from(tail).ok()
        });
        Self::new(derived.unwrap_or(fallback))
    }

    fn realm(&mut self, tenant: &TenantRecord, life_s: u64) -> &Authenticator {
        let known = self.realms.get(&tenant.id).is_some_and(|a| a.realm() == tenant.domain);
        if !known {
            let fresh = Authenticator::new(&tenant.domain, &self.secret, life_s);
            self.realms.insert(tenant.id, fresh);
        }
        &self.realms[&tenant.id]
    }
}

/// Challenges for strangers.
const CHALLENGES: Rate = Rate { burst: 200.0, per_second: 100.0 };
/// Challenges for strangers who ask for help: of their own, so that nobody who floods
/// us in a caller's name takes that caller's away, and fewer, since one is enough.
const HELP: Rate = Rate { burst: 50.0, per_second: 10.0 };

/// Keeps the edge from being made to shout at somebody: a challenge is longer
/// than the request a stranger sent, maybe with a forged source.
#[derive(Default)]
pub(super) struct Limiter {
    sources: Buckets<(IpAddr, bool)>,
}

impl Limiter {
    fn allows(&mut self, source: IpAddr, help: bool, now: Instant) -> bool {
        self.sources.allows((source, help), if help { HELP } else { CHALLENGES }, now)
    }
}

/// User agents that give up on a challenge whose algorithm they do not know
/// instead of passing it over (RFC 8760 section 2.4): Debian 12's baresip stands
/// on a SIP library of that kind.
const KNOW_MD5_ONLY: [&[u8]; 3] = [b"baresip v0.", b"baresip v1.", b"baresip v2."];

/// How long an unanswered challenge counts as a sign that the phone could not
/// read it.
const PUZZLED: Duration = Duration::from_secs(600);
/// Most such phones remembered.
const MAX_PUZZLED: usize = 10_000;

/// Phones that were challenged and asked again without credentials.
#[derive(Default)]
pub(super) struct Puzzled {
    since: HashMap<SocketAddr, Instant>,
}

impl Puzzled {
    /// Notes a challenge; is it to be MD5 alone?
    fn challenged(&mut self, phone: SocketAddr, now: Instant) -> bool {
        let again =
            self.since.get(&phone).is_some_and(|at| now.saturating_duration_since(*at) < PUZZLED);
        if self.since.len() >= MAX_PUZZLED && !again {
            self.since.retain(|_, at| now.saturating_duration_since(*at) < PUZZLED);
            if self.since.len() >= MAX_PUZZLED {
                self.since.clear();
            }
        }
        self.since.entry(phone).or_insert(now);
        again
    }
}

/// What a request with or without credentials is worth.
pub(super) enum Proof {
    /// It is this person.
    User(UserId),
    /// It calls for help over the connection of this person's phone, but could not
    /// prove it: good for nothing else.
    Flow(UserId),
    /// It calls for help from a trusted network, and nobody proved who calls: good
    /// for nothing else.
    Guest,
    /// A challenge was sent.
    Challenged,
    /// A refusal was sent, or silence kept.
    Refused,
}

/// Whether an emergency number or service of any country is called.
pub(super) fn asks_for_help(uri: &[u8]) -> bool {
    match Uri::parse(uri) {
        Ok(Uri::Urn(_)) => {
            let sos = b"urn:service:sos";
            uri.get(..sos.len()).is_some_and(|head| head.eq_ignore_ascii_case(sos))
        }
        Ok(parsed) => match parsed.user_number() {
            Some(number) => emergency::recognise_anywhere(number.as_str()),
            None => parsed
                .as_sip()
                .and_then(|sip| std::str::from_utf8(sip.user?).ok())
                .is_some_and(emergency::recognise_anywhere),
        },
        Err(_) => false,
    }
}

fn ha1(credential: &PhoneCredential) -> Ha1 {
    Ha1 { sha256: unhex(&credential.ha1_sha256), md5: unhex(&credential.ha1_md5) }
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let bytes = text.as_bytes();
    if bytes.len() != 2 * N {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(bytes.chunks_exact(2)) {
        let digit = |b: u8| char::from(b).to_digit(16);
        *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
    }
    Some(out)
}

impl Core {
    /// The tenant whose domain an address of record names.
    pub(super) fn tenant_of<'w>(
        &self,
        uri: &SipUri<'_>,
        world: &'w Snapshot,
    ) -> Option<&'w TenantRecord> {
        world.tenant_by_domain(std::str::from_utf8(uri.host_bare()).ok()?)
    }

    /// Asks a phone to prove that it is `aor`'s, or anybody in particular if it
    /// claims to be nobody, in its tenant's realm. Unknown
    /// users, wrong passwords and missing credentials get the same answer. Who calls
    /// for help from a network that a tenant trusts need prove nothing.
    pub(super) fn prove(
        &mut self,
        r: &Incoming<'_>,
        tenant: &TenantRecord,
        aor: Option<&SipUri<'_>>,
        trusted: Option<TenantId>,
        world: &Snapshot,
        out: &mut Outbox,
    ) -> Proof {
        let register = r.m.method() == Method::Register;
        let header =
            if register { HeaderName::Authorization } else { HeaderName::ProxyAuthorization };
        let now_s = u64::try_from(r.at.wall_us / 1_000_000).unwrap_or(0);
        let bound = self.shared.nonces.context(r.from.addr.ip());
        let life_s = self.config.nonce_life.as_secs();
        let help = r.m.method() == Method::Invite && asks_for_help(r.m.request_uri());
        let (mut stale, mut answered) = (false, false);
        for value in r.m.header_all(header) {
            let Ok(credentials) = Credentials::parse(value) else { continue };
            if *credentials.realm != *tenant.domain.as_bytes() {
                continue;
            }
            answered = true;
            let username = std::str::from_utf8(&credentials.username).unwrap_or_default();
            let phone = world.phone(tenant.id, username);
            let stored = phone.map(|(_, credential)| ha1(credential));
            let realm = self.nonces.realm(tenant, life_s);
            let verdict = realm.verify(
                &credentials,
                r.m.method().as_bytes(),
                r.m.request_uri(),
                stored.as_ref(),
                now_s,
                &bound,
            );
            match (verdict, phone) {
                (Verdict::Ok, Some((user, _))) => {
                    if !self.shared.nonces.accept(&credentials.nonce, credentials.nc, now_s) {
                        stale = true;
                        continue;
                    }
                    // A call for help is whoever's proved it, whatever name it bears.
                    if !help && aor.is_some_and(|aor| aor.user != Some(username.as_bytes())) {
                        self.stateless(r, 403, out, |b| b.finish());
                        return Proof::Refused;
                    }
                    self.puzzled.since.remove(&r.from.addr);
                    if r.who == Who::Stranger && r.from.transport == Transport::Tcp {
                        out.proven.push(r.from.addr);
                    }
                    // Before, this would have told a stranger that we are here.
                    if r.who == Who::Stranger && self.cannot_do(r, world, out) {
                        return Proof::Refused;
                    }
                    return Proof::User(user);
                }
                (Verdict::Stale, _) => stale = true,
                (Verdict::Malformed, _) if !help => {
                    self.stateless(r, 400, out, |b| b.finish());
                    return Proof::Refused;
                }
                _ => {}
            }
        }
        if help
            && answered
            && !stale
            && let Some(user) = self.shared.bindings.user_at(r.from.addr)
            && world.user_record(user).is_some_and(|user| user.tenant == tenant.id)
        {
            return Proof::Flow(user);
        }
        if help && !stale && trusted.is_some_and(|tenant| self.trusts(r, tenant)) {
            return Proof::Guest;
        }
        let source = r.from.addr.ip();
        if r.who == Who::Stranger && !self.limiter.allows(source, help, r.at.now) {
            self.silence();
            return Proof::Refused;
        }
        let salt = self.random.next();
        let realm = self.nonces.realm(tenant, life_s);
        let nonce = realm.nonce(now_s, salt, &bound);
        let challenges = realm.challenges(&nonce, stale);
        if answered {
            self.puzzled.since.remove(&r.from.addr);
        }
        let agent = r.m.header(HeaderName::UserAgent).unwrap_or_default();
        let md5_only = KNOW_MD5_ONLY.iter().any(|known| agent.starts_with(known))
            || (!answered && self.puzzled.challenged(r.from.addr, r.at.now));
        let offered = &challenges[usize::from(md5_only)..];
        let (status, name) = if register {
            (401, HeaderName::WwwAuthenticate)
        } else {
            (407, HeaderName::ProxyAuthenticate)
        };
        self.stateless(r, status, out, |mut b| {
            for challenge in offered {
                b = b.header(name, challenge);
            }
            b.finish();
        });
        Proof::Challenged
    }

    /// The tenant of a phone that hides its name, by what else it gives away: the
    /// realm it answers for, the domain it calls, who registered over its flow.
    pub(super) fn tenant_unnamed<'w>(
        &self,
        r: &Incoming<'_>,
        world: &'w Snapshot,
    ) -> Option<&'w TenantRecord> {
        let by_realm = r.m.header_all(HeaderName::ProxyAuthorization).find_map(|value| {
            let credentials = Credentials::parse(value).ok()?;
            world.tenant_by_domain(std::str::from_utf8(&credentials.realm).ok()?)
        });
        by_realm.or_else(|| self.tenant_of(&Self::aor(r.m.request_uri())?, world)).or_else(|| {
            let user = self.shared.bindings.user_at(r.from.addr)?;
            world.tenant(world.user_record(user)?.tenant)
        })
    }

    /// A stranger who named none of our domains.
    pub(super) fn silence(&self) {
        count(&self.shared.stats.silenced);
    }

    /// The address of record in a header, if it is a SIP URI.
    pub(super) fn aor<'m>(uri: &'m [u8]) -> Option<SipUri<'m>> {
        match Uri::parse(uri) {
            Ok(Uri::Sip(uri)) => Some(uri),
            _ => None,
        }
    }
}
