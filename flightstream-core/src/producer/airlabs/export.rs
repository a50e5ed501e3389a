use std::path::Path;

use thiserror::Error;

use super::{AirlabsClient, RequestError};
use crate::producer::export::{Export, ExportError, ExportReport};

/// Why no snapshot was written. The file is as it was before.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportFailure {
    /// The call brought no flights. See [`RequestError::retry`]; nothing was retried.
    #[error("no flights to write: {0}")]
    Request(#[from] RequestError),
    /// The file cannot be written.
    #[error(transparent)]
    File(#[from] ExportError),
}

/// Makes one call and writes its flights, and nothing of the envelope around them, to a file: JSON, NDJSON or CSV by its
/// extension (see [`Export`]). The path is checked before the call is made.
///
/// # Errors
/// If the call or the writing fails. What the file held before is there still.
pub fn export(
    client: &AirlabsClient,
    path: impl AsRef<Path>,
) -> Result<ExportReport, ExportFailure> {
    let export = Export::to(path)?;
    let snapshot = client.snapshot()?;
    let messages = snapshot.messages.iter().map(|message| &message.raw[..]);
    Ok(export.write(messages)?)
}
