use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::flight::PositionError;

/// Why a reference table cannot be loaded. Lines count from 1, the header's line included.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file cannot be opened. Check its path and its permissions.
    #[error("cannot open {}: {source}", path.display())]
    Open {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The input broke off while it was read. Try again.
    #[error("cannot read the table: {0}")]
    Read(#[source] io::Error),
    /// There is no row. Give a CSV file with a header line and at least one row.
    #[error("the table is empty; give a CSV file with a header line and at least one row")]
    Empty,
    /// The header lacks a column without which no row can be used. Add it.
    #[error("the table has no column {column}; add it (also accepted: {synonyms})")]
    MissingColumn {
        /// Its name in this library's own tables.
        column: &'static str,
        /// The names that other sources give it.
        synonyms: String,
    },
    /// A row has more or fewer fields than the header. Quote fields that hold commas.
    #[error(
        "line {line} has {found} fields where the header has {expected}; quote fields with commas"
    )]
    FieldCount {
        /// The row's line.
        line: u64,
        /// The header's count.
        expected: u64,
        /// The row's.
        found: u64,
    },
    /// Bytes that are not UTF-8. Convert the file to UTF-8.
    #[error("line {line} is not UTF-8; convert the file")]
    NotUtf8 {
        /// The row's line.
        line: u64,
    },
    /// A field that does not hold what its column is for. Correct it.
    #[error("line {line}, column {column}: {value:?} is not {expected}")]
    Value {
        /// The row's line.
        line: u64,
        /// The column, as the header spells it.
        column: String,
        /// What it holds.
        value: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// A position that is not on the earth. Correct it; perhaps latitude and longitude are exchanged.
    #[error("line {line}: {source}")]
    Position {
        /// The row's line.
        line: u64,
        /// What is wrong with it.
        #[source]
        source: PositionError,
    },
    /// A position of exactly (0, 0): there is no airport, only tables that write unknown that way. Correct or delete
    /// the row.
    #[error("line {line}: no airport is at (0, 0); correct the position or delete the row")]
    NullIsland {
        /// The row's line.
        line: u64,
    },
    /// Two rows with the same code. Delete one of them.
    #[error("line {line}, column {column}: {code} is also on line {first}; delete one of them")]
    Duplicate {
        /// The later row's line.
        line: u64,
        /// The column, as the header spells it.
        column: String,
        /// The code.
        code: String,
        /// The earlier row's line.
        first: u64,
    },
}
