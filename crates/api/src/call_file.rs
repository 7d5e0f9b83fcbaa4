//! Call records as a file that is written while it is sent: CSV, or Parquet in groups of rows.

use crate::csv;
use api_types::call::CallRecord;
use parquet::{
    basic::Compression,
    column::writer::ColumnWriter,
    data_type::ByteArray,
    errors::ParquetError,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};
use serde_json::Value;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// Rows of a group: what is held in memory until it is written.
const GROUP: usize = 10_000;

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Time,
    Int,
    Flag,
}

/// The columns of a Parquet file, those of the CSV in their order. Every one may be null.
const COLUMNS: &[(&str, Kind)] = &[
    ("id", Kind::Text),
    ("kind", Kind::Text),
    ("started_at", Kind::Time),
    ("answered_at", Kind::Time),
    ("ended_at", Kind::Time),
    ("duration_ms", Kind::Int),
    ("operator_connected_ms", Kind::Int),
    ("operator_billed_ms", Kind::Int),
    ("duration_source", Kind::Text),
    ("caller", Kind::Text),
    ("callee", Kind::Text),
    ("number", Kind::Text),
    ("operator_id", Kind::Text),
    ("operator_name", Kind::Text),
    ("trunk_id", Kind::Text),
    ("trunk", Kind::Text),
    ("tenant_id", Kind::Text),
    ("user_id", Kind::Text),
    ("user_name", Kind::Text),
    ("queue_id", Kind::Text),
    ("queue_name", Kind::Text),
    ("conference_bridge_id", Kind::Text),
    ("conference_bridge_name", Kind::Text),
    ("call_type", Kind::Text),
    ("sip_code", Kind::Int),
    ("reason", Kind::Text),
    ("hung_up_by", Kind::Text),
    ("attempts", Kind::Text),
    ("in_call_id", Kind::Text),
    ("out_call_id", Kind::Text),
    ("complete", Kind::Flag),
    ("forwarded_by_id", Kind::Text),
    ("forwarded_by_name", Kind::Text),
    ("forward_cause", Kind::Text),
];

fn schema() -> String {
    let columns = COLUMNS.iter().map(|(name, kind)| {
        let kind = match kind {
            Kind::Text => format!("BYTE_ARRAY {name} (STRING)"),
            Kind::Time => format!("INT64 {name} (TIMESTAMP(MICROS,true))"),
            Kind::Int => format!("INT64 {name}"),
            Kind::Flag => format!("BOOLEAN {name}"),
        };
        format!("OPTIONAL {kind};")
    });
    format!("message calls {{ {} }}", columns.collect::<Vec<_>>().join(" "))
}

/// What was written and not sent yet.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A file on its way.
pub enum CallFile {
    /// RFC 4180, as every list has it.
    Csv {
        /// Its header is written.
        begun: bool,
    },
    /// Apache Parquet, its pages packed by Snappy.
    Parquet(Box<Parquet>),
}

/// The writer of a Parquet file.
pub struct Parquet {
    sink: Sink,
    writer: SerializedFileWriter<Sink>,
    waiting: Vec<Value>,
}

impl CallFile {
    /// A file of this format.
    pub fn new(format: &str) -> Result<Self, ParquetError> {
        if format != "parquet" {
            return Ok(Self::Csv { begun: false });
        }
        let sink = Sink::default();
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let schema = Arc::new(parse_message_type(&schema())?);
        let writer = SerializedFileWriter::new(sink.clone(), schema, Arc::new(properties))?;
        Ok(Self::Parquet(Box::new(Parquet { sink, writer, waiting: Vec::new() })))
    }

    /// What it is called on the way.
    pub const fn content_type(&self) -> &'static str {
        match self {
            Self::Csv { .. } => "text/csv; charset=utf-8; header=present",
            Self::Parquet(_) => "application/vnd.apache.parquet",
        }
    }

    /// Adds calls; answers with the bytes that can be sent.
    pub fn add(&mut self, calls: &[CallRecord]) -> Result<Vec<u8>, ParquetError> {
        match self {
            Self::Csv { begun } => {
                let mut bytes = if *begun { Vec::new() } else { csv::header::<CallRecord>() };
                *begun = true;
                bytes.extend(csv::lines(calls));
                Ok(bytes)
            }
            Self::Parquet(parquet) => {
                let rows = calls.iter().map(|call| serde_json::to_value(call).unwrap_or_default());
                parquet.waiting.extend(rows);
                if parquet.waiting.len() >= GROUP {
                    parquet.group()?;
                }
                Ok(parquet.sink.take())
            }
        }
    }

    /// Its last bytes.
    pub fn finish(self) -> Result<Vec<u8>, ParquetError> {
        match self {
            Self::Csv { begun } => Ok(if begun { Vec::new() } else { csv::header::<CallRecord>() }),
            Self::Parquet(mut parquet) => {
                if !parquet.waiting.is_empty() {
                    parquet.group()?;
                }
                parquet.writer.close()?;
                Ok(parquet.sink.take())
            }
        }
    }
}

impl Parquet {
    fn group(&mut self) -> Result<(), ParquetError> {
        let rows = std::mem::take(&mut self.waiting);
        let mut group = self.writer.next_row_group()?;
        for (name, kind) in COLUMNS {
            let Some(mut column) = group.next_column()? else { break };
            let levels: Vec<i16> =
                rows.iter().map(|row| i16::from(!row[*name].is_null())).collect();
            let there = rows.iter().map(|row| &row[*name]).filter(|value| !value.is_null());
            match column.untyped() {
                ColumnWriter::ByteArrayColumnWriter(writer) => {
                    let values: Vec<ByteArray> = there.map(text).collect();
                    writer.write_batch(&values, Some(&levels), None)?;
                }
                ColumnWriter::Int64ColumnWriter(writer) => {
                    let values: Vec<i64> = there.map(|value| integer(value, *kind)).collect();
                    writer.write_batch(&values, Some(&levels), None)?;
                }
                ColumnWriter::BoolColumnWriter(writer) => {
                    let values: Vec<bool> = there.map(|v| v.as_bool().unwrap_or(false)).collect();
                    writer.write_batch(&values, Some(&levels), None)?;
                }
                _ => return Err(ParquetError::General(format!("{name} is of no kind of ours"))),
            }
            column.close()?;
        }
        group.close()?;
        Ok(())
    }
}

/// Documents within a cell stay JSON.
fn text(value: &Value) -> ByteArray {
    match value {
        Value::String(text) => ByteArray::from(text.as_str()),
        other => ByteArray::from(other.to_string().into_bytes()),
    }
}

fn integer(value: &Value, kind: Kind) -> i64 {
    match kind {
        Kind::Time => {
            let at = value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
            at.map_or(0, |at| at.as_microsecond())
        }
        _ => value.as_i64().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv::CsvRow;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

    #[test]
    fn both_formats_have_the_same_columns() {
        let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, CallRecord::COLUMNS);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let call = |n: usize| -> CallRecord {
            serde_json::from_value(serde_json::json!({
                "id": uuid::Uuid::from_u128(n as u128), "caller": format!("+44207946{n:04}"),
                "callee": "+493012345", "attempts": [], "complete": n.is_multiple_of(2),
                "started_at": "2026-11-22T12:00:00Z", "duration_ms": n,
                "sip_code": n.is_multiple_of(3).then_some(200),
            }))
            .expect("a call")
        };
        let calls: Vec<CallRecord> = (0..GROUP + 5).map(call).collect();
        let mut file = CallFile::new("parquet").expect("a schema");
        let mut bytes = Vec::new();
        for some in calls.chunks(1000) {
            bytes.extend(file.add(some).expect("written"));
        }
        assert!(!bytes.is_empty(), "a group is sent as soon as it is full");
        bytes.extend(file.finish().expect("written"));
        let reader =
            SerializedFileReader::new(axum::body::Bytes::from(bytes)).expect("a Parquet file");
        assert_eq!(reader.metadata().num_row_groups(), 2);
        assert_eq!(reader.metadata().file_metadata().num_rows(), calls.len() as i64);
        for (row, call) in reader.get_row_iter(None).expect("rows").zip(&calls) {
            let row = row.expect("a row");
            assert_eq!(row.get_string(0).expect("id"), &call.id.to_string());
            assert_eq!(row.get_timestamp_micros(2).expect("started_at"), 1_795_348_800_000_000);
            assert_eq!(row.get_long(5).expect("duration"), call.duration_ms.expect("there"));
            assert_eq!(row.get_long(24).ok(), call.sip_code.map(i64::from));
            assert_eq!(row.get_bool(30).expect("complete"), call.complete);
        }
    }
}
