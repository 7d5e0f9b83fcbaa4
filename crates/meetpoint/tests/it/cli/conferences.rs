//! Conference bridges and the numbers to call into meetings by.

use super::{Desk, house};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bridges_and_their_numbers_as_people_type_them() {
    let desk = Desk::open().await;
    house(&desk).await;
    desk.use_profile("contoso");
    let add = ["gateway", "add", "--fqdn", "mcu1.contoso.example", "--country", "GB"];
    let add = [&add[..], &["--address", "192.0.2.77:5060", "--enabled"]].concat();
    desk.json(&add).await;
    let add = ["conference", "add", "Meetings", "--gateway", "mcu1.contoso.example"];
    let made = desk.json(&add).await;
    assert_eq!((&made["numbers"], &made["default_number"]), (&0.into(), &serde_json::Value::Null));
    desk.refused(&add, "conflict").await;
    std::fs::write(
        desk.home.path().join("numbers.csv"),
        "number,usage\n+442079480600,ConferenceAssignment\n+442079480601,ConferenceAssignment\n",
    )
    .expect("writable");
    desk.text(&["number", "add", "--file", "numbers.csv"]).await;
    let number = ["conference", "number", "add", "Meetings"];
    let first = [&number[..], &["+442079480600", "--language", "en-GB", "--also", "fr-FR"]];
    let first = desk.json(&first.concat()).await;
    assert_eq!(
        (&first["is_default"], &first["secondary_languages"][0]),
        (&true.into(), &"fr-FR".into())
    );
    let second = [&number[..], &["+442079480601", "--language", "de"]].concat();
    desk.text(&second).await;
    let wrong = [&number[..], &["+442079480601", "--language", "Deutsch, bitte"]].concat();
    desk.refused(&wrong, "invalid_field").await;
    let taken = ["conference", "number", "remove", "Meetings", "+442079480600"];
    desk.refused(&taken, "bridge_default_number").await;
    let found = desk.text(&["conference", "number", "find", "--country", "GB"]).await;
    assert!(found.contains("+442079480600") && found.contains("Meetings"), "{found}");
    let listed = desk.text(&["conference", "number", "list", "Meetings"]).await;
    assert!(listed.contains("+442079480601"), "{listed}");
    let update = ["conference", "update", "Meetings", "--default-number", "+442079480601"];
    let edited = desk.json(&update).await;
    assert_eq!(edited["default_number"], "+442079480601");
    desk.text(&taken).await;
    let shown = desk.text(&["conference", "list"]).await;
    assert!(shown.contains("+442079480601"), "{shown}");
    let told = ["explain", "call", "--to", "+493012345678", "--from-conference", "Meetings"];
    let told = desk.json(&told).await;
    assert_eq!(told["code"], "no_conference_route");
    let policy = ["policy", "create", "Out", "--conference-usage", "Elsewhere"];
    desk.refused(&policy, "unknown_pstn_usage").await;
    let policy = ["policy", "create", "Near", "--allow", "Domestic", "--conferencing", "None"];
    assert_eq!(desk.json(&policy).await["settings"]["conferencing_allowed"], "None");
    desk.text(&["conference", "show", "Meetings"]).await;
    desk.text(&["conference", "remove", "Meetings"]).await;
}
