use std::fmt;

use super::convert;
use super::fields::Fields;
use super::{DecodeError, Limits};
use crate::flight::Flight;
use crate::flight::json::ObjectReader;
use crate::operator::Decoder;

/// Decodes one readsb object a message into a [`Flight`]. Its buffers are reused, so nothing is allocated for a message.
///
/// ```
/// use flightstream_core::flight::Altitude;
/// use flightstream_core::flight::readsb::ReadsbJson;
/// use flightstream_core::operator::Decoder;
///
/// let raw = br#"{"now":1706705160.5,"hex":"48ae23","flight":"LOT281  ","alt_baro":35000,"gs":447.1,"track":271.4,
///     "squawk":"2341","category":"A3","lat":52.17,"lon":20.97,"seen_pos":0.5}"#;
/// let flight = ReadsbJson::default().decode(raw)?;
/// assert_eq!(flight.hex.to_string(), "48AE23");
/// assert_eq!(flight.updated.as_seconds(), 1_706_705_160);
/// assert_eq!(flight.altitude, Some(Altitude::Barometric(10_668.0)));
/// assert_eq!(flight.ground_speed.unwrap().round(), 230.0);
/// # Ok::<(), flightstream_core::flight::readsb::DecodeError>(())
/// ```
pub struct ReadsbJson {
    reader: ObjectReader,
}

impl ReadsbJson {
    /// A decoder with limits of its own.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            reader: ObjectReader::new(limits),
        }
    }
}

impl Decoder for ReadsbJson {
    type Output = Flight;
    type Error = DecodeError;

    fn decode(&mut self, raw: &[u8]) -> Result<Flight, DecodeError> {
        self.reader
            .read(raw, |tape| convert::flight(&Fields::from_tape(tape)?))
    }
}

impl Default for ReadsbJson {
    fn default() -> Self {
        Self::with_limits(Limits::default())
    }
}

impl Clone for ReadsbJson {
    /// A decoder with the same limits and fresh buffers.
    fn clone(&self) -> Self {
        Self::with_limits(self.reader.limits())
    }
}

impl fmt::Debug for ReadsbJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadsbJson")
            .field("limits", &self.reader.limits())
            .finish_non_exhaustive()
    }
}
