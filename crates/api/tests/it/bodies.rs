//! Documents that are taken.

use serde_json::{Value, json};

pub fn hook() -> Value {
    json!({ "endpoint": "http://127.0.0.1:9/", "event_types": [] })
}

pub fn export() -> Value {
    json!({ "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "format": "csv" })
}

pub fn offer(name: &str) -> Value {
    json!({ "services": ["Calling"], "countries": ["GB"], "published": true,
        "landing_page": format!("https://{}.example", name.to_lowercase()) })
}

pub fn draft(name: &str) -> Value {
    json!({ "services": ["Calling"], "coverage": [{ "country": "GB", "number_types": ["user"],
            "emergency_handling": "screened", "address_editing": "operator_then_tenant" }],
        "landing_page": format!("https://{}.example", name.to_lowercase()) })
}

pub fn restriction(name: &str) -> Value {
    json!({ "name": name, "settings": { "kind": "OnlineDialOutPolicy", "allowed": "Domestic" } })
}

pub fn office(number: &str) -> Value {
    json!({ "company_name": "Ltd", "country": "GB", "house_number": number, "latitude": "51.5",
        "longitude": "-0.1" })
}

pub fn consent(operator: &str) -> Value {
    json!({ "operator_id": operator, "countries": ["GB"], "company_name": "Ltd",
        "company_size": "L50_U249", "notice_accepted": true,
        "contacts": [{ "full_name": "Ada Byron", "email": "ada@contoso.example" }] })
}
