//! What a request asks that nobody here can do (RFC 3261 section 8.2): an unknown
//! method, a URI scheme without a server, an extension not understood.

use super::{ALLOW, Core, Incoming};
use crate::outbox::Outbox;
use domain::emergency;
use feed::snapshot::Snapshot;
use sip::report::unsupported_options;
use sip::{HeaderName, Method, Uri};

impl Core {
    /// Refuses a request outside dialogs that cannot be done, whoever asks; an
    /// emergency call is never refused for its form. Whoever may not learn that we
    /// are here must not get this far.
    pub(super) fn cannot_do(
        &mut self,
        r: &Incoming<'_>,
        world: &Snapshot,
        out: &mut Outbox,
    ) -> bool {
        let m = r.m;
        if matches!(m.method(), Method::Other(_)) {
            self.stateless(r, 501, out, |b| b.header(HeaderName::Allow, ALLOW).finish());
            return true;
        }
        // The message parser has read the URI; nearly every one is of this scheme.
        let is_sip = m.request_uri().get(..4).is_some_and(|s| s.eq_ignore_ascii_case(b"sip:"));
        let served = || match m.parsed_request_uri() {
            Some(Uri::Sip(_) | Uri::Tel(_)) => true,
            Some(Uri::Urn(urn)) => urn.namespace.eq_ignore_ascii_case(b"service"),
            Some(Uri::Other { .. }) | None => false,
        };
        if !is_sip && !served() {
            self.stateless(r, 416, out, |b| b.finish());
            return true;
        }
        if unsupported_options(m).next().is_none() {
            return false;
        }
        let emergency = m.parsed_request_uri().is_some_and(|uri| {
            let number = uri.user_number();
            let may = |n: &str| emergency::may_become(n) || world.is_dial_string(n);
            uri.is_sos() || number.is_some_and(|n| may(n.as_str()))
        });
        if emergency && m.method() == Method::Invite {
            return false;
        }
        self.stateless(r, 420, out, |mut b| {
            for option in unsupported_options(m) {
                b = b.header(HeaderName::Unsupported, option);
            }
            b.finish();
        });
        true
    }
}
