//! Recorded Airlabs rows: CSV with a header, each row made into the message that the API would have sent.

use std::io::Read;

use bytes::Bytes;
use csv::ByteRecord;
use thiserror::Error;

use super::Icao24;
use super::writer::{self, ObjectWriter};

const NUMBERS: [&[u8]; 7] = [
    b"lat", b"lng", b"alt", b"dir", b"speed", b"v_speed", b"updated",
];

/// One row as a message of the topic of raw flights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The message's key; `None` if the row has no good `hex`.
    pub hex: Option<Icao24>,
    /// The message: an Airlabs object. Of a row that has not as many cells as the header or is not UTF-8 it is the cells
    /// themselves with commas between them: decoding refuses that, so the row ends among the dead letters.
    pub raw: Bytes,
    /// Which row of the file it is, from 1: headers count, blank lines do not.
    pub number: u64,
}

/// Why a file cannot be replayed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CsvError {
    /// The first row names no column `hex`. Give the file a header row with Airlabs' field names.
    #[error("the first row names no column `hex`: it must be a header with Airlabs' field names")]
    NoHeader,
    /// The file cannot be read further. See the source.
    #[error("the file cannot be read: {0}")]
    Read(#[source] csv::Error),
}

/// Reads rows, in any order of columns, with any line ends.
///
/// A header that is repeated inside (the exporter appended to its file) is skipped and counted; if it orders the columns
/// otherwise, it holds from there on. Cells of numeric columns become numbers as they are written, other cells text,
/// empty cells nothing.
///
/// ```
/// use flightstream_core::flight::csv::Rows;
///
/// let file = "updated,hex,alt,reg_number\r\n1706705158,48AE23,,SP-LRA\r\n";
/// let row = Rows::new(file.as_bytes())?.next().unwrap()?;
/// assert_eq!(row.hex.unwrap().to_string(), "48AE23");
/// assert_eq!(row.raw, r#"{"updated":1706705158,"hex":"48AE23","reg_number":"SP-LRA"}"#);
/// # Ok::<(), flightstream_core::flight::csv::CsvError>(())
/// ```
#[derive(Debug)]
pub struct Rows<R> {
    reader: csv::Reader<R>,
    columns: Vec<Column>,
    row: ByteRecord,
    number: u64,
    repeated_headers: u64,
    has_failed: bool,
}

#[derive(Debug)]
struct Column {
    kind: Kind,
    /// `,"name":`
    name: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Hex,
    Number,
    Text,
    Nameless,
}

impl<R: Read> Rows<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// If the file cannot be read or has no header.
    pub fn new(reader: R) -> Result<Self, CsvError> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(reader);
        let mut row = ByteRecord::new();
        reader.read_byte_record(&mut row).map_err(CsvError::Read)?;
        if !is_header(&row) {
            return Err(CsvError::NoHeader);
        }
        Ok(Self {
            reader,
            columns: columns(&row),
            row,
            number: 1,
            repeated_headers: 0,
            has_failed: false,
        })
    }

    /// How many repeated headers were skipped so far.
    #[must_use]
    pub const fn repeated_headers(&self) -> u64 {
        self.repeated_headers
    }

    fn row(&self) -> Row {
        let number = self.number;
        let is_complete = self.row.len() == self.columns.len();
        let mut raw = Vec::with_capacity(512);
        if !is_complete || std::str::from_utf8(self.row.as_slice()).is_err() {
            for (index, cell) in self.row.iter().enumerate() {
                if index > 0 {
                    raw.push(b',');
                }
                raw.extend_from_slice(cell);
            }
            return Row {
                hex: None,
                raw: raw.into(),
                number,
            };
        }
        let mut hex = None;
        let mut object = ObjectWriter::new(&mut raw);
        for (column, cell) in self.columns.iter().zip(&self.row) {
            if cell.is_empty() || column.kind == Kind::Nameless {
                continue;
            }
            if column.kind == Kind::Number && is_json_number(cell) {
                object.raw(&column.name, cell);
            } else {
                object.text(&column.name, std::str::from_utf8(cell).unwrap_or_default());
            }
            if column.kind == Kind::Hex {
                hex = Icao24::from_bytes(cell).ok();
            }
        }
        object.finish();
        Row {
            hex,
            raw: raw.into(),
            number,
        }
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Row, CsvError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.has_failed {
            let result = self.reader.read_byte_record(&mut self.row);
            self.number += 1;
            match result {
                Ok(false) => return None,
                Ok(true) if is_header(&self.row) => {
                    self.repeated_headers += 1;
                    self.columns = columns(&self.row);
                }
                Ok(true) => return Some(Ok(self.row())),
                Err(error) => {
                    self.has_failed = true;
                    return Some(Err(CsvError::Read(error)));
                }
            }
        }
        None
    }
}

// No address is spelled `hex`, so only a header has such a cell.
fn is_header(row: &ByteRecord) -> bool {
    row.iter().any(|cell| cell.trim_ascii() == b"hex")
}

fn columns(header: &ByteRecord) -> Vec<Column> {
    let column = |name: &[u8]| {
        let name = name.trim_ascii();
        let kind = match name {
            b"" => Kind::Nameless,
            b"hex" => Kind::Hex,
            name if NUMBERS.contains(&name) => Kind::Number,
            _ => Kind::Text,
        };
        let mut prefix = b",".to_vec();
        writer::escape(&String::from_utf8_lossy(name), &mut prefix);
        prefix.push(b':');
        Column { kind, name: prefix }
    };
    header.iter().map(column).collect()
}

/// Whether a cell can stand as a number in JSON just as it is.
fn is_json_number(cell: &[u8]) -> bool {
    let (whole, rest) = split_digits(cell.strip_prefix(b"-").unwrap_or(cell));
    if whole.is_empty() || (whole.len() > 1 && whole.starts_with(b"0")) {
        return false;
    }
    let rest = match rest.strip_prefix(b".").map(split_digits) {
        Some(([], _)) => return false,
        Some((_, rest)) => rest,
        None => rest,
    };
    match rest {
        [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => {
            matches!(split_digits(exponent), ([_, ..], []))
        }
        rest => rest.is_empty(),
    }
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.split_at_checked(length).unwrap_or((text, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_numbers_are_told_from_other_text() {
        let numbers = ["0", "-0", "12", "-7.50", "0.1", "1e5", "1.5E-07", "2e+1"];
        for text in numbers {
            assert!(is_json_number(text.as_bytes()), "{text}");
            serde_json::from_str::<f64>(text).unwrap();
        }
        let others = [
            "", "-", "+1", "01", ".5", "5.", "1e", "1e+", "1.e5", "0x1F", "NaN", "1 ", "1,5",
            "--1", "1.2.3", "1e5.0", "1e5x", "1x",
        ];
        for text in others {
            assert!(!is_json_number(text.as_bytes()), "{text}");
        }
    }
}
