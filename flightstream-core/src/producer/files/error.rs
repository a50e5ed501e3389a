use std::path::PathBuf;

use thiserror::Error;

use crate::flight::airlabs::AnswerError;
use crate::log::LogError;

/// Why a file cannot be replayed, or not to its end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be opened or read: it does not exist, may not be read, or vanished meanwhile.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// There is nothing in it.
    #[error("{} holds no flights", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Its name ends in nothing known and its content looks like nothing known.
    #[error(
        "cannot tell what {} holds; name it .json, .ndjson or .csv (with .gz or .zst behind)", path.display()
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// It ends in the middle of a value: it was cut off. What came before has been sent.
    #[error("{} ends in the middle of a flight: it was cut off after {messages} whole ones", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// How many messages came before.
        messages: u64,
    },
    /// One value in it is larger than a message can be.
    #[error("{} holds a value of more than {limit} bytes: it is no file of flights", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// It is an answer of the Airlabs API that holds no flights.
    #[error("{}: {source}", path.display())]
    Answer {
        /// The file.
        path: PathBuf,
        /// What it holds instead.
        source: AnswerError,
    },
    /// Its CSV has no header that names the fields.
    #[error("{}: {what}", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The log did not take the messages.
    #[error(transparent)]
    Log(#[from] LogError),
}
