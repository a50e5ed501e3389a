use std::fmt::Write as _;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::cache::Answer;
use super::error::ApiError;

/// The columns: fields of documents, and the coordinates of the three places.
const COLUMNS: [(&str, Option<&str>); 30] = [
    ("hex", None),
    ("reg_number", None),
    ("flag", None),
    ("position", Some("lat")),
    ("position", Some("lon")),
    ("alt", None),
    ("dir", None),
    ("speed", None),
    ("v_speed", None),
    ("flight_number", None),
    ("flight_icao", None),
    ("flight_iata", None),
    ("dep_icao", None),
    ("dep_iata", None),
    ("arr_icao", None),
    ("arr_iata", None),
    ("airline_icao", None),
    ("airline_iata", None),
    ("aircraft_icao", None),
    ("squawk", None),
    ("status", None),
    ("type", None),
    ("on_ground", None),
    ("dep_pos", Some("lat")),
    ("dep_pos", Some("lon")),
    ("arr_pos", Some("lat")),
    ("arr_pos", Some("lon")),
    ("Departure", None),
    ("Arrival", None),
    ("updated", None),
];

/// Documents as lines (RFC 4180), after one with the names.
pub(super) fn answer(sources: &[&RawValue]) -> Result<Answer, ApiError> {
    let mut text = String::with_capacity(256 * (sources.len() + 1));
    let names = COLUMNS.map(|(field, part)| match (field, part) {
        ("position", Some(part)) => part.to_owned(),
        (field, Some(part)) => format!("{field}_{part}"),
        (field, None) => field.to_owned(),
    });
    text.push_str(&names.join(","));
    text.push_str("\r\n");
    for source in sources {
        let flight: Map<String, Value> = serde_json::from_str(source.get())
            .map_err(|error| ApiError::internal(format!("a document is none: {error}")))?;
        for (at, (field, part)) in COLUMNS.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            let value = flight.get(*field);
            let value = match part {
                Some(part) => value.and_then(|value| value.get(*part)),
                None => value,
            };
            cell(&mut text, value);
        }
        text.push_str("\r\n");
    }
    Answer::of("text/csv; charset=utf-8", text.into())
}

fn cell(text: &mut String, value: Option<&Value>) {
    match value {
        None | Some(Value::Null) => {}
        Some(Value::String(value)) if value.contains([',', '"', '\r', '\n']) => {
            text.push('"');
            text.push_str(&value.replace('"', "\"\""));
            text.push('"');
        }
        Some(Value::String(value)) => text.push_str(value),
        Some(value) => {
            // Writing into a String does not fail.
            let _ = write!(text, "{value}");
        }
    }
}
