//! Topics as files, to keep and to bring back: lines of JSON, compressed with zstd or gzip or not at all.
//!
//! ```text
//! {"archive":1,"topic":"flight","partitions":4}
//! {"partition":0,"offset":17,"time":1706705158000,"key":"48AE23","value":"{\"hex\":\"48AE23\"…}"}
//! {"partition":0,"offset":18,"time":1706705159000,"key":{"base64":"/w=="},"headers":[["reason","late"]]}
//! {"records":2}
//! ```
//!
//! Keys, values and headers are text, or base64 where they are not UTF-8 or larger than 1 MiB; what is not there is left
//! out, so a record without a value is a tombstone. A line has up to 8 MiB and 1,024 headers. The last line says how many
//! records there are: a file that is cut off is refused before anything of it is written.
//!
//! ```
//! use flightstream_core::batch::{Raw, Record};
//! use flightstream_core::log::archive::{Archive, Compression, Export};
//! use flightstream_core::log::{Isolation, Log, TopicSpec, memory::MemoryLog};
//! use flightstream_core::time::Timestamp;
//!
//! let log = MemoryLog::default();
//! log.create_topic(&TopicSpec::new("flight", 4))?;
//! let record = Record { key: Some("48AE23".into()), ..Record::new(Raw::from("{}"), Timestamp::from_seconds(1)) };
//! log.writer(Isolation::Immediate)?.append("flight", vec![record])?;
//!
//! let folder = std::env::temp_dir().join(format!("flightstream-archive-{}", std::process::id()));
//! std::fs::create_dir_all(&folder)?;
//! let path = folder.join("flight.ndjson.zst");
//! Export::of("flight").write(&log, std::fs::File::create(&path)?, Compression::of(&path), |_| {})?;
//!
//! let other = MemoryLog::default();
//! other.create_topic(&TopicSpec::new("flight", 4))?;
//! assert_eq!(Archive::open(&path)?.import(&other, "flight", |_| {})?, 1);
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod export;
mod import;
mod line;

use std::io;
use std::path::Path;

use thiserror::Error;

pub use self::export::Export;
pub use self::import::Archive;
use super::LogError;

/// How an archive is compressed. Reading tells it by the file's first bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// zstd.
    Zstd,
}

impl Compression {
    /// What a file's name says: `.gz`, `.zst`, or nothing.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// What can go wrong with an archive.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The file cannot be read or written.
    #[error("the archive cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// The first line is not an archive's. Give a file that an export made.
    #[error("this is no archive of a topic: its first line is none")]
    NoArchive,
    /// The archive is of a later form than this program knows.
    #[error("this archive has form {found}, and this program knows forms up to 1: use a newer one")]
    Newer {
        /// Its form.
        found: u32,
    },
    /// A line is not what an export writes.
    #[error("line {number} of the archive is not a record: {reason}")]
    Line {
        /// The line's number, from 1.
        number: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The last line is missing, or counts other than what is there: the file was cut off or changed.
    #[error(
        "the archive is not whole: it holds {records} records and its end is not where they end"
    )]
    Incomplete {
        /// Records that are there.
        records: u64,
    },
    /// The log cannot be read or written.
    #[error(transparent)]
    Log(#[from] LogError),
}
