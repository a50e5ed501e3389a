//! What the pipeline has to make of a file, worked out a second time in another way: generic JSON, text tables, loops.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

const AIRPORTS: &str = include_str!("../../../flightstream-core/data/airports.csv");
const SUPPLEMENT: &str = include_str!("../../../flightstream-core/data/airports_supplement.csv");
const ALIASES: &str = include_str!("../../../flightstream-core/data/airport_aliases.csv");

/// Countries by airport code.
pub struct Oracle {
    iata: HashMap<String, String>,
    icao: HashMap<String, String>,
}

/// What is expected of a whole file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Expected {
    pub read: u64,
    pub enriched: u64,
    pub rejected: BTreeMap<String, u64>,
    pub by_type: BTreeMap<String, u64>,
    /// Each aircraft's newest `updated`, and the types of its reports of that moment.
    pub newest: BTreeMap<String, (i64, Vec<String>)>,
}

impl Oracle {
    pub fn new() -> Self {
        let (mut iata, mut icao) = (HashMap::new(), HashMap::new());
        for table in [SUPPLEMENT, AIRPORTS] {
            for line in table.lines().skip(1) {
                let cells = cells(line);
                let country = &cells[4];
                if cells[0].len() == 4 {
                    icao.entry(cells[0].clone()).or_insert(country.clone());
                }
                if cells[1].len() == 3 {
                    iata.entry(cells[1].clone()).or_insert(country.clone());
                }
            }
        }
        for line in ALIASES.lines().skip(1) {
            let cells = cells(line);
            let Some(country) = icao.get(&cells[2]).cloned() else {
                continue;
            };
            match cells[1].as_str() {
                "iata" => iata.entry(cells[0].clone()).or_insert(country),
                _ => icao.entry(cells[0].clone()).or_insert(country),
            };
        }
        Self { iata, icao }
    }

    fn country(&self, flight: &Value, side: &str) -> Option<&String> {
        let code = |kind: &str| flight[format!("{side}_{kind}")].as_str();
        let by_iata = code("iata").and_then(|code| self.iata.get(code));
        by_iata.or_else(|| code("icao").and_then(|code| self.icao.get(code)))
    }

    /// Domestic, International or Unknown.
    pub fn flight_type(&self, flight: &Value) -> &'static str {
        match (self.country(flight, "dep"), self.country(flight, "arr")) {
            (Some(from), Some(to)) if from == to => "Domestic",
            (Some(_), Some(_)) => "International",
            _ => "Unknown",
        }
    }

    /// What one message becomes: the reason of its refusal, or an accepted flight.
    pub fn judge(message: &[u8]) -> Result<Value, &'static str> {
        let flight: Value = serde_json::from_slice(message).map_err(|_| "malformed_json")?;
        if !flight.is_object() {
            return Err("not_an_object");
        }
        match (flight["lat"].as_f64(), flight["lng"].as_f64()) {
            (Some(_), Some(_)) => Ok(flight),
            _ => Err("no_position"),
        }
    }

    pub fn expect<'a>(&self, messages: impl IntoIterator<Item = &'a [u8]>) -> Expected {
        let mut expected = Expected::default();
        for name in ["Domestic", "International", "Unknown"] {
            expected.by_type.insert(name.to_owned(), 0);
        }
        for message in messages {
            expected.read += 1;
            match Self::judge(message) {
                Err(reason) => *expected.rejected.entry(reason.to_owned()).or_default() += 1,
                Ok(flight) => {
                    let kind = self.flight_type(&flight).to_owned();
                    expected.enriched += 1;
                    *expected.by_type.get_mut(&kind).unwrap() += 1;
                    let hex = flight["hex"].as_str().unwrap().to_uppercase();
                    let updated = flight["updated"].as_i64().unwrap() * 1000;
                    let newest = expected.newest.entry(hex).or_default();
                    match updated.cmp(&newest.0) {
                        std::cmp::Ordering::Greater => *newest = (updated, vec![kind]),
                        std::cmp::Ordering::Equal => newest.1.push(kind),
                        std::cmp::Ordering::Less => {}
                    }
                }
            }
        }
        expected
    }
}

/// A line's cells; a quoted one may hold commas.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    cells.push(cell);
    cells
}
