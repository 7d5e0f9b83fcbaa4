//! Exports as a hostile or a careless stranger would make them: nothing is misread in silence,
//! and nothing makes the reader take more than it may.

use crate::support::{book, inventory, inventory_of, read, sheet, taken, told, workbook, zipped};
use migrate::export::{Table, csv, guarded};
use migrate::import::{ImportError, Limits, Options};
use migrate::model::RemarkKind;
use migrate::read::number;
use numbering::Country;

const HEADER: &str = "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>TelephoneNumber</t></is></c><c r=\"B1\" t=\"inlineStr\"><is><t>NumberType</t></is></c>\
    <c r=\"C1\" t=\"inlineStr\"><is><t>ActivationState</t></is></c><c r=\"D1\" t=\"inlineStr\"><is><t>City</t></is></c></row>";

fn row(at: usize, city: &str) -> String {
    format!(
        "<row r=\"{at}\"><c r=\"A{at}\" t=\"str\"><v>+44207123120{at}</v></c><c r=\"B{at}\" t=\"str\"><v>DirectRouting</v></c>{city}</row>"
    )
}

fn short(limit: u64) -> Options {
    Options { limits: Limits { row: limit, ..Limits::default() }, ..Options::default() }
}

// --- workbooks -----------------------------------------------------------------------------

#[test]
fn an_error_in_a_workbook_is_lost_and_not_blank() {
    let rows = format!(
        "{HEADER}{}{}",
        row(2, "<c r=\"D2\" t=\"e\"><f>VLOOKUP(1,X,2)</f><v>#N/A</v></c>"),
        row(3, "<c r=\"D3\" t=\"e\"><v>#REF!</v></c>")
    );
    let memory = read("n.xlsx", book(&rows, "<sst/>"), &Options::default());
    assert_eq!(memory.abandoned, []);
    let remarks = &memory.files[0].1;
    assert_eq!(told(remarks, RemarkKind::Lost), [(2, "lost_column")]);
    let all = inventory(memory.files);
    assert!(all.numbers.iter().all(|number| number.city.is_lost()), "{:?}", all.numbers);
}

#[test]
fn errors_that_a_spreadsheet_wrote_into_a_table_are_lost() {
    let text = "UserPrincipalName,DisplayName,LineURI,UsageLocation\n\
        a@x.com,Alice,,#N/A\nb@x.com,Bob,,#REF!\nc@x.com,Cem,,GB\nd@x.com,#NAME?,,########\n";
    let (file, remarks, rows) = taken("u.csv", text);
    assert_eq!(told(&remarks, RemarkKind::Lost).len(), 2, "{remarks:?}");
    assert!(remarks.iter().any(|r| r.message.contains("#N/A")), "{remarks:?}");
    let all = inventory([(file, remarks, rows)]);
    let lost: Vec<bool> = all.users.iter().map(|u| u.usage_location.is_lost()).collect();
    assert_eq!(lost, [true, true, false, true]);
}

#[test]
fn a_text_that_is_not_among_the_shared_ones_is_lost() {
    let rows = format!("{HEADER}{}", row(2, "<c r=\"D2\" t=\"s\"><v>7</v></c>"));
    let shared = "<sst><si><t>London</t></si></sst>";
    let memory = read("n.xlsx", book(&rows, shared), &Options::default());
    let all = inventory(memory.files);
    assert!(all.numbers[0].city.is_lost(), "{:?}", all.numbers[0].city);
}

#[test]
fn a_sheet_that_ends_early_names_its_last_row() {
    let whole = sheet(&format!("{HEADER}{}{}", row(2, ""), row(3, "")));
    for (cut, rejected) in [
        (whole.clone(), vec![]),
        (whole.split("<c r=\"B3\"").next().expect("a part").to_owned(), vec![(3, "truncated_row")]),
        (whole.replace("</sheetData></worksheet>", ""), vec![(4, "truncated_row")]),
    ] {
        let memory = read("n.xlsx", workbook(&cut, "<sst/>"), &Options::default());
        assert_eq!(memory.abandoned, [], "{rejected:?}");
        assert_eq!(told(&memory.files[0].1, RemarkKind::Rejected), rejected);
        assert!(memory.files[0].0.source.rows >= 2);
    }
    // Shared texts that end early leave no cell to be trusted.
    let rows = format!("{HEADER}{}", row(2, "<c r=\"D2\" t=\"s\"><v>0</v></c>"));
    let memory = read("n.xlsx", book(&rows, "<sst><si><t>Lon"), &Options::default());
    assert!(
        matches!(&memory.abandoned[0].1, ImportError::Workbook { part, .. } if part.contains("sharedStrings")),
        "{:?}",
        memory.abandoned
    );
}

#[test]
fn row_numbers_may_be_absurd() {
    let rows = format!("{}<row r=\"4294967295\"/><row/>{}", HEADER, row(2, ""));
    let memory = read("n.xlsx", book(&rows, "<sst/>"), &Options::default());
    assert_eq!(memory.files[0].0.source.rows, 1);
}

#[test]
fn one_row_of_a_workbook_cannot_fill_the_memory() {
    let grows = [
        // One value in very many pieces, each small.
        format!("<c r=\"D2\" t=\"str\"><v>{}</v></c>", "&amp;".repeat(200_000)),
        format!("<c r=\"D2\" t=\"str\"><v>{}</v></c>", "aaaa<!-- -->".repeat(100_000)),
        // The same cell again and again.
        "<c r=\"D2\"><f>1</f></c>".repeat(100_000),
    ];
    for (at, cell) in grows.iter().enumerate() {
        let bytes = book(&format!("{HEADER}{}{}", row(2, cell), row(3, "")), "<sst/>");
        let memory = read("n.xlsx", bytes, &short(100_000));
        assert_eq!(memory.files.len(), 0, "{at}");
        assert!(
            matches!(memory.abandoned[0].1, ImportError::RowTooLong { line: 2, limit: 100_000 }),
            "{at}: {:?}",
            memory.abandoned
        );
    }
}

#[test]
fn the_parts_beside_the_sheets_cannot_fill_the_memory() {
    let limits = Limits { document: 1 << 16, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let many = format!("<workbook>{}</workbook>", "<sheet name=\"a\" id=\"r\"/>".repeat(50_000));
    let bytes = zipped(&[("xl/workbook.xml", many.as_bytes())]);
    let memory = read("n.xlsx", bytes, &options);
    assert!(
        matches!(&memory.abandoned[0].1, ImportError::Bomb { member, .. } if member.ends_with("workbook.xml")),
        "{:?}",
        memory.abandoned
    );
}

#[test]
fn carriage_returns_of_a_workbook_are_none_of_a_number() {
    let rows = format!(
        "{HEADER}<row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>+442071231201_x000D_</t></is></c><c r=\"B2\" t=\"str\"><v>DirectRouting</v></c>\
         <c r=\"D2\" t=\"inlineStr\"><is><t>Box _x005F_x000D_ 7</t></is></c></row>"
    );
    let memory = read("n.xlsx", book(&rows, "<sst/>"), &Options::default());
    let all = inventory_of("GB", memory.files);
    assert_eq!(all.numbers[0].line.map(|l| l.to_string()).as_deref(), Some("+442071231201"));
    assert_eq!(all.numbers[0].city.text(), "Box _x000D_ 7", "an escaped escape is text");
}

#[test]
fn other_kinds_of_workbooks_are_called_by_their_names() {
    let ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more".to_vec();
    let binary = zipped(&[("xl/workbook.bin", b"x"), ("xl/worksheets/sheet1.bin", b"y")]);
    let open = zipped(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", b"<office:document-content/>"),
    ]);
    for (name, bytes, word) in [
        ("old.xls", ole, "password"),
        ("n.xlsb", binary, "binary workbook"),
        ("n.ods", open, "OpenDocument"),
    ] {
        let memory = read(name, bytes, &Options::default());
        assert_eq!(memory.abandoned.len(), 1, "{:?}", memory.abandoned);
        let (_, error) = &memory.abandoned[0];
        assert_eq!(error.code(), "other_workbook", "{name}");
        assert!(error.to_string().contains(word), "{name}: {error}");
        assert!(error.remedy().contains(".xlsx"));
    }
}

// --- tables --------------------------------------------------------------------------------

#[test]
fn a_quote_left_open_takes_no_row_with_it_in_silence() {
    let text = "UserPrincipalName,DisplayName,LineURI\n\
        a@x.com,\"Alice\",tel:+442071231201\n\
        b@x.com,\"Bob,tel:+442071231202\n\
        c@x.com,\"Cem\",tel:+442071231203\n\
        d@x.com,\"Dora\",tel:+442071231204\n";
    let (file, remarks, rows) = taken("u.csv", text);
    assert_eq!(told(&remarks, RemarkKind::Rejected), [(3, "quote_out_of_place")]);
    let message = &remarks.iter().find(|r| r.kind == RemarkKind::Rejected).expect("told").message;
    assert!(message.contains("line 4"), "{message}");
    let all = inventory([(file, remarks, rows)]);
    let names: Vec<&str> = all.users.iter().map(|u| u.display_name.text()).collect();
    assert_eq!(names, ["Alice", "Dora"], "no name has a row in it");
    // Quotes where a quote may stand are none out of place.
    let fine = "UserPrincipalName,DisplayName,LineURI\r\n\"a@x.com\",\"Al \"\"Ace\"\"\r\nAdams\",\"\"\r\nb@x.com,5\" pipe,\r\nc@x.com,\"\"\"Cem\"\"\",\"\"\r\n";
    let (_, remarks, _) = taken("u.csv", fine);
    assert_eq!(told(&remarks, RemarkKind::Rejected), []);
}

#[test]
fn quotes_are_told_apart_wherever_the_reading_pauses() {
    // A cell of any length before the quotes puts every byte of them at the end of a piece.
    for pad in 65_450..65_560 {
        let text = format!(
            "UserPrincipalName,DisplayName,LineURI\n{}@x.com,\"a \"\"b\"\"\",\"c\"\nb@x.com,\"x\"y,z\n",
            "u".repeat(pad)
        );
        let (file, remarks, _) = taken("u.csv", text);
        assert_eq!(told(&remarks, RemarkKind::Rejected), [(3, "quote_out_of_place")], "{pad}");
        assert_eq!(file.source.rows, 2);
    }
}

#[test]
fn tables_joined_by_hand_have_no_user_called_as_the_column() {
    let one = "\u{feff}#TYPE X\r\n\"UserPrincipalName\",\"DisplayName\",\"LineURI\"\r\n\"a@x.com\",\"Alice\",\"\"\r\n";
    let (file, remarks, rows) = taken("u.csv", format!("{one}{}", one.replace("a@", "b@")));
    assert_eq!(
        told(&remarks, RemarkKind::Rejected),
        [(4, "wrong_number_of_columns"), (5, "header_again")]
    );
    let all = inventory([(file, remarks, rows)]);
    let upns: Vec<&str> = all.users.iter().map(|u| u.upn.as_str()).collect();
    assert_eq!(upns, ["a@x.com", "b@x.com"]);
}

#[test]
fn lines_that_end_in_carriage_returns_alone_are_lines() {
    let text = "UserPrincipalName,DisplayName,LineURI\ra@x.com,Alice,\r,Nobody,\rb@x.com,Bob,\r";
    let (file, remarks, _) = taken("mac.csv", text);
    assert_eq!(told(&remarks, RemarkKind::Rejected), [(3, "no_key")]);
    assert_eq!(file.source.rows, 3);
}

#[test]
fn text_of_an_unnamed_code_page_is_told_about() {
    // "Žižkov" in Windows-1250, read as Windows-1252 for want of a mark.
    let mut bytes = b"UserPrincipalName,DisplayName,LineURI\na@x.com,\x8ei\x9ekov \xf8,\n".to_vec();
    bytes.extend_from_slice(b"b@x.com,Bob,\n");
    let (file, remarks, _) = taken("u.csv", bytes);
    assert_eq!(told(&remarks, RemarkKind::Note), [(1, "ansi_text")]);
    assert_eq!(file.source.rows, 2);
    let (_, remarks, _) =
        taken("u.csv", "UserPrincipalName,DisplayName,LineURI\na@x.com,Žižkov,\n");
    assert_eq!(told(&remarks, RemarkKind::Note), []);
}

// --- numbers -------------------------------------------------------------------------------

#[test]
fn fractions_of_numbers_are_never_digits_of_them() {
    let britain = Country::parse("GB").ok();
    let line = |text: &str| number(text, britain).map(|n| n.line.to_string());
    assert_eq!(line("442071231201.0").as_deref(), Ok("+442071231201"));
    assert_eq!(line("+442071231201.00").as_deref(), Ok("+442071231201"));
    for rounded in
        ["442071231201.5", "tel:4.42071E+11", "4.42071E+0011", "４.42071E+11", "-4.42071E+11"]
    {
        assert!(line(rounded).is_err(), "{rounded}: {:?}", line(rounded));
    }
    // Dots between groups are dots.
    assert_eq!(line("020.7123.1201").as_deref(), Ok("+442071231201"));
    // In JSON a number with a fraction or a power of ten may have been rounded: it is no text.
    let text = "[{\"TelephoneNumber\":4.42071E+11,\"NumberType\":\"DirectRouting\",\"ActivationState\":\"Activated\"},\
        {\"TelephoneNumber\":442071231202,\"NumberType\":\"DirectRouting\",\"ActivationState\":\"Activated\"}]";
    let (file, remarks, rows) = taken("n.json", text);
    assert_eq!(told(&remarks, RemarkKind::Rejected), [(1, "scientific_notation")]);
    let all = inventory_of("GB", [(file, remarks, rows)]);
    assert_eq!(all.numbers[0].line.map(|l| l.to_string()).as_deref(), Some("+442071231202"));
}

#[test]
fn marks_that_cannot_be_seen_are_none_of_a_number() {
    for text in [
        "\u{202d}+442071231201\u{202c}",
        "\u{200e}tel:+442071231201\u{200f}",
        "+44\u{200b}2071\u{2060}231\u{ad}201",
        "\u{2066}'+442071231201\u{2069}",
        "\u{feff}+44\u{a0}20 7123\u{2011}1201",
        "＋４４２０７１２３１２０１",
    ] {
        let line = number(text, None).map(|n| n.line.to_string());
        assert_eq!(line.as_deref(), Ok("+442071231201"), "{text:?}");
    }
    let users = "UserPrincipalName,DisplayName,LineURI\n\u{200e}a@x.com\u{200b},Alice,tel:\u{202a}+442071231201\u{202c}\n";
    let numbers = "TelephoneNumber,NumberType,ActivationState,AssignedPstnTargetId\n\u{202a}+442071231201\u{202c},DirectRouting,Activated,\n";
    let all = inventory([taken("u.csv", users), taken("n.csv", numbers)]);
    assert_eq!(all.users[0].upn, "a@x.com");
    assert_eq!(all.users[0].line, all.numbers[0].line);
}

// --- lists of properties, ruled columns, configuration ---------------------------------------

#[test]
fn a_property_list_without_end_is_stopped() {
    let mut text = String::from(
        "TelephoneNumber : +442071231201\nNumberType      : DirectRouting\nActivationState : Activated\n",
    );
    for at in 0..20_000 {
        text.push_str(&format!("Other{at} : x\n"));
    }
    let memory = read("n.txt", &text, &short(50_000));
    assert!(
        matches!(memory.abandoned[0].1, ImportError::RowTooLong { line: 1, limit: 50_000 }),
        "{:?}",
        memory.abandoned
    );
    let text = format!(
        "TelephoneNumber : +442071231201\nCity            : a\n{}",
        "                  aaaaaaaaaaaaaaaaaaaaaaaaaa\n".repeat(20_000)
    );
    let memory = read("n.txt", &text, &short(50_000));
    assert!(
        matches!(memory.abandoned[0].1, ImportError::RowTooLong { .. }),
        "{:?}",
        memory.abandoned
    );
}

#[test]
fn a_rule_of_very_many_columns_is_refused_at_once() {
    let rule = "- ".repeat(1 << 20);
    let memory =
        read("x.txt", format!("{}\n{rule}\n", "name ".repeat(1 << 10)), &Options::default());
    assert!(
        matches!(memory.abandoned[0].1, ImportError::TooManyColumns { .. }),
        "{:?}",
        memory.abandoned
    );
    // Many columns that are allowed, and long lines below them, take no longer than they are.
    let rule = "- ".repeat(3_000);
    let names: String =
        (0..3_000).map(|at| if at == 0 { "name ".into() } else { "x ".to_owned() }).collect();
    let text = format!("{names}\n{rule}\n{}\n", "é".repeat(1 << 20));
    read("x.txt", text, &Options::default());
}

#[test]
fn very_many_templates_are_no_burden() {
    let mut conf = String::new();
    for at in 0..30_000 {
        conf.push_str(&format!("[t{at}](!)\ncontext=c{at}\n"));
    }
    for at in 0..2_000 {
        conf.push_str(&format!("[2{at:03}](t{at},t{})\ncallerid=A <2{at:03}>\n", at + 1));
    }
    let (file, remarks, rows) = taken("pjsip.conf", conf);
    assert_eq!(told(&remarks, RemarkKind::Rejected).len(), 20_000, "what is beyond is told");
    let all = inventory([(file, remarks, rows)]);
    assert_eq!(all.pbx_lines.len(), 2_000);
    // The template named last counts, as in Asterisk.
    assert_eq!(all.pbx_lines[0].partition.text(), "c1");
}

#[test]
fn json_objects_of_very_many_properties_are_refused_at_once() {
    let many: String = (0..200_000).map(|at| format!("\"p{at}\":1,")).collect();
    let text = format!("[{{{many}\"UserPrincipalName\":\"a@x.com\"}}]");
    let memory = read("u.json", text, &Options::default());
    assert!(
        matches!(memory.abandoned[0].1, ImportError::TooManyColumns { .. }),
        "{:?}",
        memory.abandoned
    );
}

// --- telephone systems -----------------------------------------------------------------------

#[test]
fn members_of_queues_are_extensions_however_they_are_dialled() {
    let queues =
        "queue,members,descr\n700,\"Local/2001@from-queue/n,0;PJSIP/2002,1;SIP/2003\",Support\n";
    let all = inventory_of("GB", [taken("q.csv", queues)]);
    assert_eq!(all.hunt_groups[0].members, ["2001", "2002", "2003"]);
}

// --- on the way out --------------------------------------------------------------------------

#[test]
fn no_cell_of_a_table_can_be_split_into_a_formula() {
    for (text, expect) in [
        // Spreadsheets of half the world part cells at semicolons, whatever the file says.
        ("Bob;=1+1", "Bob;'=1+1"),
        ("Bob; \"=cmd|' /C calc'!A0", "Bob; \"'=cmd|' /C calc'!A0"),
        ("a\t@SUM(1)", "a\t'@SUM(1)"),
        ("line\n=1+1", "line\n'=1+1"),
        ("\"=1+1\"", "\"'=1+1\""),
        ("\u{200b}=1+1", "\u{200b}'=1+1"),
        ("+442071231201; +442071231202", "+442071231201; +442071231202"),
        ("+12065551000;ext=524", "+12065551000;ext=524"),
        ("a;b-c", "a;b-c"),
        ("Smith - Jones", "Smith - Jones"),
    ] {
        assert_eq!(guarded(text), expect, "{text:?}");
    }
    let table = Table {
        name: "users",
        columns: vec!["upn".into(), "=1+1".into()],
        rows: vec![vec!["a@x.com".into(), "O'Brien, \"Bob\";=1\r\n=2 \u{202e}x $(y)".into()]],
    };
    let text = String::from_utf8(csv(&table)).expect("UTF-8");
    assert_eq!(
        text,
        "\u{feff}upn,'=1+1\r\na@x.com,\"O'Brien, \"\"Bob\"\";'=1\r\n'=2 \u{202e}x $(y)\"\r\n"
    );
}
