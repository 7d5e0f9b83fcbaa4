//! Statements 1 to 8 and 10 of migration.md section 11.

use crate::support::{inventory, inventory_of, read, sample, taken, told};
use migrate::assess::assess;
use migrate::import::{ImportError, Mapping, Options};
use migrate::inventory::{HandResolution, Settings, build};
use migrate::model::{
    AccountType, ActivationState, AddressState, AssignmentCategory, BlockedState, Cell, Cloud,
    Inventory, NumberSource, NumberType, NumberValidity, PolicyKind, PolicyLevel, PstnAssignment,
    RemarkKind, Resolution, SourceKind, UpgradeMode,
};

const NUMBERS: &str =
    "TelephoneNumber,NumberType,ActivationState,PstnAssignmentStatus,IsoCountryCode\n";

#[test]
fn statement_01_documented_samples_import_with_every_row_and_word() {
    let rows = [
        ("Get-CsPhoneNumberAssignment.joined.csv", SourceKind::NumberAssignments, 7),
        ("Get-CsPhoneNumberAssignment.raw-export.csv", SourceKind::NumberAssignments, 7),
        ("Get-CsPhoneNumberAssignment.format-list.txt", SourceKind::NumberAssignments, 2),
        ("Get-CsPhoneNumberTenantConfiguration.json", SourceKind::NumberTenantConfiguration, 1),
        ("Get-CsAutoAttendant.json", SourceKind::AutoAttendants, 1),
        ("Get-CsUserCallingSettings.json", SourceKind::CallingSettings, 7),
        ("Get-CsOnlineLisCivicAddress.csv", SourceKind::CivicAddresses, 2),
        ("Get-CsOnlineLisSubnet.csv", SourceKind::LisSubnets, 2),
        ("Get-CsBatchPolicyAssignmentOperation.UserState.csv", SourceKind::BatchPolicies, 3),
        ("Get-CsOnlineLisSwitch.csv", SourceKind::LisSwitches, 2),
        ("Get-CsOnlineLisPort.csv", SourceKind::LisPorts, 2),
        ("Get-CsOnlineLisWirelessAccessPoint.csv", SourceKind::LisAccessPoints, 3),
        ("Get-CsOnlineTelephoneNumberOrder.NumberUpdate.json", SourceKind::NumberOrder, 1),
    ];
    for (name, kind, count) in rows {
        // The name plays no part.
        let (file, ..) = taken("export", sample(name));
        assert_eq!((file.source.kind, file.source.rows), (kind, count), "{name}");
        assert_eq!(file.source.rejected, 0, "{name}");
    }
    let all = inventory(
        rows.map(|(name, ..)| name)
            .iter()
            .filter(|n| !n.contains("raw"))
            .map(|name| taken(name, sample(name))),
    );
    assert_eq!(all.numbers.len(), 7);
    assert!(told(&all.remarks, RemarkKind::UnknownWord).is_empty());
    let words: Vec<_> = all
        .numbers
        .iter()
        .map(|n| {
            (n.number_type.copied(), n.assignment.copied(), n.source.copied(), n.blocked.copied())
        })
        .collect();
    use NumberType::{CallingPlan, DirectRouting};
    use PstnAssignment::{Unassigned, UserAssigned};
    assert_eq!(words[0], (Some(CallingPlan), Some(UserAssigned), Some(NumberSource::Online), None));
    assert_eq!(
        words[1],
        (Some(DirectRouting), Some(UserAssigned), Some(NumberSource::OnPremises), None)
    );
    assert_eq!(words[3].1, Some(Unassigned));
    assert_eq!(words[3].3, Some(BlockedState::BlockedForever));
    assert_eq!(words[4].3, Some(BlockedState::BlockedUntil));
    assert_eq!(
        all.numbers[4].blocked_until.get().map(ToString::to_string).as_deref(),
        Some("2025-10-11T21:30:00Z")
    );
    assert_eq!(all.numbers[5].blocked.copied(), Some(BlockedState::NotBlocked));
    // The nil id of a Direct Routing number is no location.
    assert!(all.numbers[1].location_id.is_empty());
    assert_eq!(all.numbers[2].tags.get().map(Vec::as_slice), Some(&["Engineering".to_owned()][..]));
    assert_eq!(all.tenant.assignment_blocked_forever.copied(), Some(true));
    assert!(all.tenant.assignment_blocked_days.is_empty());
    let pairs: Vec<_> =
        all.delegations.iter().map(|d| (d.delegator.as_str(), d.delegate.as_str())).collect();
    assert_eq!(
        pairs,
        [("opr7@contoso.com", "user8@contoso.com"), ("user10@contoso.com", "user9@contoso.com")]
    );
    assert_eq!(all.attendants[0].resource_accounts.get().map(Vec::len), Some(3));
    assert_eq!(all.access_points[2].bssid, "F0-6E-0B-C2-03-*");
    let failed = told(&all.remarks, RemarkKind::Note);
    assert!(failed.contains(&(1, "number_order_failed")), "{failed:?}");
    assert!(failed.contains(&(4, "batch_policy_failed")), "{failed:?}");
    // Rows of one number in one file stay rows, and are told; another file adds to the first.
    let both = inventory([
        taken("l", sample("Get-CsPhoneNumberAssignment.format-list.txt")),
        taken("t", sample("Get-CsPhoneNumberAssignment.joined.csv")),
    ]);
    assert_eq!(both.numbers.len(), 7);
    assert_eq!(told(&both.remarks, RemarkKind::Duplicate).len(), 2);
}

/// Every word that migration.md section 1 lists, whatever its case, and none it does not.
#[test]
fn statement_01_every_word_of_the_documented_enums_is_known() {
    fn known<T: Copy + PartialEq + std::fmt::Debug>(
        read: fn(&str) -> T,
        word: fn(T) -> &'static str,
        other: T,
        words: &[&str],
    ) {
        for text in words {
            for shape in [(*text).to_owned(), text.to_lowercase(), text.to_uppercase()] {
                let value = read(&shape);
                assert_ne!(value, other, "{shape}");
                assert!(word(value).eq_ignore_ascii_case(text), "{shape}: {}", word(value));
            }
        }
        assert_eq!(read("Sideways"), other);
    }
    known(
        NumberType::read,
        NumberType::word,
        NumberType::Other,
        &["DirectRouting", "CallingPlan", "OperatorConnect"],
    );
    known(
        ActivationState::read,
        ActivationState::word,
        ActivationState::Other,
        &["Activated", "AssignmentPending", "AssignmentFailed", "UpdatePending", "UpdateFailed"],
    );
    known(
        PstnAssignment::read,
        PstnAssignment::word,
        PstnAssignment::Other,
        &[
            "Unassigned",
            "UserAssigned",
            "ConferenceAssigned",
            "VoiceApplicationAssigned",
            "ThirdPartyAppAssigned",
            "PolicyAssigned",
            "InternalError",
        ],
    );
    known(
        AssignmentCategory::read,
        AssignmentCategory::word,
        AssignmentCategory::Other,
        &["Primary", "Private", "Alternate"],
    );
    known(NumberSource::read, NumberSource::word, NumberSource::Other, &["Online", "OnPremises"]);
    known(
        BlockedState::read,
        BlockedState::word,
        BlockedState::Other,
        &["NotBlocked", "BlockedForever", "BlockedUntil"],
    );
    known(
        AccountType::read,
        AccountType::word,
        AccountType::Other,
        &["User", "ResourceAccount", "Guest", "SfBOnPremUser", "IneligibleUser", "Unknown"],
    );
    known(
        UpgradeMode::read,
        UpgradeMode::word,
        UpgradeMode::Other,
        &["TeamsOnly", "Islands", "SfBOnly", "SfBWithTeamsCollab", "SfBWithTeamsCollabAndMeetings"],
    );
    known(
        AddressState::read,
        AddressState::word,
        AddressState::Other,
        &["Validated", "NotValidated", "Invalid"],
    );
}

#[test]
fn statement_02_lost_lists_are_unknown_and_name_the_command() {
    let (file, remarks, rows) =
        taken("n.csv", sample("Get-CsPhoneNumberAssignment.raw-export.csv"));
    let lost: Vec<_> = remarks.iter().filter(|r| r.kind == RemarkKind::Lost).collect();
    let columns: Vec<&str> = lost
        .iter()
        .map(|r| file.source.columns[usize::from(r.at.column.expect("a column"))].as_str())
        .collect();
    assert_eq!(columns, ["Capability", "ReverseNumberLookup", "Tag"]);
    assert!(lost[0].message.contains("in 7 rows"), "{}", lost[0].message);
    assert!(
        lost[0].remedy.contains("@{n='Capability';e={$_.Capability -join ';'}}")
            && lost[0].remedy.contains("Get-CsPhoneNumberAssignment"),
        "{}",
        lost[0].remedy
    );
    let all = inventory([(file, remarks, rows)]);
    assert!(all.numbers.iter().all(|n| n.capabilities.is_lost() && n.capabilities.is_unknown()));
    assert!(all.numbers.iter().all(|n| !n.city.is_lost()));

    let (_, remarks, _) = taken(
        "q.csv",
        "Identity,Name,RoutingMethod,Agents\n\
        a1,Sales,Attendant,Microsoft.Rtc.Management.Hosted.CallQueue.Models.Agent[]\n",
    );
    let remedy = &remarks.iter().find(|r| r.kind == RemarkKind::Lost).expect("lost").remedy;
    assert!(
        remedy.contains("Get-CsCallQueue") && remedy.contains("ConvertTo-Json -Depth 10"),
        "{remedy}"
    );
    // A name where the whole flow should stand is no flow: its targets are not empty but unknown.
    let all = inventory([taken("aa.json", sample("Get-CsAutoAttendant.json"))]);
    assert!(all.attendants[0].targets.is_lost());
}

/// What an inventory says of numbers, without where it stands.
fn without_places(all: &Inventory) -> Vec<String> {
    all.numbers.iter().map(|number| placeless(&format!("{number:?}"))).collect()
}

fn placeless(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("SourceRef {") {
        out.push_str(before);
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    out + rest
}

#[test]
fn statement_03_format_list_gives_the_records_of_the_csv() {
    let list = inventory([taken("l", sample("Get-CsPhoneNumberAssignment.format-list.txt"))]);
    let table = inventory([taken("t", sample("Get-CsPhoneNumberAssignment.joined.csv"))]);
    let mut table = table;
    table.numbers.truncate(2);
    // The first of the table's numbers comes again further down, which is no matter of form.
    table.numbers[0].times = 1;
    assert_eq!(without_places(&list), without_places(&table));
    assert_eq!(list.numbers[1].at.row, 27);
}

/// The objects of a table as the console lists them.
fn as_list(table: &[u8]) -> String {
    let mut reader = csv::Reader::from_reader(table);
    let names = reader.headers().expect("a header").clone();
    let width = names.iter().map(str::len).max().unwrap_or(0);
    let mut text = String::from("\r\n");
    for record in reader.records() {
        for (name, value) in names.iter().zip(&record.expect("a row")) {
            text.push_str(format!("{name:width$} : {value}").trim_end());
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
    }
    text
}

#[test]
fn statement_03_every_table_of_the_samples_reads_alike_as_a_list() {
    for name in [
        "Get-CsPhoneNumberAssignment.joined.csv",
        "Get-CsOnlineLisCivicAddress.csv",
        "Get-CsOnlineLisSubnet.csv",
        "Get-CsOnlineLisSwitch.csv",
        "Get-CsOnlineLisPort.csv",
        "Get-CsOnlineLisWirelessAccessPoint.csv",
    ] {
        let table = sample(name);
        let by_list = inventory([taken("x", as_list(&table))]);
        let by_table = inventory([taken("x", &table)]);
        let told = |all: &Inventory| {
            let lists = format!(
                "{:?} {:?} {:?} {:?} {:?} {:?}",
                all.numbers,
                all.addresses,
                all.lis_subnets,
                all.switches,
                all.ports,
                all.access_points
            );
            placeless(&lists)
        };
        assert!(told(&by_table).len() > 200, "{name}: something is in it");
        assert_eq!(told(&by_list), told(&by_table), "{name}");
    }
}

#[test]
fn statement_03_lists_that_the_console_cut_or_wrapped() {
    let text = "Identity         : a1\nName             : Sales and\n                   Service\n\
        RoutingMethod    : Attendant\nUsers            : {u1, u2, u3, u4...}\n\nIdentity         : a2\nName             : Café\n\
        RoutingMethod    : Serial\nUsers            : {u1, u2}\n";
    let all = inventory([taken("q", text)]);
    assert_eq!(all.queues[0].name, "Sales and Service");
    assert!(all.queues[0].agents.is_lost());
    assert_eq!(all.queues[1].agents.get().map(Vec::len), Some(2));
}

#[test]
fn statement_04_every_encoding_and_separator() {
    let header = ["UserPrincipalName", "DisplayName", "LineURI", "UsageLocation"];
    let rows = [
        ["a@contoso.com", "Žofie \"Zo\" Müller, CFO", "tel:+442071231201", "GB"],
        ["b@contoso.com", "Bob\nof two lines", "tel:+442071231202", "GB"],
        ["c@contoso.com", "Semi;colon\tTab", "", "DE"],
    ];
    let table = |separator: &str, end: &str| {
        let quoted = |cell: &&str| format!("\"{}\"", cell.replace('"', "\"\""));
        let line =
            |cells: &[&str]| cells.iter().map(quoted).collect::<Vec<_>>().join(separator) + end;
        line(&header) + &rows.iter().map(|row| line(row)).collect::<String>()
    };
    let utf16 = |text: &str, mark: &str| {
        format!("{mark}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()
    };
    let semicolons = table(";", "\r\n");
    for (what, bytes) in [
        ("plain", table(",", "\n").into_bytes()),
        ("CRLF", table(",", "\r\n").into_bytes()),
        ("BOM and semicolon", format!("\u{feff}{semicolons}").into_bytes()),
        ("tabs", table("\t", "\r\n").into_bytes()),
        ("UTF-16LE", utf16(&table(",", "\r\n"), "\u{feff}")),
        ("UTF-16LE without mark", utf16(&semicolons, "")),
        ("#TYPE", format!("#TYPE Selected.Microsoft.Rtc.X\r\n{}", table(",", "\r\n")).into_bytes()),
        ("sep=", format!("sep=;\r\n{semicolons}").into_bytes()),
        ("blank lines before", format!("\r\n\r\n{semicolons}").into_bytes()),
        ("no end of line at the end", semicolons.trim_end().to_owned().into_bytes()),
    ] {
        let (file, remarks, packed) = taken(what, bytes);
        assert_eq!((file.source.rows, file.source.rejected), (3, 0), "{what}: {remarks:?}");
        let all = inventory([(file, remarks, packed)]);
        let found: Vec<[&str; 4]> = all
            .users
            .iter()
            .map(|u| {
                [u.upn.as_str(), u.display_name.text(), u.line_uri.text(), u.usage_location.text()]
            })
            .collect();
        let expect = rows.map(|row| [row[0], row[1], row[2].trim_start_matches("tel:"), row[3]]);
        assert_eq!(found, expect, "{what}");
    }
    // Row numbers are lines, also after a quoted line break and a preamble.
    let all = inventory([taken("rows", format!("#TYPE x\n{}", table(",", "\n")))]);
    let at: Vec<u32> = all.users.iter().map(|u| u.at.row).collect();
    assert_eq!(at, [3, 4, 6]);

    // "ANSI" of Windows PowerShell.
    let all = inventory([taken(
        "ansi",
        b"UserPrincipalName;LineURI;DisplayName\r\na@x.de;;J\xfcrgen \x80\r\n",
    )]);
    assert_eq!(all.users[0].display_name.text(), "Jürgen €");

    // Decimal commas where commas part no columns.
    let loss = |bytes: &str| {
        inventory([taken("net", bytes)])
            .measurements
            .iter()
            .map(|m| m.loss_percent.copied())
            .collect::<Vec<_>>()
    };
    let tool = "CallStartTime\tPacketLossRate\tRoundTripLatencyInMs\tAverageJitterInMs\tPacketReorderRatio\n\
        2026-01-05T10:00:00\t0,0094\t31,5\t2,25\t0\n";
    assert_eq!(loss(tool), [Some(0.94)]);
    assert_eq!(
        loss(
            "Timestamp,Loss Rate (percent),Latency (ms),Jitter (ms),Protocol\n2026-01-05T10:00:00,0.5,31,2,UDP\n"
        ),
        [Some(0.5)]
    );
}

#[test]
fn statement_05_what_a_spreadsheet_did_is_rejected_told_or_repaired() {
    let text = format!(
        "{NUMBERS}4.42071E+11,DirectRouting,Activated,Unassigned,GB\n\
         442071231201,DirectRouting,Activated,Unassigned,GB\n\
         2071231202,DirectRouting,Activated,Unassigned,GB\n\
         '+442071231203,DirectRouting,Activated,Unassigned,GB\n\
         +44 (0) 20\u{a0}7123 1204,DirectRouting,Activated,Unassigned,GB\n\
         +442071231201,DirectRouting,Activated,Unassigned,GB\n\
         0612345678,DirectRouting,Activated,Unassigned,IT\n"
    );
    let (file, remarks, rows) = taken("n.csv", text);
    assert_eq!((file.source.rows, file.source.rejected), (7, 1));
    assert_eq!(told(&remarks, RemarkKind::Rejected), [(2, "scientific_notation")]);
    let all = inventory([(file, remarks, rows)]);
    let lines: Vec<String> =
        all.numbers.iter().filter_map(|n| n.line).map(|l| l.to_string()).collect();
    assert_eq!(
        lines,
        [
            "+442071231201",
            "+442071231202",
            "+442071231203",
            "+442071231204",
            "+442071231201",
            "+390612345678"
        ]
    );
    let repaired: Vec<u32> = told(&all.remarks, RemarkKind::Repaired).iter().map(|r| r.0).collect();
    assert_eq!(repaired, [3, 4, 5, 6, 8]);
    assert_eq!(told(&all.remarks, RemarkKind::Duplicate), [(7, "duplicate_number")]);
    // Subjects stay what the export says.
    assert_eq!(all.numbers[1].raw, "2071231202");
}

#[test]
fn statement_06_round_numbers_of_rows_are_suspected() {
    let numbers = |count: u32| {
        let rows: String = (0..count)
            .map(|n| format!("+44207123{n:04},DirectRouting,Activated,Unassigned,GB\n"))
            .collect();
        format!("{NUMBERS}{rows}")
    };
    let queues = |count: u32| {
        let rows: Vec<String> = (0..count)
            .map(|n| {
                format!("{{\"Identity\":\"q{n}\",\"Name\":\"Q{n}\",\"RoutingMethod\":\"Serial\"}}")
            })
            .collect();
        format!("[{}]", rows.join(","))
    };
    let attendants = |count: u32| {
        let rows: Vec<String> = (0..count)
            .map(|n| format!("{{\"Identity\":\"a{n}\",\"Name\":\"A{n}\",\"TimeZoneId\":\"UTC\",\"ApplicationInstances\":[]}}"))
            .collect();
        format!("[{}]", rows.join(","))
    };
    for (text, cut) in [
        (numbers(499), false),
        (numbers(500), true),
        (numbers(501), false),
        (numbers(1000), true),
        (queues(99), false),
        (queues(100), true),
        (attendants(100), true),
        (attendants(101), false),
    ] {
        let (file, remarks, _) = taken("x", &text);
        let told = told(&remarks, RemarkKind::Truncated);
        assert_eq!(!told.is_empty(), cut, "{} of {:?}", file.source.rows, file.source.kind);
    }
    let page = "{\"@odata.context\":\"x\",\"@odata.nextLink\":\"https://y\",\"value\":[{\"telephoneNumber\":\"+442071231201\",\"numberType\":\"operatorConnect\",\"assignmentStatus\":\"unassigned\"}]}";
    let (_, remarks, _) = taken("page.json", page);
    assert_eq!(told(&remarks, RemarkKind::Truncated), [(1, "probably_cut")]);
}

#[test]
fn statement_07_extensions_leading_zeros_and_two_kinds_of_wrong() {
    let text = format!(
        "{NUMBERS}+12065551000;ext=0524,DirectRouting,Activated,UserAssigned,US\n\
         +390612345678,DirectRouting,Activated,Unassigned,IT\n\
         +15555555555,DirectRouting,Activated,Unassigned,US\n\
         +1555555555,DirectRouting,Activated,Unassigned,US\n\
         +4412345678910,DirectRouting,Activated,Unassigned,GB\n"
    );
    let all = inventory([taken("n.csv", text)]);
    let found: Vec<_> =
        all.numbers.iter().map(|n| (n.line.expect("a line").to_string(), n.validity)).collect();
    use NumberValidity::{Impossible, PossibleOnly, Valid};
    assert_eq!(
        found,
        [
            ("+12065551000;ext=0524", Valid),
            ("+390612345678", Valid),
            ("+15555555555", PossibleOnly),
            ("+1555555555", Impossible),
            ("+4412345678910", Impossible),
        ]
        .map(|(line, validity)| (line.to_owned(), Some(validity)))
    );
    assert_eq!(all.numbers[0].line.and_then(|l| l.extension()).as_deref(), Some("0524"));
}

#[test]
fn statement_08_building_files_need_no_header() {
    let fifteen = "10.1.0.0,London LAN,24,London,Contoso,Office,HQ,London,EC1,UK,,EMEA,1,0,0\n\
        10.1.1.0,London LAN 2,24,London,Contoso,Office,HQ,London,EC1,UK,,EMEA,1,0,0\n";
    let (file, remarks, rows) = taken("any name", fifteen);
    assert_eq!((file.source.kind, file.source.rows), (SourceKind::Buildings, 2));
    let all = inventory([(file, remarks, rows)]);
    assert_eq!(all.buildings[0].bits.copied(), Some(24));
    assert_eq!(all.buildings[1].vpn.copied(), Some(false));
    assert_eq!(all.sites.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["London"]);
    let fourteen: String = fifteen
        .lines()
        .map(|l| l.rsplit_once(',').map_or("", |(l, _)| l).to_owned() + "\n")
        .collect();
    let all = inventory([taken("x", fourteen)]);
    assert_eq!((all.buildings.len(), all.buildings[0].vpn.clone()), (2, Cell::Absent));
    let named = format!(
        "NetworkIP,NetworkName,NetworkRange,BuildingName,OwnershipType,BuildingType,BuildingOfficeType,City,ZipCode,Country,State,Region,InsideCorp,ExpressRoute,VPN\n{fifteen}"
    );
    assert_eq!(inventory([taken("x", named)]).buildings.len(), 2);
    // Overlaps are reported, with the row; what only touches is no overlap.
    let overlaps = |rows: String| {
        let all = inventory([taken("buildings.csv", rows)]);
        let day = jiff::civil::date(2026, 3, 9);
        let verdict = assess(&all, &Default::default(), day).expect("default settings");
        let mut told: Vec<(String, u32)> = verdict
            .findings
            .iter()
            .filter(|finding| finding.code == "network_subnet_overlap")
            .map(|finding| (finding.subject.clone(), finding.source.as_ref().expect("a place").row))
            .collect();
        told.sort();
        told
    };
    assert_eq!(overlaps(fifteen.to_owned()), []);
    let wider = "10.1.0.0,Campus,23,Campus,Contoso,Office,HQ,London,EC1,UK,,EMEA,1,0,0\n";
    assert_eq!(
        overlaps(format!("{fifteen}{wider}")),
        [("10.1.0.0".to_owned(), 1), ("10.1.1.0".to_owned(), 2)]
    );
}

#[test]
fn statement_10_importing_again_changes_nothing_and_every_cell_has_its_place() {
    let files = || {
        [
            taken("numbers.csv", sample("Get-CsPhoneNumberAssignment.joined.csv")),
            taken("addresses.csv", sample("Get-CsOnlineLisCivicAddress.csv")),
        ]
    };
    let once = inventory(files());
    let again = inventory(files());
    assert_eq!(once, again);
    let number = &once.numbers[5];
    let at = number.city.at().expect("a place");
    let line = once.line(at).expect("a line");
    assert_eq!(
        (line.file.as_str(), line.row, line.column.as_deref()),
        ("numbers.csv", 7, Some("City"))
    );
    assert_eq!(once.line(once.addresses[1].street.at().expect("a place")).map(|l| l.row), Some(3));
}

#[test]
fn conflicts_are_shown_and_settled_by_rule_or_by_hand() {
    let online =
        "UserPrincipalName,LineURI,UsageLocation,City\na@x.com,tel:+442071231201,GB,London\n";
    let graph = "{\"value\":[{\"userPrincipalName\":\"A@x.com\",\"usageLocation\":\"DE\",\"officeLocation\":\"HQ\",\"city\":\"london\"}]}";
    let files = || [taken("u.csv", online), taken("g.json", graph)];
    let all = inventory(files());
    assert_eq!(all.users.len(), 1);
    let user = &all.users[0];
    // The directory's own field.
    assert_eq!((user.usage_location.text(), user.office.text()), ("DE", "HQ"));
    let [conflict] = all.conflicts.as_slice() else { panic!("{:?}", all.conflicts) };
    assert_eq!(
        (conflict.subject.as_str(), conflict.field.as_str(), conflict.taken),
        ("A@x.com", "usage_location", 1)
    );
    assert!(matches!(conflict.resolution, Resolution::Rule { .. }));
    let hand = HandResolution {
        kind: "user".into(),
        subject: "a@x.com".into(),
        field: "usage_location".into(),
        value: "gb".into(),
        reason: "she moved back".into(),
    };
    let all = build(Settings { resolutions: vec![hand], ..Settings::default() }, files());
    assert_eq!(all.users[0].usage_location.text(), "GB");
    assert!(
        matches!(&all.conflicts[0].resolution, Resolution::Hand { reason } if reason == "she moved back")
    );
}

#[test]
fn columns_nobody_knows_can_be_mapped_and_are_remembered_by_their_names() {
    let text = "Nebenstelle;Durchwahl;Inhaber;Standort;Passwort\n2001;030 123456;Anna Amsel;Berlin;geheim\n";
    let memory = read("liste.csv", text, &Options::default());
    let (_, error) = &memory.abandoned[0];
    assert!(
        matches!(error, ImportError::Unrecognised { columns, .. } if columns.len() == 5),
        "{error}"
    );
    let mut mapping = Mapping::parse(
        "lines:extension=Nebenstelle,external=Durchwahl,owner=Inhaber,site=Standort",
    )
    .expect("a mapping");
    let options = Options { mappings: vec![mapping.clone()], ..Options::default() };
    let memory = read("liste.csv", text, &options);
    let columns = memory.files[0].0.source.columns.clone();
    let all = inventory_of("DE", memory.files);
    assert_eq!(all.pbx_lines[0].line.map(|l| l.to_string()).as_deref(), Some("+4930123456"));
    assert!(!format!("{all:?}").contains("geheim"));
    mapping.signature = migrate::import::signature(&columns);
    let options = Options { mappings: vec![mapping], ..Options::default() };
    assert_eq!(read("next.csv", text, &options).files.len(), 1);
    assert_eq!(read("other.csv", "apples,pears\n1,2\n", &options).abandoned.len(), 1);
    for wrong in
        ["lines", "pears:a=b", "lines:colour=Farbe", "lines:owner=Passwort", "lines:extension"]
    {
        let refused = Mapping::parse(wrong);
        let named_secret = wrong.ends_with("Passwort");
        assert!(refused.is_err() || named_secret, "{wrong}");
    }
    assert!(Mapping::parse("lines:owner=Password").is_err());
}

#[test]
fn policies_are_known_at_all_four_levels() {
    let all = inventory([
        taken(
            "users.json",
            r#"[{"UserPrincipalName":"a@x.com","Identity":"11111111-0000-0000-0000-000000000001","LineUri":"tel:+442071231201",
            "OnlineVoiceRoutingPolicy":{"Name":"UK-DR","Authority":"Tenant"},"TenantDialPlan":null,
            "EffectivePolicyAssignments":[{"policyType":"OnlineVoiceRoutingPolicy","policyAssignment":{"displayName":"UK-DR","assignmentType":"group","groupId":"22222222-0000-0000-0000-000000000001"}}]}]"#,
        ),
        taken(
            "groups.csv",
            "GroupId,PolicyType,PolicyName,Priority\n22222222-0000-0000-0000-000000000001,OnlineVoiceRoutingPolicy,UK-DR,1\n",
        ),
        taken(
            "numbers.csv",
            "TelephoneNumber,PolicyType,PolicyName\n+442071231201,OnlineVoiceRoutingPolicy,Tag:Num\n",
        ),
        taken(
            "assign.csv",
            format!("{NUMBERS}+442071231201,DirectRouting,Activated,UserAssigned,GB\n"),
        ),
        taken(
            "global.json",
            r#"[{"Identity":"Global","OnlinePstnUsages":["UK"],"Description":""},{"Identity":"Tag:UK-DR","OnlinePstnUsages":["UK"],"Description":""}]"#,
        ),
    ]);
    let user = &all.users[0];
    assert!(
        matches!(&user.policies[0].level, PolicyLevel::Group { group } if group.starts_with("2222"))
    );
    let dial_plan = user
        .policy_columns
        .iter()
        .find(|(k, _)| *k == PolicyKind::TenantDialPlan)
        .expect("exported");
    assert!(dial_plan.1.is_empty());
    assert_eq!(all.numbers[0].policies[0].name, "Num");
    assert!(all.policy_grants.iter().any(|g| g.level == PolicyLevel::Global));
    assert_eq!(all.group_ranks[0].rank, 1);
}

#[test]
fn licences_by_plan_from_every_export() {
    let detail = "UserPrincipalName,SkuPartNumber,SkuId,ServicePlanName,ServicePlanId,ProvisioningStatus\n\
        a@x.com,SPE_E5,06ebc4ee-1bb5-47dd-8120-11324bc54e06,MCOEV,4828c8ec-dc2e-4779-b502-87ac9ce28ab7,Disabled\n\
        a@x.com,SPE_E5,06ebc4ee-1bb5-47dd-8120-11324bc54e06,TEAMS1,57ff2da0-773e-42df-b2af-ffb7a2317929,Success\n";
    let all = inventory([taken("d.csv", detail)]);
    let licence = &all.users[0].licences[0];
    let plans = licence.plans.get().expect("plans");
    assert_eq!((all.users[0].licences.len(), plans.len()), (1, 2));
    assert_eq!(plans[0].status, migrate::model::PlanStatus::Disabled);
    let skus = r#"{"value":[{"skuPartNumber":"MCOEV","skuId":"E43B5B99-8DFB-405F-9987-DC307F34BCBD","capabilityStatus":"Enabled","consumedUnits":3,"prepaidUnits":{"enabled":10,"warning":1,"suspended":0,"lockedOut":0},"servicePlans":[{"servicePlanId":"4828c8ec-dc2e-4779-b502-87ac9ce28ab7","servicePlanName":"MCOEV","provisioningStatus":"Success"}]}]}"#;
    let users = r#"{"value":[{"userPrincipalName":"b@x.com","id":"1","assignedLicenses":[{"skuId":"e43b5b99-8dfb-405f-9987-dc307f34bcbd","disabledPlans":["4828c8ec-dc2e-4779-b502-87ac9ce28ab7"]}]},{"userPrincipalName":"c@x.com","id":"2","assignedLicenses":[]}]}"#;
    let all = inventory([taken("s.json", skus), taken("u.json", users)]);
    assert_eq!((all.skus[0].enabled.copied(), all.skus[0].consumed.copied()), (Some(10), Some(3)));
    assert_eq!(
        all.users[0].licences[0].plans.get().expect("plans")[0].status,
        migrate::model::PlanStatus::Disabled
    );
    assert!(all.users[1].licences.is_empty() && all.users[1].licences_known);
}

#[test]
fn calls_quality_and_network_tools() {
    let pstn = "UsageId,Call ID,Conference ID,User Location,AAD ObjectId,UPN,User Display Name,Caller ID,Call Type,Number Type,Domestic/International,Destination Dialed,Destination Number,Start Time,End Time,Duration Seconds,Connection Fee,Charge,Currency,Capability\n\
        u1,c1,,GB,11,a@x.com,A,+442071231201,user_out,Subscriber,Domestic,UK,+442071239999,2026-01-05T10:00:00Z,2026-01-05T10:02:00Z,120,0,0,GBP,OperatorConnect\n\
        u1,c1,,GB,11,a@x.com,A,+442071231201,user_out,Subscriber,Domestic,UK,+442071239999,2026-01-05T10:00:00Z,2026-01-05T10:02:00Z,120,0,0,GBP,OperatorConnect\n";
    let direct = r#"{"value":[{"id":"d1","userPrincipalName":"a@x.com","callerNumber":"+4420712399**","calleeNumber":"+442071231201","callType":"dr_in","inviteDateTime":"2026-01-05T10:00:00Z","startDateTime":"2026-01-05T10:00:10Z","failureDateTime":null,"endDateTime":"2026-01-05T10:01:10Z","duration":60,"successfulCall":true,"finalSipCode":0,"trunkFullyQualifiedDomainName":"sbc.x.com"},
        {"id":"d2","userPrincipalName":"a@x.com","callerNumber":"+442071231201","calleeNumber":"+442071230000","callType":"dr_out","inviteDateTime":"2026-01-05T11:00:00Z","startDateTime":null,"failureDateTime":"2026-01-05T11:00:05Z","endDateTime":null,"duration":0,"successfulCall":false,"finalSipCode":503,"trunkFullyQualifiedDomainName":"sbc.x.com"}]}"#;
    let all = inventory([taken("p.csv", pstn), taken("d.json", direct)]);
    assert_eq!(all.calls.records.len(), 3);
    assert_eq!(told(&all.remarks, RemarkKind::Duplicate), [(3, "duplicate_call")]);
    let [first, second, third] = [0, 1, 2].map(|at| all.calls.records[at]);
    assert_eq!(
        (first.held, first.talked, first.answered, first.sip_code),
        (120, 120, Some(true), 0)
    );
    assert_eq!((second.held, second.talked, second.from), (70, 60, None));
    assert_eq!((third.held, third.answered, third.sip_code), (5, Some(false), 503));
    assert_eq!(all.calls.trunks, ["sbc.x.com"]);
    assert_eq!(all.calls.parties, ["a@x.com"]);

    let iperf = r#"{"start":{"connected":[{"local_host":"10.1.0.5"}],"timestamp":{"timesecs":1767607200},"test_start":{"protocol":"UDP","tos":184}},
        "intervals":[],"end":{"sum":{"start":0,"seconds":10.0,"jitter_ms":0.4,"lost_packets":1,"packets":1000,"lost_percent":0.1}}}"#;
    let thousand = r#"{"net":{"test":{"testId":1},"metrics":[{"agentName":"London","countryId":"GB","date":"2026-01-05 10:00:00","serverIp":"52.112.0.1","loss":0.5,"avgLatency":23,"jitter":1.5,"roundId":1}]}}"#;
    let all = inventory([taken("i.json", iperf), taken("t.json", thousand)]);
    let [iperf, eyes] = all.measurements.as_slice() else { panic!() };
    assert_eq!(
        (iperf.loss_percent.copied(), iperf.dscp_sent.copied(), iperf.rtt_ms.clone()),
        (Some(0.1), Some(46), Cell::Absent)
    );
    assert_eq!(iperf.start, Some(1_767_607_200));
    assert_eq!((eyes.site.as_deref(), eyes.rtt_ms.copied()), (Some("London"), Some(23.0)));

    let cqd = "Second Building Name,Second Network Connection Detail,Audio Good Stream Count,Audio Poor Stream Count\nLondon,Wired,\"1,200\",12\n";
    let all = inventory([taken("cqd.csv", cqd)]);
    assert_eq!(
        (all.quality[0].good.copied(), all.quality[0].poor.copied()),
        (Some(1200.0), Some(12.0))
    );
}

#[test]
fn the_cloud_is_told_by_export_or_administrator() {
    let tenant = r#"{"TenantId":"407c17ae-8c41-431e-894a-38787c682f68","DisplayName":"Contoso","ServiceInstance":"MicrosoftCommunicationsOnline/EMEA-2A"}"#;
    assert_eq!(inventory([taken("t.json", tenant)]).tenant.cloud.copied(), Some(Cloud::Commercial));
    let settings = Settings { cloud: Some(Cloud::GccHigh), ..Settings::default() };
    assert_eq!(build(settings, []).tenant.cloud.copied(), Some(Cloud::GccHigh));
}
