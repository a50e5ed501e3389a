use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

/// Why a snapshot cannot be taken apart.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// It is not an object with `now` and an array `aircraft` (or `ac`): cut off, or of another source. Ask again.
    #[error("this is no aircraft.json: {0}")]
    Malformed(#[from] serde_json::Error),
}

/// The snapshot with its rows as they were sent.
#[derive(Deserialize)]
struct Snapshot<'a> {
    #[serde(borrow)]
    now: &'a RawValue,
    #[serde(borrow, alias = "ac")]
    aircraft: Vec<&'a RawValue>,
}

/// Takes `aircraft.json`, or the answer of an API of its form, apart into messages: one a row, each with the snapshot's
/// `now` put in front. Rows that are no objects are messages too; the decoder refuses them.
///
/// ```
/// use flightstream_core::flight::readsb;
///
/// let snapshot = br#"{"now":1706705160.5,"messages":9,"aircraft":[{"hex":"48ae23","seen":0.1},{"hex":"3c6675"}]}"#;
/// let messages = readsb::messages(snapshot)?;
/// assert_eq!(messages[0], &br#"{"now":1706705160.5,"hex":"48ae23","seen":0.1}"#[..]);
/// assert_eq!(messages.len(), 2);
/// # Ok::<(), readsb::SnapshotError>(())
/// ```
///
/// # Errors
/// If it is no such snapshot.
pub fn messages(snapshot: &[u8]) -> Result<Vec<Bytes>, SnapshotError> {
    let snapshot: Snapshot<'_> = serde_json::from_slice(snapshot)?;
    let now = snapshot.now.get();
    let message = |row: &&RawValue| {
        let fields = row.get().strip_prefix('{').map(str::trim_ascii_start);
        match fields {
            Some("}") => format!(r#"{{"now":{now}}}"#).into(),
            Some(fields) => format!(r#"{{"now":{now},{fields}"#).into(),
            None => Bytes::copy_from_slice(row.get().as_bytes()),
        }
    };
    Ok(snapshot.aircraft.iter().map(message).collect())
}
