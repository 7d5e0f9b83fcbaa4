//! `meetpoint migrate`, as a new administrator uses it: a folder of exports in, a verdict out.

use crate::process::meetpoint;
use serde_json::{Value, json};
use std::path::Path;
use testkit::TempDir;

fn run(arguments: &[&str], project: &Path) -> (Option<i32>, String, String) {
    let output = meetpoint()
        .arg("migrate")
        .args(arguments)
        .arg("--project")
        .arg(project)
        .output()
        .expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn json_of(arguments: &[&str], project: &Path) -> Value {
    let mut all = arguments.to_vec();
    all.push("--json");
    let (code, out, err) = run(&all, project);
    assert_eq!(code, Some(0), "{arguments:?}: {err}");
    serde_json::from_str(&out).expect("one JSON document")
}

fn init(project: &Path) {
    let output = meetpoint()
        .args(["migrate", "init", "--country", "GB", "--name", "Contoso"])
        .arg(project)
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

const USERS: &str = "UserPrincipalName,DisplayName,LineURI,UsageLocation,TeamsUpgradeEffectiveMode\n\
    alice@x.com,\"=HYPERLINK(\"\"http://x\"\",\"\"Alice\"\")\",tel:+442071231201,GB,TeamsOnly\n\
    bob@x.com,Bob,,GB,TeamsOnly\n";
const NUMBERS: &str = "TelephoneNumber,NumberType,ActivationState,PstnAssignmentStatus\n\
    +442071231201,DirectRouting,Activated,UserAssigned\n4.42071E+11,DirectRouting,Activated,Unassigned\n";
const EXTENSIONS: &str = "extension,password,name,tech,vmpwd,account number\n\
    2001,hunter2pass,Alice,pjsip,90210777,ACC-55512345\n";

fn exports(folder: &TempDir) -> std::path::PathBuf {
    let dir = folder.path().join("exports");
    std::fs::create_dir_all(dir.join("pbx")).expect("a folder");
    for (name, text) in [("users.csv", USERS), ("numbers.csv", NUMBERS), ("pbx/e.csv", EXTENSIONS)]
    {
        std::fs::write(dir.join(name), text).expect("a file");
    }
    dir
}

#[test]
fn a_folder_of_exports_becomes_a_verdict_and_a_report() {
    let folder = TempDir::new("migrate");
    let project = folder.path().join("project");
    let dir = exports(&folder);
    init(&project);
    let told = json_of(&["import", dir.to_str().expect("UTF-8")], &project);
    assert_eq!((&told["refused"], &told["rejected_rows"]), (&json!(0), &json!(1)));
    let numbers =
        told["files"].as_array().expect("files").iter().find(|f| f["file"] == "numbers.csv");
    let remark = &numbers.expect("numbers")["remarks"][0];
    assert_eq!((&remark["code"], &remark["at"]["row"]), (&json!("scientific_notation"), &json!(3)));

    let inventory = json_of(&["inventory"], &project);
    assert_eq!(inventory["counts"]["users"], 2);
    assert_eq!(inventory["numbers"][0]["line"], "+442071231201");
    let verdict = json_of(&["assess", "--day", "2026-01-05"], &project);
    let finding = &verdict["findings"][0];
    for field in ["code", "area", "severity", "subject", "message", "fix", "cost", "source"] {
        assert!(!finding[field].is_null() || field == "source", "{field}: {finding}");
    }
    assert!(verdict["move_groups"].is_array());
    json_of(&["report", "--day", "2026-01-05"], &project);
    let html = std::fs::read_to_string(project.join("report.html")).expect("a report");
    assert!(html.contains("Contoso") && !html.contains("src=\"http"));
    assert!(std::fs::read(project.join("report.xlsx")).expect("a workbook").starts_with(b"PK"));
    let status = json_of(&["status"], &project);
    assert_eq!(status["files"].as_array().map(Vec::len), Some(3));
    assert_eq!(status["reported"], true);
}

#[test]
fn statement_10_importing_again_changes_nothing() {
    let folder = TempDir::new("migrate-again");
    let project = folder.path().join("project");
    let dir = exports(&folder);
    let dir = dir.to_str().expect("UTF-8");
    init(&project);
    json_of(&["import", dir], &project);
    let before = json_of(&["inventory"], &project);
    let again = json_of(&["import", dir], &project);
    assert!(
        again["files"].as_array().expect("files").iter().all(|f| f["status"] == "unchanged"),
        "{again}"
    );
    assert_eq!(json_of(&["inventory"], &project), before);
    // A file that changed takes the place of what it said before.
    let users = folder.path().join("exports/users.csv");
    std::fs::write(&users, USERS.replace("bob@x.com", "rob@x.com")).expect("a file");
    let changed = json_of(&["import", users.to_str().expect("UTF-8")], &project);
    assert_eq!(changed["files"][0]["status"], "replaced");
    let after = json_of(&["inventory"], &project);
    assert_eq!(
        (&after["counts"]["users"], &after["users"][1]["upn"]),
        (&json!(2), &json!("rob@x.com"))
    );
    // A version of it that is broken takes nothing's place.
    std::fs::write(&users, "[{\"UserPrincipalName\":").expect("a file");
    let (code, ..) = run(&["import", users.to_str().expect("UTF-8")], &project);
    assert_eq!(code, Some(1));
    assert_eq!(json_of(&["inventory"], &project), after);
}

#[test]
fn files_of_the_same_bytes_count_once_and_take_the_place_of_their_former_selves() {
    let folder = TempDir::new("migrate-twins");
    let project = folder.path().join("project");
    let dir = folder.path().join("exports");
    std::fs::create_dir(&dir).expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(dir.join(name), text).expect("a file");
    let import = || {
        let told = json_of(&["import", dir.to_str().expect("UTF-8")], &project);
        let files = told["files"].as_array().expect("files").clone();
        let status = |f: &Value| f["status"].as_str().expect("a status").to_owned();
        files.iter().map(status).collect::<Vec<_>>()
    };
    let users = || json_of(&["inventory"], &project)["counts"]["users"].clone();
    init(&project);
    // Beside each other, the second is looked at while the first is still on its way.
    write("a.csv", USERS);
    write("b.csv", USERS);
    assert_eq!(import(), ["imported", "unchanged"]);
    assert_eq!(users(), 2);
    // Different again, the second brings its own; then the first becomes what the second is.
    write("b.csv", &USERS.replace("bob@x.com", "rob@x.com"));
    assert_eq!(import(), ["unchanged", "imported"]);
    assert_eq!(users(), 3);
    write("a.csv", &USERS.replace("bob@x.com", "rob@x.com"));
    assert_eq!(import(), ["replaced", "unchanged"]);
    assert_eq!(users(), 2, "nobody of the former first file is left");
}

#[test]
fn statement_38_exports_are_deleted_whole_and_no_secret_is_kept() {
    let folder = TempDir::new("migrate-purge");
    let project = folder.path().join("project");
    let dir = exports(&folder);
    init(&project);
    let (code, out, err) = run(&["import", dir.to_str().expect("UTF-8")], &project);
    assert_eq!(code, Some(0), "{err}");
    json_of(&["report"], &project);
    let tables = project.join("inventory");
    json_of(&["inventory", "--csv", tables.to_str().expect("UTF-8")], &project);
    let mut kept = (out + &err).into_bytes();
    for dir in [&project, &tables] {
        for entry in std::fs::read_dir(dir).expect("a folder").flatten() {
            kept.extend(std::fs::read(entry.path()).unwrap_or_default());
        }
    }
    for secret in ["hunter2pass", "90210777", "ACC-55512345"] {
        assert!(!kept.windows(secret.len()).any(|w| w == secret.as_bytes()), "{secret}");
    }
    let (code, out, err) = run(&["purge"], &project);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("project.db") && out.contains("the folder is gone"), "{out}");
    assert!(!project.exists());
    assert!(dir.join("users.csv").exists(), "what was exported is not ours");
    let (code, _, err) = run(&["status"], &project);
    assert_eq!(code, Some(2));
    assert!(err.contains("is no migration project"), "{err}");
}

#[test]
fn purge_says_what_it_would_delete_and_leaves_what_is_not_its_own() {
    let folder = TempDir::new("migrate-purge-dry");
    let project = folder.path().join("project");
    let dir = exports(&folder);
    init(&project);
    json_of(&["import", dir.to_str().expect("UTF-8")], &project);
    json_of(&["report"], &project);
    let outside = folder.path().join("for-the-boss.html");
    json_of(&["report", "--out", outside.to_str().expect("UTF-8")], &project);
    for tables in ["inventory", "tables"] {
        let tables = project.join(tables);
        json_of(&["inventory", "--csv", tables.to_str().expect("UTF-8")], &project);
    }
    // Somebody's own files beside ours, and what a crash left.
    std::fs::write(project.join("inventory/my own list.csv"), "x").expect("a file");
    std::fs::write(project.join("notes.txt"), "x").expect("a file");
    std::fs::write(project.join("report.html.part"), "half").expect("a file");
    let names = |value: &Value| -> Vec<String> {
        let list = value.as_array().expect("a list").iter();
        list.map(|name| name.as_str().expect("a name").to_owned()).collect()
    };
    let told = json_of(&["purge", "--dry-run"], &project);
    assert_eq!((&told["dry_run"], &told["deleted"]), (&json!(true), &json!(0)));
    let files = names(&told["files"]);
    for name in [
        "settings.json",
        "assessment.json",
        "report.html",
        "report.html.part",
        "report.xlsx",
        "inventory/users.csv",
        "tables/users.csv",
        "project.db",
    ] {
        assert!(files.iter().any(|file| file == name), "{name}: {files:?}");
    }
    assert_eq!(names(&told["left"]), ["inventory/my own list.csv", "notes.txt"]);
    let elsewhere = names(&told["elsewhere"]);
    assert!(elsewhere.iter().any(|path| path.ends_with("for-the-boss.html")), "{elsewhere:?}");
    let (code, out, _) = run(&["purge", "--dry-run"], &project);
    assert_eq!(code, Some(0));
    assert!(out.contains("would delete") && out.ends_with("nothing was deleted\n"), "{out}");
    assert_eq!(json_of(&["status"], &project)["reported"], true, "nothing is gone yet");

    let (code, out, err) = run(&["purge"], &project);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("left alone: inventory/my own list.csv, notes.txt"), "{out}");
    assert!(out.contains("yours to delete") && out.contains("for-the-boss.html"), "{out}");
    let mut rest: Vec<_> = std::fs::read_dir(&project)
        .expect("the folder stays for what is not ours")
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    rest.sort();
    assert_eq!(rest, ["inventory", "notes.txt"]);
    assert_eq!(std::fs::read_dir(project.join("inventory")).expect("a folder").count(), 1);
    assert!(outside.exists());
    let (code, _, err) = run(&["status"], &project);
    assert_eq!(code, Some(2));
    assert!(err.contains("is no migration project"), "{err}");
    // And a project can begin anew in what is left.
    init(&project);
    assert_eq!(json_of(&["status"], &project)["files"], json!([]));
}

#[test]
fn tables_go_out_without_formulas() {
    let folder = TempDir::new("migrate-tables");
    let project = folder.path().join("project");
    let dir = exports(&folder);
    init(&project);
    run(&["import", dir.to_str().expect("UTF-8")], &project);
    let (csv, xlsx) = (folder.path().join("tables"), folder.path().join("tables.xlsx"));
    let (csv_text, xlsx_text) = (csv.to_str().expect("UTF-8"), xlsx.to_str().expect("UTF-8"));
    json_of(&["inventory", "--csv", csv_text, "--xlsx", xlsx_text], &project);
    let users = std::fs::read_to_string(csv.join("users.csv")).expect("a table");
    assert!(users.contains("\"'=HYPERLINK(") && !users.contains(",\"=HYPERLINK"), "{users}");
    let numbers = std::fs::read_to_string(csv.join("numbers.csv")).expect("a table");
    assert!(numbers.contains("\r\n+442071231201,"), "{numbers}");
    assert!(std::fs::read(&xlsx).expect("a workbook").starts_with(b"PK"));
}

#[test]
fn wrong_words_and_files_are_named() {
    let folder = TempDir::new("migrate-wrong");
    let project = folder.path().join("project");
    let (code, _, err) = run(&["import", "x"], &project);
    assert_eq!((code, err.contains("meetpoint migrate init")), (Some(2), true), "{err}");
    init(&project);
    let (code, _, err) = run(&["import", "/nowhere/at/all"], &project);
    assert_eq!((code, err.contains("error: file")), (Some(1), true), "{err}");
    let (code, _, err) = run(&["assess"], &project);
    assert_eq!((code, err.contains("nothing is imported")), (Some(2), true), "{err}");
    let file = folder.path().join("liste.csv");
    std::fs::write(
        &file,
        "Nebenstelle;Durchwahl;Inhaber;Standort\n2001;020 7123 1201;Alice;London\n",
    )
    .expect("a file");
    let file = file.to_str().expect("UTF-8");
    let (code, out, err) = run(&["import", file], &project);
    assert_eq!(code, Some(1), "{err}");
    assert!(out.contains("refused: unrecognised_file") && out.contains("--map"), "{out}");
    let (code, _, err) = run(&["import", file, "--map", "lines:colour=Inhaber"], &project);
    assert_eq!((code, err.contains("is no field of lines")), (Some(2), true), "{err}");
    let map = "lines:extension=Nebenstelle,external=Durchwahl,owner=Inhaber,site=Standort";
    json_of(&["import", file, "--map", map], &project);
    let next = folder.path().join("next.csv");
    std::fs::write(
        &next,
        "Nebenstelle;Durchwahl;Inhaber;Standort\n2002;020 7123 1202;Bob;London\n",
    )
    .expect("a file");
    json_of(&["import", next.to_str().expect("UTF-8")], &project);
    assert_eq!(json_of(&["inventory"], &project)["counts"]["pbx_lines"], 2);
    let output = meetpoint().args(["migrate", "init"]).arg(&project).output().expect("it starts");
    assert_eq!(output.status.code(), Some(2), "a project is not made twice");
}

#[test]
fn conflicts_are_settled_by_hand() {
    let folder = TempDir::new("migrate-conflict");
    let project = folder.path().join("project");
    init(&project);
    let (one, two) = (folder.path().join("a.csv"), folder.path().join("b.json"));
    std::fs::write(&one, USERS).expect("a file");
    std::fs::write(&two, r#"{"value":[{"userPrincipalName":"bob@x.com","usageLocation":"DE","officeLocation":"HQ"}]}"#).expect("a file");
    run(&["import", one.to_str().expect("UTF-8"), two.to_str().expect("UTF-8")], &project);
    let (_, out, _) = run(&["inventory", "--remarks"], &project);
    assert!(out.contains("conflict: user \"bob@x.com\" field usage_location"), "{out}");
    let wrong = ["resolve", "user", "bob@x.com", "usage_location", "FR", "--reason", "x"];
    assert_eq!(run(&wrong, &project).0, Some(2));
    let right =
        ["resolve", "user", "bob@x.com", "usage_location", "GB", "--reason", "he lives there"];
    assert_eq!(run(&right, &project).0, Some(0));
    let inventory = json_of(&["inventory"], &project);
    assert_eq!(inventory["users"][1]["usage_location"]["value"], "GB");
}
