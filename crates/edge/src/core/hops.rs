//! Where requests go, and which of our addresses they leave from.

use super::dialog::Party;
use super::{Core, Listener, short, write};
use crate::peer::Peer;
use feed::record::Transport;
use feed::snapshot::Snapshot;
use std::net::SocketAddr;

impl Core {
    /// Which of our addresses speaks to `addr`: of those that are held, the one
    /// that what caused this came to, so that a call keeps to one address.
    pub(super) fn listener_for(
        &self,
        transport: Transport,
        addr: SocketAddr,
        near: Option<u8>,
    ) -> Option<u8> {
        let listeners = &self.config.listeners;
        let near = near.and_then(|at| listeners.get(usize::from(at))).map(|l| l.local.ip());
        let serving = &self.shared.serving;
        let worth = |(at, l): &(u8, &Listener)| {
            let same = l.local.is_ipv4() == addr.is_ipv4();
            let held = serving.holds(*at);
            (same, held, held && near == Some(l.local.ip()), serving.is_home(*at))
        };
        let fit = (0u8..=u8::MAX).zip(listeners).filter(|(_, l)| l.transport == transport);
        // Of several that are alike the first.
        fit.min_by_key(|l| std::cmp::Reverse(worth(l))).map(|(at, _)| at)
    }

    pub(super) fn listener(&self, peer: Peer) -> &Listener {
        let at = usize::from(peer.listener).min(self.config.listeners.len() - 1);
        &self.config.listeners[at]
    }

    /// The hosts a seal need not carry.
    pub(super) fn names<'a>(&'a self, domain: Option<&'a str>) -> short::Names<'a> {
        short::Names { own: self.config.listeners[0].host(), domain, flow: None }
    }

    /// A phone's flow as it can be used: from the address that the phone knows, as
    /// long as this edge or a sibling has it, since a NAT lets no other in.
    pub(super) fn usable_flow(&self, flow: Peer) -> Peer {
        if self.shared.serving.reaches(flow.listener) {
            return flow;
        }
        let listener = self.listener_for(flow.transport, flow.addr, None);
        Peer { listener: listener.unwrap_or(flow.listener), ..flow }
    }

    /// Where a request for a leg goes: to a phone's flow; to a trunk's node that
    /// the route or target names, if that is one of the trunk's addresses, else
    /// to the trunk's own. `near` is the listener that what goes there came to.
    pub(super) fn hop(
        &self,
        party: &Party,
        routes: &[u8],
        target: &[u8],
        near: Option<u8>,
        world: &Snapshot,
    ) -> Option<Peer> {
        match party {
            Party::Phone { user, flow } => {
                // A phone that moved since (a new connection, another NAT port)
                // is found by the Contact it keeps.
                let moved = if self.shared.bindings.knows_flow(flow.addr) {
                    None
                } else {
                    self.shared.bindings.of(*user).and_then(|list| {
                        list.iter().find(|b| b.contact.as_bytes() == target).map(|b| b.flow)
                    })
                };
                Some(self.usable_flow(moved.unwrap_or(*flow)))
            }
            Party::Trunk(id) => {
                let trunk = world.trunk_record(*id)?;
                let mut addr = trunk.address;
                if let Ok(sip::Uri::Sip(uri)) = sip::Uri::parse(write::next_uri(routes, target))
                    && let Some(ip) = uri.host_ip()
                    && (ip == addr.ip() || trunk.sources.contains(&ip))
                {
                    addr = SocketAddr::new(ip, uri.port.unwrap_or(5060));
                }
                let listener = self.listener_for(trunk.transport, addr, near)?;
                Some(Peer { transport: trunk.transport, listener, addr })
            }
        }
    }
}
