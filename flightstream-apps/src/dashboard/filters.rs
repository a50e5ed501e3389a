use std::sync::Arc;

use flightstream_core::flight::{AirportIata, AirportIcao};
use flightstream_core::search::{BoolQuery, BoundingBox, Query, RangeQuery, Scalar};
use flightstream_core::table::{Airport, Airports};
use serde_json::Number;

use super::error::ApiError;
use super::parameters::Parameters;

const UNKNOWN: &str = "unknown";
const STATUSES: [&str; 6] = [
    "scheduled",
    "en-route",
    "landed",
    "cancelled",
    "diverted",
    UNKNOWN,
];
const TYPES: [&str; 3] = ["Domestic", "International", "Unknown"];

/// Takes the filters out of a request's parameters.
pub(super) fn take(parameters: &mut Parameters, airports: &Airports) -> Result<Query, ApiError> {
    let mut all = Vec::new();
    all.extend(any(parameters.list("flight")?, |code| {
        either(pattern("flight_iata", code), pattern("flight_icao", code))
    }));
    let addresses = parameters.list("hex")?;
    if !addresses.is_empty() {
        let values = addresses.iter().map(|hex| hex.to_uppercase()).collect();
        all.push(Query::Ids { values });
    }
    all.extend(any(parameters.list("registration")?, |text| {
        pattern("reg_number", text)
    }));
    all.extend(any(parameters.list("departure")?, |code| {
        departure(code, airports)
    }));
    all.extend(any(parameters.list("arrival")?, |code| {
        arrival(code, airports)
    }));
    all.extend(any(parameters.list("airport")?, |code| {
        either(departure(code, airports), arrival(code, airports))
    }));
    all.extend(any(parameters.list("airline")?, |code| {
        of_either("airline_iata", "airline_icao", code)
    }));
    all.extend(any(parameters.list("aircraft")?, |code| {
        of("aircraft_icao", code)
    }));
    all.extend(any(parameters.list("country")?, |code| of("flag", code)));
    let statuses = words("status", parameters.list("status")?, &STATUSES)?;
    all.extend(any(statuses, |status| match status.as_str() {
        UNKNOWN => absent(&["status"]),
        status => term("status", status),
    }));
    let types = words("type", parameters.list("type")?, &TYPES)?;
    all.extend(any(types, |kind| term("type", kind)));
    if let Some(band) = parameters.text("altitude")? {
        all.push(altitude(&band)?);
    }
    if let Some(word) = parameters.word("on_ground", &["true", "false"])? {
        all.push(Query::Term {
            field: "on_ground".to_owned(),
            value: Scalar::Bool(word == "true"),
        });
    }
    if let Some(text) = parameters.text("bbox")? {
        all.push(within("position", bounding_box(&text)?));
    }
    Ok(match all.len() {
        0 => Query::MatchAll,
        _ => every(all),
    })
}

/// Flights that come from an airport: what the table resolved their codes to, where it knows the code.
pub(super) fn departure(code: &str, airports: &Airports) -> Query {
    end(
        code,
        airports,
        ["dep_iata", "dep_icao", "Departure", "dep_pos"],
    )
}

/// Flights that go to an airport, likewise.
pub(super) fn arrival(code: &str, airports: &Airports) -> Query {
    end(
        code,
        airports,
        ["arr_iata", "arr_icao", "Arrival", "arr_pos"],
    )
}

/// The airport that a code names, by its IATA code first.
pub(super) fn airport<'a>(code: &str, airports: &'a Airports) -> Option<&'a Arc<Airport>> {
    airports.resolve(AirportIata::new(code).ok(), AirportIcao::new(code).ok())
}

/// `south,west,north,east` in degrees; west may be greater than east, across the antimeridian.
pub(super) fn bounding_box(text: &str) -> Result<BoundingBox, ApiError> {
    let wrong = || ApiError::argument("[bbox] is south,west,north,east in degrees");
    let edges: Result<Vec<f64>, _> = text.split(',').map(str::parse).collect();
    match edges.map_err(|_| wrong())?.as_slice() {
        [south, west, north, east] => Ok(BoundingBox::new(*north, *west, *south, *east)?),
        _ => Err(wrong()),
    }
}

pub(super) fn every(filter: Vec<Query>) -> Query {
    Query::Bool(BoolQuery {
        filter,
        ..BoolQuery::default()
    })
}

/// All but those that match.
pub(super) fn absent(fields: &[&str]) -> Query {
    let exists = |field: &&str| Query::Exists {
        field: (*field).to_owned(),
    };
    Query::Bool(BoolQuery {
        must_not: fields.iter().map(exists).collect(),
        ..BoolQuery::default()
    })
}

pub(super) fn term(field: &str, value: &str) -> Query {
    Query::Term {
        field: field.to_owned(),
        value: value.into(),
    }
}

fn end(code: &str, airports: &Airports, fields: [&str; 4]) -> Query {
    let [iata, icao, name, position] = fields;
    match airport(code, airports) {
        // Names are not unique, and neither are places; both together are.
        Some(airport) => every(vec![
            term(name, &airport.name),
            within(position, around(airport)),
        ]),
        None => of_either(iata, icao, code),
    }
}

/// A metre around.
fn around(airport: &Airport) -> BoundingBox {
    let (lat, lon, margin) = (airport.position.lat(), airport.position.lon(), 1e-5);
    BoundingBox {
        top: (lat + margin).min(90.0),
        bottom: (lat - margin).max(-90.0),
        left: (lon - margin).max(-180.0),
        right: (lon + margin).min(180.0),
    }
}

fn within(field: &str, bounds: BoundingBox) -> Query {
    Query::GeoBoundingBox {
        field: field.to_owned(),
        bounds,
    }
}

fn any(values: Vec<String>, query: impl Fn(&String) -> Query) -> Option<Query> {
    let should: Vec<Query> = values.iter().map(query).collect();
    (!should.is_empty()).then(|| {
        Query::Bool(BoolQuery {
            should,
            ..BoolQuery::default()
        })
    })
}

fn either(one: Query, other: Query) -> Query {
    Query::Bool(BoolQuery {
        should: vec![one, other],
        ..BoolQuery::default()
    })
}

/// A code, or `unknown`.
fn of(field: &str, code: &str) -> Query {
    match code.eq_ignore_ascii_case(UNKNOWN) {
        true => absent(&[field]),
        false => term(field, &code.to_uppercase()),
    }
}

fn of_either(one: &str, other: &str, code: &str) -> Query {
    match code.eq_ignore_ascii_case(UNKNOWN) {
        true => absent(&[one, other]),
        false => either(of(one, code), of(other, code)),
    }
}

/// A code, or its beginning with a `*` behind.
fn pattern(field: &str, code: &str) -> Query {
    let code = code.to_uppercase();
    match code.strip_suffix('*') {
        Some(beginning) => Query::Prefix {
            field: field.to_owned(),
            value: beginning.to_owned(),
        },
        None => term(field, &code),
    }
}

/// Words in the spelling of documents.
fn words(name: &str, values: Vec<String>, known: &[&str]) -> Result<Vec<String>, ApiError> {
    let known_word = |value: &String| known.iter().find(|word| word.eq_ignore_ascii_case(value));
    let words = values.iter().map(|value| {
        let word = known_word(value).map(|word| (*word).to_owned());
        word.ok_or_else(|| ApiError::argument(format!("[{name}] takes: {}", known.join(", "))))
    });
    words.collect()
}

fn altitude(band: &str) -> Result<Query, ApiError> {
    let wrong = || ApiError::argument("[altitude] is MIN..MAX in metres, such as 3000.. or 0..300");
    let (low, high) = band.split_once("..").ok_or_else(wrong)?;
    let edge = |text: &str| match text.is_empty() {
        true => Ok(None),
        false => {
            let number = text.parse().ok().and_then(Number::from_f64);
            number.map(Scalar::Number).map(Some).ok_or_else(wrong)
        }
    };
    Ok(Query::Range(RangeQuery {
        field: "alt".to_owned(),
        gte: edge(low)?,
        lt: edge(high)?,
        ..RangeQuery::default()
    }))
}
