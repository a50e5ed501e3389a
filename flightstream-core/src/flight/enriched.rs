use std::sync::Arc;

use super::{Flight, FlightType, Quality};
use crate::table::{Airport, Airports};

/// A flight with its airports.
#[derive(Clone, Debug, PartialEq)]
pub struct EnrichedFlight {
    /// The report.
    pub flight: Flight,
    /// Where it left; `None` if the report does not say, or the table does not know the airport.
    pub departure: Option<Arc<Airport>>,
    /// Where it goes; `None` likewise.
    pub arrival: Option<Arc<Airport>>,
    /// Whether both are in one country.
    pub flight_type: FlightType,
    /// The report's flags and those of the airports.
    pub quality: Quality,
}

impl Flight {
    /// Finds the flight's airports, each by its IATA code first and by its ICAO code otherwise.
    ///
    /// An airport that is not found stays unknown, with [`Quality::UNKNOWN_DEPARTURE`] or [`Quality::UNKNOWN_ARRIVAL`]
    /// set: no airport is ever at (0, 0) for want of a better place.
    ///
    /// **The country rule:** a flight is domestic if both airports carry the same country code in the table of airports,
    /// letter for letter. Codes are ISO 3166-1, which gives dependent territories codes of their own: Paris to Réunion
    /// (FR, RE) is international. Where a table counts a territory to its country, so does this rule: the embedded table
    /// has Puerto Rico and the US Virgin Islands as `US`, which makes Orlando to San Juan domestic.
    #[must_use]
    pub fn located(self, airports: &Airports) -> EnrichedFlight {
        let departure = airports.resolve(self.departure_iata, self.departure_icao);
        let arrival = airports.resolve(self.arrival_iata, self.arrival_icao);
        let mut quality = self.quality;
        if departure.is_none() {
            quality |= Quality::UNKNOWN_DEPARTURE;
        }
        if arrival.is_none() {
            quality |= Quality::UNKNOWN_ARRIVAL;
        }
        let flight_type = match (departure, arrival) {
            (Some(departure), Some(arrival)) if departure.country == arrival.country => {
                FlightType::Domestic
            }
            (Some(_), Some(_)) => FlightType::International,
            _ => FlightType::Unknown,
        };
        EnrichedFlight {
            flight: self,
            departure: departure.cloned(),
            arrival: arrival.cloned(),
            flight_type,
            quality,
        }
    }
}
