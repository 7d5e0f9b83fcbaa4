//! Bits of HTML: escaping, tables, words and signs for severities.

use std::fmt::Write as _;

use crate::assess::Readiness;
use crate::model::Severity;

/// Text for HTML. Names come from exports: nothing in them is markup.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Control characters have no place in HTML; a break is a space.
            '\n' | '\r' | '\t' => out.push(' '),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A name from an export, kept from turning the words around it (right-to-left marks).
pub fn name(text: &str) -> String {
    format!("<bdi>{}</bdi>", escaped(text))
}

/// A rule's code in a table, with a link to what the page says of it. Narrow columns break it
/// between its words only.
pub fn rule_link(code: &str) -> String {
    let code = escaped(code);
    format!("<a href=\"#{code}\"><code>{}</code></a>", code.replace('_', "_<wbr>"))
}

/// A whole number with thin separators.
pub fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Money in minor units.
pub fn money(minor: i64, currency: &str) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let minor = minor.unsigned_abs();
    let whole = count(usize::try_from(minor / 100).unwrap_or(usize::MAX));
    format!("{sign}{whole}.{:02} {}", minor % 100, escaped(currency))
}

/// A severity by sign and word: never by colour alone.
pub fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Block => "<span class=\"tag bad\">&#10005; block</span>",
        Severity::Warn => "<span class=\"tag warn\">! warn</span>",
        Severity::Unknown => "<span class=\"tag open\">? unknown</span>",
        Severity::Info => "<span class=\"tag\">i info</span>",
    }
}

/// A verdict by sign and word.
pub fn readiness(readiness: Readiness) -> String {
    let (class, sign) = match readiness {
        Readiness::Ready => ("good", "&#10003;"),
        Readiness::ReadyWithActions => ("warn", "!"),
        Readiness::Unknown => ("open", "?"),
        Readiness::NotReady => ("bad", "&#10005;"),
    };
    format!("<span class=\"tag {class}\">{sign} {}</span>", readiness.words())
}

/// Class of a verdict in charts.
pub const fn class(readiness: Readiness) -> &'static str {
    match readiness {
        Readiness::Ready => "good",
        Readiness::ReadyWithActions => "warn",
        Readiness::Unknown => "open",
        Readiness::NotReady => "bad",
    }
}

/// A table: heads, and rows of finished HTML. A head that begins with `#` stands over figures.
pub fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = String::from("<div class=\"wide\"><table><thead><tr>");
    for head in heads {
        match head.strip_prefix('#') {
            Some(head) => {
                let _ = write!(out, "<th scope=\"col\" class=\"figure\">{}</th>", escaped(head));
            }
            None => {
                let _ = write!(out, "<th scope=\"col\">{}</th>", escaped(head));
            }
        }
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows {
        out.push_str("<tr>");
        for (cell, head) in row.iter().zip(heads) {
            let class = if head.starts_with('#') { " class=\"figure\"" } else { "" };
            let _ = write!(out, "<td{class}>{cell}</td>");
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
    out
}

/// `1 person`, `2 people`.
pub fn many(number: usize, one: &str, more: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {more}", count(number)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_exports_are_never_markup() {
        let cases = [
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("O'Brien & \"Söhne\"", "O&#39;Brien &amp; &quot;Söhne&quot;"),
            ("a\nb\u{0}", "a b\u{fffd}"),
        ];
        for (text, wanted) in cases {
            assert_eq!(escaped(text), wanted);
        }
        assert_eq!(name("\u{202e}evil"), "<bdi>\u{202e}evil</bdi>");
    }

    #[test]
    fn codes_break_between_words() {
        let link = rule_link("network_loss");
        assert_eq!(link, "<a href=\"#network_loss\"><code>network_<wbr>loss</code></a>");
    }

    #[test]
    fn figures_are_written_for_people() {
        assert_eq!(
            (count(7), count(1_000), count(1_234_567)),
            ("7".into(), "1,000".into(), "1,234,567".into())
        );
        assert_eq!(money(123_456, "EUR"), "1,234.56 EUR");
        assert_eq!(money(-5, "EUR"), "-0.05 EUR");
    }
}
