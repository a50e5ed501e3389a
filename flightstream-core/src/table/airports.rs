use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::TableError;
use super::airports_csv;
use crate::flight::{AirportIata, AirportIcao, Country, Position};

const AIRPORTS: &str = include_str!("../../data/airports.csv");
const SUPPLEMENT: &str = include_str!("../../data/airports_supplement.csv");
const ALIASES: &str = include_str!("../../data/airport_aliases.csv");

/// An airport of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Airport {
    /// IATA code; small airports have none.
    pub iata: Option<AirportIata>,
    /// ICAO location indicator, or a national identifier where there is none.
    pub icao: Option<AirportIcao>,
    /// Name, in UTF-8.
    pub name: Box<str>,
    /// City that it serves; may be empty.
    pub city: Box<str>,
    /// ISO 3166-1 alpha-2 country code. In the embedded table Puerto Rico and the US Virgin Islands are `US`.
    pub country: Country,
    /// Reference point, WGS 84.
    pub position: Position,
    /// Metres above mean sea level. The embedded table's source also writes 0 where it does not know.
    pub elevation: Option<f32>,
    /// IANA time zone, such as `Europe/Warsaw`; empty if the table has none.
    pub time_zone: Box<str>,
}

/// Airports by code.
///
/// Feeds are slower than registers: they send codes that were changed years ago. So a table also knows aliases, and
/// [`Airports::resolve`] goes by the IATA code first, which outlives the ICAO code more often.
///
/// ```
/// use flightstream_core::flight::{AirportIata, AirportIcao};
/// use flightstream_core::table::Airports;
///
/// let airports = Airports::embedded();
/// // Bishkek's code was FRU; the table has it as BSZ.
/// let bishkek = airports.by_iata(AirportIata::new("FRU")?).unwrap();
/// assert_eq!(bishkek.icao, Some(AirportIcao::new("UCFM")?));
/// # Ok::<(), flightstream_core::flight::TextError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Airports {
    rows: Vec<Arc<Airport>>,
    by_iata: FxHashMap<AirportIata, Arc<Airport>>,
    by_icao: FxHashMap<AirportIcao, Arc<Airport>>,
}

impl Airports {
    /// The table that comes with the library: 17,345 airports, 7,888 of them with an IATA code, from `airportsdata`
    /// 20260905 (MIT) and a hand-made supplement of five.
    ///
    /// Each call parses it anew (a few milliseconds): keep it in an [`Arc`] or a
    /// [`SharedTable`](super::SharedTable).
    #[must_use]
    pub fn embedded() -> Self {
        // A test reads both parts with their errors, so the default is never taken.
        let mut table = Self::default();
        for part in [SUPPLEMENT, AIRPORTS] {
            for airport in airports_csv::read(part.as_bytes()).unwrap_or_default() {
                table.insert(airport);
            }
        }
        table.add_aliases();
        table
    }

    /// A table of your own in the place of the embedded one.
    ///
    /// The header decides. Each column goes by one of these names, in any case and any order; others are ignored:
    ///
    /// | what | names | |
    /// |---|---|---|
    /// | ICAO code | `icao`, `icao_code`, `ident` | one of the two codes is required |
    /// | IATA code | `iata`, `iata_code` | |
    /// | country, ISO 3166-1 alpha-2 (`NA` is Namibia) | `country`, `iso_country` | required |
    /// | degrees, WGS 84 | `lat`, `latitude`, `latitude_deg`; `lon`, `lng`, `longitude`, `longitude_deg` | required |
    /// | elevation in metres | `elevation_m` | |
    /// | elevation in feet | `elevation_ft`, `elevation` | |
    /// | name, city, time zone | `name`; `city`, `municipality`; `tz`, `time_zone` | |
    ///
    /// So the files of `airportsdata` and of `OurAirports` can be used as they are. Rows without any usable code
    /// cannot be looked up and are left out, and so are rows whose `type` is `closed`. An ICAO column with something
    /// else in it (`_MLH`, `KH-0002`) counts as blank. The library's aliases apply here too wherever their target is
    /// in the table and the code itself is not.
    ///
    /// # Errors
    /// If a column is missing or a field is wrong; the error says which line and column. Nothing is skipped in
    /// silence but the rows above.
    pub fn from_csv(reader: impl Read) -> Result<Self, TableError> {
        let mut table = Self::default();
        for airport in airports_csv::read(reader)? {
            table.insert(airport);
        }
        table.add_aliases();
        Ok(table)
    }

    /// [`Airports::from_csv`] on a file.
    ///
    /// # Errors
    /// If the file cannot be opened, and as [`Airports::from_csv`].
    pub fn from_path(path: impl AsRef<Path>) -> Result<Self, TableError> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| TableError::Open {
            path: path.to_owned(),
            source,
        })?;
        Self::from_csv(file)
    }

    /// The airport with that IATA code or, if the code is absent or unknown, with that ICAO code.
    #[must_use]
    pub fn resolve(
        &self,
        iata: Option<AirportIata>,
        icao: Option<AirportIcao>,
    ) -> Option<&Arc<Airport>> {
        iata.and_then(|code| self.by_iata(code))
            .or_else(|| icao.and_then(|code| self.by_icao(code)))
    }

    /// The airport with that IATA code, aliases included.
    #[must_use]
    pub fn by_iata(&self, code: AirportIata) -> Option<&Arc<Airport>> {
        self.by_iata.get(&code)
    }

    /// The airport with that ICAO code, aliases included.
    #[must_use]
    pub fn by_icao(&self, code: AirportIcao) -> Option<&Arc<Airport>> {
        self.by_icao.get(&code)
    }

    /// Every airport once, in the table's order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Airport>> {
        self.rows.iter()
    }

    /// How many airports there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The first airport that claims a code keeps it: the supplement is read first, to correct the table.
    fn insert(&mut self, mut airport: Airport) {
        airport.iata = airport.iata.filter(|code| !self.by_iata.contains_key(code));
        airport.icao = airport.icao.filter(|code| !self.by_icao.contains_key(code));
        let airport = Arc::new(airport);
        if let Some(code) = airport.iata {
            self.by_iata.insert(code, Arc::clone(&airport));
        }
        if let Some(code) = airport.icao {
            self.by_icao.insert(code, Arc::clone(&airport));
        }
        self.rows.push(airport);
    }

    fn add_aliases(&mut self) {
        for alias in airports_csv::read_aliases(ALIASES) {
            let Some(target) = self.by_icao.get(&alias.target).cloned() else {
                continue;
            };
            if let Ok(code) = AirportIata::new(alias.code)
                && alias.kind == "iata"
            {
                self.by_iata.entry(code).or_insert(target);
            } else if let Ok(code) = AirportIcao::new(alias.code)
                && alias.kind == "icao"
            {
                self.by_icao.entry(code).or_insert(target);
            }
        }
    }
}
