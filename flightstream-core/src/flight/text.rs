use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use thiserror::Error;

/// Up to `N` bytes of ASCII text, stored in place: a code is `Copy`, compares and hashes as one small array and never
/// touches the heap.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const N: usize>([u8; N]);

/// Why a text is not the code it was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TextError {
    /// It is empty, or nothing but blanks. Treat it as unknown.
    #[error("is empty")]
    Empty,
    /// It is longer than the code can be.
    #[error("is longer than {max} characters")]
    TooLong {
        /// The longest there is.
        max: usize,
    },
    /// It is shorter than the code can be.
    #[error("is shorter than {min} characters")]
    TooShort {
        /// The shortest there is.
        min: usize,
    },
    /// It has a character that the code cannot have.
    #[error("has a character other than {allowed}")]
    Character {
        /// What is allowed.
        allowed: &'static str,
    },
}

impl<const N: usize> Text<N> {
    /// From printable ASCII; blanks around it are cut.
    ///
    /// # Errors
    /// If it is empty, too long, or holds anything but printable ASCII.
    pub fn new(text: &str) -> Result<Self, TextError> {
        let text = text.trim_ascii().as_bytes();
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if !text
            .iter()
            .all(|byte| byte.is_ascii_graphic() || *byte == b' ')
        {
            return Err(TextError::Character {
                allowed: "printable ASCII",
            });
        }
        let mut bytes = [0; N];
        let Some(start) = bytes.get_mut(..text.len()) else {
            return Err(TextError::TooLong { max: N });
        };
        start.copy_from_slice(text);
        Ok(Self(bytes))
    }

    /// From printable ASCII that is already checked and padded with zeros at its end.
    pub(super) const fn from_ascii(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only printable ASCII gets in, so this never takes the default.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The text's bytes, without the padding.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(N);
        self.0.get(..length).unwrap_or_default()
    }
}

/// Reads a value that is text with a form of its own.
pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: serde::Deserializer<'de>,
{
    struct Visitor<T>(PhantomData<T>);

    impl<T: FromStr<Err: fmt::Display>> serde::de::Visitor<'_> for Visitor<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("text")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
            text.parse()
                .map_err(|error| E::custom(format_args!("text {error}")))
        }
    }

    deserializer.deserialize_str(Visitor(PhantomData))
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
