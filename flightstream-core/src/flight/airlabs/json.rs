use std::fmt;

use super::fields::Fields;
use super::{DecodeError, Limits, convert};
use crate::flight::Flight;
use crate::flight::json::ObjectReader;
use crate::operator::Decoder;

/// Decodes one Airlabs object a message into a [`Flight`]. Its buffers are reused, so nothing is allocated for a message.
///
/// ```
/// use flightstream_core::flight::airlabs::AirlabsJson;
/// use flightstream_core::flight::Altitude;
/// use flightstream_core::operator::Decoder;
///
/// let raw = br#"{"hex":"48AE23","lat":52.17,"lng":20.97,"alt":10688,"dir":360.0,"speed":828,"updated":1706705158}"#;
/// let flight = AirlabsJson::default().decode(raw)?;
/// assert_eq!(flight.hex.to_string(), "48AE23");
/// assert_eq!(flight.altitude, Some(Altitude::Barometric(10_668.0)));
/// assert_eq!(flight.track, Some(0.0));
/// assert_eq!(flight.ground_speed, Some(230.0));
/// # Ok::<(), flightstream_core::flight::airlabs::DecodeError>(())
/// ```
pub struct AirlabsJson {
    reader: ObjectReader,
    statistics: DecodeStatistics,
}

/// What a decoder has seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeStatistics {
    /// Messages decoded.
    pub decoded: u64,
    /// Messages refused.
    pub rejected: u64,
    /// Fields of decoded messages that are not known here: if this grows, the API has grown.
    pub unknown_fields: u64,
    /// Optional fields of decoded messages that had the wrong type or form and were left out.
    pub bad_fields: u64,
}

impl AirlabsJson {
    /// A decoder with limits of its own.
    #[must_use]
    pub fn with_limits(limits: Limits) -> Self {
        Self {
            reader: ObjectReader::new(limits),
            statistics: DecodeStatistics::default(),
        }
    }

    /// What it has seen so far.
    #[must_use]
    pub fn statistics(&self) -> DecodeStatistics {
        self.statistics
    }

    fn parse(&mut self, raw: &[u8]) -> Result<Flight, DecodeError> {
        self.reader.read(raw, |tape| {
            let fields = Fields::from_tape(tape)?;
            let (flight, bad_fields) = convert::flight(&fields)?;
            self.statistics.unknown_fields += u64::from(fields.unknown);
            self.statistics.bad_fields += u64::from(bad_fields);
            Ok(flight)
        })
    }
}

impl Decoder for AirlabsJson {
    type Output = Flight;
    type Error = DecodeError;

    fn decode(&mut self, raw: &[u8]) -> Result<Flight, DecodeError> {
        let result = self.parse(raw);
        match result {
            Ok(_) => self.statistics.decoded += 1,
            Err(_) => self.statistics.rejected += 1,
        }
        result
    }
}

impl Default for AirlabsJson {
    fn default() -> Self {
        Self::with_limits(Limits::default())
    }
}

impl Clone for AirlabsJson {
    /// A decoder with the same limits, fresh buffers and statistics from 0.
    fn clone(&self) -> Self {
        Self::with_limits(self.reader.limits())
    }
}

impl fmt::Debug for AirlabsJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AirlabsJson")
            .field("limits", &self.reader.limits())
            .field("statistics", &self.statistics)
            .finish_non_exhaustive()
    }
}
