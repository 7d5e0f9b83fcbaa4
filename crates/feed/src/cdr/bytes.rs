//! Call records in few bytes, for journals: an edge at its peak writes thousands
//! a second, and JSON would cost more than the call.
//!
//! The first byte says how the rest is written. Version 1: kind, id, edge, then
//! the event's fields in order, integers little endian, texts with their length
//! in front. Fields of a later release follow at the end of a record, where this
//! reader passes over them; where a record ends early they take their defaults.
//! A record that starts with `{` is JSON, as 0.1.0 wrote them.

use super::{Attempt, CdrEvent, CdrRecord, ForwardedBy, HungUpBy};
use domain::calling::ForwardCause;
use domain::routing::CallKind;
use domain::{BridgeId, CdrId, EdgeId, OperatorId, ResourceAccountId, TenantId, TrunkId, UserId};
use numbering::E164;
use uuid::Uuid;

const VERSION: u8 = 1;
const BEGIN: u8 = 0;
const ANSWER: u8 = 1;
const END: u8 = 2;

/// Why a record cannot be read back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CdrBytesError {
    /// Written by a release this one knows nothing of.
    #[error(
        "cdr_version: the record is of version {found}, this release reads up to {VERSION}: \
         start the newer release to deliver it"
    )]
    Version {
        /// Its first byte.
        found: u8,
    },
    /// The fields do not decode.
    #[error("cdr_malformed: the record's {field} cannot be read: the file was changed by hand")]
    Malformed {
        /// Where it stopped.
        field: &'static str,
    },
    /// A JSON record that is none.
    #[error("cdr_json: {0}")]
    Json(String),
}

/// An optional id of any kind: one byte, then the sixteen.
fn id(out: &mut Vec<u8>, id: Option<Uuid>) {
    match id {
        Some(id) => {
            out.push(1);
            out.extend_from_slice(id.as_bytes());
        }
        None => out.push(0),
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

impl CdrRecord {
    /// Appends the record's bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        out.push(match self.event {
            CdrEvent::Begin { .. } => BEGIN,
            CdrEvent::Answer { .. } => ANSWER,
            CdrEvent::End { .. } => END,
        });
        out.extend_from_slice(self.id.0.as_bytes());
        out.extend_from_slice(self.edge.0.as_bytes());
        // No `..` here: a new field does not compile until it is written too.
        match &self.event {
            CdrEvent::Begin {
                at_us,
                kind,
                tenant,
                number,
                operator,
                caller,
                callee,
                caller_user,
                callee_user,
                queue,
                in_trunk,
                call_id,
                bridge,
            } => {
                out.extend_from_slice(&at_us.to_le_bytes());
                out.push(match kind {
                    None => 0,
                    Some(CallKind::Inbound) => 1,
                    Some(CallKind::Outbound) => 2,
                    Some(CallKind::Internal) => 3,
                    Some(CallKind::Emergency) => 4,
                });
                id(out, tenant.map(|i| i.0));
                out.extend_from_slice(&number.map_or(0, |n| n.value()).to_le_bytes());
                id(out, operator.map(|i| i.0));
                text(out, caller);
                text(out, callee);
                id(out, caller_user.map(|i| i.0));
                id(out, callee_user.map(|i| i.0));
                id(out, queue.map(|i| i.0));
                id(out, in_trunk.map(|i| i.0));
                text(out, call_id);
                id(out, bridge.map(|i| i.0));
            }
            CdrEvent::Answer { at_us, user, out_trunk, call_id, forwarded, bridge, operator } => {
                out.extend_from_slice(&at_us.to_le_bytes());
                id(out, user.map(|i| i.0));
                id(out, out_trunk.map(|i| i.0));
                text(out, call_id);
                id(out, forwarded.map(|f| f.user.0));
                if let Some(forwarded) = forwarded {
                    out.push(match forwarded.cause {
                        ForwardCause::Unconditional => 0,
                        ForwardCause::Unanswered => 1,
                        ForwardCause::Busy => 2,
                        ForwardCause::Unreachable => 3,
                        ForwardCause::Simultaneous => 4,
                    });
                }
                id(out, bridge.map(|i| i.0));
                id(out, operator.map(|i| i.0));
            }
            CdrEvent::End { at_us, answered_at_us, sip_code, reason, hung_up_by, attempts } => {
                out.extend_from_slice(&at_us.to_le_bytes());
                out.push(u8::from(answered_at_us.is_some()));
                out.extend_from_slice(&answered_at_us.unwrap_or(0).to_le_bytes());
                out.extend_from_slice(&sip_code.to_le_bytes());
                text(out, reason);
                out.push(match hung_up_by {
                    HungUpBy::Caller => 0,
                    HungUpBy::Callee => 1,
                    HungUpBy::Exchange => 2,
                });
                out.extend_from_slice(&(attempts.len() as u32).to_le_bytes());
                for Attempt { trunk, sip_code, ms } in attempts {
                    out.extend_from_slice(trunk.0.as_bytes());
                    out.extend_from_slice(&sip_code.to_le_bytes());
                    out.extend_from_slice(&ms.to_le_bytes());
                }
            }
        }
    }

    /// Reads what [`CdrRecord::encode`] wrote, or JSON.
    ///
    /// # Errors
    /// [`CdrBytesError`]: another version, or not a record at all.
    pub fn decode(bytes: &[u8]) -> Result<Self, CdrBytesError> {
        match bytes.first() {
            Some(b'{') => {
                serde_json::from_slice(bytes).map_err(|e| CdrBytesError::Json(e.to_string()))
            }
            Some(&VERSION) => Fields(&bytes[1..]).record(),
            Some(&found) => Err(CdrBytesError::Version { found }),
            None => Err(CdrBytesError::Malformed { field: "version" }),
        }
    }
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, len: usize, field: &'static str) -> Result<&'a [u8], CdrBytesError> {
        let (taken, rest) =
            self.0.split_at_checked(len).ok_or(CdrBytesError::Malformed { field })?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], CdrBytesError> {
        Ok(self.take(N, field)?.try_into().expect("exactly this many bytes were taken"))
    }

    fn u8(&mut self, field: &'static str) -> Result<u8, CdrBytesError> {
        Ok(self.array::<1>(field)?[0])
    }

    fn u32(&mut self, field: &'static str) -> Result<u32, CdrBytesError> {
        self.array(field).map(u32::from_le_bytes)
    }

    fn i64(&mut self, field: &'static str) -> Result<i64, CdrBytesError> {
        self.array(field).map(i64::from_le_bytes)
    }

    fn uuid(&mut self, field: &'static str) -> Result<Uuid, CdrBytesError> {
        self.array(field).map(Uuid::from_bytes)
    }

    fn id(&mut self, field: &'static str) -> Result<Option<Uuid>, CdrBytesError> {
        match self.u8(field)? {
            0 => Ok(None),
            1 => self.uuid(field).map(Some),
            _ => Err(CdrBytesError::Malformed { field }),
        }
    }

    fn text(&mut self, field: &'static str) -> Result<String, CdrBytesError> {
        let len = self.u32(field)? as usize;
        let bytes = self.take(len, field)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(CdrBytesError::Malformed { field }),
        }
    }

    fn record(mut self) -> Result<CdrRecord, CdrBytesError> {
        let kind = self.u8("event")?;
        let id = CdrId(self.uuid("id")?);
        let edge = EdgeId(self.uuid("edge")?);
        let event = match kind {
            BEGIN => self.begin()?,
            ANSWER => self.answer()?,
            END => self.end()?,
            _ => return Err(CdrBytesError::Malformed { field: "event" }),
        };
        Ok(CdrRecord { id, edge, event })
    }

    fn answer(&mut self) -> Result<CdrEvent, CdrBytesError> {
        Ok(CdrEvent::Answer {
            at_us: self.i64("at_us")?,
            user: self.id("user")?.map(UserId),
            out_trunk: self.id("out_trunk")?.map(TrunkId),
            call_id: self.text("call_id")?,
            forwarded: self.forwarded()?,
            bridge: if self.0.is_empty() { None } else { self.id("bridge")?.map(BridgeId) },
            operator: if self.0.is_empty() { None } else { self.id("operator")?.map(OperatorId) },
        })
    }

    /// Not there in what a release before 0.3 wrote.
    fn forwarded(&mut self) -> Result<Option<ForwardedBy>, CdrBytesError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let Some(user) = self.id("forwarded")?.map(UserId) else { return Ok(None) };
        let cause = match self.u8("forwarded")? {
            0 => ForwardCause::Unconditional,
            1 => ForwardCause::Unanswered,
            2 => ForwardCause::Busy,
            3 => ForwardCause::Unreachable,
            4 => ForwardCause::Simultaneous,
            _ => return Err(CdrBytesError::Malformed { field: "forwarded" }),
        };
        Ok(Some(ForwardedBy { user, cause }))
    }

    fn begin(&mut self) -> Result<CdrEvent, CdrBytesError> {
        Ok(CdrEvent::Begin {
            at_us: self.i64("at_us")?,
            kind: match self.u8("kind")? {
                0 => None,
                1 => Some(CallKind::Inbound),
                2 => Some(CallKind::Outbound),
                3 => Some(CallKind::Internal),
                4 => Some(CallKind::Emergency),
                _ => return Err(CdrBytesError::Malformed { field: "kind" }),
            },
            tenant: self.id("tenant")?.map(TenantId),
            number: match u64::from_le_bytes(self.array("number")?) {
                0 => None,
                value => Some(
                    E164::from_value(value).ok_or(CdrBytesError::Malformed { field: "number" })?,
                ),
            },
            operator: self.id("operator")?.map(OperatorId),
            caller: self.text("caller")?,
            callee: self.text("callee")?,
            caller_user: self.id("caller_user")?.map(UserId),
            callee_user: self.id("callee_user")?.map(UserId),
            queue: self.id("queue")?.map(ResourceAccountId),
            in_trunk: self.id("in_trunk")?.map(TrunkId),
            call_id: self.text("call_id")?,
            bridge: if self.0.is_empty() { None } else { self.id("bridge")?.map(BridgeId) },
        })
    }

    fn end(&mut self) -> Result<CdrEvent, CdrBytesError> {
        let at_us = self.i64("at_us")?;
        let answered = self.u8("answered_at_us")? != 0;
        let answered_at_us = self.i64("answered_at_us")?;
        let sip_code = u16::from_le_bytes(self.array("sip_code")?);
        let reason = self.text("reason")?;
        let hung_up_by = match self.u8("hung_up_by")? {
            0 => HungUpBy::Caller,
            1 => HungUpBy::Callee,
            2 => HungUpBy::Exchange,
            _ => return Err(CdrBytesError::Malformed { field: "hung_up_by" }),
        };
        let mut attempts = Vec::new();
        for _ in 0..self.u32("attempts")? {
            attempts.push(Attempt {
                trunk: TrunkId(self.uuid("attempts")?),
                sip_code: u16::from_le_bytes(self.array("attempts")?),
                ms: self.u32("attempts")?,
            });
        }
        let answered_at_us = answered.then_some(answered_at_us);
        Ok(CdrEvent::End { at_us, answered_at_us, sip_code, reason, hung_up_by, attempts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Vec<CdrRecord> {
        let id = |n| Uuid::from_u128(n);
        let record = |event| CdrRecord { id: CdrId(id(1)), edge: EdgeId(id(2)), event };
        let begin = |full: bool| CdrEvent::Begin {
            at_us: 1_800_000_000_000_000,
            kind: full.then_some(CallKind::Emergency),
            tenant: full.then_some(TenantId(id(3))),
            number: full.then(|| "+441632960961".parse().expect("a number")),
            operator: full.then_some(OperatorId(id(4))),
            caller: "+33123456789".into(),
            callee: "zoë".into(),
            caller_user: full.then_some(UserId(id(5))),
            callee_user: full.then_some(UserId(id(6))),
            queue: full.then_some(ResourceAccountId(id(7))),
            in_trunk: full.then_some(TrunkId(id(8))),
            call_id: "a@b".into(),
            bridge: full.then_some(BridgeId(id(10))),
        };
        let end = |answered, hung_up_by, attempts| CdrEvent::End {
            at_us: -1,
            answered_at_us: answered,
            sip_code: 487,
            reason: "cancelled".into(),
            hung_up_by,
            attempts,
        };
        let attempt = |ms| Attempt { trunk: TrunkId(id(9)), sip_code: 503, ms };
        vec![
            record(begin(true)),
            record(begin(false)),
            record(CdrEvent::Answer {
                at_us: 5,
                user: Some(UserId(id(5))),
                out_trunk: None,
                call_id: String::new(),
                forwarded: None,
                bridge: None,
                operator: None,
            }),
            record(CdrEvent::Answer {
                at_us: 5,
                user: None,
                out_trunk: Some(TrunkId(id(8))),
                call_id: "c".into(),
                forwarded: Some(ForwardedBy {
                    user: UserId(id(6)),
                    cause: ForwardCause::Unanswered,
                }),
                bridge: Some(BridgeId(id(10))),
                operator: Some(OperatorId(id(4))),
            }),
            record(end(None, HungUpBy::Callee, Vec::new())),
            record(end(Some(7), HungUpBy::Exchange, vec![attempt(1), attempt(2)])),
        ]
    }

    #[test]
    fn a_record_reads_as_written_and_never_from_less() {
        for record in records() {
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            assert_eq!(CdrRecord::decode(&bytes), Ok(record.clone()));
            // Where a field ends that a later release has added, it is whole without those after.
            for cut in 0..bytes.len() {
                let left = bytes.len() - cut;
                let mut known = record.clone();
                let whole = match &mut known.event {
                    CdrEvent::Begin { bridge, .. } => {
                        left == 1 + 16 * usize::from(bridge.take().is_some())
                    }
                    CdrEvent::Answer { forwarded, bridge, operator, .. } => {
                        let operator = 1 + 16 * usize::from(operator.take().is_some());
                        if left == operator {
                            true
                        } else {
                            let bridge = 1 + 16 * usize::from(bridge.take().is_some());
                            left == operator + bridge
                                || left
                                    == operator
                                        + bridge
                                        + 1
                                        + 17 * usize::from(forwarded.take().is_some())
                        }
                    }
                    CdrEvent::End { .. } => false,
                };
                let read = CdrRecord::decode(&bytes[..cut]);
                if whole {
                    assert_eq!(read, Ok(known), "cut at {cut}");
                } else {
                    assert!(read.is_err(), "{record:?} cut at {cut}");
                }
            }
            bytes.extend_from_slice(b"of a later release");
            assert_eq!(CdrRecord::decode(&bytes), Ok(record));
        }
    }

    #[test]
    fn what_0_1_0_wrote_is_read_and_what_a_later_release_writes_is_named() {
        for record in records() {
            let json = serde_json::to_vec(&record).expect("serialises");
            assert_eq!(CdrRecord::decode(&json), Ok(record));
        }
        assert_eq!(CdrRecord::decode(&[2, 0, 0]), Err(CdrBytesError::Version { found: 2 }));
    }

    #[test]
    fn a_usual_record_takes_less_than_half_of_its_json() {
        for record in records() {
            let mut bytes = Vec::new();
            record.encode(&mut bytes);
            let json = serde_json::to_vec(&record).expect("serialises");
            assert!(bytes.len() * 2 < json.len(), "{} of {}", bytes.len(), json.len());
        }
    }
}
