//! Documents of network tools, as rows (migration.md section 1.10).

use serde_json::{Map, Value};

/// The rows of a tool's document; `None` for any other object.
pub(super) fn rows(document: &Map<String, Value>) -> Option<Vec<Map<String, Value>>> {
    iperf3(document).or_else(|| thousand_eyes(document))
}

/// iperf3 `-u -J`: an interval a row. Only the receiving side tells jitter; where intervals
/// do not, the sum over the whole run is all there is.
fn iperf3(document: &Map<String, Value>) -> Option<Vec<Map<String, Value>>> {
    let start = document.get("start")?;
    let end = document.get("end")?;
    let test = start.get("test_start")?;
    let began = start.pointer("/timestamp/timesecs").and_then(Value::as_f64);
    let local = start.pointer("/connected/0/local_host").cloned().unwrap_or(Value::Null);
    let protocol = test.get("protocol").cloned().unwrap_or(Value::Null);
    let tos = test.get("tos").cloned().unwrap_or(Value::Null);
    let intervals: Vec<&Value> = document
        .get("intervals")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|interval| interval.get("sum"))
        .filter(|sum| sum.get("jitter_ms").is_some() && sum.get("lost_percent").is_some())
        .collect();
    let sums = if intervals.is_empty() { vec![end.get("sum")?] } else { intervals };
    let row = |sum: &Value| {
        let offset = sum.get("start").and_then(Value::as_f64).unwrap_or(0.0);
        let mut row = Map::new();
        let at = began.map_or(Value::Null, |began| Value::from(began + offset));
        row.insert("start".to_owned(), at);
        for name in ["seconds", "jitter_ms", "lost_percent", "lost_packets", "packets"] {
            row.insert(name.to_owned(), sum.get(name).cloned().unwrap_or(Value::Null));
        }
        row.insert("protocol".to_owned(), protocol.clone());
        row.insert("tos".to_owned(), tos.clone());
        row.insert("local_host".to_owned(), local.clone());
        row
    };
    Some(sums.into_iter().map(row).collect())
}

/// ThousandEyes: `net.metrics[]` in version 6, `results[]` with the agent nested in version 7.
fn thousand_eyes(document: &Map<String, Value>) -> Option<Vec<Map<String, Value>>> {
    let six = document.get("net").and_then(|net| net.get("metrics"));
    let metrics = six.or_else(|| document.get("results"))?.as_array()?;
    let is_metric = |row: &Map<String, Value>| {
        row.contains_key("loss") && (row.contains_key("agentName") || row.contains_key("agent"))
    };
    let rows: Option<Vec<Map<String, Value>>> = metrics
        .iter()
        .map(|metric| {
            let mut row = metric.as_object()?.clone();
            if !is_metric(&row) {
                return None;
            }
            if let Some(agent) = row.remove("agent") {
                for name in ["agentName", "countryId"] {
                    if let Some(value) = agent.get(name) {
                        row.insert(name.to_owned(), value.clone());
                    }
                }
            }
            Some(row)
        })
        .collect();
    rows.filter(|rows| !rows.is_empty())
}
