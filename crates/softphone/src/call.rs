//! One call, as its owner holds it.

use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use crate::agent::Command;
use crate::error::PhoneError;

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallPhase {
    /// INVITE sent or received, nothing more.
    Trying,
    /// 180 or 183 passed.
    Ringing,
    /// Answered.
    Talking,
    /// Over; see [`CallView::end`].
    Ended,
}

/// Which side ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// This phone or trunk.
    Us,
    /// The other side.
    Them,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallEnd {
    /// Who ended it.
    pub by: EndedBy,
    /// Final status of the INVITE: 200 after an answered call.
    pub status: u16,
    /// Milliseconds since the INVITE.
    pub after_ms: u64,
}

/// The header part of a message, to be asked about by name.
#[derive(Clone, Debug, Default)]
pub struct HeaderText(pub(crate) String);

impl HeaderText {
    /// First value of the header of that name, whatever the case.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The start line.
    pub fn start_line(&self) -> &str {
        self.0.lines().next().unwrap_or_default()
    }

    /// User part of the Request-URI, digits as dialled.
    pub fn called(&self) -> Option<&str> {
        let uri = self.start_line().split(' ').nth(1)?;
        user_part(uri)
    }

    /// User part of the URI in From.
    pub fn from_user(&self) -> Option<&str> {
        user_part(self.get("From")?)
    }

    /// User part of the URI in P-Asserted-Identity (RFC 3325).
    pub fn asserted_user(&self) -> Option<&str> {
        user_part(self.get("P-Asserted-Identity")?)
    }
}

fn user_part(text: &str) -> Option<&str> {
    let at = ["sips:", "sip:", "tel:"].iter().find_map(|s| Some(text.find(s)? + s.len()))?;
    let rest = &text[at..];
    rest.split(['@', ';', '>']).next()
}

/// What is known of a call so far.
#[derive(Clone, Debug)]
pub struct CallView {
    /// SIP Call-ID.
    pub call_id: String,
    /// This side placed it.
    pub outgoing: bool,
    /// Where it stands.
    pub phase: CallPhase,
    /// This side holds it.
    pub held: bool,
    /// The other side holds it.
    pub held_by_peer: bool,
    /// Statuses of the INVITE in order, with milliseconds since it.
    pub statuses: Vec<(u16, u64)>,
    /// Milliseconds from INVITE to 200.
    pub answered_after_ms: Option<u64>,
    /// How it ended.
    pub end: Option<CallEnd>,
    /// The INVITE of a call that came in.
    pub invite: HeaderText,
    /// The latest response to an INVITE that went out.
    pub response: HeaderText,
}

impl CallView {
    /// Whether a response of that status has passed.
    pub fn has_status(&self, status: u16) -> bool {
        self.statuses.iter().any(|(s, _)| *s == status)
    }
}

/// Packets of RTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Media {
    /// Sent.
    pub sent: u64,
    /// Received, PCMU only.
    pub received: u64,
}

/// A call. Clones are the same call; dropping it does not hang up.
#[derive(Clone, Debug)]
pub struct Call {
    pub(crate) id: u64,
    pub(crate) commands: mpsc::UnboundedSender<Command>,
    pub(crate) view: watch::Receiver<CallView>,
    pub(crate) media: watch::Receiver<Media>,
}

impl Call {
    /// What is known now.
    pub fn view(&self) -> CallView {
        self.view.borrow().clone()
    }

    /// SIP Call-ID.
    pub fn call_id(&self) -> String {
        self.view.borrow().call_id.clone()
    }

    /// Packets so far.
    pub fn media(&self) -> Media {
        *self.media.borrow()
    }

    async fn wait(
        &self,
        what: &'static str,
        within: Duration,
        mut reached: impl FnMut(&CallView) -> bool,
    ) -> Result<CallView, PhoneError> {
        let mut view = self.view.clone();
        let waiting = view.wait_for(|v| reached(v) || v.phase == CallPhase::Ended);
        let found = timeout(within, waiting)
            .await
            .map_err(|_| PhoneError::Deadline { what, within })?
            .map_err(|_| PhoneError::Stopped)?
            .clone();
        match found.end {
            Some(end) if !reached(&found) => Err(PhoneError::Ended { status: end.status }),
            _ => Ok(found),
        }
    }

    /// Waits until it rings (or is answered).
    ///
    /// # Errors
    /// [`PhoneError::Deadline`], [`PhoneError::Ended`] if it ended first.
    pub async fn ringing(&self, within: Duration) -> Result<CallView, PhoneError> {
        self.wait("ringing", within, |v| v.phase >= CallPhase::Ringing && v.end.is_none()).await
    }

    /// Waits until it is answered.
    ///
    /// # Errors
    /// [`PhoneError::Deadline`], [`PhoneError::Ended`] with the refusal's status.
    pub async fn answered(&self, within: Duration) -> Result<CallView, PhoneError> {
        self.wait("an answer", within, |v| v.answered_after_ms.is_some()).await
    }

    /// Waits until it is over.
    ///
    /// # Errors
    /// [`PhoneError::Deadline`].
    pub async fn ended(&self, within: Duration) -> Result<CallEnd, PhoneError> {
        let view = self.wait("the end of the call", within, |v| v.end.is_some()).await?;
        view.end.ok_or(PhoneError::State)
    }

    /// Waits until this side holds, or talks again.
    ///
    /// # Errors
    /// [`PhoneError::Deadline`], [`PhoneError::Ended`].
    pub async fn held_by_peer(&self, held: bool, within: Duration) -> Result<(), PhoneError> {
        self.wait("hold", within, |v| v.held_by_peer == held).await.map(|_| ())
    }

    /// Waits for so many more packets of the other side's tone.
    ///
    /// # Errors
    /// [`PhoneError::Deadline`] where nothing (or not enough) is heard.
    pub async fn talk(&self, packets: u64, within: Duration) -> Result<Media, PhoneError> {
        let mut media = self.media.clone();
        let enough = media.borrow().received + packets;
        let waiting = media.wait_for(|m| m.received >= enough && m.sent > 0);
        let heard = timeout(within, waiting)
            .await
            .map_err(|_| PhoneError::Deadline { what: "hearing the other side", within })?
            .map_err(|_| PhoneError::Stopped)?;
        Ok(*heard)
    }

    fn command(&self, command: Command) -> Result<(), PhoneError> {
        self.commands.send(command).map_err(|_| PhoneError::Stopped)
    }

    /// Answers a call that came in.
    ///
    /// # Errors
    /// [`PhoneError::Stopped`].
    pub fn answer(&self) -> Result<(), PhoneError> {
        self.command(Command::Answer { call: self.id })
    }

    /// Refuses a call that came in.
    ///
    /// # Errors
    /// [`PhoneError::Stopped`].
    pub fn reject(&self, status: u16) -> Result<(), PhoneError> {
        self.command(Command::Reject { call: self.id, status })
    }

    /// Gives up a call that was placed and not yet answered.
    ///
    /// # Errors
    /// [`PhoneError::Stopped`].
    pub fn cancel(&self) -> Result<(), PhoneError> {
        self.command(Command::Cancel { call: self.id })
    }

    /// Hangs up and waits for the answer to the BYE: its status and milliseconds.
    ///
    /// # Errors
    /// [`PhoneError::State`] before the answer, [`PhoneError::Refused`],
    /// [`PhoneError::Deadline`].
    pub async fn hang_up(&self, within: Duration) -> Result<(u16, u64), PhoneError> {
        let begun = Instant::now();
        let (reply, answer) = oneshot::channel();
        self.command(Command::HangUp { call: self.id, reply })?;
        let status = settle("the answer to BYE", within, answer).await?;
        Ok((status, begun.elapsed().as_millis() as u64))
    }

    /// Puts the call on hold, or takes it up again, by re-INVITE.
    ///
    /// # Errors
    /// As [`hang_up`](Self::hang_up).
    pub async fn hold(&self, hold: bool, within: Duration) -> Result<u16, PhoneError> {
        let (reply, answer) = oneshot::channel();
        self.command(Command::Hold { call: self.id, hold, reply })?;
        settle("the answer to re-INVITE", within, answer).await
    }
}

/// A status that came, as a result: 2xx is well, all else a refusal.
pub(crate) async fn settle(
    what: &'static str,
    within: Duration,
    answer: oneshot::Receiver<Result<u16, PhoneError>>,
) -> Result<u16, PhoneError> {
    let status = timeout(within, answer)
        .await
        .map_err(|_| PhoneError::Deadline { what, within })?
        .map_err(|_| PhoneError::Stopped)??;
    if (200..300).contains(&status) { Ok(status) } else { Err(PhoneError::Refused { status }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_by_name() {
        let text = HeaderText(
            "INVITE sip:+442079460001@192.0.2.1:5060;user=phone SIP/2.0\r\n\
             From: \"A\" <sip:+15551234567@host;user=phone>;tag=1\r\n\
             P-Asserted-Identity: <tel:+15551234567>\r\nX-MS-TenantID: abc\r\n"
                .into(),
        );
        assert_eq!(text.called(), Some("+442079460001"));
        assert_eq!(text.from_user(), Some("+15551234567"));
        assert_eq!(text.asserted_user(), Some("+15551234567"));
        assert_eq!(text.get("x-ms-tenantid"), Some("abc"));
        assert_eq!(text.get("Subject"), None);
    }
}
