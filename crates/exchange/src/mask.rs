//! Masked numbers, for those who help others (design section 5): which call it was can be told
//! by whoever knows the number, and nobody's number can be read off.

use api_types::call::{CallRecord, Explanation};

/// Digits left at the end.
const SHOWN: usize = 3;
/// Shorter ones are extensions, services and calls for help.
const SHORT: usize = 5;

/// Hides all but the last digits of every telephone number in a text.
pub(crate) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    let flush = |run: &mut String, out: &mut String| {
        let digits = run.bytes().filter(u8::is_ascii_digit).count();
        let mut hidden = if digits < SHORT { 0 } else { digits - SHOWN };
        for c in run.drain(..) {
            if c.is_ascii_digit() && hidden > 0 {
                hidden -= 1;
                out.push('*');
            } else {
                out.push(c);
            }
        }
    };
    for c in text.chars() {
        // Numbers are also written in groups; a space ends none of them.
        let inside = c.is_ascii_digit() || (!run.is_empty() && " -()./".contains(c));
        if inside {
            run.push(c);
        } else {
            flush(&mut run, &mut out);
            out.push(c);
        }
    }
    flush(&mut run, &mut out);
    out
}

/// A call record without whole numbers.
pub(crate) fn record(record: CallRecord) -> CallRecord {
    CallRecord {
        number: record.number.as_deref().map(text),
        caller: text(&record.caller),
        callee: text(&record.callee),
        // They are made of what phones and peers like, numbers and hosts among it.
        in_call_id: None,
        out_call_id: None,
        ..record
    }
}

/// An explanation without whole numbers.
pub(crate) fn explanation(mut explanation: Explanation) -> Explanation {
    for step in &mut explanation.steps {
        step.found = text(&step.found);
    }
    explanation
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn no_whole_number_is_left() {
        for (written, shown) in [
            ("+442079460001", "+*********001"),
            ("sip:+442079460001@sbc1.example", "sip:+*********001@sbc1.example"),
            ("020 7946 0001 is dialled", "*** **** *001 is dialled"),
            ("112", "112"),
            ("1001", "1001"),
            ("alice@contoso.example", "alice@contoso.example"),
            ("from +442079460001 to +442079460002", "from +*********001 to +*********002"),
            ("", ""),
        ] {
            assert_eq!(text(written), shown);
        }
    }
}
