//! What hangs on a PBX: lines, groups, devices (migration.md section 1.9).

use super::cell::{Cell, SourceRef};
use super::number::LineNumber;
use super::word::words;
use numbering::E164;
use serde::{Deserialize, Serialize};

words! {
    /// Whose PBX.
    PbxSystem {
        /// Cisco Unified Communications Manager.
        Cucm = "cucm",
        /// Avaya Communication Manager.
        Avaya = "avaya",
        /// FreePBX.
        Freepbx = "freepbx",
        /// Asterisk without FreePBX.
        Asterisk = "asterisk",
        /// Any list.
        List = "list",
    }
}

words! {
    /// What a line is for, by device type and description (migration.md statement 9).
    LineClass {
        /// A person's telephone.
        Phone = "phone",
        /// Some other analog line.
        Analog = "analog",
        /// Fax.
        Fax = "fax",
        /// Alarm system.
        Alarm = "alarm",
        /// Emergency telephone in a lift.
        Lift = "lift" | "elevator",
        /// Door or gate.
        Door = "door",
        /// Payment terminal, franking machine.
        Modem = "modem",
        /// Loudspeakers.
        Paging = "paging",
        /// Meeting room.
        Room = "room",
        /// Lobby, corridor, kitchen.
        CommonArea = "common_area",
    }
}

/// One line on one device.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PbxLine {
    /// Which system; `None` only in a default value.
    pub system: Option<PbxSystem>,
    /// Internal number.
    pub extension: String,
    /// Partition (CUCM), context (Asterisk): with the extension it names the line.
    pub partition: Cell<String>,
    /// Outside number as written: mask, DID or caller id.
    pub external: Cell<String>,
    /// The outside number, read.
    pub line: Option<LineNumber>,
    /// Device's name.
    pub device: Cell<String>,
    /// Device's model or type.
    pub model: Cell<String>,
    /// Whose: user id, user principal name, or name.
    pub owner: Cell<String>,
    /// User principal name where the inventory knows it.
    pub user: Option<String>,
    /// Name shown.
    pub name: Cell<String>,
    /// Free text.
    pub description: Cell<String>,
    /// Site, location or device pool.
    pub site: Cell<String>,
    /// Group.
    pub group: Cell<String>,
    /// Place of the line on the device, from 1.
    pub index: u16,
    /// What for.
    pub class: Option<LineClass>,
    /// Row.
    pub at: SourceRef,
}

words! {
    /// What a group does.
    HuntKind {
        /// Rings members in some order.
        Hunt = "hunt",
        /// Members may take each other's calls.
        Pickup = "pickup",
        /// Rings all.
        Ring = "ring",
        /// Callers wait.
        Queue = "queue",
    }
}

/// A group of lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HuntGroup {
    /// Name: the subject of findings.
    pub name: String,
    /// Kind.
    pub kind: Option<HuntKind>,
    /// Pilot number or extension.
    pub pilot: Cell<String>,
    /// Extensions, user principal names or object ids.
    pub members: Vec<String>,
    /// Row of the first.
    pub at: SourceRef,
}

/// A line on more than one device: all of them move together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedLine {
    /// Internal number.
    pub extension: String,
    /// Partition, empty if there is none.
    pub partition: String,
    /// Devices.
    pub devices: Vec<String>,
    /// Owners: user principal names where known, else as exported.
    pub owners: Vec<String>,
    /// Rows.
    pub at: Vec<SourceRef>,
}

/// A line no person talks on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpecialLine {
    /// Outside number if there is one, else the extension, exactly as exported.
    pub subject: String,
    /// The outside number.
    pub line: Option<LineNumber>,
    /// Extension.
    pub extension: String,
    /// What for.
    pub class: LineClass,
    /// Why it was classed so: the words that told.
    pub because: String,
    /// Site.
    pub site: Option<String>,
    /// Row.
    pub at: SourceRef,
}

/// A translation or route pattern, or an inbound route.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PbxPattern {
    /// Pattern as exported, such as `9.@` or `+4420794600XX`; for inbound routes the number.
    pub pattern: String,
    /// `translation`, `route`, `inbound`.
    pub kind: String,
    /// Partition or context.
    pub partition: Cell<String>,
    /// Gateway, route list or destination.
    pub destination: Cell<String>,
    /// Outside number of an inbound route.
    pub number: Option<E164>,
    /// Row.
    pub at: SourceRef,
}

words! {
    /// What a device is, by its name and type.
    DeviceKind {
        /// Desk telephone.
        DeskPhone = "desk_phone",
        /// Conference telephone.
        ConferencePhone = "conference_phone",
        /// Program on a computer or mobile.
        Softphone = "softphone",
        /// Analog adapter or gateway port.
        AnalogAdapter = "analog_adapter",
        /// Meeting-room system.
        RoomSystem = "room_system",
        /// Door station.
        DoorStation = "door_station",
        /// CTI port or route point.
        Cti = "cti",
    }
}

/// A telephone or adapter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Device {
    /// Name or MAC address: the subject of findings.
    pub name: String,
    /// Kind.
    pub kind: Option<DeviceKind>,
    /// Maker.
    pub vendor: Cell<String>,
    /// Model as exported.
    pub model: Cell<String>,
    /// Firmware.
    pub firmware: Cell<String>,
    /// Whose.
    pub owner: Cell<String>,
    /// Site.
    pub site: Cell<String>,
    /// Row.
    pub at: SourceRef,
}

words! {
    /// Room or common area.
    RoomKind {
        /// Meeting room.
        MeetingRoom = "meeting_room" | "room",
        /// Common-area phone.
        CommonArea = "common_area" | "common_area_phone" | "cap" | "shared_device",
    }
}

/// A meeting room or common-area phone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Room {
    /// User principal name if it has an account, else its name.
    pub subject: String,
    /// Kind.
    pub kind: Option<RoomKind>,
    /// Name.
    pub name: Cell<String>,
    /// Site.
    pub site: Cell<String>,
    /// Device model.
    pub model: Cell<String>,
    /// Number.
    pub line: Option<LineNumber>,
    /// Why it is held for one: the list, its licence, its features, its name.
    pub because: String,
    /// Row.
    pub at: SourceRef,
}
