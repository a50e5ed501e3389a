use std::error::Error;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::log::LogError;
use crate::log::lock::lock;

/// Remembers that a write failed, so that nothing is written on top of it.
#[derive(Debug, Default)]
pub(super) struct Failure {
    failed: AtomicBool,
    /// What the background thread ran into and nobody has been told yet.
    untold: Mutex<Option<LogError>>,
}

impl Failure {
    /// Refuses if a write has failed before: the first time with what it was, if nobody has heard of it.
    pub(super) fn check(&self) -> Result<(), LogError> {
        if self.failed.load(Ordering::Acquire) {
            Err(lock(&self.untold).take().unwrap_or(LogError::Poisoned))
        } else {
            Ok(())
        }
    }

    pub(super) fn is_set(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Notes a failed write and returns what its caller is to be told: what it was, unless another one has failed
    /// before.
    pub(super) fn note(&self, error: LogError) -> LogError {
        if self.failed.swap(true, Ordering::AcqRel) {
            LogError::Poisoned
        } else {
            error
        }
    }

    /// Keeps an error that has no caller for the next one who writes.
    pub(super) fn keep(&self, error: LogError) {
        self.failed.store(true, Ordering::Release);
        if !matches!(error, LogError::Poisoned) {
            *lock(&self.untold) = Some(error);
        }
    }
}

pub(super) fn io_error(action: &'static str, dir: &Path, source: io::Error) -> LogError {
    LogError::Io {
        action,
        path: dir.to_owned(),
        source,
    }
}

pub(super) fn corrupt(dir: &Path, what: impl Into<String>) -> LogError {
    LogError::Corrupt {
        path: dir.to_owned(),
        what: what.into(),
    }
}

/// What a failure of fjall means to who uses the log.
pub(super) fn storage_error(action: &'static str, dir: &Path, error: &fjall::Error) -> LogError {
    match error {
        fjall::Error::Locked => LogError::Locked {
            path: dir.to_owned(),
        },
        // fjall's own threads have failed before; it doesn't say at what, so look for the usual reason.
        fjall::Error::Poisoned => match probe(dir) {
            Ok(()) => LogError::Poisoned,
            Err(source) => io_error(action, dir, source),
        },
        error => match io_cause(error) {
            Some(source) if !is_damage(source.kind()) => {
                io_error(action, dir, same_io_error(source))
            }
            _ => corrupt(dir, format!("cannot {action} it: {}", innermost(error))),
        },
    }
}

/// A file that ends early or isn't there is damage; everything else is between the process and the system.
fn is_damage(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnexpectedEof
            | ErrorKind::InvalidData
            | ErrorKind::InvalidInput
            | ErrorKind::NotFound
            | ErrorKind::AlreadyExists
    )
}

fn io_cause(error: &fjall::Error) -> Option<&io::Error> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error);
        }
        cause = error.source();
    }
    None
}

fn innermost(error: &fjall::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

fn same_io_error(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

/// Tries to write a little.
fn probe(dir: &Path) -> io::Result<()> {
    let path = dir.join("probe");
    let written = fs::File::create(&path).and_then(|mut file| {
        file.write_all(&[0; 64 * 1024])?;
        file.sync_data()
    });
    let removed = fs::remove_file(&path);
    written.and(removed)
}
