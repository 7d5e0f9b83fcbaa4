//! Change freezes: windows in which what carries calls is left as it is (the seven
//! steps of a migration name one; mission).

/// What is left as it is while a window is open: numbers, their assignment, consents,
/// people, queues, policies, numbers of the compatible face. Never that of which help
/// depends (addresses, locations, trusted networks), nor who may sign in, nor what
/// takes trouble away (a phone's new password, a lifted block), nor what only tells
/// (webhooks, records). Orders are looked at where they are placed, by what they are for.
pub const FROZEN: &[&str] = &[
    "account_number.",
    "call_screening.",
    "calling_settings.file",
    "calling_settings.put",
    "conference_",
    "consent.",
    "directory.",
    "fallback_operators.",
    "gateway.",
    "group.",
    "number.",
    "policy.",
    "relationship.",
    "resource_account.",
    "user.create",
    "user.file",
    "user.remove",
    "user.update",
    "voice_routing.",
    "voice_targets.",
];

/// What goes on in every window, by the names' beginnings. A use case is in one of both lists: a test
/// of `exchange` knows them all.
pub const FREE: &[&str] = &[
    "account.",
    "alarms.",
    "api_token.",
    "calling_profile.",
    "call_duration.",
    "call_export.",
    "calling_settings.try",
    "change_freeze.",
    "civic_address.",
    "client",
    "edge",
    "engagement.",
    "fraud",
    "issuer.",
    "lead.",
    "location.",
    "mail.",
    "notice.",
    "number_dispute.",
    "number_order.",
    "number_settings.",
    "offer.",
    "operator.",
    "order_message.",
    "quote.",
    "range.",
    "reservation.",
    "login_code.",
    "session.",
    "stock.",
    "storefront.",
    "tenant.",
    "totp.",
    "trunk.",
    "trusted_networks.",
    "user.phone",
    "user.try",
    "webhook.",
];

/// Is this use case, by the name it has in the audit log, one that a window refuses?
pub fn is_frozen(action: &str) -> bool {
    FROZEN.iter().any(|frozen| action.starts_with(frozen))
}

/// Longest window, days: a freeze that never ends is a mistake.
pub const MOST_DAYS: i64 = 92;
const DAY_US: i64 = 24 * 3600 * 1_000_000;

/// Why a window cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FreezeError {
    /// It ends before it begins.
    #[error("a window ends after it begins")]
    Empty,
    /// It is over.
    #[error("the window is over")]
    Past,
    /// It lasts too long.
    #[error("a window lasts at most {MOST_DAYS} days")]
    TooLong,
}

/// May there be such a window? Times in microseconds since 1970 UTC.
///
/// # Errors
/// Why not.
pub const fn check(starts_us: i64, ends_us: i64, now_us: i64) -> Result<(), FreezeError> {
    if ends_us <= starts_us {
        Err(FreezeError::Empty)
    } else if ends_us <= now_us {
        Err(FreezeError::Past)
    } else if ends_us - starts_us > MOST_DAYS * DAY_US {
        Err(FreezeError::TooLong)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_frozen_and_what_never_is() {
        for (action, frozen) in [
            ("number.assign", true),
            ("number_order.create", false),
            ("policy.assign", true),
            ("user.update", true),
            ("user.file", true),
            ("user.try", false),
            ("user.remove", true),
            ("directory.user_update", true),
            ("user.phone", false),
            ("civic_address.create", false),
            ("location.create", false),
            ("trusted_networks.put", false),
            ("fraud.release", false),
            ("account_number.put", true),
            ("account.put", false),
            ("gateway.update", true),
            ("voice_routing.put", true),
            ("fallback_operators.put", true),
            ("calling_settings.put", true),
            ("calling_settings.file", true),
            ("calling_settings.try", false),
            ("voice_targets.put", true),
            ("api_token.revoke", false),
            ("change_freeze.remove", false),
            ("consent.create", true),
            ("lead.decline", false),
            ("notice.accept", false),
            ("engagement.put", false),
            ("offer.publish", false),
            ("webhook.create", false),
        ] {
            assert_eq!(is_frozen(action), frozen, "{action}");
        }
    }

    #[test]
    fn windows_that_can_be() {
        for (starts, ends, expect) in [
            (0, DAY_US, Ok(())),
            (0, MOST_DAYS * DAY_US, Ok(())),
            (0, MOST_DAYS * DAY_US + 1, Err(FreezeError::TooLong)),
            (5, 5, Err(FreezeError::Empty)),
            (-10, -5, Err(FreezeError::Past)),
        ] {
            assert_eq!(check(starts, ends, 0), expect, "{starts} {ends}");
        }
    }
}
