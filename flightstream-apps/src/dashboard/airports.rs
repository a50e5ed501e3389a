use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use flightstream_core::flight::{AirportIata, AirportIcao};
use flightstream_core::search::Query;
use flightstream_core::table::{Airport, Airports};
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::movements::round;
use super::parameters::Parameters;
use super::shared::{Inner, Shared, buckets, count};

/// More codes than there are.
const MOST_CODES: usize = 10_000;

/// Where flights end, by what the table resolves their codes to.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Known(Arc<Airport>),
    /// A code that the table does not have.
    Code(String),
}

/// One of a flight's two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Departure,
    Arrival,
}

/// Airports with the aircraft that match.
pub(super) async fn list(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| {
        let mut parameters = Parameters::of(&uri)?;
        let limit = parameters.number("limit", 1..=10_000)?.unwrap_or(1_000);
        let orders = ["-total", "-arrivals", "-departures", "code"];
        let order = parameters.word("sort", &orders)?.unwrap_or("-total");
        let query = shared.filters(&mut parameters)?;
        parameters.finish()?;
        let mut rows = traffic(shared, &query)?;
        rows.sort_by_cached_key(|row| {
            let first = match order {
                "-arrivals" => row.arrivals,
                "-departures" => row.departures,
                "code" => 0,
                _ => row.arrivals + row.departures,
            };
            (std::cmp::Reverse(first), row.place.code())
        });
        let listed = rows.iter().take(limit).map(Traffic::json);
        Ok(json!({
            "as_of": shared.as_of()?,
            "total": rows.len(),
            "airports": listed.collect::<Vec<Value>>(),
        }))
    };
    shared.answer_json(&uri, &headers, answer).await
}

/// How many aircraft an airport has.
#[derive(Debug)]
pub(super) struct Traffic {
    pub(super) place: Place,
    pub(super) arrivals: u64,
    pub(super) departures: u64,
}

impl Traffic {
    fn json(&self) -> Value {
        let mut json = self.place.json();
        if let Some(fields) = json.as_object_mut() {
            fields.insert("arrivals".to_owned(), self.arrivals.into());
            fields.insert("departures".to_owned(), self.departures.into());
        }
        json
    }
}

/// All airports with aircraft that match.
pub(super) fn traffic(shared: &Inner, query: &Query) -> Result<Vec<Traffic>, ApiError> {
    let mut rows: HashMap<String, Traffic> = HashMap::new();
    for end in [End::Arrival, End::Departure] {
        for (place, count) in counts(shared, query, end)?.places {
            let row = rows.entry(place.identity()).or_insert_with(|| Traffic {
                place: place.clone(),
                arrivals: 0,
                departures: 0,
            });
            row.place = row.place.clone().or(place);
            match end {
                End::Arrival => row.arrivals += count,
                End::Departure => row.departures += count,
            }
        }
    }
    Ok(rows.into_values().collect())
}

/// Aircraft by one of their ends.
pub(super) struct Counts {
    pub(super) places: Vec<(Place, u64)>,
    /// Those without a code.
    pub(super) unknown: u64,
}

/// Counts aircraft by one of their ends, each as the pipeline resolves it: by both of its codes.
pub(super) fn counts(shared: &Inner, query: &Query, end: End) -> Result<Counts, ApiError> {
    let (iata, icao) = match end {
        End::Departure => ("dep_iata", "dep_icao"),
        End::Arrival => ("arr_iata", "arr_icao"),
    };
    let by_icao = json!({ "terms": { "field": icao, "size": MOST_CODES } });
    let (total, results) = shared.aggregate(
        query,
        json!({
            "iata": { "terms": { "field": iata, "size": MOST_CODES }, "aggs": { "icao": by_icao } },
            "others": { "missing": { "field": iata }, "aggs": { "icao": by_icao } },
        }),
    )?;
    let airports = shared.airports();
    let mut known: HashMap<String, (Place, u64)> = HashMap::new();
    let mut add = |iata: Option<&str>, icao: Option<&str>, count: u64| {
        if count > 0 {
            let place = Place::of(iata, icao, &airports);
            let (same, sum) = known
                .entry(place.identity())
                .or_insert_with(|| (place.clone(), 0));
            *same = same.clone().or(place);
            *sum += count;
        }
    };
    let mut seen = 0;
    for (code, bucket) in buckets(&results, "iata") {
        seen += count(bucket);
        let mut rest = count(bucket);
        for (icao, bucket) in buckets(bucket, "icao") {
            rest = rest.saturating_sub(count(bucket));
            add(Some(code), Some(icao), count(bucket));
        }
        add(Some(code), None, rest);
    }
    for (icao, bucket) in results
        .get("others")
        .iter()
        .flat_map(|others| buckets(others, "icao"))
    {
        seen += count(bucket);
        add(None, Some(icao), count(bucket));
    }
    Ok(Counts {
        places: known.into_values().collect(),
        unknown: total.saturating_sub(seen),
    })
}

impl Place {
    fn of(iata: Option<&str>, icao: Option<&str>, airports: &Airports) -> Self {
        let by_iata = iata.and_then(|code| AirportIata::new(code).ok());
        let by_icao = icao.and_then(|code| AirportIcao::new(code).ok());
        match airports.resolve(by_iata, by_icao) {
            Some(airport) => Self::Known(Arc::clone(airport)),
            None => Self::Code(iata.or(icao).unwrap_or_default().to_owned()),
        }
    }

    /// What tells places apart: an airport of two countries has two codes of a kind, and is one place under one name.
    fn identity(&self) -> String {
        match self {
            Self::Known(airport) => format!("{} {:?}", airport.name, airport.position),
            Self::Code(code) => code.clone(),
        }
    }

    /// Of two rows of the table for one place that with all its codes, else the first by its code.
    fn or(self, other: Self) -> Self {
        let rank = |place: &Self| match place {
            Self::Known(airport) => (airport.icao.is_none(), place.code()),
            Self::Code(code) => (true, code.clone()),
        };
        if rank(&other) < rank(&self) {
            other
        } else {
            self
        }
    }

    /// What `/api/v1/airports/{code}` takes.
    pub(super) fn code(&self) -> String {
        match self {
            Self::Known(airport) => code(airport),
            Self::Code(code) => code.clone(),
        }
    }

    pub(super) fn json(&self) -> Value {
        match self {
            Self::Known(airport) => airport_json(airport),
            Self::Code(code) => json!({ "code": code }),
        }
    }
}

/// The IATA code, or the ICAO code where there is none.
fn code(airport: &Airport) -> String {
    let iata = airport.iata.map(|code| code.to_string());
    iata.or_else(|| airport.icao.map(|code| code.to_string()))
        .unwrap_or_default()
}

pub(super) fn airport_json(airport: &Airport) -> Value {
    let mut json = Map::new();
    let mut put = |name: &str, value: Value| drop(json.insert(name.to_owned(), value));
    put("code", code(airport).into());
    if let Some(iata) = airport.iata {
        put("iata", iata.as_str().into());
    }
    if let Some(icao) = airport.icao {
        put("icao", icao.as_str().into());
    }
    put("name", (*airport.name).into());
    if !airport.city.is_empty() {
        put("city", (*airport.city).into());
    }
    put("country", airport.country.as_str().into());
    put("position", json!(airport.position));
    if let Some(elevation) = airport.elevation {
        put("elevation", round(f64::from(elevation), 1).into());
    }
    if !airport.time_zone.is_empty() {
        put("time_zone", (*airport.time_zone).into());
    }
    json.into()
}
