//! A tenant's own gateways, routes over them and numbers.

use super::{Desk, house};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gateways_voice_routes_and_numbers_of_ones_own_as_people_type_them() {
    let desk = Desk::open().await;
    house(&desk).await;
    desk.use_profile("contoso");
    let add = ["gateway", "add", "--fqdn", "sbc1.contoso.example", "--country", "GB"];
    let own = [&add[..], &["--address", "192.0.2.77:5060", "--max-calls", "30"]].concat();
    let made = desk.json(&own).await;
    assert_eq!(made["enabled"], false, "it is drained until somebody enables it");
    let again = [&add[..], &["--address", "192.0.2.78:5060"]].concat();
    desk.refused(&again, "conflict").await;
    let taken = ["gateway", "add", "--fqdn", "sbc2.contoso.example", "--country", "GB"];
    let taken = [&taken[..], &["--address", "192.0.2.77:5061"]].concat();
    desk.refused(&taken, "address_taken").await;
    desk.text(&["gateway", "update", "sbc1.contoso.example", "--enabled", "true"]).await;
    let listed = desk.text(&["gateway", "list"]).await;
    assert!(listed.contains("192.0.2.77:5060"), "{listed}");
    let shown = desk.json(&["gateway", "show", "sbc1.contoso.example"]).await;
    assert_eq!((&shown["enabled"], &shown["max_concurrent_calls"]), (&true.into(), &30.into()));

    let file = desk.home.path().join("routing.json");
    let routing = serde_json::json!({ "online_pstn_usages": ["Abroad"], "routes": [
        { "name": "all", "number_pattern": r"^\+", "online_pstn_usages": ["Abroad"],
          "gateway_ids": [made["id"]] }] });
    std::fs::write(&file, routing.to_string()).expect("writable");
    desk.text(&["voice-routing", "set", "routing.json"]).await;
    let shown = desk.json(&["voice-routing", "show"]).await;
    assert_eq!(shown["version"], 1);
    std::fs::write(&file, shown.to_string()).expect("writable");
    let again = desk.text(&["voice-routing", "set", "routing.json"]).await;
    assert!(again.contains("PSTN usages: Abroad") && again.contains("all"), "{again}");
    desk.text(&["policy", "create", "By our own", "--pstn-usage", "Abroad"]).await;
    let wrong = ["policy", "create", "Wrong", "--pstn-usage", "Elsewhere"];
    desk.refused(&wrong, "unknown_pstn_usage").await;
    desk.refused(&["gateway", "remove", "sbc1.contoso.example"], "gateway_in_use").await;

    std::fs::write(
        desk.home.path().join("numbers.csv"),
        "number,usage\n+442079480500,\n+442079480501,FirstPartyAppAssignment\nnonsense,\n",
    )
    .expect("writable");
    let trial = desk.json(&["number", "add", "--file", "numbers.csv", "--dry-run"]).await;
    assert_eq!((&trial["succeeded"], &trial["failed"]), (&2.into(), &1.into()));
    let added = desk.text(&["number", "add", "--file", "numbers.csv"]).await;
    assert!(added.contains("invalid_number"), "{added}");
    desk.text(&["number", "add", "+442079480502"]).await;
    let listed = desk.text(&["number", "list", "--prefix", "+44207948"]).await;
    assert_eq!(listed.matches("DirectRouting").count(), 3, "{listed}");
    desk.text(&["number", "remove", "+442079480502"]).await;
    let found = desk.text(&["voice-routing", "check"]).await;
    assert!(!found.contains("no_gateway_for_emergency_calls"), "{found}");
    desk.text(&["gateway", "update", "sbc1.contoso.example", "--enabled", "false"]).await;
    let found = desk.text(&["voice-routing", "check"]).await;
    for code in ["no_gateway_for_emergency_calls", "route_without_enabled_gateway"] {
        assert!(found.contains(code), "{found}");
    }
}
