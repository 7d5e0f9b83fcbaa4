//! Workbooks and archives, honest and hostile.

use crate::support::{book, inventory, inventory_of, read, told, zipped};
use migrate::import::{ImportError, Limits, Options};
use migrate::model::RemarkKind;

const HEADER: &str = "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>TelephoneNumber</t></is></c><c r=\"B1\" t=\"inlineStr\"><is><t>NumberType</t></is></c>\
    <c r=\"C1\" t=\"inlineStr\"><is><t>ActivationState</t></is></c><c r=\"D1\" t=\"inlineStr\"><is><t>City</t></is></c><c r=\"E1\" t=\"inlineStr\"><is><t>AssignmentBlockedUntil</t></is></c></row>";

#[test]
fn workbooks_are_read_with_numbers_dates_and_formulas() {
    let rows = format!(
        "{HEADER}<row r=\"3\"><c r=\"A3\"><v>4.42071231201E11</v></c><c r=\"B3\" t=\"s\"><v>0</v></c><c r=\"D3\" t=\"s\"><v>1</v></c><c r=\"E3\" s=\"1\"><v>45941.895833333336</v></c></row>\
         <row r=\"4\"><c r=\"A4\" t=\"str\"><f>CONCAT(\"+\",1)</f><v>+442071231202</v></c><c r=\"B4\" t=\"s\"><v>0</v></c><c r=\"D4\"><f>HYPERLINK(\"x\")</f></c></row>"
    );
    let shared = "<sst><si><t>DirectRouting</t></si><si><r><t>Lon</t></r><r><t>don &amp; C</t></r><rPh><t>x</t></rPh></si></sst>";
    let memory = read("n.xlsx", book(&rows, shared), &Options::default());
    assert_eq!(memory.abandoned, []);
    let (file, remarks, _) = &memory.files[0];
    assert_eq!((file.source.name.as_str(), file.source.rows), ("n.xlsx!Numbers", 2));
    assert_eq!(told(remarks, RemarkKind::Formula), [(4, "formula"), (4, "formula_without_result")]);
    let all = inventory_of("GB", memory.files);
    // A spreadsheet's number keeps its digits: only the plus sign is lost.
    let lines: Vec<String> =
        all.numbers.iter().filter_map(|n| n.line).map(|l| l.to_string()).collect();
    assert_eq!(lines, ["+442071231201", "+442071231202"]);
    assert_eq!(all.numbers[0].city.text(), "London & C");
    assert!(all.numbers[1].city.is_lost());
    assert_eq!(
        all.numbers[0].blocked_until.get().map(ToString::to_string).as_deref(),
        Some("2025-10-11T21:30:00Z")
    );
    assert_eq!(all.numbers[0].at.row, 3);
}

#[test]
fn archives_of_usage_reports_are_unpacked() {
    let calls = "UsageId,UPN,Call Type,Start Time,Duration Seconds\nu,a@x.com,user_out,2026-01-05T10:00:00Z,120\n";
    let archive = zipped(&[
        ("PSTN.calls.2026-01-05.csv", calls.as_bytes()),
        ("parameters.json", b"{}"),
        ("notes.txt", b"hello"),
    ]);
    let memory = read("Calls.Export.zip", archive, &Options::default());
    assert_eq!(memory.files[0].0.source.name, "Calls.Export.zip!PSTN.calls.2026-01-05.csv");
    assert_eq!(memory.abandoned.len(), 1);
    assert_eq!(inventory(memory.files).calls.records.len(), 1);
}

#[test]
fn bombs_are_stopped_by_what_they_declare_and_by_what_they_do() {
    let limits = Limits { unpacked: 1 << 20, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let zeros = vec![b'a'; 8 << 20];
    let memory = read("bomb.zip", zipped(&[("a.csv", &zeros)]), &options);
    assert!(matches!(&memory.abandoned[0].1, ImportError::Bomb { .. }), "{:?}", memory.abandoned);

    // The same, with a lie about its size in both places that tell it.
    let mut lying = zipped(&[("a.csv", &zeros)]);
    let declared = u32::try_from(zeros.len()).expect("small").to_le_bytes();
    let places: Vec<usize> =
        lying.windows(4).enumerate().filter(|(_, w)| *w == declared).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        lying[at..at + 4].copy_from_slice(&1000u32.to_le_bytes());
    }
    let memory = read("liar.zip", lying, &options);
    assert!(memory.files.is_empty());
    assert!(
        matches!(
            &memory.abandoned[0].1,
            ImportError::Bomb { .. } | ImportError::RowTooLong { .. } | ImportError::Read(_)
        ),
        "{:?}",
        memory.abandoned
    );

    let many: String = format!(
        "<sst>{}</sst>",
        "<si><t>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</t></si>".repeat(20_000)
    );
    let limits = Limits { shared_texts: 1 << 19, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let memory = read("bomb.xlsx", book(HEADER, &many), &options);
    assert!(
        matches!(&memory.abandoned[0].1, ImportError::Bomb { member, .. } if member.contains("sharedStrings")),
        "{:?}",
        memory.abandoned
    );

    // One element without end.
    let limits = Limits { row: 1 << 16, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let long = format!(
        "{HEADER}<row r=\"2\"><c r=\"A2\" t=\"str\"><v>{}</v></c></row>",
        "9".repeat(1 << 20)
    );
    let memory = read("long.xlsx", book(&long, "<sst/>"), &options);
    assert_eq!(memory.files.len(), 0, "{:?}", memory.abandoned);
    // A column far out.
    let far = format!("{HEADER}<row r=\"2\"><c r=\"XFD2\"><v>1</v></c></row>");
    let memory = read("far.xlsx", book(&far, "<sst/>"), &Options::default());
    assert!(matches!(memory.abandoned[0].1, ImportError::TooManyColumns { .. }));
}

#[test]
fn entities_cannot_grow() {
    let rows = format!(
        "{HEADER}<row r=\"2\"><c r=\"A2\" t=\"str\"><v>+442071231201</v></c><c r=\"B2\" t=\"str\"><v>DirectRouting</v></c><c r=\"D2\" t=\"str\"><v>&lol;x</v></c></row>"
    );
    let bytes = book(&rows, "<!DOCTYPE x [<!ENTITY lol \"lollollol\">]><sst/>");
    let memory = read("lol.xlsx", bytes, &Options::default());
    for (file, ..) in &memory.files {
        assert_eq!(file.source.rows, 1);
    }
    assert!(!format!("{:?}", inventory(memory.files)).contains("lollol"));
}

#[test]
fn a_broken_workbook_names_its_part() {
    let bytes = zipped(&[
        ("xl/workbook.xml", b"<workbook xmlns:r=\"r\"><sheets><sheet name=\"A\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"),
        ("xl/_rels/workbook.xml.rels", b"<Relationships><Relationship Id=\"rId1\" Target=\"worksheets/gone.xml\"/></Relationships>"),
    ]);
    let memory = read("b.xlsx", bytes, &Options::default());
    assert!(
        matches!(&memory.abandoned[0].1, ImportError::Workbook { part, .. } if part.ends_with("gone.xml"))
    );
}
