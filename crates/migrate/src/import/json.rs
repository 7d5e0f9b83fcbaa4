//! JSON: a list of objects, one object, objects line by line, or a page of Microsoft Graph.
//!
//! Lists are read as streams; only an object that is no list is held whole.

use super::collect::Collector;
use super::guard::Allowance;
use super::{ImportError, Options, tools};
use foldhash::{HashSet, HashSetExt};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;
use std::io::Read;

/// Objects looked at before the columns are settled: properties that are null in the first may
/// be left out by some exporters.
const LOOKED_AT: usize = 50;
/// Or as many as took so many bytes: they are all held.
const LOOKED_AT_BYTES: u64 = 4 << 20;

struct Reading<'a, 'c> {
    collector: &'a mut Collector<'c>,
    allowance: &'a Allowance,
    /// Objects until the columns are settled.
    waiting: Vec<Map<String, Value>>,
    count: u32,
    /// Bytes the waiting ones took in the file.
    weight: u64,
    /// What a nested call could not return through serde.
    failed: Option<ImportError>,
}

/// Reads a document.
pub(super) fn read(
    reader: impl Read,
    allowance: &Allowance,
    options: &Options,
    collector: &mut Collector<'_>,
) -> Result<(), ImportError> {
    let mut reading =
        Reading { collector, allowance, waiting: Vec::new(), count: 0, weight: 0, failed: None };
    let mut documents = serde_json::Deserializer::from_reader(reader);
    allowance.set_limit(options.limits.document);
    let mut any = false;
    loop {
        allowance.reset();
        match documents.end() {
            Ok(()) => break,
            // Something follows: `end` has eaten blanks only.
            Err(error) if error.is_syntax() => {}
            Err(error) => return Err(wrong(&error, allowance, options)),
        }
        let outcome = Document { reading: &mut reading, limit: options.limits.row }
            .deserialize(&mut documents);
        if let Some(error) = reading.failed.take() {
            return Err(error);
        }
        outcome.map_err(|error| wrong(&error, allowance, options))?;
        any = true;
    }
    if !any {
        return Err(ImportError::Empty);
    }
    reading.settle()?;
    Ok(())
}

fn wrong(error: &serde_json::Error, allowance: &Allowance, options: &Options) -> ImportError {
    if allowance.exceeded() {
        let line = error.line() as u64;
        return ImportError::RowTooLong { line, limit: options.limits.document };
    }
    let reason = match error.classify() {
        serde_json::error::Category::Eof => "the file ends within its JSON".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" at line ").next().unwrap_or_default().to_owned()
        }
    };
    ImportError::Json { line: error.line(), column: error.column(), reason }
}

impl Reading<'_, '_> {
    fn object(&mut self, object: Map<String, Value>) -> Result<(), ImportError> {
        let (columns, limit) = (object.len(), self.collector.most_columns());
        if columns > limit {
            return Err(ImportError::TooManyColumns { columns, limit });
        }
        if self.collector.has_header() {
            self.count += 1;
            self.collector.widen(&object);
            return self.collector.object(self.count, &object);
        }
        self.weight += self.allowance.used();
        self.waiting.push(object);
        let enough = self.waiting.len() == LOOKED_AT || self.weight > LOOKED_AT_BYTES;
        if enough { self.settle() } else { Ok(()) }
    }

    fn settle(&mut self) -> Result<(), ImportError> {
        if self.waiting.is_empty() {
            // An empty list tells nothing of its kind.
            return if self.collector.has_header() { Ok(()) } else { Err(ImportError::Empty) };
        }
        let mut names: Vec<String> = Vec::new();
        let mut seen: HashSet<&str> = HashSet::new();
        for key in self.waiting.iter().flat_map(Map::keys) {
            if seen.insert(key) {
                names.push(key.clone());
            }
        }
        self.collector.header(names)?;
        for object in std::mem::take(&mut self.waiting) {
            self.object(object)?;
        }
        Ok(())
    }
}

/// A whole document.
struct Document<'r, 'a, 'c> {
    reading: &'r mut Reading<'a, 'c>,
    limit: u64,
}

impl<'de> DeserializeSeed<'de> for Document<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let whole = self.reading.allowance.limit();
        self.reading.allowance.set_limit(self.limit);
        loop {
            self.reading.allowance.reset();
            let Some(object) = list.next_element::<Map<String, Value>>()? else { break };
            give(self.reading, object)?;
        }
        self.reading.allowance.set_limit(whole);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut rest = Map::new();
        let mut listed = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "value" && !rest.keys().any(|key| !key.starts_with('@')) {
                map.next_value_seed(Document { reading: &mut *self.reading, limit: self.limit })?;
                listed = true;
                continue;
            }
            let value: Value = map.next_value()?;
            if key == "@odata.nextLink" {
                self.reading.collector.set_more();
            }
            rest.insert(key, value);
        }
        if listed {
            return Ok(());
        }
        match tools::rows(&rest) {
            Some(rows) => rows.into_iter().try_for_each(|row| give(self.reading, row)),
            None => give(self.reading, rest),
        }
    }
}

fn give<E: serde::de::Error>(
    reading: &mut Reading<'_, '_>,
    object: Map<String, Value>,
) -> Result<(), E> {
    reading.object(object).map_err(|error| {
        reading.failed = Some(error);
        E::custom("stopped")
    })
}
