//! Mails to people: of what they tell, how they stand, and what is written in them.

use crate::offer::words;
use numbering::E164;

words! {
    /// Of what a mail tells.
    MailKind {
        /// A number is theirs now.
        NumberAssigned = "number_assigned",
        /// A number is theirs no more.
        NumberUnassigned = "number_unassigned",
    }
}

words! {
    /// How a mail stands.
    MailState {
        /// It is still to be sent, for the first time or again.
        Waiting = "waiting",
        /// A mail server took it.
        Sent = "sent",
        /// None took it, and it is not tried again.
        Failed = "failed",
    }
}

/// How long it makes sense to tell somebody, microseconds: a long weekend without a mail server.
pub const WORTH_TELLING: i64 = 72 * 3600 * 1_000_000;

/// A mail as its reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// One line.
    pub subject: String,
    /// Plain text, lines end in LF.
    pub text: String,
}

/// Writes a mail to a person called `name` of an organisation called `tenant`. A line end in a name
/// is a space in the subject, where it would begin another header field (RFC 5322 section 2.2).
pub fn write(kind: MailKind, name: &str, tenant: &str, number: E164) -> Written {
    let tenant: String = tenant.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let (subject, told) = match kind {
        MailKind::NumberAssigned => (
            format!("Your phone number at {tenant}: {number}"),
            format!(
                "{number} is your phone number at {tenant} now. Calls to it ring on your phones."
            ),
        ),
        MailKind::NumberUnassigned => (
            format!("{number} is no longer your phone number at {tenant}"),
            format!(
                "{number} is no longer your phone number at {tenant}. Calls to it do not ring on your \
                 phones any more."
            ),
        ),
    };
    let ask = format!("Whoever looks after telephony at {tenant} can tell you more.");
    Written { subject, text: format!("Hello {name},\n\n{told}\n\n{ask}\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_says_which_number_and_whose() {
        let number = E164::parse("+442079460123").expect("a number");
        let given = write(MailKind::NumberAssigned, "Ada", "Example Ltd", number);
        assert_eq!(given.subject, "Your phone number at Example Ltd: +442079460123");
        assert!(given.text.starts_with("Hello Ada,\n\n+442079460123 is your phone number"));
        let taken = write(MailKind::NumberUnassigned, "Ada", "Ex\r\nBcc: x@example.net", number);
        assert_eq!(
            taken.subject,
            "+442079460123 is no longer your phone number at Ex  Bcc: x@example.net"
        );
    }
}
