//! The ladder of a call: who sent what to whom, with times, in plain characters.

use serde_json::Value;
use std::fmt::Write;

/// Between two lifelines.
const WIDTH: usize = 30;
const TIME: usize = 13;
/// Most participants that are drawn apart; further ones share the last lifeline.
const MOST: usize = 6;

/// Draws `messages` as the API has them, the oldest first.
pub fn draw(messages: &[Value]) -> String {
    let text =
        |message: &Value, field: &str| printable(message[field].as_str().unwrap_or_default());
    let far = |message: &Value| {
        let (name, peer) = (text(message, "peer_name"), text(message, "peer"));
        match (name.is_empty(), peer.is_empty()) {
            (false, true) => name,
            (true, false) => peer,
            (true, true) => "?".to_owned(),
            (false, false) => format!("{name} {peer}"),
        }
    };
    let edge = |message: &Value| format!("edge {}", tail(&text(message, "edge_id")));
    // The first far side stands left, the edges next, the other sides right.
    let mut names: Vec<String> = Vec::new();
    let mut edges: Vec<String> = Vec::new();
    for message in messages {
        for (list, name) in [(&mut names, far(message)), (&mut edges, edge(message))] {
            if !list.contains(&name) {
                list.push(name);
            }
        }
    }
    let right = names.split_off(1.min(names.len()));
    names.extend(edges);
    names.extend(right);
    names.truncate(MOST);
    let column = |name: &str| {
        TIME + WIDTH * names.iter().position(|n| n == name).unwrap_or(names.len().saturating_sub(1))
    };

    let mut out = " ".repeat(TIME);
    for name in &names {
        let _ = write!(out, "{:<WIDTH$}", cut(name, WIDTH - 2));
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    for message in messages {
        let (here, there) = (column(&edge(message)), column(&far(message)));
        let (left, right) = (here.min(there), here.max(there));
        let to_right = (text(message, "way") == "out") == (there > here);
        let mut line: Vec<char> = vec![' '; TIME + WIDTH * names.len()];
        for n in 0..names.len() {
            line[TIME + WIDTH * n] = '|';
        }
        if right > left {
            line[left + 1..right].fill('-');
            let label = format!(" {} ", cut(&text(message, "summary"), right - left - 6));
            for (at, c) in label.chars().enumerate() {
                line[left + 3 + at] = c;
            }
            if to_right {
                line[right - 1] = '>';
            } else {
                line[left + 1] = '<';
            }
        }
        let line: String = line[TIME..].iter().collect();
        let _ = writeln!(out, "{:<TIME$}{}", time_of_day(&text(message, "at")), line.trim_end());
    }
    out
}

/// What strangers wrote may hold control characters; a terminal would obey them.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// `18:43:07.123` of an instant.
fn time_of_day(at: &str) -> String {
    let time = at.split_once('T').map_or(at, |(_, time)| time).trim_end_matches('Z');
    let (whole, fraction) = time.split_once('.').unwrap_or((time, ""));
    format!("{whole}.{:0<3}", cut(fraction, 3))
}

fn tail(id: &str) -> &str {
    id.rsplit('-').next().unwrap_or(id)
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn message(at: &str, way: &str, peer: &str, summary: &str) -> Value {
        json!({
            "at": format!("2026-11-22T18:43:07{at}Z"), "way": way, "peer": peer, "peer_name": "",
            "edge_id": "0198-e1", "summary": summary,
        })
    }

    #[test]
    fn both_legs_stand_beside_the_edge() {
        let drawn = draw(&[
            message("", "in", "a:1", "INVITE sip:+44"),
            message(".001", "out", "a:1", "100 Trying"),
            message(".0012", "out", "b:2", "INVITE sip:bob"),
            message(".5", "in", "b:2", "200 OK\u{1b}[2J"),
        ]);
        let lines: Vec<&str> = drawn.lines().collect();
        assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["a:1", "edge", "e1", "b:2"]);
        assert!(lines[1].starts_with("18:43:07.000 |-- INVITE sip:+44 -"), "{drawn}");
        assert!(lines[1].contains(">|") && !lines[1].contains('<'), "{drawn}");
        assert!(lines[2].starts_with("18:43:07.001 |<- 100 Trying -"), "{drawn}");
        assert!(lines[3].contains("|-- INVITE sip:bob --") && lines[3].ends_with(">|"), "{drawn}");
        assert!(lines[4].contains("|<- 200 OK[2J --"), "{drawn}");
        assert!(lines.iter().all(|line| line.len() < 90));
    }

    #[test]
    fn anything_can_be_drawn() {
        assert_eq!(draw(&[]).trim(), "");
        draw(&[json!({}), json!({"summary": "x".repeat(500), "at": "é"})]);
        let crowd: Vec<Value> =
            (0..20).map(|n| message("", "in", &format!("p{n}"), "OPTIONS")).collect();
        assert_eq!(draw(&crowd).lines().count(), 21);
    }
}
