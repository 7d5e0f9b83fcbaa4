//! What spreadsheets and PowerShell do to values, undone or named (migration.md section 1.1).

use super::rows::{ABSENT, LOST, Raw};
use super::schema::Shape;
use std::borrow::Cow;

/// Damage that nothing repairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// `4.42071E+11`: the digits are gone.
    Scientific,
    /// The name of a .NET type, or an object that was flattened to nothing.
    TypeName,
    /// A list that was cut (`{a, b, c, d...}`).
    Cut,
    /// Objects were asked for, and this is a text.
    NotObjects,
    /// What a spreadsheet shows where it has no value (`#N/A`), or has no room for it (`####`).
    Error,
    /// The cell's value is not in the file.
    Gone,
}

/// Is all of it printable ASCII? Eight bytes at a time: every cell of every table is asked.
fn is_plain(text: &str) -> bool {
    const ONES: u64 = u64::MAX / 255;
    let (eights, rest) = text.as_bytes().as_chunks::<8>();
    let odd = eights.iter().fold(0, |odd, eight| {
        let eight = u64::from_le_bytes(*eight);
        let below = eight.wrapping_sub(ONES * 0x20) & !eight;
        let delete = eight ^ (ONES * 0x7f);
        odd | eight | below | (delete.wrapping_sub(ONES) & !delete)
    });
    // A high bit anywhere means a byte beyond ASCII, below a blank, or 0x7f. One that is borrowed
    // from a neighbour stands beside such a byte.
    odd & (ONES * 0x80) == 0 && rest.iter().all(|byte| (b' '..0x7f).contains(byte))
}

/// Text without what never belongs to it: blanks of any kind around it, byte order marks, and
/// control characters other than line breaks and tabs.
pub(super) fn trimmed(text: &str) -> Cow<'_, str> {
    // Most cells are printable ASCII: nothing but blanks around them can be amiss.
    if is_plain(text) {
        let blank = |byte: Option<&u8>| byte == Some(&b' ');
        let (first, last) = (text.as_bytes().first(), text.as_bytes().last());
        let around = blank(first) || blank(last);
        return Cow::Borrowed(if around { text.trim_matches(' ') } else { text });
    }
    let unseen = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    let text = text.trim_matches(|c: char| c.is_whitespace() || unseen(c));
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r')) {
        let kept = |c: &char| !c.is_control() || matches!(c, '\n' | '\t' | '\r');
        return Cow::Owned(text.chars().filter(kept).collect());
    }
    debug_assert!(!text.contains([LOST, ABSENT]));
    Cow::Borrowed(text)
}

/// Is the text a number that a spreadsheet has rounded?
pub(crate) fn is_scientific(text: &str) -> bool {
    // Dismisses nearly every number at a glance.
    if !text.bytes().any(|byte| matches!(byte, b'e' | b'E')) {
        return false;
    }
    let text = text.trim().trim_start_matches(['\'', '+', '-', '=']);
    let text = match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => {
            text[4..].trim_start_matches(['+', '-'])
        }
        _ => text,
    };
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return false };
    let exponent = exponent.trim_start_matches(['+', '-']);
    // Zeros before the exponent change nothing.
    let exponent = match exponent.trim_start_matches('0') {
        "" => exponent,
        rest => rest,
    };
    !mantissa.is_empty()
        && !exponent.is_empty()
        && exponent.len() <= 3
        && exponent.bytes().all(|b| b.is_ascii_digit())
        && mantissa.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','))
        && mantissa.starts_with(|c: char| c.is_ascii_digit())
}

/// The name of a .NET type: dotted, without blanks, of .NET's own or Microsoft's names, or with
/// the marks of generic and array types.
pub(crate) fn is_type_name(text: &str) -> bool {
    // Dismisses nearly every cell at a glance.
    let marked = text.ends_with("[]") || text.bytes().any(|byte| byte == b'`');
    let prefixed = text.starts_with(['S', 'M', 'D'])
        && ["System.", "Microsoft.", "Deserialized."].iter().any(|p| text.starts_with(p));
    if !(prefixed || marked) || text.contains(char::is_whitespace) || !text.contains('.') {
        return false;
    }
    let bare = text.split(['`', '[']).next().unwrap_or_default();
    bare.split('.').all(|part| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '+'))
    })
}

/// What spreadsheets show instead of a value, in their languages: `#N/A`, `#REF!`, `#BEZUG!`,
/// `#¿NOMBRE?`, and `####` where a column is too narrow.
pub(crate) fn is_error(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('#') else { return false };
    let named = || {
        let word = rest.strip_suffix(['!', '?']).unwrap_or_default();
        !word.is_empty()
            && word.len() <= 16
            && word.chars().all(|c| c.is_uppercase() || matches!(c, '/' | '0' | '_' | '¡' | '¿'))
    };
    (!rest.is_empty() && rest.bytes().all(|b| b == b'#'))
        || matches!(rest, "N/A" | "N/D" | "NV" | "GETTING_DATA")
        || named()
}

/// `="0123"`, by which people keep spreadsheets from counting.
fn unwrapped(text: &str) -> &str {
    text.strip_prefix("=\"")
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|inner| !inner.contains('"'))
        .unwrap_or(text)
}

/// A cell of a table, by what its column should hold.
pub(super) fn cell(
    text: &str,
    shape: Shape,
    decimal_comma: bool,
) -> Result<Option<Cow<'_, str>>, Damage> {
    let text = match trimmed(text) {
        Cow::Borrowed(text) => Cow::Borrowed(unwrapped(text)),
        owned => owned,
    };
    if text.is_empty() || text == "{}" || text == "[]" {
        return Ok(None);
    }
    if is_type_name(&text) || text.starts_with("@{") {
        return Err(Damage::TypeName);
    }
    if is_error(&text) {
        return Err(Damage::Error);
    }
    match shape {
        Shape::Text => Ok(Some(text)),
        Shape::Decimal
            if decimal_comma && text.matches(',').count() == 1 && !text.contains('.') =>
        {
            Ok(Some(Cow::Owned(text.replace(',', "."))))
        }
        Shape::Decimal => Ok(Some(text)),
        Shape::Phone if is_scientific(&text) => Err(Damage::Scientific),
        Shape::Phone => Ok(Some(text)),
        Shape::List => {
            let braced = text.starts_with('{') && text.ends_with('}');
            let cut = |inner: &str| inner.ends_with("...") || inner.ends_with('…');
            if braced && cut(&text[1..text.len() - 1]) || cut(&text) {
                return Err(Damage::Cut);
            }
            Ok(Some(text))
        }
        Shape::Objects => {
            if text.starts_with(['[', '{'])
                && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok()
            {
                Ok(Some(text))
            } else {
                Err(Damage::NotObjects)
            }
        }
    }
}

/// The cell as it is kept.
pub(super) fn raw<'a>(cell: &'a Result<Option<Cow<'_, str>>, Damage>) -> Raw<'a> {
    match cell {
        Ok(None) => Raw::Empty,
        Ok(Some(text)) => Raw::Text(text),
        Err(_) => Raw::Lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_printable_ascii() {
        for at in 0..19 {
            for byte in 0..=0x7f_u8 {
                let mut bytes = vec![b'a'; 19];
                bytes[at] = byte;
                let text = String::from_utf8(bytes).expect("ASCII");
                assert_eq!(is_plain(&text), (b' '..0x7f).contains(&byte), "{byte:#x} at {at}");
            }
        }
        assert!(is_plain("") && !is_plain("aaaaaaa\u{e9}") && !is_plain("\u{e9}aaaaaaaaaa"));
    }

    #[test]
    fn type_names_are_no_values() {
        for text in [
            "System.String[]",
            "System.Collections.Generic.List`1[System.String]",
            "Microsoft.Rtc.Management.Hosted.Voicemail.Models.CallQueue",
            "System.Object",
            "Deserialized.System.Object[]",
        ] {
            assert!(is_type_name(text), "{text}");
        }
        for text in [
            "contoso.com",
            "alice.adams@contoso.com",
            "10.10.10.0",
            "System.",
            "a b.c",
            "sbc1.contoso.com",
            "v1.2[]x",
        ] {
            assert!(!is_type_name(text), "{text}");
        }
    }

    #[test]
    fn errors_of_spreadsheets_are_known() {
        for text in ["#N/A", "#REF!", "#DIV/0!", "#NAME?", "#BEZUG!", "#NV", "#¿NOMBRE?", "####"] {
            assert!(is_error(text), "{text}");
        }
        for text in ["#", "#1", "#TYPE", "# 12!", "#general", "x#N/A", "Room #4!", "#Sales!"] {
            assert!(!is_error(text), "{text}");
        }
    }

    #[test]
    fn rounded_numbers_are_known() {
        for text in ["4.42071E+11", "4,42071E+11", "4E11", "'4.4e+11", "+4.42071E+11"] {
            assert!(is_scientific(text), "{text}");
        }
        for text in ["tel:4.42071E+11", "4.42071E+0011", "-4E11"] {
            assert!(is_scientific(text), "{text}");
        }
        for text in ["+442071231201", "E11", "4.42071", "12E4567", "Ext 4E", "0E"] {
            assert!(!is_scientific(text), "{text}");
        }
    }

    #[test]
    fn cells_by_what_they_should_hold() {
        let of = |text: &'static str, shape| {
            cell(text, shape, true).map(|text| text.map(Cow::into_owned))
        };
        for (text, shape, expect) in [
            (" \u{a0}x\u{feff} ", Shape::Text, Ok(Some("x"))),
            ("a\u{0}b", Shape::Text, Ok(Some("ab"))),
            ("=\"0123\"", Shape::Phone, Ok(Some("0123"))),
            ("{}", Shape::List, Ok(None)),
            ("{a, b}", Shape::List, Ok(Some("{a, b}"))),
            ("{a, b, c, d...}", Shape::List, Err(Damage::Cut)),
            ("System.String[]", Shape::Text, Err(Damage::TypeName)),
            ("@{Id=1; Type=User}", Shape::Objects, Err(Damage::TypeName)),
            ("Default Call Flow", Shape::Objects, Err(Damage::NotObjects)),
            ("[{\"Id\":1}]", Shape::Objects, Ok(Some("[{\"Id\":1}]"))),
            ("0,0094", Shape::Decimal, Ok(Some("0.0094"))),
            ("4.42071E+11", Shape::Phone, Err(Damage::Scientific)),
        ] {
            assert_eq!(of(text, shape), expect.map(|text| text.map(str::to_owned)), "{text:?}");
        }
        assert_eq!(cell("1,5", Shape::Decimal, false), Ok(Some(Cow::Borrowed("1,5"))));
    }
}
