use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

const LONGEST: usize = 512;

/// The secret that Airlabs knows a caller by.
///
/// It never shows: `Debug` and `Display` print `***`, and no error holds any part of it. The API wants it in the query
/// string, so whatever prints a URL prints the key: nothing here does.
///
/// ```
/// use flightstream_core::producer::airlabs::ApiKey;
///
/// let key = ApiKey::new("an-invented-key")?;
/// assert_eq!(format!("{key} {key:?}"), "*** ApiKey(***)");
/// # Ok::<(), flightstream_core::producer::airlabs::ApiKeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

/// Why something is no API key. None of these holds any of it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ApiKeyError {
    /// There is nothing but blanks. Set the environment variable, or put the key into the file.
    #[error("the API key is empty: set it by environment variable or in a file")]
    Empty,
    /// It is longer than any key: perhaps another file was named.
    #[error("the API key is longer than {LONGEST} bytes: see whether the right file is named")]
    TooLong,
    /// It has a blank, a line break or a character outside ASCII inside. Copy it again.
    #[error("the API key has a blank or a character that is not visible ASCII: copy it again")]
    Form,
    /// The file cannot be read. Correct its path or its permissions.
    #[error("the file {} with the API key cannot be read: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

impl ApiKey {
    /// From text, such as the value of an environment variable; blanks and line ends around it are cut.
    ///
    /// # Errors
    /// If what is left is empty, longer than 512 bytes, or not visible ASCII throughout.
    pub fn new(text: impl AsRef<str>) -> Result<Self, ApiKeyError> {
        Self::from_bytes(text.as_ref().as_bytes())
    }

    /// From a file that holds the key and nothing else.
    ///
    /// # Errors
    /// If it cannot be read, or as [`ApiKey::new`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ApiKeyError> {
        let path = path.as_ref();
        let mut bytes = Vec::new();
        // A wrong path may name anything, also something endless.
        let limit = LONGEST as u64 * 2;
        File::open(path)
            .and_then(|file| file.take(limit).read_to_end(&mut bytes))
            .map_err(|source| ApiKeyError::File {
                path: path.to_owned(),
                source,
            })?;
        Self::from_bytes(&bytes)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, ApiKeyError> {
        let bytes = bytes.trim_ascii();
        if bytes.is_empty() {
            return Err(ApiKeyError::Empty);
        }
        if bytes.len() > LONGEST {
            return Err(ApiKeyError::TooLong);
        }
        if !bytes.iter().all(u8::is_ascii_graphic) {
            return Err(ApiKeyError::Form);
        }
        let key = std::str::from_utf8(bytes).map_err(|_| ApiKeyError::Form)?;
        Ok(Self(key.to_owned()))
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn blanks_around_it_are_cut() {
        assert_eq!(
            ApiKey::new(" invented-key\r\n").unwrap().expose(),
            "invented-key"
        );
    }

    #[test]
    fn what_is_no_key_is_refused_without_repeating_it() {
        let long = "k".repeat(LONGEST + 1);
        for text in [
            "",
            " \n",
            "inve nted",
            "inve\nnted",
            "invénted",
            "inve\0nted",
            &long,
        ] {
            let error = ApiKey::new(text).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("inve") && !shown.contains("kk"), "{shown}");
        }
    }

    #[test]
    fn a_file_is_read() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"invented-key\n").unwrap();
        let key = ApiKey::from_file(file.path()).unwrap();
        assert_eq!(key, ApiKey::new("invented-key").unwrap());

        file.write_all(b"and a second line\xFF\n").unwrap();
        let error = ApiKey::from_file(file.path()).unwrap_err();
        assert!(matches!(error, ApiKeyError::Form));
        assert!(!format!("{error} {error:?}").contains("invented"));

        file.write_all(&[b'k'; 4096]).unwrap();
        assert!(matches!(
            ApiKey::from_file(file.path()),
            Err(ApiKeyError::TooLong)
        ));
        assert!(matches!(
            ApiKey::from_file("/nowhere/at/all"),
            Err(ApiKeyError::File { .. })
        ));
    }
}
