//! Files from the samples or made up, read into memory.

use migrate::import::{self, Memory, Options, Taken};
use migrate::inventory::{Settings, build};
use migrate::model::{Inventory, Remark, RemarkKind};
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A sample of the documentation.
#[allow(clippy::disallowed_methods, reason = "tests own files, the crate does not")]
pub fn sample(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/samples/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Everything a file brings.
pub fn read(name: &str, bytes: impl AsRef<[u8]>, options: &Options) -> Memory {
    let mut memory = Memory::default();
    import::read(name, "0", Cursor::new(bytes.as_ref()), options, &mut memory)
        .expect("memory keeps everything");
    memory
}

/// A file that is taken, as one.
pub fn taken(name: &str, bytes: impl AsRef<[u8]>) -> Taken {
    let mut memory = read(name, bytes, &Options::default());
    assert_eq!(memory.abandoned, [], "{name}");
    assert_eq!(memory.files.len(), 1, "{name}");
    memory.files.remove(0)
}

/// The inventory of some files.
pub fn inventory(files: impl IntoIterator<Item = Taken>) -> Inventory {
    build(Settings::default(), files)
}

/// The inventory of files of one country.
pub fn inventory_of(country: &str, files: impl IntoIterator<Item = Taken>) -> Inventory {
    let country = numbering::Country::parse(country).ok();
    build(Settings { country, ..Settings::default() }, files)
}

/// Row, code of all remarks of a kind.
pub fn told(remarks: &[Remark], kind: RemarkKind) -> Vec<(u32, &str)> {
    remarks.iter().filter(|r| r.kind == kind).map(|r| (r.at.row, r.code.as_str())).collect()
}

/// An archive of these members.
pub fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in members {
        zip.start_file(*name, options).expect("a member");
        zip.write_all(bytes).expect("its bytes");
    }
    zip.finish().expect("an archive").into_inner()
}

/// A sheet of these rows.
pub fn sheet(rows: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><worksheet xmlns=\"x\"><sheetData>{rows}</sheetData></worksheet>"
    )
}

/// A workbook with one sheet of these rows.
pub fn book(rows: &str, shared: &str) -> Vec<u8> {
    workbook(&sheet(rows), shared)
}

/// A workbook with this sheet.
pub fn workbook(sheet: &str, shared: &str) -> Vec<u8> {
    zipped(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.xml", b"<workbook xmlns:r=\"r\"><sheets><sheet name=\"Numbers\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"),
        ("xl/_rels/workbook.xml.rels", b"<Relationships><Relationship Id=\"rId1\" Type=\"t\" Target=\"worksheets/sheet1.xml\"/></Relationships>"),
        ("xl/styles.xml", b"<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"dd/mm/yyyy hh:mm\"/></numFmts><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/></cellXfs></styleSheet>"),
        ("xl/sharedStrings.xml", shared.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}
