//! Airports by IATA and ICAO code.

use std::io::Read;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use thiserror::Error;

use crate::flight::{AirportIata, AirportIcao, Country, Position};

/// An airport.
#[derive(Clone, Debug, PartialEq)]
pub struct Airport {
    /// IATA code.
    pub iata: Option<AirportIata>,
    /// ICAO location indicator.
    pub icao: Option<AirportIcao>,
    /// Name.
    pub name: Box<str>,
    /// City.
    pub city: Box<str>,
    /// ISO 3166-1 alpha-2 country code.
    pub country: Country,
    /// Reference point.
    pub position: Position,
    /// Metres above mean sea level.
    pub elevation: Option<f32>,
    /// IANA time zone.
    pub time_zone: Box<str>,
}

/// Why a table of airports cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TableError {
    /// The CSV cannot be read. Mend it.
    #[error("the airports cannot be read: {0}")]
    Csv(#[from] csv::Error),
}

/// Airports, found by code.
#[derive(Debug, Default)]
pub struct Airports {
    airports: Vec<Arc<Airport>>,
    by_iata: FxHashMap<AirportIata, Arc<Airport>>,
    by_icao: FxHashMap<AirportIcao, Arc<Airport>>,
}

impl Airports {
    /// The table that comes with the library.
    #[must_use]
    pub fn embedded() -> Self {
        Self::default()
    }

    /// From CSV with the columns icao, iata, name, city, country, elevation (metres), lat, lon, tz; rows without a
    /// usable position or country are left out.
    ///
    /// # Errors
    /// If the CSV cannot be read.
    pub fn from_csv(reader: impl Read) -> Result<Self, TableError> {
        let mut table = Self::default();
        let mut reader = csv::Reader::from_reader(reader);
        let headers = reader.headers()?.clone();
        let column = |name: &str| headers.iter().position(|header| header == name);
        let columns = [
            "icao",
            "iata",
            "name",
            "city",
            "country",
            "elevation_m",
            "lat",
            "lon",
            "tz",
        ]
        .map(column);
        for row in reader.records() {
            let row = row?;
            let [icao, iata, name, city, country, elevation, lat, lon, tz] =
                columns.map(|column| {
                    column
                        .and_then(|column| row.get(column))
                        .unwrap_or_default()
                });
            let position = Position::known(lat.parse().ok(), lon.parse().ok());
            let (Some(position), Ok(country)) = (position, Country::new(country)) else {
                continue;
            };
            let airport = Arc::new(Airport {
                iata: AirportIata::new(iata).ok(),
                icao: AirportIcao::new(icao).ok(),
                name: name.into(),
                city: city.into(),
                country,
                position,
                elevation: elevation.parse().ok(),
                time_zone: tz.into(),
            });
            if let Some(iata) = airport.iata {
                table.by_iata.insert(iata, Arc::clone(&airport));
            }
            if let Some(icao) = airport.icao {
                table.by_icao.insert(icao, Arc::clone(&airport));
            }
            table.airports.push(airport);
        }
        Ok(table)
    }

    /// The airport with that IATA code, otherwise the one with that ICAO code.
    #[must_use]
    pub fn resolve(
        &self,
        iata: Option<AirportIata>,
        icao: Option<AirportIcao>,
    ) -> Option<&Arc<Airport>> {
        iata.and_then(|iata| self.by_iata.get(&iata))
            .or_else(|| icao.and_then(|icao| self.by_icao.get(&icao)))
    }

    /// All airports.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Airport>> {
        self.airports.iter()
    }
}
