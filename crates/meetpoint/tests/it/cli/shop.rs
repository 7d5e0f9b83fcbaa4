//! Stock on the operator's side, shopping on the tenant's.

use super::{Desk, house};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_and_shopping_as_people_type_them() {
    let desk = Desk::open().await;
    house(&desk).await;
    let alba = |line: &[&'static str]| [line, &["--as", "alba"]].concat();
    desk.use_profile("contoso");
    let add = [
        "stock",
        "add",
        "+442079460000..+442079460029",
        "+442079460777",
        "--area",
        "London",
        "--amount",
        "12.50",
        "--currency",
        "GBP",
    ];
    let said = desk.text(&alba(&add)).await;
    assert!(said.contains("31 of 31 numbers done"), "{said}");
    let file = desk.home.path().join("stock.csv");
    std::fs::write(&file, "Phone,Place\n+442079460800,Leeds\n0207,Leeds\n").expect("writable");
    let line = ["stock", "add", "--file", "stock.csv", "--columns", "number:Phone,area:Place"];
    let output = desk.run(&alba(&line)).await;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success() && said.contains("1 of 2 numbers done"), "{said}");
    assert!(said.contains("invalid_number") && said.contains("Phone"), "{said}");
    let counts = desk.text(&alba(&["stock", "counts"])).await;
    assert!(counts.contains("Geographic") && counts.contains("32"), "{counts}");
    let list = desk.json(&alba(&["stock", "list", "--limit", "2"])).await;
    assert_eq!(list["items"][1]["number"], "+442079460001");

    let search = ["shop", "search", "Alba Telecom", "--country", "GB"];
    desk.refused(&search, "no_consent").await;
    let give = [
        "consent",
        "give",
        "Alba Telecom",
        "--country",
        "GB",
        "--contact",
        "Ada Byron <ada@contoso.example>",
        "--company",
        "Contoso Ltd",
        "--company-size",
        "L50_U249",
        "--accept-notice",
    ];
    desk.text(&give).await;
    let found = desk.json(&[&search[..], &["--pattern", "*77?"]].concat()).await;
    assert_eq!(found["items"][0]["first"], "+442079460777");
    let blocks = [&search[..], &["--area", "london", "--block", "10", "--aligned"]].concat();
    let blocks = desk.text(&blocks).await;
    for (first, last) in [("0000", "0009"), ("0010", "0019"), ("0020", "0029")] {
        let line = blocks.lines().find(|line| line.contains(&format!("+44207946{first}")));
        let line = line.unwrap_or_else(|| panic!("{first}: {blocks}"));
        assert!(line.contains(&format!("+44207946{last}")) && line.contains("12.50"), "{line}");
    }
    let quote = ["shop", "quote", "Alba Telecom", "+442079460000..+442079460001"];
    desk.refused(&quote, "shop_closed").await;
    let sell = [
        "stock",
        "sell",
        "--terms",
        "Thirty days",
        "--payment-url",
        "https://pay.alba.example/?r={reference}",
        "--reservation-minutes",
        "60",
    ];
    desk.text(&alba(&sell)).await;
    let secret = desk.json(&alba(&["stock", "secret"])).await;
    assert!(secret["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")));
    let front = desk.text(&alba(&["stock", "storefront"])).await;
    assert!(front.contains("Thirty days") && !front.contains("whsec_"), "{front}");
    let front = desk.json(&["shop", "show", "Alba Telecom"]).await;
    assert_eq!((&front["pays_online"], &front["reservation_minutes"]), (&true.into(), &60.into()));
    desk.refused(&quote, "no_emergency_location").await;
    let address = [
        "tenant",
        "address",
        "create",
        "--company",
        "Contoso Ltd",
        "--country",
        "GB",
        "--latitude",
        "51.5",
        "--longitude",
        "-0.1",
    ];
    desk.text(&address).await;
    let quote = desk.json(&quote).await;
    assert_eq!((&quote["amount"], &quote["currency"]), (&"25.00".into(), &"GBP".into()));
    let quote = quote["id"].as_str().expect("an id").to_owned();
    let shown = desk.text(&["shop", "quoted", &quote]).await;
    assert!(shown.contains("+442079460001") && shown.contains("Thirty days"), "{shown}");
    let made = desk.json(&["shop", "reserve", &quote]).await;
    let url = made["payment_url"].as_str().expect("where to pay");
    assert!(url.starts_with("https://pay.alba.example/?r=ey"), "{url}");
    desk.refused(&["shop", "reserve", &quote], "out_of_stock").await;
    let id = made["id"].as_str().expect("an id").to_owned();
    desk.text(&["shop", "extend", &id]).await;
    desk.refused(&["shop", "extend", &id], "already_extended").await;
    let mine = desk.text(&["shop", "reservations", "--filter", "state eq Reserved"]).await;
    assert!(mine.contains(&id), "{mine}");
    let id: &'static str = id.leak();
    let accepted = desk.json(&alba(&["stock", "accept", id])).await;
    assert_eq!(accepted["state"], "Accepted");
    // The worker of the server delivers it.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while desk.json(&["shop", "reservation", id]).await["state"] != "Completed" {
        assert!(std::time::Instant::now() < deadline, "it is not delivered");
    }
    let theirs = desk.text(&alba(&["stock", "reservation", id])).await;
    assert!(theirs.contains("+442079460001") && theirs.contains("delivered"), "{theirs}");
    let numbers = desk.json(&["number", "list"]).await;
    assert_eq!(numbers["items"].as_array().map(Vec::len), Some(2));
    let quote = desk.json(&["shop", "quote", "Alba Telecom", "+442079460005"]).await;
    let quote = quote["id"].as_str().expect("an id").to_owned();
    for (way, state) in [("cancel", "Cancelled"), ("decline", "Declined")] {
        let made = desk.json(&["shop", "reserve", &quote]).await;
        let id: &'static str = made["id"].as_str().expect("an id").to_owned().leak();
        let ended = match way {
            "cancel" => desk.json(&["shop", "cancel", id]).await,
            _ => desk.json(&alba(&["stock", "decline", id, "--reason", "not there"])).await,
        };
        assert_eq!(ended["state"], state);
    }
    let listed = desk.text(&alba(&["stock", "reservations"])).await;
    assert!(listed.contains("not there") && listed.contains("Completed"), "{listed}");
    let gone = ["stock", "withdraw", "+442079460000..+442079460999"];
    let said = desk.text(&alba(&gone)).await;
    assert!(said.contains("30 of 30 numbers done"), "{said}");
    assert_eq!(desk.json(&search).await["items"], serde_json::json!([]));
}
