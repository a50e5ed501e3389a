//! Writes messages to a file that can be replayed: JSON, NDJSON or CSV.
//!
//! The file is written next to its final place and renamed once it is complete: whoever reads it never sees half of it,
//! and what was there before survives any failure.

mod columns;
mod format;
mod temporary;

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use self::format::Format;
pub use self::temporary::TemporaryFile;

/// A file to write messages to.
///
/// | extension | holds |
/// | --- | --- |
/// | `.json` | one array, a message a line |
/// | `.ndjson`, `.jsonl` | a message a line |
/// | `.csv` | a header with Airlabs' field names, a message a row; [`flight::csv`](crate::flight::csv) reads it |
///
/// ```
/// use flightstream_core::producer::export::Export;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("flights.ndjson");
/// let messages = [r#"{"hex":"48AE23"}"#, r#"{"hex":"48AE24"}"#];
/// let report = Export::to(&path)?.write(messages.iter().map(|message| message.as_bytes()))?;
/// assert_eq!(report.written, 2);
/// assert_eq!(std::fs::read_to_string(&path)?, "{\"hex\":\"48AE23\"}\n{\"hex\":\"48AE24\"}\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    path: PathBuf,
    format: Format,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportReport {
    /// Messages in the file.
    pub written: u64,
    /// Messages that the format cannot hold: whatever is no JSON, and in CSV whatever is no object.
    pub skipped: u64,
}

/// Why nothing was written. The file is as it was before.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The extension names no format. Use `.json`, `.ndjson`, `.jsonl` or `.csv`.
    #[error("{}: the extension must be .json, .ndjson, .jsonl or .csv", path.display())]
    Extension {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be written: a folder that is missing, permissions, a full disk.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

impl Export {
    /// Checks that the file can be written there. Do this before a call that costs something.
    ///
    /// # Errors
    /// If the extension names no format or the folder is missing.
    pub fn to(path: impl AsRef<Path>) -> Result<Self, ExportError> {
        let path = path.as_ref();
        let format = Format::of(path).ok_or_else(|| ExportError::Extension {
            path: path.to_owned(),
        })?;
        let export = Self {
            path: path.to_owned(),
            format,
        };
        if path.is_dir() {
            return Err(export.failed(io::ErrorKind::IsADirectory.into()));
        }
        let folder = temporary::folder(path);
        match folder.metadata() {
            Ok(found) if found.is_dir() => Ok(export),
            Ok(_) => Err(export.failed(io::ErrorKind::NotADirectory.into())),
            Err(source) => Err(export.failed(source)),
        }
    }

    /// Writes the messages, in place of whatever the file held.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write<'a>(
        &self,
        messages: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<ExportReport, ExportError> {
        let write = || {
            let mut file = TemporaryFile::next_to(&self.path)?;
            let report = self.format.write(messages, file.writer())?;
            file.persist()?;
            Ok(report)
        };
        write().map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> ExportError {
        ExportError::Write {
            path: self.path.clone(),
            source,
        }
    }
}
