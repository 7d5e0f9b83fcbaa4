//! Charts as plain SVG. Each stands beside a table with the same figures, so they carry no text for
//! the ear but their title.

use std::fmt::Write as _;

use super::page::escaped;

/// One bar across: parts with a class each, as shares of the whole.
pub fn stacked(title: &str, parts: &[(&str, usize)]) -> String {
    let total: usize = parts.iter().map(|(_, count)| count).sum();
    let mut svg = format!(
        "<svg class=\"chart\" viewBox=\"0 0 1000 44\" role=\"img\" preserveAspectRatio=\"none\"><title>{}</title>",
        escaped(title)
    );
    let mut x = 0.0;
    for (class, count) in parts.iter().filter(|(_, count)| *count > 0) {
        // A part that is there is to be seen, however small.
        let width = (*count as f64 / total.max(1) as f64 * 1000.0).max(4.0);
        let width = width.min(1000.0 - x);
        let _ = write!(
            svg,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"0\" width=\"{:.1}\" height=\"44\"/>",
            (width - 2.0).max(1.0)
        );
        x += width;
    }
    svg.push_str("</svg>");
    svg
}

/// Bars below each other: label, length, class, and the words at the end.
pub struct Bar {
    /// At the left.
    pub label: String,
    /// Length.
    pub value: f64,
    /// Class of the bar.
    pub class: &'static str,
    /// At the end of the bar.
    pub words: String,
}

/// Bars with one scale; `mark` draws a line at that value.
pub fn bars(title: &str, bars: &[Bar], mark: Option<(f64, &str)>) -> String {
    const ROW: usize = 26;
    let highest = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    let highest = mark.map_or(highest, |(value, _)| highest.max(value)).max(f64::MIN_POSITIVE);
    let height = bars.len() * ROW + if mark.is_some() { 22 } else { 4 };
    let scale = |value: f64| value / highest * 520.0;
    let mut svg = format!(
        "<svg class=\"chart bars\" viewBox=\"0 0 960 {height}\" role=\"img\"><title>{}</title>",
        escaped(title)
    );
    for (row, bar) in bars.iter().enumerate() {
        let y = row * ROW;
        let width = scale(bar.value).max(1.0);
        let _ = write!(
            svg,
            "<text class=\"label\" x=\"280\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <rect class=\"{}\" x=\"290\" y=\"{}\" width=\"{width:.1}\" height=\"16\"/>\
             <text x=\"{:.1}\" y=\"{}\">{}</text>",
            y + 16,
            escaped(&shortened(&bar.label, 38)),
            bar.class,
            y + 4,
            290.0 + width + 8.0,
            y + 16,
            escaped(&bar.words)
        );
    }
    if let Some((value, words)) = mark {
        let x = 290.0 + scale(value);
        let end = bars.len() * ROW;
        let _ = write!(
            svg,
            "<line class=\"mark\" x1=\"{x:.1}\" y1=\"0\" x2=\"{x:.1}\" y2=\"{end}\"/>\
             <text class=\"label\" x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            end + 16,
            escaped(words)
        );
    }
    svg.push_str("</svg>");
    svg
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most - 1).collect();
    short.push('…');
    short
}
