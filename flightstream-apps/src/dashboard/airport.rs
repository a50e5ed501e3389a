use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use flightstream_core::flight::document::Document;
use flightstream_core::search::{MAX_RESULT_WINDOW, Query};
use flightstream_core::table::Airports;
use serde_json::{Map, Value, json};

use super::airports::{End, airport_json};
use super::error::ApiError;
use super::movements::{Route, phase, route};
use super::parameters::Parameters;
use super::shared::Shared;
use super::stats::by_type;
use super::{filters, stats};

const QUARTER: i64 = 15 * 60 * 1_000;
/// How many quarters of expected arrivals: two hours.
const QUARTERS: usize = 8;

/// An airport's boards, what it expects, and its throughput.
pub(super) async fn page(
    State(shared): State<Shared>,
    Path(code): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| {
        let mut parameters = Parameters::of(&uri)?;
        let limit = parameters.number("limit", 1..=1_000)?.unwrap_or(50);
        parameters.finish()?;
        describe(shared, &code.to_uppercase(), limit)
    };
    shared.answer_json(&uri, &headers, answer).await
}

fn describe(shared: &Shared, code: &str, limit: usize) -> Result<Value, ApiError> {
    let airports = shared.airports();
    let inbound = Board::of(shared, &filters::arrival(code, &airports), End::Arrival)?;
    let outbound = Board::of(shared, &filters::departure(code, &airports), End::Departure)?;
    let airport = match filters::airport(code, &airports) {
        Some(airport) => airport_json(airport),
        None if inbound.rows.is_empty() && outbound.rows.is_empty() => {
            return Err(ApiError::not_found(format!("there is no airport [{code}]")));
        }
        None => json!({ "code": code }),
    };
    let as_of = shared.as_of()?;
    Ok(json!({
        "as_of": as_of,
        "airport": airport,
        "inbound": inbound.json(&airports, limit),
        "outbound": outbound.json(&airports, limit),
        "arrivals_by_type": inbound.by_type,
        "departures_by_type": outbound.by_type,
        "expected": inbound.expected(as_of.unwrap_or_default()),
        "throughput": stats::throughput::of_airport(shared, code, 24)?,
    }))
}

/// Flights of an airport at one of their ends.
struct Board {
    end: End,
    total: u64,
    by_type: Value,
    rows: Vec<(Document, Route)>,
}

impl Board {
    fn of(shared: &Shared, query: &Query, end: End) -> Result<Self, ApiError> {
        let (total, results) =
            shared.aggregate(query, json!({ "types": by_type::aggregation() }))?;
        let documents = shared.documents(query, MAX_RESULT_WINDOW)?.into_iter();
        let mut rows: Vec<_> = documents
            .map(|document| {
                let route = route(&document);
                (document, route)
            })
            .collect();
        rows.sort_by(|(one, a), (other, b)| {
            let key = |route: &Route| match end {
                End::Arrival => route.eta.map(|eta| eta as f64),
                End::Departure => route.flown_km,
            };
            let known = |route| key(route).unwrap_or(f64::INFINITY);
            known(a)
                .total_cmp(&known(b))
                .then_with(|| one.hex.cmp(&other.hex))
        });
        Ok(Self {
            end,
            total,
            by_type: by_type::read(&results, "types"),
            rows,
        })
    }

    fn json(&self, airports: &Airports, limit: usize) -> Value {
        let rows = self.rows.iter().take(limit);
        let rows = rows.map(|(document, route)| row(self.end, document, route, airports));
        json!({ "total": self.total, "rows": rows.collect::<Vec<Value>>() })
    }

    /// Arrivals in each quarter of an hour from a time on.
    fn expected(&self, from: i64) -> Vec<Value> {
        let mut counts = [0_u64; QUARTERS];
        for (_, route) in &self.rows {
            let Some(eta) = route.eta else { continue };
            // What should be there by now comes next.
            let quarter = eta.saturating_sub(from).max(0) / QUARTER;
            if let Some(count) = usize::try_from(quarter)
                .ok()
                .and_then(|at| counts.get_mut(at))
            {
                *count += 1;
            }
        }
        let quarters = counts.iter().zip(0..).map(|(count, at)| {
            json!({
                "from": from + at * QUARTER, "until": from + (at + 1) * QUARTER, "arrivals": count,
            })
        });
        quarters.collect()
    }
}

fn row(end: End, document: &Document, route: &Route, airports: &Airports) -> Value {
    let mut json = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            json.insert(name.to_owned(), value);
        }
    };
    let flight = document.flight_iata.or(document.flight_icao);
    let (other, distance) = match end {
        End::Arrival => (
            airports.resolve(document.dep_iata, document.dep_icao),
            route.remaining_km,
        ),
        End::Departure => (
            airports.resolve(document.arr_iata, document.arr_icao),
            route.flown_km,
        ),
    };
    put("hex", Some(document.hex.to_string().into()));
    put("flight", flight.map(|code| code.as_str().into()));
    put(
        "reg_number",
        document.reg_number.map(|text| text.as_str().into()),
    );
    put(
        "aircraft_icao",
        document.aircraft_icao.map(|text| text.as_str().into()),
    );
    put(
        "airline_icao",
        document.airline_icao.map(|text| text.as_str().into()),
    );
    put("other", other.map(|airport| airport_json(airport)));
    put(
        "status",
        document.status.map(|status| status.as_str().into()),
    );
    put("phase", Some(phase(document).as_str().into()));
    put("type", Some(document.flight_type.as_str().into()));
    put("updated", Some(document.updated.as_millis().into()));
    put("distance_km", distance.map(Value::from));
    put("progress", route.progress.map(Value::from));
    put("eta", route.eta.map(Value::from));
    json.into()
}
