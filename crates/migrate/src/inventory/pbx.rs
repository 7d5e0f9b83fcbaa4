//! Lines, groups and devices of a PBX, and lists of them.

use super::{Builder, Columns};
use crate::import::{ImportedFile, Raw, Row};
use crate::model::{
    Cell, Device, DeviceKind, HuntGroup, HuntKind, LineClass, LineNumber, PbxLine, PbxPattern,
    PbxSystem, Room, RoomKind, SourceRef, SpecialLine,
};
use std::collections::BTreeMap;

impl Builder {
    /// A CUCM row is a device with blocks of lines (migration.md section 1.9).
    pub(super) fn cucm_phone(&mut self, row: &Row<'_>, columns: &Columns, file: &ImportedFile) {
        let name = match (row.str(columns.get("device")), row.str(columns.get("mac"))) {
            ("", mac) => format!("SEP{}", mac.trim_start_matches("SEP")),
            (device, _) => device.to_owned(),
        };
        let device_at =
            columns.get("device").or(columns.get("mac")).map_or(row.at(), |at| row.place(at));
        let site = match row.text(columns.get("location")) {
            Cell::Given { value, at } if !value.starts_with("Hub_None") => {
                Cell::Given { value, at }
            }
            _ => row.text(columns.get("pool")),
        };
        let country = self.country_of(file, site.text());
        let mut blocks: BTreeMap<u16, Vec<(&str, usize)>> = BTreeMap::new();
        for (at, column) in row.uses.iter().enumerate() {
            let of_line = matches!(
                column.field.as_str(),
                "extension"
                    | "partition"
                    | "mask"
                    | "alerting_name"
                    | "display"
                    | "ascii_display"
                    | "ascii_alerting"
                    | "line_description"
                    | "label"
                    | "pickup_group"
            );
            if of_line {
                blocks.entry(column.index).or_default().push((&column.field, at));
            }
        }
        self.inventory.devices.push(Device {
            kind: Some(device_kind(&name, row.str(columns.get("model")))),
            model: row.text(columns.get("model")),
            owner: row.text(columns.get("owner")),
            site: site.clone(),
            name: name.clone(),
            at: row.at(),
            ..Device::default()
        });
        for (index, block) in blocks {
            let cell =
                |name: &str| block.iter().find(|(field, _)| *field == name).map(|(_, at)| *at);
            // CUCM escapes the plus sign of numbers in its own format.
            let extension = row.str(cell("extension")).trim_start_matches('\\').to_owned();
            if extension.is_empty() {
                continue;
            }
            let place = cell("extension").map_or(row.at(), |at| row.place(at));
            let external = match row.cell(cell("mask"), |mask| Some(masked(mask, &extension))) {
                Cell::Absent | Cell::Empty { .. } if extension.starts_with('+') => {
                    Cell::given(extension.clone(), place)
                }
                told => told,
            };
            let line = self.outside(&external, country);
            let label = ["alerting_name", "display", "label", "ascii_display", "ascii_alerting"]
                .into_iter()
                .find(|name| matches!(row.raw(cell(name)), Raw::Text(_)));
            let group = row.text(cell("pickup_group"));
            if let Some(group) = group.get() {
                self.member(group, HuntKind::Pickup, None, &extension, place);
            }
            let description = match row.text(cell("line_description")) {
                Cell::Given { value, at } => Cell::Given { value, at },
                _ => row.text(columns.get("description")),
            };
            let told = [
                row.str(columns.get("model")),
                description.text(),
                row.str(columns.get("description")),
            ];
            let class = classify(&name, &told);
            self.add_line(
                PbxLine {
                    system: Some(PbxSystem::Cucm),
                    extension,
                    partition: row.text(cell("partition")),
                    external,
                    line,
                    device: Cell::given(name.clone(), device_at),
                    model: row.text(columns.get("model")),
                    owner: row.text(columns.get("owner")),
                    name: label.map_or(Cell::Absent, |name| row.text(cell(name))),
                    description,
                    site: site.clone(),
                    group,
                    index: index.max(1),
                    class: Some(class.0),
                    at: row.at(),
                    ..PbxLine::default()
                },
                class.1,
            );
        }
    }

    /// Reads an outside number.
    fn outside(
        &mut self,
        external: &Cell<String>,
        country: Option<numbering::Country>,
    ) -> Option<LineNumber> {
        match external {
            Cell::Given { value, at } => self.read_number(&value.clone(), country, *at),
            _ => None,
        }
    }

    /// Keeps a line, and beside it the special line it may be.
    fn add_line(&mut self, line: PbxLine, because: String) {
        let class = line.class.unwrap_or(LineClass::Phone);
        if !matches!(class, LineClass::Phone | LineClass::Room | LineClass::CommonArea) {
            self.inventory.special_lines.push(SpecialLine {
                subject: match line.external.text() {
                    "" => line.extension.clone(),
                    external => external.to_owned(),
                },
                line: line.line,
                extension: line.extension.clone(),
                class,
                because,
                site: line.site.get().cloned(),
                at: line.at,
            });
        }
        self.inventory.pbx_lines.push(line);
    }

    /// Puts an extension into a group.
    fn member(
        &mut self,
        name: &str,
        kind: HuntKind,
        pilot: Option<Cell<String>>,
        member: &str,
        at: SourceRef,
    ) {
        let groups = &mut self.inventory.hunt_groups;
        let index = *self.groups.entry((kind, name.to_owned())).or_insert_with(|| {
            groups.push(HuntGroup {
                name: name.to_owned(),
                kind: Some(kind),
                at,
                ..HuntGroup::default()
            });
            groups.len() - 1
        });
        let group = &mut groups[index];
        if let Some(pilot) = pilot
            && group.pilot.get().is_none()
        {
            group.pilot = pilot;
        }
        if !member.is_empty() && !group.members.iter().any(|own| own == member) {
            group.members.push(member.to_owned());
        }
    }

    pub(super) fn cucm_group(&mut self, row: &Row<'_>, columns: &Columns, _file: &ImportedFile) {
        let pickup = matches!(row.raw(columns.get("pickup")), Raw::Text(_));
        let kind = if pickup { HuntKind::Pickup } else { HuntKind::Hunt };
        let pilot = match row.text(columns.get("pilot")) {
            Cell::Absent => row.text(columns.get("pickup")),
            told => told,
        };
        let name = [row.str(columns.get("group")), row.str(columns.get("hunt_list")), pilot.text()]
            .into_iter()
            .find(|name| !name.is_empty())
            .unwrap_or_default()
            .to_owned();
        let members: Vec<String> = row
            .uses
            .iter()
            .enumerate()
            .filter(|(_, column)| column.field == "member")
            .map(|(at, _)| row.str(Some(at)).trim_start_matches('\\').to_owned())
            .collect();
        self.member(&name, kind, Some(pilot), "", row.at());
        for member in members {
            self.member(&name, kind, None, &member, row.at());
        }
    }

    pub(super) fn cucm_pattern(&mut self, row: &Row<'_>, columns: &Columns) {
        let (kind, pattern) = match row.str(columns.get("translation")) {
            "" => ("route", row.str(columns.get("route"))),
            pattern => ("translation", pattern),
        };
        self.inventory.pbx_patterns.push(PbxPattern {
            pattern: pattern.to_owned(),
            kind: kind.to_owned(),
            partition: row.text(columns.get("partition")),
            destination: row.text(columns.get("destination")),
            number: None,
            at: row.at(),
        });
    }

    pub(super) fn avaya_station(&mut self, row: &Row<'_>, columns: &Columns, file: &ImportedFile) {
        let site = match row.text(columns.get("site")) {
            Cell::Given { value, at } => Cell::Given { value, at },
            _ => row.text(columns.get("room")),
        };
        let country = self.country_of(file, site.text());
        let external = row.text(columns.get("external"));
        let line = self.outside(&external, country);
        let model = row.str(columns.get("type"));
        let class = classify("", &[model, row.str(columns.get("name"))]);
        self.inventory.devices.push(Device {
            name: match row.str(columns.get("port")) {
                "" => row.str(columns.get("extension")).to_owned(),
                port => port.to_owned(),
            },
            kind: Some(device_kind("", model)),
            model: row.text(columns.get("type")),
            site: site.clone(),
            at: row.at(),
            ..Device::default()
        });
        self.add_line(
            PbxLine {
                system: Some(PbxSystem::Avaya),
                extension: row.str(columns.get("extension")).to_owned(),
                external,
                line,
                device: row.text(columns.get("port")),
                model: row.text(columns.get("type")),
                name: row.text(columns.get("name")),
                site,
                index: 1,
                class: Some(class.0),
                at: row.at(),
                ..PbxLine::default()
            },
            class.1,
        );
    }

    pub(super) fn freepbx_extension(
        &mut self,
        row: &Row<'_>,
        columns: &Columns,
        file: &ImportedFile,
    ) {
        let external = row.cell(columns.get("caller_id"), |text| {
            let number = text.rsplit('<').next().unwrap_or(text).trim_end_matches('>').trim();
            (!number.is_empty()).then(|| number.to_owned())
        });
        let country = self.country_of(file, "");
        let line = self.outside(&external, country);
        let told = [
            row.str(columns.get("name")),
            row.str(columns.get("description")),
            row.str(columns.get("tech")),
        ];
        let class = classify("", &told);
        let owner = match row.text(columns.get("email")) {
            Cell::Given { value, at } => Cell::Given { value, at },
            _ => row.text(columns.get("name")),
        };
        self.add_line(
            PbxLine {
                system: Some(PbxSystem::Freepbx),
                extension: row.str(columns.get("extension")).to_owned(),
                external,
                line,
                device: row.text(columns.get("dial")),
                model: row.text(columns.get("tech")),
                owner,
                name: row.text(columns.get("name")),
                description: row.text(columns.get("description")),
                index: 1,
                class: Some(class.0),
                at: row.at(),
                ..PbxLine::default()
            },
            class.1,
        );
    }

    pub(super) fn freepbx_route(&mut self, row: &Row<'_>, columns: &Columns) {
        let did = row.str(columns.get("did")).to_owned();
        let destination = row.text(columns.get("destination"));
        let (file, _) = &*self.files[row.file.0 as usize].read;
        let country = file.source.country.or(self.settings.country);
        let number = self.read_number(&did, country, row.at());
        self.routes.push((did.clone(), number, destination.text().to_owned(), row.at()));
        self.inventory.pbx_patterns.push(PbxPattern {
            pattern: did,
            kind: "inbound".to_owned(),
            partition: Cell::Absent,
            destination,
            number: number.map(LineNumber::e164),
            at: row.at(),
        });
    }

    pub(super) fn freepbx_group(&mut self, row: &Row<'_>, columns: &Columns) {
        let (kind, pilot, members) = match row.str(columns.get("group")) {
            "" => {
                (HuntKind::Queue, row.text(columns.get("queue")), row.str(columns.get("members")))
            }
            _ => (HuntKind::Ring, row.text(columns.get("group")), row.str(columns.get("grplist"))),
        };
        let name = match row.str(columns.get("description")) {
            "" => pilot.text().to_owned(),
            name => name.to_owned(),
        };
        let members: Vec<String> = match kind {
            HuntKind::Queue => queue_members(members),
            // Outside numbers are marked by a hash.
            _ => members
                .split([',', ';', '-', '&', '\n'])
                .map(|member| member.trim().trim_end_matches('#').to_owned())
                .filter(|member| member.len() > 1)
                .collect(),
        };
        self.member(&name, kind, Some(pilot), "", row.at());
        for member in members {
            self.member(&name, kind, None, &member, row.at());
        }
    }

    pub(super) fn asterisk_endpoint(
        &mut self,
        row: &Row<'_>,
        columns: &Columns,
        file: &ImportedFile,
    ) {
        let kind = row.str(columns.get("section_type"));
        // Registration, authentication and address records are parts of an endpoint.
        if matches!(
            kind,
            "auth" | "aor" | "registration" | "identify" | "transport" | "global" | "acl"
        ) {
            return;
        }
        let extension = row.str(columns.get("section")).to_owned();
        let caller = row.str(columns.get("callerid"));
        let (name, number) = match caller.split_once('<') {
            Some((name, number)) => {
                (name.trim().trim_matches('"'), number.trim_end_matches('>').trim())
            }
            None => (caller, ""),
        };
        let place = columns.get("callerid").map_or(row.at(), |at| row.place(at));
        let external = match number {
            number if number.len() > 6 => Cell::given(number.to_owned(), place),
            _ => Cell::Absent,
        };
        let country = self.country_of(file, "");
        let line = self.outside(&external, country);
        let told = [name, row.str(columns.get("description")), row.str(columns.get("signalling"))];
        let class = classify("", &told);
        self.add_line(
            PbxLine {
                system: Some(PbxSystem::Asterisk),
                extension,
                partition: row.text(columns.get("context")),
                external,
                line,
                owner: if name.is_empty() {
                    Cell::Absent
                } else {
                    Cell::given(name.to_owned(), place)
                },
                name: if name.is_empty() {
                    Cell::Absent
                } else {
                    Cell::given(name.to_owned(), place)
                },
                description: row.text(columns.get("description")),
                index: 1,
                class: Some(class.0),
                at: row.at(),
                ..PbxLine::default()
            },
            class.1,
        );
    }

    pub(super) fn line(&mut self, row: &Row<'_>, columns: &Columns, file: &ImportedFile) {
        let site = row.text(columns.get("site"));
        let country = self.country_of(file, site.text());
        let external = row.text(columns.get("external"));
        let line = self.outside(&external, country);
        let told = [
            row.str(columns.get("line_type")),
            row.str(columns.get("description")),
            row.str(columns.get("model")),
            row.str(columns.get("name")),
        ];
        let class = classify(row.str(columns.get("device")), &told);
        let extension = match row.str(columns.get("extension")) {
            "" => external.text().to_owned(),
            extension => extension.to_owned(),
        };
        let group = row.text(columns.get("group"));
        if let Some(name) = group.get().cloned() {
            self.member(&name, HuntKind::Hunt, None, &extension, row.at());
        }
        self.add_line(
            PbxLine {
                system: Some(PbxSystem::List),
                extension,
                external,
                line,
                device: row.text(columns.get("device")),
                model: row.text(columns.get("model")),
                owner: row.text(columns.get("owner")),
                name: row.text(columns.get("name")),
                description: row.text(columns.get("description")),
                site,
                group,
                index: 1,
                class: Some(class.0),
                at: row.at(),
                ..PbxLine::default()
            },
            class.1,
        );
    }

    pub(super) fn device(&mut self, row: &Row<'_>, columns: &Columns) {
        let model = row.str(columns.get("model"));
        let kind = format!("{model} {}", row.str(columns.get("kind")));
        self.inventory.devices.push(Device {
            name: row.str(columns.get("name")).to_owned(),
            kind: Some(device_kind(row.str(columns.get("name")), &kind)),
            vendor: row.text(columns.get("vendor")),
            model: row.text(columns.get("model")),
            firmware: row.text(columns.get("firmware")),
            owner: row.text(columns.get("owner")),
            site: row.text(columns.get("site")),
            at: row.at(),
        });
    }

    pub(super) fn room(&mut self, row: &Row<'_>, columns: &Columns, file: &ImportedFile) {
        let site = row.text(columns.get("site"));
        let country = self.country_of(file, site.text());
        let line = self.outside(&row.text(columns.get("number")), country);
        let kind = match row.str(columns.get("room_kind")) {
            "" => RoomKind::MeetingRoom,
            kind => RoomKind::read(kind),
        };
        self.inventory.rooms.push(Room {
            subject: row.str(columns.get("account")).to_owned(),
            kind: Some(kind),
            name: row.text(columns.get("room_name")),
            site,
            model: row.text(columns.get("model")),
            line,
            because: "a list says so".to_owned(),
            at: row.at(),
        });
    }
}

/// Members of a queue: `Local/2001@from-queue/n,0` and `PJSIP/2002,1` with their penalties, or
/// extensions parted by commas.
fn queue_members(text: &str) -> Vec<String> {
    let mut members = Vec::new();
    for entry in text.split([';', '&', '\n']) {
        let mut parts = entry.split(',').map(str::trim);
        let first = parts.next().unwrap_or_default();
        let dialled = first.contains(['/', '@']);
        let extension = first.split('@').next().unwrap_or_default();
        let extension = extension.rsplit('/').next().unwrap_or_default();
        members.push(extension.to_owned());
        // Behind an extension stand its penalty, or more extensions, which are as long.
        let more = parts.filter(|part| !dialled && part.len() == first.len() && part.len() > 2);
        members.extend(more.map(str::to_owned));
    }
    members.retain(|member| member.len() > 1);
    members
}

/// The outside number of an internal one: the mask's `X`s are filled from the right.
fn masked(mask: &str, extension: &str) -> String {
    let mut digits: Vec<char> = extension.chars().filter(char::is_ascii_digit).collect();
    let filled: Vec<char> = mask
        .trim_start_matches('\\')
        .chars()
        .rev()
        .map(|c| if matches!(c, 'X' | 'x') { digits.pop().unwrap_or('0') } else { c })
        .collect();
    filled.into_iter().rev().collect()
}

/// CUCM's names of devices, else words of the model (migration.md section 1.9).
fn device_kind(name: &str, model: &str) -> DeviceKind {
    let model = model.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| model.contains(word));
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    if has(&["door", "intercom"]) {
        DeviceKind::DoorStation
    } else if has(&["room", "mtr", "collaboration bar"]) {
        DeviceKind::RoomSystem
    } else if has(&["conference"]) {
        DeviceKind::ConferencePhone
    } else if begins(&["ATA", "AN", "VG"]) || has(&["analog", "ata ", "ata-", "fxs", "2500"]) {
        DeviceKind::AnalogAdapter
    } else if begins(&["CSF", "BOT", "TCT", "TAB"])
        || has(&["jabber", "softphone", "client services"])
    {
        DeviceKind::Softphone
    } else if begins(&["CTI"]) || has(&["cti"]) {
        DeviceKind::Cti
    } else {
        DeviceKind::DeskPhone
    }
}

/// Words by which lines no person talks on are known, in the languages of the files seen.
const CLASSES: &[(LineClass, &[&str])] = &[
    (
        LineClass::Lift,
        &[
            "lift",
            "lifts",
            "elevator",
            "elevators",
            "aufzug",
            "aufzugnotruf",
            "ascenseur",
            "ascensor",
            "ascensore",
            "hiss",
        ],
    ),
    (
        LineClass::Alarm,
        &[
            "alarm",
            "alarms",
            "alarme",
            "alarma",
            "allarme",
            "intruder",
            "bms",
            "redcare",
            "telemetry",
            "brandmelder",
            "einbruchmelder",
        ],
    ),
    (
        LineClass::Door,
        &[
            "door",
            "doors",
            "doorphone",
            "doorbell",
            "gate",
            "barrier",
            "intercom",
            "türsprechstelle",
            "tür",
            "interphone",
            "portail",
            "citofono",
        ],
    ),
    (LineClass::Fax, &["fax", "faxes", "telefax", "telecopie", "rightfax"]),
    (LineClass::Modem, &["modem", "franking", "pdq", "terminal", "creditcard", "pos", "ec-cash"]),
    (LineClass::Paging, &["paging", "tannoy", "loudspeaker", "speaker"]),
];

/// What a line is for, and which word told.
fn classify(device: &str, told: &[&str]) -> (LineClass, String) {
    for text in told {
        let words: Vec<String> =
            text.split(|c: char| !c.is_alphanumeric() && c != '-').map(str::to_lowercase).collect();
        for (class, names) in CLASSES {
            if let Some(word) = words.iter().find(|word| names.contains(&word.as_str())) {
                return (*class, format!("{word:?} in {text:?}"));
            }
        }
        let lower = text.to_lowercase();
        if lower.contains("conference room") || lower.contains("meeting room") {
            return (LineClass::Room, format!("{text:?}"));
        }
        if ["lobby", "corridor", "kitchen", "common area", "waiting room"]
            .iter()
            .any(|w| lower.contains(w))
        {
            return (LineClass::CommonArea, format!("{text:?}"));
        }
    }
    for text in told {
        let class = LineClass::read(text);
        if class != LineClass::Other {
            return (class, format!("{text:?}"));
        }
    }
    if told.iter().any(|text| device_kind(device, text) == DeviceKind::AnalogAdapter) {
        return (
            LineClass::Analog,
            format!("device {device:?} of type {:?}", told.first().unwrap_or(&"")),
        );
    }
    (LineClass::Phone, String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_filled_from_the_right() {
        for (mask, extension, expect) in [
            ("+44207946XXXX", "5123", "+442079465123"),
            ("+44207946XXXX", "123", "+442079460123"),
            ("\\+442079460000", "5123", "+442079460000"),
            ("020794XXXXX", "75123", "02079475123"),
        ] {
            assert_eq!(masked(mask, extension), expect);
        }
    }

    #[test]
    fn lines_are_classed_by_type_and_description() {
        for (device, told, class) in [
            ("SEP0038DFB41094", ["Cisco 8841", "Alice Adams"], LineClass::Phone),
            ("AN123", ["Analog Phone", "Fax Accounts"], LineClass::Fax),
            ("AN124", ["Analog Phone", "Lift 2 emergency"], LineClass::Lift),
            ("AN125", ["Analog Phone", "Fire alarm panel"], LineClass::Alarm),
            ("AN126", ["Analog Phone", "Front door"], LineClass::Door),
            ("AN127", ["Analog Phone", "Workshop"], LineClass::Analog),
            ("SEP1", ["Cisco 8841", "Outdoor Sales"], LineClass::Phone),
            ("SEP2", ["Cisco 8841", "Lifton Smith"], LineClass::Phone),
            ("SEP3", ["Cisco 7832", "Aufzug Nord"], LineClass::Lift),
            ("SEP4", ["Cisco 7832", "Lobby"], LineClass::CommonArea),
        ] {
            assert_eq!(classify(device, &told).0, class, "{told:?}");
        }
    }
}
