use std::io::{self, Read};

use csv::StringRecord;
use rustc_hash::FxHashMap;

use super::{Airport, TableError};
use crate::flight::{AirportIata, AirportIcao, Country, Position};

const METRES_PER_FOOT: f32 = 0.3048;

/// Where the header has each thing; the first name that it has wins.
struct Columns {
    icao: Option<usize>,
    iata: Option<usize>,
    country: usize,
    lat: usize,
    lon: usize,
    elevation_m: Option<usize>,
    elevation_ft: Option<usize>,
    name: Option<usize>,
    city: Option<usize>,
    time_zone: Option<usize>,
    kind: Option<usize>,
}

impl Columns {
    fn of(header: &StringRecord) -> Result<Self, TableError> {
        let names: Vec<String> = header.iter().map(str::to_ascii_lowercase).collect();
        let find = |wanted: &[&str]| {
            wanted
                .iter()
                .find_map(|name| names.iter().position(|found| found == name))
        };
        let require = |wanted: &[&'static str]| {
            find(wanted).ok_or_else(|| TableError::MissingColumn {
                column: wanted.first().copied().unwrap_or_default(),
                synonyms: wanted.get(1..).unwrap_or_default().join(", "),
            })
        };

        let icao = find(&["icao", "icao_code", "ident"]);
        let iata = find(&["iata", "iata_code"]);
        if icao.is_none() && iata.is_none() {
            return Err(TableError::MissingColumn {
                column: "iata or icao",
                synonyms: "iata_code, icao_code, ident".into(),
            });
        }
        Ok(Self {
            icao,
            iata,
            country: require(&["country", "iso_country"])?,
            lat: require(&["lat", "latitude", "latitude_deg"])?,
            lon: require(&["lon", "lng", "longitude", "longitude_deg"])?,
            elevation_m: find(&["elevation_m"]),
            elevation_ft: find(&["elevation_ft", "elevation"]),
            name: find(&["name"]),
            city: find(&["city", "municipality"]),
            time_zone: find(&["tz", "time_zone"]),
            kind: find(&["type"]),
        })
    }
}

/// One row with what its errors need.
struct Row<'a> {
    header: &'a StringRecord,
    fields: &'a StringRecord,
    source: &'a str,
}

impl Row<'_> {
    fn line(&self) -> u64 {
        line_at(self.source, self.start())
    }

    fn start(&self) -> u64 {
        self.fields.position().map_or(0, csv::Position::byte)
    }

    fn text(&self, column: Option<usize>) -> &str {
        column
            .and_then(|column| self.fields.get(column))
            .unwrap_or_default()
    }

    fn column(&self, column: Option<usize>) -> String {
        let name = column.and_then(|column| self.header.get(column));
        name.unwrap_or_default().to_owned()
    }

    fn wrong(&self, column: Option<usize>, expected: &'static str) -> TableError {
        TableError::Value {
            line: self.line(),
            column: self.column(column),
            value: self.text(column).to_owned(),
            expected,
        }
    }

    fn degrees(&self, column: usize) -> Result<f64, TableError> {
        let column = Some(column);
        let value = self.text(column).parse();
        value.map_err(|_| self.wrong(column, "a number of degrees"))
    }

    fn length(&self, column: Option<usize>, unit: f32) -> Result<Option<f32>, TableError> {
        match self.text(column) {
            "" => Ok(None),
            text => match text.parse::<f32>() {
                Ok(value) if value.is_finite() => Ok(Some(value * unit)),
                _ => Err(self.wrong(column, "a number, or blank")),
            },
        }
    }

    fn airport(&self, at: &Columns) -> Result<Option<Airport>, TableError> {
        let icao = AirportIcao::new(self.text(at.icao)).ok();
        let iata = match self.text(at.iata) {
            "" => None,
            text => Some(
                AirportIata::new(text)
                    .map_err(|_| self.wrong(at.iata, "an IATA code of three letters"))?,
            ),
        };
        if (icao.is_none() && iata.is_none()) || self.text(at.kind) == "closed" {
            return Ok(None);
        }
        let country = Country::new(self.text(Some(at.country)))
            .map_err(|_| self.wrong(Some(at.country), "a country code of two letters"))?;
        let (lat, lon) = (self.degrees(at.lat)?, self.degrees(at.lon)?);
        let position = Position::new(lat, lon).map_err(|source| TableError::Position {
            line: self.line(),
            source,
        })?;
        if lat == 0.0 && lon == 0.0 {
            return Err(TableError::NullIsland { line: self.line() });
        }
        let elevation = match self.length(at.elevation_m, 1.0)? {
            Some(metres) => Some(metres),
            None => self.length(at.elevation_ft, METRES_PER_FOOT)?,
        };
        Ok(Some(Airport {
            iata,
            icao,
            name: self.text(at.name).into(),
            city: self.text(at.city).into(),
            country,
            position,
            elevation,
            time_zone: self.text(at.time_zone).into(),
        }))
    }
}

/// All airports of a CSV file, with distinct codes.
pub(super) fn read(mut reader: impl Read) -> Result<Vec<Airport>, TableError> {
    let mut source = Vec::new();
    reader.read_to_end(&mut source).map_err(TableError::Read)?;
    let source = str::from_utf8(&source).map_err(|error| {
        let valid = source.get(..error.valid_up_to()).unwrap_or_default();
        let before = valid.iter().filter(|byte| **byte == b'\n').count();
        TableError::NotUtf8 {
            line: before as u64 + 1,
        }
    })?;
    parse(source).map_err(|error| match error {
        Failure::Table(error) => error,
        Failure::Csv(error) => from_csv_error(source, error),
    })
}

fn parse(source: &str) -> Result<Vec<Airport>, Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(source.as_bytes());
    let header = reader.headers()?.clone();
    if header.is_empty() {
        return Err(TableError::Empty.into());
    }
    let columns = Columns::of(&header)?;

    let mut airports = Vec::new();
    let mut iata_lines = FxHashMap::default();
    let mut icao_lines = FxHashMap::default();
    let mut fields = StringRecord::new();
    while reader.read_record(&mut fields)? {
        let row = Row {
            header: &header,
            fields: &fields,
            source,
        };
        let Some(airport) = row.airport(&columns)? else {
            continue;
        };
        let duplicate = |first, column, code: &str| TableError::Duplicate {
            line: row.line(),
            column: row.column(column),
            code: code.to_owned(),
            first: line_at(source, first),
        };
        if let Some(code) = airport.iata
            && let Some(first) = iata_lines.insert(code, row.start())
        {
            return Err(duplicate(first, columns.iata, code.as_str()).into());
        }
        if let Some(code) = airport.icao
            && let Some(first) = icao_lines.insert(code, row.start())
        {
            return Err(duplicate(first, columns.icao, code.as_str()).into());
        }
        airports.push(airport);
    }
    if airports.is_empty() {
        return Err(TableError::Empty.into());
    }
    Ok(airports)
}

enum Failure {
    Table(TableError),
    Csv(csv::Error),
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        Self::Table(error)
    }
}

impl From<csv::Error> for Failure {
    fn from(error: csv::Error) -> Self {
        Self::Csv(error)
    }
}

fn from_csv_error(source: &str, error: csv::Error) -> TableError {
    let start = error.position().map_or(0, csv::Position::byte);
    match error.into_kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => TableError::FieldCount {
            line: line_at(source, start),
            expected: expected_len,
            found: len,
        },
        csv::ErrorKind::Io(source) => TableError::Read(source),
        other => TableError::Read(io::Error::other(format!("{other:?}"))),
    }
}

/// The line of the row that was read from byte `start` on. The reader's own count is behind after `\r\n` and after
/// blank lines, which it skips only when it reads on.
fn line_at(source: &str, start: u64) -> u64 {
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let (before, from) = source.split_at_checked(start).unwrap_or((source, ""));
    let blank = from.len() - from.trim_start_matches(['\r', '\n']).len();
    let skipped = from.get(..blank).unwrap_or_default();
    let breaks = |text: &str| text.bytes().filter(|byte| *byte == b'\n').count() as u64;
    breaks(before) + breaks(skipped) + 1
}

/// A code that feeds still send for an airport that the table has under another one.
pub(super) struct Alias<'a> {
    pub(super) code: &'a str,
    /// `iata` or `icao`.
    pub(super) kind: &'a str,
    pub(super) target: AirportIcao,
}

/// The library's own aliases, `code,kind,target,note`; only the note may hold a comma.
pub(super) fn read_aliases(csv: &str) -> impl Iterator<Item = Alias<'_>> {
    csv.lines().skip(1).filter_map(|line| {
        let mut fields = line.splitn(4, ',');
        Some(Alias {
            code: fields.next()?,
            kind: fields.next()?,
            target: AirportIcao::new(fields.next()?).ok()?,
        })
    })
}
