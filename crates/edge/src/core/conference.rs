//! What a conference bridge is told of a call, and what it says of a meeting that it calls out
//! of. Both stand in one header, since a bridge answers for many numbers and meetings:
//!
//! ```text
//! X-Meetpoint-Conference: <bridge id>;number=+44…;language=en-GB;secondary="fr-FR,de-DE"
//! X-Meetpoint-Conference: <bridge id>;organizer=<user id>
//! ```

use super::call::Call;
use domain::conference::Meeting;
use domain::{BridgeId, UserId};
use feed::snapshot::Snapshot;
use sip::Message;
use std::fmt::Write as _;

/// The conference bridge, and what there is to know of a call to or from it. Never passed on
/// from one leg to the other.
pub(super) const CONFERENCE_HEADER: &str = "X-Meetpoint-Conference";

/// What the bridge is told: itself, since a gateway may answer for several, which of its
/// numbers was called, and the languages to greet in.
pub(super) fn conference_called(call: &Call, world: &Snapshot) -> Option<String> {
    let number = call.to_bridge?;
    let (bridge, kept) = world.bridge_number(number)?;
    let mut text = format!("{};number={number};language={}", bridge.id, kept.languages.primary());
    let secondary = kept.languages.secondary();
    if !secondary.is_empty() {
        text.push_str(";secondary=\"");
        for (at, language) in secondary.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let _ = write!(text, "{comma}{language}");
        }
        text.push('"');
    }
    Some(text)
}

/// The meeting out of which a bridge calls, as it says. Whether it may say so is for the
/// routing to tell. An organizer that cannot be read is nobody whom the tenant has.
pub(super) fn meeting(m: &Message<'_>) -> Option<Meeting> {
    read(m.header_named(CONFERENCE_HEADER)?)
}

fn read(value: &[u8]) -> Option<Meeting> {
    let text = std::str::from_utf8(value).ok()?;
    let mut parts = text.split(';').map(str::trim);
    let bridge = BridgeId(parts.next()?.parse().ok()?);
    let mut organizer = None;
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        if name.trim().eq_ignore_ascii_case("organizer") {
            let read = value.trim().parse().unwrap_or(uuid::Uuid::nil());
            organizer = Some(UserId(read));
        }
    }
    Some(Meeting { bridge, organizer })
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn what_a_bridge_says_of_its_meeting() {
        const BRIDGE: &str = "00000000-0000-0000-0000-000000000032";
        const USER: &str = "00000000-0000-0000-0000-000000000064";
        let meeting = |organizer: Option<u128>| {
            let organizer = organizer.map(|n| UserId(Uuid::from_u128(n)));
            Some(Meeting { bridge: BridgeId(Uuid::from_u128(0x32)), organizer })
        };
        for (text, expect) in [
            (BRIDGE.to_owned(), meeting(None)),
            (format!("{BRIDGE};organizer={USER}"), meeting(Some(0x64))),
            (format!("{BRIDGE} ; Organizer = {USER} ;x=y"), meeting(Some(0x64))),
            (format!("{BRIDGE};other=1"), meeting(None)),
            // Not the same as to name none: everybody's policies must not hold instead.
            (format!("{BRIDGE};organizer=ada"), meeting(Some(0))),
            (format!("{BRIDGE};organizer"), meeting(Some(0))),
            ("meetings".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(read(text.as_bytes()), expect, "{text}");
        }
        assert_eq!(read(b"\xff"), None);
    }
}
