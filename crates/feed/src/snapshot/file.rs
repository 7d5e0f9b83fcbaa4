//! The bytes of a snapshot.

use super::{Snapshot, WorldRecords};
use crate::change::Position;
use crate::numbers::{NumberBase, Packed, WIDTH};
use crate::record::{EdgeKey, PhoneCredential, UserRecord};
use crate::wrap::WrapKey;
use domain::number::AssignmentTarget;
use domain::{ResourceAccountId, UserId};
use numbering::E164;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// The format this version writes, and the highest it reads.
pub const FORMAT: u16 = 1;

const MAGIC: &[u8; 8] = b"MEETPSN\n";
const HEADER: usize = 8 + 2 + 2 + 16 + 8 + 8 + 4 + 4;
const SECTION_HEADER: usize = 2 + 2 + 4 + 8 + 4;
const KEY_CHECK: &[u8] = b"meetpoint";
const TARGET_WIDTH: usize = 17;

/// A kind of section. Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
enum Kind {
    KeyCheck = 1,
    Operators = 2,
    Trunks = 3,
    Profiles = 4,
    Tenants = 5,
    Users = 6,
    Queues = 7,
    EdgeKeys = 8,
    NumberClasses = 9,
    NumberTargets = 10,
    Numbers = 11,
    Policies = 12,
    PolicyAssignments = 13,
    GroupMembers = 14,
    Screening = 15,
    Gateways = 16,
    VoiceRouting = 17,
    Fallback = 18,
    Bridges = 19,
    Calling = 20,
    VoiceTargets = 21,
}

impl Kind {
    const ALL: [Self; 21] = [
        Self::KeyCheck,
        Self::Operators,
        Self::Trunks,
        Self::Profiles,
        Self::Tenants,
        Self::Users,
        Self::Queues,
        Self::EdgeKeys,
        Self::NumberClasses,
        Self::NumberTargets,
        Self::Numbers,
        Self::Policies,
        Self::PolicyAssignments,
        Self::GroupMembers,
        Self::Screening,
        Self::Gateways,
        Self::VoiceRouting,
        Self::Fallback,
        Self::Bridges,
        Self::Calling,
        Self::VoiceTargets,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::KeyCheck => "key_check",
            Self::Operators => "operators",
            Self::Trunks => "trunks",
            Self::Profiles => "profiles",
            Self::Tenants => "tenants",
            Self::Users => "users",
            Self::Queues => "queues",
            Self::EdgeKeys => "edge_keys",
            Self::NumberClasses => "number_classes",
            Self::NumberTargets => "number_targets",
            Self::Numbers => "numbers",
            Self::Policies => "policies",
            Self::PolicyAssignments => "policy_assignments",
            Self::GroupMembers => "group_members",
            Self::Screening => "screening",
            Self::Gateways => "gateways",
            Self::VoiceRouting => "voice_routing",
            Self::Fallback => "fallback",
            Self::Bridges => "conference bridges",
            Self::Calling => "calling",
            Self::VoiceTargets => "voice_targets",
        }
    }
}

/// Why a snapshot does not open. In every case the remedy is a new one from
/// the control plane; a wrong key also says that the edge's token changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Not a snapshot at all.
    #[error("this is not a snapshot: its first bytes are not the snapshot's mark")]
    NotASnapshot,
    /// Written in a format this version does not read.
    #[error("the snapshot has format {found}, this version reads up to {FORMAT}")]
    UnknownVersion {
        /// What it says.
        found: u16,
    },
    /// The file ends too early.
    #[error("the snapshot is cut off in {section}: {missing} bytes are missing")]
    Truncated {
        /// Where.
        section: &'static str,
        /// How many bytes more were promised.
        missing: u64,
    },
    /// The bytes are not those that were written.
    #[error("the checksum of {section} does not match")]
    Checksum {
        /// Where.
        section: &'static str,
    },
    /// The secrets open with another token.
    #[error("the secrets were wrapped for another token")]
    WrongKey,
    /// The bytes are as written but make no sense.
    #[error("{section} cannot be read: {detail}")]
    Malformed {
        /// Where.
        section: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// A section without which nothing can be routed.
    #[error("{section} is missing")]
    Missing {
        /// Which.
        section: &'static str,
    },
}

impl SnapshotError {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotASnapshot => "snapshot_not_one",
            Self::UnknownVersion { .. } => "snapshot_version",
            Self::Truncated { .. } => "snapshot_truncated",
            Self::Checksum { .. } => "snapshot_checksum",
            Self::WrongKey => "snapshot_wrong_key",
            Self::Malformed { .. } => "snapshot_malformed",
            Self::Missing { .. } => "snapshot_missing_section",
        }
    }
}

/// A person with the credential wrapped.
#[derive(Serialize, Deserialize)]
struct WrappedUser {
    #[serde(flatten)]
    user: UserRecord,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    wrapped_phone: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct WrappedKey {
    id: u8,
    wrapped: String,
    #[serde(default)]
    seals_from_us: i64,
}

/// Writes a snapshot of `world`, its secrets wrapped under `key`.
pub fn write_snapshot(world: &WorldRecords, key: &WrapKey) -> Vec<u8> {
    Snapshot::from_records(world.clone()).write(key)
}

impl Snapshot {
    /// The file of what is known now, changes folded in, stamped with the time
    /// the base was written.
    pub fn write(&self, key: &WrapKey) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER + self.number_count() * WIDTH + 4096);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&0u16.to_le_bytes());
        let position = self.position();
        out.extend_from_slice(position.epoch.as_bytes());
        out.extend_from_slice(&position.position.to_le_bytes());
        out.extend_from_slice(&self.created_at_us().to_le_bytes());
        out.extend_from_slice(&(Kind::ALL.len() as u32).to_le_bytes());
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());

        section(&mut out, Kind::KeyCheck, 1, |out| {
            out.extend_from_slice(&key.wrap(KEY_CHECK, KEY_CHECK));
        });
        json_section(&mut out, Kind::Operators, &self.operators().collect::<Vec<_>>());
        json_section(&mut out, Kind::Trunks, &self.operator_trunks().collect::<Vec<_>>());
        json_section(&mut out, Kind::Profiles, &self.profiles().collect::<Vec<_>>());
        json_section(&mut out, Kind::Tenants, &self.tenants().collect::<Vec<_>>());
        let users: Vec<WrappedUser> = self.users().map(|u| wrap_user(u, key)).collect();
        json_section(&mut out, Kind::Users, &users);
        json_section(&mut out, Kind::Queues, &self.queues().collect::<Vec<_>>());
        let keys: Vec<WrappedKey> = self
            .edge_keys()
            .iter()
            .map(|k| WrappedKey {
                id: k.id,
                wrapped: hex(&key.wrap(&[b'k', k.id], &k.secret)),
                seals_from_us: k.seals_from_us,
            })
            .collect();
        json_section(&mut out, Kind::EdgeKeys, &keys);

        let base = NumberBase::pack(self.numbers());
        json_section(&mut out, Kind::NumberClasses, &base.classes);
        section(&mut out, Kind::NumberTargets, base.targets.len(), |out| {
            for target in &base.targets {
                let (kind, id) = match target {
                    AssignmentTarget::User(id) => (1u8, id.0),
                    AssignmentTarget::ResourceAccount(id) => (2, id.0),
                };
                out.push(kind);
                out.extend_from_slice(id.as_bytes());
            }
        });
        section(&mut out, Kind::Numbers, base.rows.len(), |out| {
            for row in &base.rows {
                out.extend_from_slice(&row.number.to_le_bytes());
                out.extend_from_slice(&row.class.to_le_bytes());
                out.extend_from_slice(&row.target.to_le_bytes());
            }
        });
        json_section(&mut out, Kind::Policies, &self.policy_records().collect::<Vec<_>>());
        json_section(&mut out, Kind::PolicyAssignments, &self.policy_assignments());
        json_section(&mut out, Kind::GroupMembers, &self.group_members());
        json_section(&mut out, Kind::Screening, &self.screening_records().collect::<Vec<_>>());
        json_section(&mut out, Kind::Gateways, &self.gateway_records());
        let routing: Vec<_> = self.voice_routing_records().collect();
        json_section(&mut out, Kind::VoiceRouting, &routing);
        json_section(&mut out, Kind::Fallback, &self.fallback_records().collect::<Vec<_>>());
        json_section(&mut out, Kind::Bridges, &self.bridge_records().collect::<Vec<_>>());
        json_section(&mut out, Kind::Calling, &self.calling_records().collect::<Vec<_>>());
        let targets: Vec<_> = self.voice_target_records().collect();
        json_section(&mut out, Kind::VoiceTargets, &targets);
        out
    }

    /// Reads a snapshot; every checksum and every reference is checked.
    pub fn open(bytes: &[u8], key: &WrapKey) -> Result<Self, SnapshotError> {
        let (position, created_at_us, mut rest, count) = header(bytes)?;
        let mut world = WorldRecords::empty(position, created_at_us);
        let (mut classes, mut targets, mut rows) = (None, None, None);
        let mut key_checked = false;
        for _ in 0..count {
            let (kind, payload, records) = next_section(&mut rest)?;
            let Some(kind) = kind else { continue };
            match kind {
                Kind::KeyCheck => {
                    key.unwrap(KEY_CHECK, payload).ok_or(SnapshotError::WrongKey)?;
                    key_checked = true;
                }
                Kind::Operators => world.operators = json(kind, payload, records)?,
                Kind::Trunks => world.trunks = json(kind, payload, records)?,
                Kind::Profiles => world.profiles = json(kind, payload, records)?,
                Kind::Tenants => world.tenants = json(kind, payload, records)?,
                Kind::Users => {
                    let users: Vec<WrappedUser> = json(kind, payload, records)?;
                    world.users =
                        users.into_iter().map(|u| unwrap_user(u, key)).collect::<Result<_, _>>()?;
                }
                Kind::Queues => world.queues = json(kind, payload, records)?,
                Kind::EdgeKeys => {
                    let keys: Vec<WrappedKey> = json(kind, payload, records)?;
                    for k in keys {
                        let wrapped = unhex(&k.wrapped)
                            .ok_or_else(|| malformed(kind, "a secret is not hexadecimal"))?;
                        let secret =
                            key.unwrap(&[b'k', k.id], &wrapped).ok_or(SnapshotError::WrongKey)?;
                        world.edge_keys.push(EdgeKey {
                            id: k.id,
                            secret,
                            seals_from_us: k.seals_from_us,
                        });
                    }
                }
                Kind::NumberClasses => classes = Some(json(kind, payload, records)?),
                Kind::NumberTargets => targets = Some(read_targets(payload, records)?),
                Kind::Numbers => rows = Some(read_rows(payload, records)?),
                Kind::Policies => world.policies = json(kind, payload, records)?,
                Kind::PolicyAssignments => {
                    world.policy_assignments = json(kind, payload, records)?;
                }
                Kind::GroupMembers => world.group_members = json(kind, payload, records)?,
                Kind::Screening => world.screening = json(kind, payload, records)?,
                Kind::Gateways => world.gateways = json(kind, payload, records)?,
                Kind::VoiceRouting => world.voice_routing = json(kind, payload, records)?,
                Kind::Fallback => world.fallback = json(kind, payload, records)?,
                Kind::Bridges => world.bridges = json(kind, payload, records)?,
                Kind::Calling => world.calling = json(kind, payload, records)?,
                Kind::VoiceTargets => world.voice_targets = json(kind, payload, records)?,
            }
        }
        let missing = |kind: Kind| SnapshotError::Missing { section: kind.name() };
        if !key_checked {
            return Err(missing(Kind::KeyCheck));
        }
        let base = NumberBase::new(
            rows.ok_or_else(|| missing(Kind::Numbers))?,
            classes.ok_or_else(|| missing(Kind::NumberClasses))?,
            targets.ok_or_else(|| missing(Kind::NumberTargets))?,
        );
        check_rows(&base)?;
        Ok(Self::from_parts(world, base))
    }
}

fn header(bytes: &[u8]) -> Result<(Position, i64, &[u8], u32), SnapshotError> {
    let magic = bytes.get(..8).unwrap_or(bytes);
    if !MAGIC.starts_with(magic) {
        return Err(SnapshotError::NotASnapshot);
    }
    let head = bytes.get(..HEADER).ok_or_else(|| SnapshotError::Truncated {
        section: "header",
        missing: (HEADER - bytes.len()) as u64,
    })?;
    let found = u16::from_le_bytes([head[8], head[9]]);
    if found == 0 || found > FORMAT {
        return Err(SnapshotError::UnknownVersion { found });
    }
    let (checked, crc) = head.split_at(HEADER - 4);
    if crc32fast::hash(checked).to_le_bytes() != crc {
        return Err(SnapshotError::Checksum { section: "header" });
    }
    let position = Position {
        epoch: Uuid::from_bytes(array(&head[12..28])),
        position: u64::from_le_bytes(array(&head[28..36])),
    };
    let created = i64::from_le_bytes(array(&head[36..44]));
    let count = u32::from_le_bytes(array(&head[44..48]));
    Ok((position, created, &bytes[HEADER..], count))
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("the caller cut exactly this many bytes")
}

type Section<'a> = (Option<Kind>, &'a [u8], u32);

fn next_section<'a>(rest: &mut &'a [u8]) -> Result<Section<'a>, SnapshotError> {
    let head = rest.get(..SECTION_HEADER).ok_or_else(|| SnapshotError::Truncated {
        section: "a section header",
        missing: (SECTION_HEADER - rest.len()) as u64,
    })?;
    let number = u16::from_le_bytes(array(&head[..2]));
    let kind = Kind::ALL.into_iter().find(|k| *k as u16 == number);
    let name = kind.map_or("an unknown section", Kind::name);
    let records = u32::from_le_bytes(array(&head[4..8]));
    let length = u64::from_le_bytes(array(&head[8..16]));
    let crc = u32::from_le_bytes(array(&head[16..20]));
    let body = &rest[SECTION_HEADER..];
    if length > body.len() as u64 {
        return Err(SnapshotError::Truncated {
            section: name,
            missing: length - body.len() as u64,
        });
    }
    let (payload, after) = body.split_at(length as usize);
    if section_crc(&head[..16], payload) != crc {
        return Err(SnapshotError::Checksum { section: name });
    }
    *rest = after;
    Ok((kind, payload, records))
}

fn section_crc(head: &[u8], payload: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(head);
    crc.update(payload);
    crc.finalize()
}

fn section(out: &mut Vec<u8>, kind: Kind, records: usize, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&(kind as u16).to_le_bytes());
    out.extend_from_slice(&0u16.to_le_bytes());
    out.extend_from_slice(&(records as u32).to_le_bytes());
    out.extend_from_slice(&[0; 12]);
    body(out);
    let length = (out.len() - start - SECTION_HEADER) as u64;
    out[start + 8..start + 16].copy_from_slice(&length.to_le_bytes());
    let (head, payload) = out[start..].split_at(SECTION_HEADER);
    let crc = section_crc(&head[..16], payload);
    out[start + 16..start + 20].copy_from_slice(&crc.to_le_bytes());
}

fn json_section<T: Serialize>(out: &mut Vec<u8>, kind: Kind, records: &[T]) {
    section(out, kind, records.len(), |out| {
        serde_json::to_writer(out, records).expect("records have string keys and no failing field");
    });
}

fn malformed(kind: Kind, detail: impl ToString) -> SnapshotError {
    SnapshotError::Malformed { section: kind.name(), detail: detail.to_string() }
}

fn json<T: DeserializeOwned>(
    kind: Kind,
    payload: &[u8],
    records: u32,
) -> Result<Vec<T>, SnapshotError> {
    let list: Vec<T> = serde_json::from_slice(payload).map_err(|e| malformed(kind, e))?;
    if list.len() != records as usize {
        return Err(malformed(kind, format!("{records} records promised, {} found", list.len())));
    }
    Ok(list)
}

fn fixed(kind: Kind, payload: &[u8], records: u32, width: usize) -> Result<(), SnapshotError> {
    if payload.len() == records as usize * width {
        Ok(())
    } else {
        Err(malformed(kind, format!("{records} records do not take {} bytes", payload.len())))
    }
}

fn read_targets(payload: &[u8], records: u32) -> Result<Vec<AssignmentTarget>, SnapshotError> {
    let kind = Kind::NumberTargets;
    fixed(kind, payload, records, TARGET_WIDTH)?;
    payload
        .chunks_exact(TARGET_WIDTH)
        .map(|row| {
            let id = Uuid::from_bytes(array(&row[1..]));
            match row[0] {
                1 => Ok(AssignmentTarget::User(UserId(id))),
                2 => Ok(AssignmentTarget::ResourceAccount(ResourceAccountId(id))),
                other => Err(malformed(kind, format!("target kind {other} is unknown"))),
            }
        })
        .collect()
}

fn read_rows(payload: &[u8], records: u32) -> Result<Vec<Packed>, SnapshotError> {
    fixed(Kind::Numbers, payload, records, WIDTH)?;
    Ok(payload
        .chunks_exact(WIDTH)
        .map(|row| Packed {
            number: u64::from_le_bytes(array(&row[..8])),
            class: u32::from_le_bytes(array(&row[8..12])),
            target: u32::from_le_bytes(array(&row[12..])),
        })
        .collect())
}

fn check_rows(base: &NumberBase) -> Result<(), SnapshotError> {
    let bad = |detail: String| Err(malformed(Kind::Numbers, detail));
    let mut last = 0;
    for row in &base.rows {
        if E164::from_value(row.number).is_none() {
            return bad(format!("{} is not an E.164 number", row.number));
        }
        if row.number <= last {
            return bad(format!("+{} is out of order", row.number));
        }
        if row.class as usize >= base.classes.len() || row.target as usize > base.targets.len() {
            return bad(format!("+{} points outside the tables", row.number));
        }
        last = row.number;
    }
    Ok(())
}

fn wrap_user(user: &UserRecord, key: &WrapKey) -> WrappedUser {
    let wrapped_phone = user.phone.as_ref().map(|phone| {
        let secret = serde_json::to_vec(phone).expect("three texts always serialise");
        hex(&key.wrap(user.id.0.as_bytes(), &secret))
    });
    WrappedUser { user: UserRecord { phone: None, ..user.clone() }, wrapped_phone }
}

fn unwrap_user(wrapped: WrappedUser, key: &WrapKey) -> Result<UserRecord, SnapshotError> {
    let mut user = wrapped.user;
    if let Some(text) = wrapped.wrapped_phone {
        let bytes =
            unhex(&text).ok_or_else(|| malformed(Kind::Users, "a secret is not hexadecimal"))?;
        let secret = key.unwrap(user.id.0.as_bytes(), &bytes).ok_or(SnapshotError::WrongKey)?;
        let phone: PhoneCredential =
            serde_json::from_slice(&secret).map_err(|e| malformed(Kind::Users, e))?;
        user.phone = Some(phone);
    }
    Ok(user)
}

fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from(b"0123456789abcdef"[usize::from(n)]);
    bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16);
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    bytes.chunks_exact(2).map(|p| Some((digit(p[0])? * 16 + digit(p[1])?) as u8)).collect()
}
