use std::fmt;

use serde::{Deserialize, Serialize};

use crate::flight::{AirportIata, AirportIcao};

/// An airport as a report names it: by its IATA code, or by its ICAO code where the report has no other.
///
/// No table is asked, so an airport that a feed names now one way and now the other counts as two.
///
/// ```
/// use flightstream_core::flight::pipelines::AirportCode;
/// use flightstream_core::flight::{AirportIata, AirportIcao};
///
/// let (iata, icao) = (AirportIata::new("WAW")?, AirportIcao::new("EPWA")?);
/// assert_eq!(AirportCode::of(Some(iata), Some(icao)), Some(AirportCode::Iata(iata)));
/// assert_eq!(AirportCode::of(None, Some(icao)).unwrap().to_string(), "EPWA");
/// assert_eq!(AirportCode::of(None, None), None);
/// # Ok::<(), flightstream_core::flight::TextError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AirportCode {
    /// By IATA code.
    Iata(AirportIata),
    /// By ICAO code.
    Icao(AirportIcao),
}

impl AirportCode {
    /// The airport that a report names with one or both of its codes.
    #[must_use]
    pub fn of(iata: Option<AirportIata>, icao: Option<AirportIcao>) -> Option<Self> {
        iata.map(Self::Iata).or(icao.map(Self::Icao))
    }
}

impl fmt::Display for AirportCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Iata(code) => code.fmt(f),
            Self::Icao(code) => code.fmt(f),
        }
    }
}
