//! What a newer version may say in words that are not known here: kept as it came, so that it can
//! be written again whole, and understood where it can be.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A `T` that came by the feed, or something that only a newer version knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept<T> {
    came: Value,
    known: Option<T>,
}

impl<T> Kept<T> {
    /// What it is; `None` of what only a newer version knows.
    pub const fn known(&self) -> Option<&T> {
        self.known.as_ref()
    }

    /// As it came, in text: the same for what is the same.
    pub fn text(&self) -> String {
        self.came.to_string()
    }
}

impl<T: Serialize> From<T> for Kept<T> {
    /// # Panics
    /// Where it is nothing that JSON can say, as a map with other keys than text.
    fn from(known: T) -> Self {
        let came = serde_json::to_value(&known).expect("a record is JSON");
        Self { came, known: Some(known) }
    }
}

impl<T> Serialize for Kept<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.came.serialize(serializer)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Kept<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let came = Value::deserialize(deserializer)?;
        let known = T::deserialize(&came).ok();
        Ok(Self { came, known })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{PolicyAssignmentRecord, PolicyRecord, ScreeningRecord};

    /// Reads a record and writes it again.
    fn again<T: DeserializeOwned + Serialize>(text: &str) -> T {
        let record: T = serde_json::from_str(text).expect("it is read");
        let wrote = serde_json::to_value(&record).expect("it is written");
        assert_eq!(wrote, serde_json::from_str::<Value>(text).expect("JSON"), "nothing is lost");
        record
    }

    #[test]
    fn what_only_a_newer_version_knows_is_kept_whole_and_breaks_nothing() {
        let id = "00000000-0000-0000-0000-000000000001";
        for (body, known) in [
            (r#"{"kind":"OnlineDialOutPolicy","reach":"domestic","premium":true}"#, true),
            (r#"{"kind":"OnlineDialOutPolicy","reach":"this_continent","premium":true}"#, false),
            (r#"{"kind":"TeamsMoonPolicy","phase":"full"}"#, false),
        ] {
            let text = format!(r#"{{"id":"{id}","tenant":"{id}","name":"x","body":{body}}}"#);
            let record: PolicyRecord = again(&text);
            assert_eq!(record.body.known().is_some(), known, "{text}");
        }
        for (target, known) in [(r#""global""#, true), (r#"{"site":"Leeds"}"#, false)] {
            let text = format!(
                r#"{{"tenant":"{id}","kind":"TenantDialPlan","target":{target},"policy":"{id}"}}"#
            );
            let record: PolicyAssignmentRecord = again(&text);
            assert_eq!(record.target.known().is_some(), known, "{text}");
        }
        let rules = r#"{"languages":["en"]}"#;
        let record: ScreeningRecord = again(&format!(r#"{{"tenant":"{id}","rules":{rules}}}"#));
        assert!(record.rules.known().is_some(), "a field more does no harm");
    }
}
