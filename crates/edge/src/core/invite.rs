//! A new call: who brings it, where it goes, and the legs toward there.

use super::auth::{Proof, asks_for_help};
use super::call::{Call, CallState, Deadline, Leg, LegState, Tag};
use super::conference::{CONFERENCE_HEADER, conference_called, meeting};
use super::dialog::{Dialog, Party, Side, domain_of, domain_of_user};
use super::forward::{diversions_of, from_number};
use super::guest::NOBODY;
use super::write::{
    CALL_HEADER, MS_TENANT_HEADER, TENANT_HEADER, contact_uri, explains, hides_identity,
    number_uri, pass, pass_of_hidden, pass_of_phone, quoted, route_set, text, transport,
};
use super::{Core, Incoming, Moment, Who, count};
use crate::outbox::Outbox;
use crate::peer::Peer;
use domain::calling::ForwardCause;
use domain::policy::{Hide, Reserved};
use domain::routing::{self, CallKind, Destination, Dialled, FarEnd, NoTrace, Route, Source};
use domain::{CdrId, TrunkId, UserId};
use feed::cdr::{Attempt, CdrEvent, HungUpBy};
use feed::record::Transport;
use feed::snapshot::Snapshot;
use sip::{
    Copy, Header, HeaderName, Message, MessageBuilder, Method, NumberText, ServerTx, SipUri,
    Target, Uri,
};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// What was dialled, as routing wants it.
enum Called<'m> {
    Number(NumberText),
    Text(&'m str),
}

impl<'m> Called<'m> {
    fn of(m: &Message<'m>) -> Self {
        Self::of_uri(m.parsed_request_uri(), m.request_uri())
    }

    /// Who calls, by the From of an operator.
    fn caller_of(m: &Message<'m>) -> Self {
        Self::of_uri(m.from().parsed_uri().ok(), m.from().uri)
    }

    fn of_uri(parsed: Option<Uri<'m>>, uri: &'m [u8]) -> Self {
        let plain = |bytes: &'m [u8]| Self::Text(std::str::from_utf8(bytes).unwrap_or_default());
        match parsed {
            Some(Uri::Urn(_)) | None => plain(uri),
            Some(parsed) => match parsed.user_number() {
                Some(number) => Self::Number(number),
                None => plain(parsed.as_sip().and_then(|s| s.user).unwrap_or_default()),
            },
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Number(number) => number.as_str(),
            Self::Text(text) => text,
        }
    }
}

/// Whom a phone claims to be; `None` if it hides that (RFC 3323 section 4.1.1.3).
fn named_caller<'m>(m: &Message<'m>) -> Option<SipUri<'m>> {
    let aor = Core::aor(m.from().uri)?;
    let hidden = aor.user.is_none_or(|user| user.eq_ignore_ascii_case(b"anonymous"))
        || aor.host_bare().eq_ignore_ascii_case(b"anonymous.invalid");
    (!hidden).then_some(aor)
}

impl Core {
    pub(super) fn invite(&mut self, r: &Incoming<'_>, world: &Snapshot, out: &mut Outbox) {
        let mut proven = true;
        let (source, party) = match r.who {
            Who::Trunk(id) => (Source::Trunk(id), Party::Trunk(id)),
            Who::Phone | Who::Stranger => {
                let aor = named_caller(r.m);
                let help = asks_for_help(r.m.request_uri());
                let named = aor.as_ref().and_then(|aor| self.tenant_of(aor, world));
                let hidden = || {
                    let tenant = self.tenant_unnamed(r, world);
                    // Who calls for help is not asked for the right name.
                    tenant.filter(|_| aor.is_none() || help)
                };
                let named = named.or_else(hidden);
                let network = if help && r.who == Who::Stranger {
                    self.network_of(r, Called::of(r.m).as_str(), named, world)
                } else {
                    None
                };
                let Some(tenant) = named.or(network.map(|(tenant, _)| tenant)) else {
                    return self.refuse(r, 403, out);
                };
                let trusted = network.map(|(tenant, _)| tenant.id);
                match self.prove(r, tenant, aor.as_ref(), trusted, world, out) {
                    Proof::User(user) => (Source::User(user), Party::Phone { user, flow: r.from }),
                    Proof::Flow(user) => {
                        proven = false;
                        (Source::User(user), Party::Phone { user, flow: r.from })
                    }
                    Proof::Guest => {
                        let Some((tenant, country)) = network else { return };
                        if r.from.transport == Transport::Tcp {
                            out.proven.push(r.from.addr);
                        }
                        let caller = Party::Phone { user: NOBODY, flow: r.from };
                        (Source::Network(tenant.id, country), caller)
                    }
                    Proof::Challenged | Proof::Refused => return,
                }
            }
        };
        let Some(tx) = self.begin(r, out) else { return };
        let own_via = |v: sip::Via<'_>| {
            self.config.listeners.iter().any(|l| l.sent_by.as_bytes() == v.sent_by)
        };
        let fault = if r.m.max_forwards() == Some(0) {
            Some(483)
        } else if r.m.vias().any(own_via) {
            Some(482)
        } else if r.m.from_tag().is_none() || contact_uri(r.m).is_none() {
            Some(400)
        } else {
            None
        };
        let tag = self.random.tag();
        if let Some(status) = fault {
            let _ = self.layer.reply(r.at.now, tx, status, Some(&tag), out, |b| b.finish());
            return;
        }
        let cdr = CdrId(self.random.uuid(r.at.wall_us));
        count(&self.shared.stats.calls);
        let called = Called::of(r.m);
        let replaced = self.replaced(r.m, world);
        let takes_over = replaced.as_ref().map(|(_, trunk)| match trunk {
            Some(trunk) => FarEnd::Trunk(*trunk),
            None => FarEnd::Phone,
        });
        let called = replaced.as_ref().map_or(called.as_str(), |(number, _)| number);
        // Nobody asks for an operator's caller where no tenant has a policy; behind a gateway it may
        // be one of the tenant's who calls for help.
        let asked = matches!(
            source, Source::Trunk(id) if world.any_policies() || world.is_gateway(id)
        );
        let caller_text = asked.then(|| Called::caller_of(r.m));
        let caller_text = caller_text.as_ref().map_or("", Called::as_str);
        let meeting = match source {
            Source::Trunk(id) if world.is_gateway(id) => meeting(r.m),
            _ => None,
        };
        // Nobody forwards or acts for anybody where no person has calling settings; a line of one's
        // own is named without any.
        let (mut on_behalf, mut diversions) = (None, 0);
        match source {
            Source::User(user) => {
                let lined = |user| world.user_record(user).is_some_and(|u| u.alternate.is_some());
                if world.any_calling() || lined(user) {
                    on_behalf = self.asked_identity(r.m, user, world);
                }
            }
            Source::Trunk(_) if world.any_calling() => diversions = diversions_of(r.m),
            Source::Trunk(_) | Source::Network(..) => {}
        }
        let caller = caller_text;
        let callbacks = &self.shared.callbacks;
        let by = |number| callbacks.by(number, r.at.wall_us);
        let reserved = Reserved::new(&by);
        let call = routing::Call {
            source,
            called,
            caller,
            takes_over,
            on_behalf,
            diversions,
            meeting,
            reserved,
        };
        let route = routing::route(world, call, &mut NoTrace);
        if let (Source::User(user), Ok(Route { reserves: Some(number), .. })) = (source, &route) {
            callbacks.reserve(*number, user, r.at.wall_us);
        }
        // A meeting's calls are its organizer's.
        let source_of_cost = match (&route, meeting.and_then(|m| m.organizer)) {
            (Ok(Route { bridge: Some(_), .. }), Some(organizer)) => Source::User(organizer),
            _ => source,
        };
        self.record_begin(r, cdr, (source, meeting), &route, out);
        let route = match route {
            Ok(route) => route,
            Err(refusal) => {
                let (status, code) = (refusal.sip_status(), refusal.code());
                return self.refuse_begun(r.at, tx, (cdr, tag), status, code, out);
            }
        };
        let cost = match self.count_cost(source_of_cost, &route, r.at, world) {
            Ok(cost) => cost,
            Err(refusal) => {
                let (status, code) = (refusal.sip_status(), refusal.code());
                return self.refuse_begun(r.at, tx, (cdr, tag), status, code, out);
            }
        };
        if !proven && route.kind != CallKind::Emergency {
            return self.refuse_begun(r.at, tx, (cdr, tag), 403, "rejected", out);
        }
        let help = route.kind == CallKind::Emergency;
        let Ok(place) = self.place_of_caller(source, help, r.at, world) else {
            return self.refuse_begun(r.at, tx, (cdr, tag), 503, "trunk_limit", out);
        };
        let map_key = self.keys.map_key();
        let call = Call::start(tx, party, &route, cdr, r.at.wall_us, map_key, tag);
        let index = self.new_call(call);
        count(&self.shared.stats.under_way);
        self.calls[index as usize].places[0] = place;
        self.calls[index as usize].cost = cost;
        let generation = self.calls[index as usize].generation;
        self.layer.set_tag(tx, Tag::Call { index, generation }.pack());
        let call = &mut self.calls[index as usize];
        route_set(r.m, false, &mut call.caller_routes);
        call.call_id.extend_from_slice(r.m.call_id());
        (call.times, call.times_before) = (diversions, diversions);
        call.take_way(&route);
        // Nor does anybody but the person themself take a call back after a call for help.
        if takes_over.is_some() || route.called_back.is_some() {
            call.forwarding_of = None;
        }
        let holder = replaced.and_then(|(_, trunk)| trunk);
        self.go(r.at, index, &route, holder, r.m, world, out);
        self.trying(r.at, tx, cdr, out);
    }

    /// Sends a call where it goes. Only `holder`, the trunk of a dialog that it takes over, can
    /// replace that.
    #[expect(clippy::too_many_arguments, reason = "where to, and all that a leg is made of")]
    pub(super) fn go(
        &mut self,
        at: Moment,
        index: u32,
        route: &Route,
        holder: Option<TrunkId>,
        m: &Message<'_>,
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        match route.destination {
            Destination::User(user) => self.ring_person(at, index, user, route, m, world, out),
            Destination::Circle { of, which } => {
                self.ring_circle(at, index, (of, which), m, world, out);
            }
            Destination::Target { gateway, play } => {
                self.call_target(at, index, (gateway, play), m, world, out);
            }
            Destination::Queue(queue) => {
                let (mut seconds, mut agents) = (0, &[][..]);
                if let Some(queue) = world.queue(queue) {
                    (seconds, agents) = (queue.ring_seconds, &queue.agents[..]);
                }
                for agent in agents {
                    self.ring(at, index, *agent, m, world, out);
                }
                let time = Duration::from_secs(u64::from(seconds.max(1)));
                self.start_ringing(at, index, time, world, out);
            }
            Destination::Trunks { .. }
            | Destination::Gateways { .. }
            | Destination::Bridge { .. } => {
                self.ways_out(at, index, route, world);
                if let Some(holder) = holder {
                    let trunks = &mut self.calls[index as usize].trunks;
                    match trunks.iter().position(|t| *t == holder) {
                        Some(at) => trunks.swap(0, at),
                        None if matches!(
                            route.destination,
                            Destination::Gateways { by: None, .. }
                        ) =>
                        {
                            trunks.insert(0, holder);
                        }
                        None => {}
                    }
                }
                self.first_trunk(at, index, m, world, out);
            }
        }
    }

    /// Tries the first of the trunks that the call lists; over where none takes it.
    pub(super) fn first_trunk(
        &mut self,
        at: Moment,
        index: u32,
        m: &Message<'_>,
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        if !self.next_trunk(at, index, m, world, out) {
            let full = self.calls[index as usize].passed_over;
            let reason = if full { "trunk_limit" } else { "no_trunk" };
            self.finish(at, index, 503, reason, HungUpBy::Exchange, out);
        }
    }

    /// Tells the caller to wait, unless it has been told more by now. Only once the
    /// called side was sent its INVITE: that is what everybody waits for.
    pub(super) fn trying(&mut self, at: Moment, tx: ServerTx, cdr: CdrId, out: &mut Outbox) {
        if !self.layer.is_unanswered(tx) {
            return;
        }
        let mut id = [0; 36];
        let id = &*cdr.0.hyphenated().encode_lower(&mut id);
        let _ = self.layer.reply(at.now, tx, 100, None, out, |b| {
            b.header_named(CALL_HEADER, id).finish();
        });
    }

    fn new_call(&mut self, call: Call) -> u32 {
        match self.free_calls.pop() {
            Some(index) => {
                self.calls[index as usize].reuse(call);
                index
            }
            None => self.calls.push(call) as u32,
        }
    }

    pub(super) fn set_deadline(&mut self, at: Moment, index: u32, wait: Duration, what: Deadline) {
        self.calls[index as usize].deadline = Some(what);
        self.call_timers.arm(at.now, index, at.now + wait);
    }

    /// Rings every phone a person has registered; none of somebody who was deactivated or is gone,
    /// whose phones stay registered until their time is over.
    pub(super) fn ring(
        &mut self,
        at: Moment,
        index: u32,
        user: UserId,
        m: &Message<'_>,
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        if world.user_record(user).is_none_or(|user| user.phone.is_none()) {
            return;
        }
        let Some(bindings) = self.shared.bindings.of(user) else { return };
        for binding in bindings.iter().filter(|b| b.expires_us > at.wall_us) {
            let flow = self.usable_flow(binding.flow);
            let party = Party::Phone { user, flow };
            self.send_leg(at, index, party, binding.contact.as_bytes(), flow, m, world, out);
        }
    }

    /// Waits for those who ring; where nobody does, the call goes on or is over.
    pub(super) fn start_ringing(
        &mut self,
        at: Moment,
        index: u32,
        time: Duration,
        world: &Snapshot,
        out: &mut Outbox,
    ) {
        if !self.calls[index as usize].has_ringing_legs() {
            if !self.divert(at, index, ForwardCause::Unreachable, world, out) {
                self.finish(at, index, 480, "not_registered", HungUpBy::Exchange, out);
            }
            return;
        }
        self.ring_for(at, index, time);
    }

    /// Sends the call to the next trunk in order; `false` if none is left.
    pub(super) fn next_trunk(
        &mut self,
        at: Moment,
        index: u32,
        m: &Message<'_>,
        world: &Snapshot,
        out: &mut Outbox,
    ) -> bool {
        loop {
            let call = &mut self.calls[index as usize];
            let Some(&id) = call.trunks.get(call.next_trunk) else { return false };
            call.next_trunk += 1;
            let digits = call.digits;
            let served = (call.help_in, call.operator);
            let Some(trunk) = world.trunk_record(id) else { continue };
            let Some(place) = self.place_on(index, trunk, at) else { continue };
            let mut uri = std::mem::take(&mut self.scratch.uri);
            match digits {
                Some(Dialled::Number(number)) => number_uri(&mut uri, number, &trunk.fqdn, true),
                Some(Dialled::Emergency(digits)) => {
                    let digits = routing::help_digits(world, digits, served, id);
                    text(&mut uri, format_args!("sip:{digits}@{};user=phone", trunk.fqdn));
                }
                None => {
                    uri.clear();
                    uri.extend_from_slice(&self.calls[index as usize].target_uri);
                }
            }
            let near = self.layer.server_peer(self.calls[index as usize].server);
            let near = near.map(|peer| peer.listener);
            let sent = match self.listener_for(trunk.transport, trunk.address, near) {
                Some(listener) => {
                    let peer = Peer { transport: trunk.transport, listener, addr: trunk.address };
                    self.send_leg(at, index, Party::Trunk(id), &uri, peer, m, world, out)
                }
                None => false,
            };
            self.scratch.uri = uri;
            if sent {
                self.calls[index as usize].places[1] = Some(place);
                let wait = Duration::from_secs(u64::from(trunk.failover_time_seconds.max(1)));
                let call = &mut self.calls[index as usize];
                // Where people ring too, their time runs on beside it.
                if call.mixed {
                    call.trunk_until = Some(at.now + wait);
                    self.await_mixed(at, index);
                } else {
                    self.set_deadline(at, index, wait, Deadline::Failover);
                }
                return true;
            }
            let attempt = Attempt { trunk: id, sip_code: 0, ms: 0 };
            self.calls[index as usize].attempts.push(attempt);
        }
    }

    /// Writes and sends the INVITE of one leg.
    #[expect(clippy::too_many_arguments, reason = "all of it differs from leg to leg")]
    fn send_leg(
        &mut self,
        at: Moment,
        index: u32,
        party: Party,
        uri: &[u8],
        peer: Peer,
        m: &Message<'_>,
        world: &Snapshot,
        out: &mut Outbox,
    ) -> bool {
        let mut s = std::mem::take(&mut self.scratch);
        let branch = self.layer.branch();
        let mut bytes = self.layer.buffer();
        let call = &self.calls[index as usize];
        let own = self.listener(peer);
        let from_phone = matches!(call.caller, Party::Phone { .. });
        let emergency = matches!(call.digits, Some(Dialled::Emergency(_)));
        let told = self.told_of(call, party, own.host(), world);
        let forwarded = call.forwarded_to(party);
        // Somebody else's call, which leaves the exchange again.
        let passes_on = matches!(party, Party::Trunk(_))
            && (forwarded.is_some() || !call.target_uri.is_empty());
        let withheld = call.kind == CallKind::Inbound
            && forwarded.is_some_and(|f| routing::hides_caller(world, call.tenant, f.by));
        // Whom a person hides from, those who come to help must call back.
        let hidden = match (party, call.hide) {
            (Party::Trunk(_), _) if passes_on && withheld => true,
            (Party::Trunk(_), Hide::Always) => true,
            (Party::Trunk(_), Hide::Never) => false,
            // The policy of whom is called keeps it from them.
            (Party::Phone { user, .. }, _) if call.kind == CallKind::Inbound => {
                routing::hides_caller(world, call.tenant, user)
            }
            _ => from_phone && !emergency && named_caller(m).is_none(),
        };
        match party {
            Party::Trunk(_) => {
                // Without a number a call for help shows what its phone is registered by.
                let named = emergency || call.to_bridge.is_some();
                let phone = call.caller.user().filter(|_| named).and_then(|user| {
                    let phone = world.user_record(user)?.phone.as_ref()?;
                    Some((&phone.username, domain_of_user(user, world)?))
                });
                // Whoever gets a forwarded call sees who calls, as a bridge does; by whom it comes, and
                // who vouches for it, is told beside that.
                let shows = passes_on || call.to_bridge.is_some();
                let number = call.caller_id.or_else(|| shows.then(|| from_number(m)).flatten());
                match (number, phone) {
                    (Some(number), _) => number_uri(&mut s.from, number, own.host(), true),
                    (None, Some((name, domain))) => {
                        text(&mut s.from, format_args!("sip:{name}@{domain}"));
                    }
                    (None, None) => {
                        text(&mut s.from, format_args!("sip:anonymous@anonymous.invalid"));
                    }
                }
                s.to.clear();
                s.to.extend_from_slice(uri);
            }
            Party::Phone { user, .. } => {
                let domain = world.tenant(call.tenant).map_or(own.host(), |t| &t.domain);
                let number = call.caller_id.or_else(|| from_number(m));
                match number {
                    Some(number) => number_uri(&mut s.from, number, domain, false),
                    None => {
                        s.from.clear();
                        s.from.extend_from_slice(m.from().uri);
                    }
                }
                let phone = world.user_record(user).and_then(|u| u.phone.as_ref());
                match phone {
                    Some(phone) => {
                        text(&mut s.to, format_args!("sip:{}@{domain}", phone.username));
                    }
                    None => text(&mut s.to, format_args!("sip:{domain}")),
                }
            }
        }
        if hidden {
            text(&mut s.from, format_args!("sip:anonymous@anonymous.invalid"));
        }
        let our_tag = m.from_tag().unwrap_or_default();
        let mapped =
            self.keys.other_call_id(Side::Caller, call.map_key, m.call_id(), &mut s.call_id);
        let dialog = Dialog {
            side: Side::Callee,
            kind: call.kind,
            this: party,
            other: call.caller,
            cdr: call.cdr,
            started_ms: (call.started_us / 1000).max(0) as u64,
            answered_ms: None,
            map_key: call.map_key,
            target: contact_uri(m).unwrap_or_default(),
            routes: &call.caller_routes,
            own_routes: b"",
            from_uri: m.to().uri,
            to_uri: m.from().uri,
        };
        let domain = domain_of(&dialog, world);
        dialog.encode(self.names(domain), &mut s.payload);
        let call_id = std::mem::take(&mut s.call_id);
        let leg = (&call_id[..], our_tag);
        let record = self.mint(&mut s, leg, &party, peer, at, world, out);
        s.call_id = call_id;
        let mut id = [0; 36];
        let id = &*call.cdr.0.hyphenated().encode_lower(&mut id);
        let company = call
            .caller_policy
            .filter(|_| !hidden && matches!(party, Party::Trunk(_)))
            .and_then(|policy| world.company_name(call.tenant, policy));
        let person = || {
            let user = call.on_behalf.or(call.caller.user()).filter(|_| !hidden);
            let user = user.and_then(|user| world.user_record(user))?;
            Some(&*user.display_name).filter(|name| !name.is_empty())
        };
        let own_name = company.or_else(person).map(quoted);
        let (display, gap) = match (&own_name, m.from().display) {
            (Some(name), _) => (name.as_bytes(), &b""[..]),
            (None, Some(display)) if !from_phone && !hidden => (display, &b" "[..]),
            _ => (&b""[..], &b""[..]),
        };
        let mut b = MessageBuilder::request(&mut bytes, Method::Invite, uri)
            .via(transport(peer.transport), &own.sent_by, branch.as_bytes())
            .header_number(
                HeaderName::MaxForwards,
                u32::from(m.max_forwards().unwrap_or(70).saturating_sub(1)),
            )
            .header_parts(HeaderName::From, &[display, gap, b"<", &s.from, b">;tag=", our_tag])
            .header_parts(HeaderName::To, &[b"<", &s.to, b">"])
            .header(HeaderName::CallId, &s.call_id)
            .cseq(m.cseq().number, Method::Invite)
            .header(HeaderName::Contact, &s.contact)
            .header_named(CALL_HEADER, id);
        match party {
            Party::Trunk(_) => {
                let mut tenant = [0; 36];
                let tenant = &*call.tenant.0.hyphenated().encode_lower(&mut tenant);
                b = b.header_named(MS_TENANT_HEADER, tenant).header_named(TENANT_HEADER, tenant);
                let vouches = match forwarded {
                    Some(forwarded) if call.target_uri.is_empty() => forwarded.number,
                    Some(_) | None => call.caller_id.filter(|_| hidden && !passes_on),
                };
                let nobody = passes_on && s.from.starts_with(b"sip:anonymous@");
                b = match vouches {
                    None if nobody => b,
                    Some(number) => {
                        let host = own.host();
                        b.header_fmt(
                            HeaderName::PAssertedIdentity,
                            format_args!("<sip:{number}@{host};user=phone>"),
                        )
                    }
                    None => b.header_parts(HeaderName::PAssertedIdentity, &[b"<", &s.from, b">"]),
                };
                if hidden && (call.hide == Hide::Always || m.header(HeaderName::Privacy).is_none())
                {
                    b = b.header(HeaderName::Privacy, "id");
                }
                if emergency {
                    b = b.header(HeaderName::Priority, "emergency");
                }
                if let Some(called) = conference_called(call, world) {
                    b = b.header_named(CONFERENCE_HEADER, &called);
                }
            }
            Party::Phone { .. } => {
                if !from_phone && !hidden && !hides_identity(m) {
                    b = b.copy(m, HeaderName::PAssertedIdentity);
                }
            }
        }
        if let Some(told) = &told {
            b = told.write(b, uri);
        }
        let retold = told.is_some();
        // Whoever is hidden is not named by what else an operator says of the call, and
        // where a policy decides, the phone's own Privacy does not.
        let decided = call.hide != Hide::AsAsked && !emergency;
        let pass = move |h: &Header<'_>| match h.name {
            HeaderName::Privacy if decided => Copy::Skip,
            HeaderName::HistoryInfo if retold => Copy::Skip,
            _ if from_phone => pass_of_phone(h),
            // Who diverted it before is not who calls, and ends the circles of others.
            HeaderName::Diversion if passes_on => Copy::Keep,
            _ if hidden => pass_of_hidden(h),
            _ => pass(h),
        };
        match self.named(m, call.map_key, world) {
            None => b.copy_headers(m, pass),
            Some(named) => b.copy_headers(m, |h| named.instead(h).unwrap_or_else(|| pass(h))),
        }
        .body_raw(m.body());
        self.scratch = s;
        let tag = Tag::Call { index, generation: call.generation }.pack();
        if mapped.is_err() {
            self.layer.recycle(bytes);
            return false;
        }
        let to = Target { peer, reliability: peer.reliability() };
        let (mark, cdr) = (out.mark(), call.cdr);
        let Ok(tx) = self.layer.request(at.now, to, &branch, bytes, tag, out) else {
            return false;
        };
        self.guard(at, mark, cdr, record, out);
        self.calls[index as usize].records.extend(record);
        let leg = Leg { tx, party, sent_at: at.now, state: LegState::Silent };
        self.calls[index as usize].legs.push(leg);
        true
    }

    /// Refuses the call for good and gives its legs up.
    pub(super) fn finish(
        &mut self,
        at: Moment,
        index: u32,
        status: u16,
        reason: &str,
        by: HungUpBy,
        out: &mut Outbox,
    ) {
        self.finish_with(at, index, status, reason, by, None, out);
    }

    /// As [`Core::finish`], with what a leg's own refusal says of its reasons.
    #[expect(clippy::too_many_arguments, reason = "how a call ended has this many parts")]
    pub(super) fn finish_with(
        &mut self,
        at: Moment,
        index: u32,
        status: u16,
        reason: &str,
        by: HungUpBy,
        m: Option<&Message<'_>>,
        out: &mut Outbox,
    ) {
        let call = &mut self.calls[index as usize];
        if call.state != CallState::Ringing {
            return;
        }
        call.state = CallState::Over;
        self.shared.stats.under_way.fetch_sub(1, Ordering::Relaxed);
        let call = &mut self.calls[index as usize];
        call.places = [None, None];
        call.cost = None;
        let (server, tag, cdr) = (call.server, call.tag, call.cdr);
        let mut id = [0; 36];
        let id = &*cdr.0.hyphenated().encode_lower(&mut id);
        let wait = if status == 503 { self.retry_after() } else { 0 };
        self.trying(at, server, cdr, out);
        let _ = self.layer.reply(at.now, server, status, Some(&tag), out, |b| {
            let mut b = b.header_named(CALL_HEADER, id);
            if let Some(m) = m {
                b = b.copy_headers(m, explains);
            }
            match status {
                503 => b.header_fmt(HeaderName::RetryAfter, format_args!("{wait}")).finish(),
                _ => b.finish(),
            }
        });
        self.give_up_legs(at, index, b"", out);
        let attempts = self.calls[index as usize].attempts.clone();
        let records = std::mem::take(&mut self.calls[index as usize].records);
        self.forget_records(&records, at.wall_us, out);
        let end = CdrEvent::End {
            at_us: at.wall_us,
            answered_at_us: None,
            sip_code: status,
            reason: reason.to_owned(),
            hung_up_by: by,
            attempts,
        };
        self.record(cdr, end, out);
        self.settle(at, index);
    }

    /// Cancels every leg that may still answer.
    pub(super) fn give_up_legs(&mut self, at: Moment, index: u32, reason: &[u8], out: &mut Outbox) {
        for leg_at in 0..self.calls[index as usize].legs.len() {
            let call = &mut self.calls[index as usize];
            let leg = &mut call.legs[leg_at];
            if !matches!(leg.state, LegState::Silent | LegState::Heard) {
                continue;
            }
            leg.state = LegState::GivenUp;
            let (tx, sent_at) = (leg.tx, leg.sent_at);
            if let Party::Trunk(trunk) = leg.party {
                let ms = millis(at.now, sent_at);
                call.attempts.push(Attempt { trunk, sip_code: 487, ms });
            }
            let reason = (!reason.is_empty()).then_some(reason);
            self.layer.cancel(at.now, tx, reason, out);
        }
    }

    /// Frees a call that is over, now or once nothing can come for it any more.
    pub(super) fn settle(&mut self, at: Moment, index: u32) {
        let call = &self.calls[index as usize];
        if call.state == CallState::Over && !call.has_open_legs() {
            return self.free_call(index);
        }
        // As long as a 2xx may be repeated (RFC 6026 section 7.2).
        let linger = self.config.timers.t1 * 65;
        self.set_deadline(at, index, linger, Deadline::Linger);
    }

    pub(super) fn free_call(&mut self, index: u32) {
        let call = &mut self.calls[index as usize];
        if call.state != CallState::Free {
            call.state = CallState::Free;
            call.places = [None, None];
            call.cost = None;
            call.generation = call.generation.wrapping_add(1);
            call.deadline = None;
            self.call_timers.disarm(index);
            self.free_calls.push(index);
        }
    }
}

pub(super) fn millis(now: Instant, since: Instant) -> u32 {
    u32::try_from(now.saturating_duration_since(since).as_millis()).unwrap_or(u32::MAX)
}
