use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use thiserror::Error;

use super::text::Text;

const NON_ICAO: u32 = 1 << 24;

/// An aircraft's 24-bit address: the key of every topic and of the index, because nothing else is unique.
///
/// Text form is six hexadecimal digits, upper case (`48AE23`). A leading `~` marks an address that ICAO did not
/// assign (ground stations, TIS-B tracks): `~2A3B4C` and `2A3B4C` are different aircraft.
///
/// ```
/// use flightstream_core::flight::Icao24;
///
/// let hex: Icao24 = "48ae23".parse()?;
/// assert_eq!(hex.to_string(), "48AE23");
/// assert_eq!(hex.address(), 0x48AE23);
/// assert!(hex.is_icao());
/// assert!(!"~48ae23".parse::<Icao24>()?.is_icao());
/// assert!("48AE2".parse::<Icao24>().is_err());
/// # Ok::<(), flightstream_core::flight::Icao24Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Icao24(u32);

/// Why a text is no 24-bit address. The record has no key then: refuse it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Icao24Error {
    /// There are not exactly six digits (after an optional `~`).
    #[error("is not six hexadecimal digits long")]
    Length,
    /// One of the six is no hexadecimal digit.
    #[error("has a character that is no hexadecimal digit")]
    Digit,
    /// The number does not fit into 24 bits.
    #[error("does not fit into 24 bits")]
    Range,
}

impl Icao24 {
    /// The address `address`, assigned by ICAO.
    ///
    /// # Errors
    /// If it does not fit into 24 bits.
    pub const fn new(address: u32) -> Result<Self, Icao24Error> {
        if address < NON_ICAO {
            Ok(Self(address))
        } else {
            Err(Icao24Error::Range)
        }
    }

    /// The same address, marked as not assigned by ICAO.
    #[must_use]
    pub const fn non_icao(self) -> Self {
        Self(self.0 | NON_ICAO)
    }

    /// From its text form; blanks around it are cut.
    ///
    /// # Errors
    /// If it is not six hexadecimal digits, after an optional `~`.
    pub fn from_bytes(text: &[u8]) -> Result<Self, Icao24Error> {
        let text = text.trim_ascii();
        let (digits, mark) = match text.strip_prefix(b"~") {
            Some(digits) => (digits, NON_ICAO),
            None => (text, 0),
        };
        if digits.len() != 6 {
            return Err(Icao24Error::Length);
        }
        let mut address = 0;
        for digit in digits {
            let digit = char::from(*digit).to_digit(16).ok_or(Icao24Error::Digit)?;
            address = address << 4 | digit;
        }
        Ok(Self(address | mark))
    }

    /// The address as a number of 24 bits.
    #[must_use]
    pub const fn address(self) -> u32 {
        self.0 & (NON_ICAO - 1)
    }

    /// Whether ICAO assigned it.
    #[must_use]
    pub const fn is_icao(self) -> bool {
        self.0 & NON_ICAO == 0
    }

    /// Its canonical text, without touching the heap.
    #[must_use]
    pub fn text(self) -> Text<7> {
        const DIGITS: [u8; 16] = *b"0123456789ABCDEF";

        let mut bytes = [0; 7];
        let mut to = bytes.iter_mut();
        if !self.is_icao()
            && let Some(to) = to.next()
        {
            *to = b'~';
        }
        for (shift, to) in [20, 16, 12, 8, 4, 0].into_iter().zip(to) {
            let digit = usize::try_from(self.0 >> shift & 0xF).unwrap_or_default();
            *to = DIGITS.get(digit).copied().unwrap_or_default();
        }
        Text::from_ascii(bytes)
    }

    /// The key of this aircraft's messages: its canonical text.
    #[must_use]
    pub fn key(self) -> Bytes {
        Bytes::copy_from_slice(self.text().as_bytes())
    }
}

impl FromStr for Icao24 {
    type Err = Icao24Error;

    fn from_str(text: &str) -> Result<Self, Icao24Error> {
        Self::from_bytes(text.as_bytes())
    }
}

impl fmt::Display for Icao24 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.text(), f)
    }
}

impl fmt::Debug for Icao24 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Icao24 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text().as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Icao24 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::text::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_case_gives_one_canonical_text() {
        for text in ["00af0c", "00AF0C", " 00aF0c "] {
            let hex: Icao24 = text.parse().unwrap();
            assert_eq!(hex.address(), 0xAF0C);
            assert_eq!(hex.key(), "00AF0C");
        }
    }

    #[test]
    fn an_address_that_icao_did_not_assign_is_another_aircraft() {
        let marked: Icao24 = "~2a3b4c".parse().unwrap();
        let plain: Icao24 = "2A3B4C".parse().unwrap();
        assert_ne!(marked, plain);
        assert_eq!(marked, plain.non_icao());
        assert_eq!(marked.address(), plain.address());
        assert_eq!(marked.to_string(), "~2A3B4C");
    }

    #[test]
    fn anything_else_is_refused() {
        use Icao24Error::{Digit, Length, Range};
        for (text, error) in [
            ("", Length),
            ("~", Length),
            ("12345", Length),
            ("1234567", Length),
            ("~~12345", Digit),
            ("12G456", Digit),
            ("12 456", Digit),
            ("0x1234", Digit),
            ("12é45", Digit),
        ] {
            assert_eq!(text.parse::<Icao24>(), Err(error), "{text:?}");
        }
        assert_eq!(Icao24::new(0x100_0000), Err(Range));
    }
}
