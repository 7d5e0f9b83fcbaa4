//! REGISTER (RFC 3261 section 10.3).

use super::auth::Proof;
use super::{Core, Incoming};
use crate::bindings::{Binding, BindingChange, BindingError};
use crate::outbox::Outbox;
use feed::snapshot::Snapshot;
use sip::{Contact, HeaderName};

/// What a phone gets that asks for nothing.
const DEFAULT_S: u32 = 300;
/// Shorter ones are refused with 423.
const MIN_S: u32 = 60;
const MAX_S: u32 = 3600;

impl Core {
    pub(super) fn register(&mut self, r: &Incoming<'_>, world: &Snapshot, out: &mut Outbox) {
        let Some(aor) = Self::aor(r.m.to().uri) else { return self.refuse(r, 400, out) };
        let Some(tenant) = self.tenant_of(&aor, world) else {
            return self.refuse(r, 404, out);
        };
        let user = match self.prove(r, tenant, Some(&aor), None, world, out) {
            Proof::User(user) => user,
            Proof::Flow(_) | Proof::Guest | Proof::Challenged | Proof::Refused => return,
        };
        let Some(tx) = self.begin(r, out) else { return };
        let tag = self.random.tag();
        let result = self.bind(r, user, out);
        let wall_us = r.at.wall_us;
        let bindings = self.shared.bindings.of(user);
        let status = result.err().unwrap_or(200);
        // The transaction was made above and nothing else answers it.
        let _ = self.layer.reply(r.at.now, tx, status, Some(&tag), out, |mut b| {
            match status {
                200 => {
                    for binding in bindings.iter().flat_map(|l| l.iter()) {
                        let left = (binding.expires_us - wall_us + 999_999) / 1_000_000;
                        if left > 0 {
                            b = b.header_fmt(
                                HeaderName::Contact,
                                format_args!("<{}>;expires={left}", binding.contact),
                            );
                        }
                    }
                }
                423 => b = b.header_fmt(HeaderName::MinExpires, format_args!("{MIN_S}")),
                _ => {}
            }
            b.finish();
        });
    }

    /// Applies the Contacts of an authenticated REGISTER; all or, on an error,
    /// none of them.
    fn bind(
        &mut self,
        r: &Incoming<'_>,
        user: domain::UserId,
        out: &mut Outbox,
    ) -> Result<(), u16> {
        let header_expires =
            r.m.header(HeaderName::Expires)
                .map(|text| sip::text::parse_u32(text).unwrap_or(u32::MAX));
        let mut wanted: Vec<(String, u32)> = Vec::new();
        let mut all = false;
        for value in r.m.header_values(HeaderName::Contact) {
            match Contact::parse(value).ok_or(400u16)? {
                Contact::Star => all = true,
                Contact::Addr(addr) => {
                    let uri = std::str::from_utf8(addr.uri).map_err(|_| 400u16)?;
                    if Self::aor(addr.uri).is_none() {
                        return Err(400);
                    }
                    let expires = addr.expires().or(header_expires).unwrap_or(DEFAULT_S);
                    if expires > 0 && expires < MIN_S {
                        return Err(423);
                    }
                    wanted.push((uri.to_owned(), expires.min(MAX_S)));
                }
            }
        }
        if all {
            if !wanted.is_empty() || header_expires != Some(0) {
                return Err(400);
            }
            for binding in self.shared.bindings.of(user).iter().flat_map(|l| l.iter()) {
                self.unbind(user, binding.contact.clone(), out);
            }
            return Ok(());
        }
        for (contact, expires) in wanted {
            if expires == 0 {
                self.unbind(user, contact, out);
                continue;
            }
            let binding = Binding {
                user,
                contact,
                flow: r.from,
                expires_us: r.at.wall_us + i64::from(expires) * 1_000_000,
                call_id: String::from_utf8_lossy(r.m.call_id()).into_owned(),
                cseq: r.m.cseq().number,
                edge: Some(self.config.edge),
            };
            match self.shared.bindings.put(binding.clone(), r.at.wall_us) {
                Ok(()) => out.bindings.push(BindingChange::Put(binding)),
                Err(BindingError::TooMany) => return Err(403),
                Err(BindingError::Outdated) => return Err(500),
            }
        }
        Ok(())
    }

    fn unbind(&mut self, user: domain::UserId, contact: String, out: &mut Outbox) {
        out.bindings.push(self.shared.bindings.remove(user, contact));
    }
}
