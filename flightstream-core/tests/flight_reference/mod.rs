//! The Airlabs decoder written a second time, plainly and slowly, over `serde_json::Value`: what the fast one is compared
//! with. It shares no code with it but the record's types.

use std::str::FromStr;

use flightstream_core::flight::airlabs::DecodeError;
use flightstream_core::flight::{
    Altitude, Country, Flight, FlightStatus, Icao24, Position, Quality,
};
use flightstream_core::time::Timestamp;
use serde_json::{Map, Value};

const SIZE: usize = 64 * 1024;
const DEPTH: usize = 16;

pub(crate) fn decode(raw: &[u8]) -> Result<Flight, DecodeError> {
    if raw.len() > SIZE {
        return Err(DecodeError::TooLarge { limit: SIZE });
    }
    let value: Value = match serde_json::from_slice(raw) {
        Ok(value) => value,
        Err(error) if error.to_string().contains("recursion limit") => {
            return Err(DecodeError::TooDeep { limit: DEPTH });
        }
        Err(_) => return Err(DecodeError::MalformedJson),
    };
    if depth(&value) > DEPTH {
        return Err(DecodeError::TooDeep { limit: DEPTH });
    }
    let Value::Object(object) = value else {
        return Err(DecodeError::NotAnObject);
    };
    flight(&object)
}

/// Whether two results are alike: the same flight, or refused both. Of a message that is both broken and too deep or too
/// large, either may be said.
#[allow(dead_code, reason = "not every test that shares this file compares so")]
pub(crate) fn alike(a: &Result<Flight, DecodeError>, b: &Result<Flight, DecodeError>) -> bool {
    use DecodeError::{MalformedJson, TooDeep};
    match (a, b) {
        (Err(TooDeep { .. }), Err(MalformedJson)) | (Err(MalformedJson), Err(TooDeep { .. })) => {
            true
        }
        (a, b) => a == b,
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(values) => 1 + values.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[derive(Clone, Copy)]
enum Number {
    Absent,
    Bad,
    Good(f64),
}

fn number(object: &Map<String, Value>, name: &str) -> Number {
    let number = match object.get(name) {
        None | Some(Value::Null) => return Number::Absent,
        Some(Value::String(text)) if text.trim_ascii().is_empty() => return Number::Absent,
        Some(Value::String(text)) => text.trim_ascii().parse().unwrap_or(f64::NAN),
        Some(Value::Number(number)) => number.as_f64().unwrap(),
        Some(_) => f64::NAN,
    };
    if number.is_finite() {
        Number::Good(number)
    } else {
        Number::Bad
    }
}

fn within(number: Number, min: f64, max: f64) -> Number {
    match number {
        Number::Good(number) if number < min || number > max => Number::Bad,
        number => number,
    }
}

fn good(number: Number, bad: &mut bool) -> Option<f64> {
    match number {
        Number::Absent => None,
        Number::Good(number) => Some(number),
        Number::Bad => {
            *bad = true;
            None
        }
    }
}

fn code<T: FromStr>(object: &Map<String, Value>, name: &str, bad: &mut bool) -> Option<T> {
    let text = match object.get(name) {
        None | Some(Value::Null) => return None,
        Some(Value::String(text)) if text.trim_ascii().is_empty() => return None,
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => {
            let number = number.as_f64().unwrap();
            if number.fract() == 0.0 && (0.0..=999_999_999.0).contains(&number) {
                format!("{}", number.abs())
            } else {
                String::new()
            }
        }
        Some(_) => String::new(),
    };
    let code = text.parse().ok();
    *bad |= code.is_none();
    code
}

fn flight(object: &Map<String, Value>) -> Result<Flight, DecodeError> {
    let hex = match object.get("hex") {
        None | Some(Value::Null) => return Err(DecodeError::NoHex),
        Some(Value::String(text)) if text.trim_ascii().is_empty() => {
            return Err(DecodeError::NoHex);
        }
        Some(Value::String(text)) => {
            Icao24::from_str(text.trim_ascii()).map_err(|_| DecodeError::BadHex)?
        }
        Some(_) => return Err(DecodeError::BadHex),
    };
    let Number::Good(updated) = number(object, "updated") else {
        return Err(DecodeError::NoTime);
    };
    if !(0.001..=253_402_300_799.0).contains(&updated) {
        return Err(DecodeError::NoTime);
    }
    let mut flight = Flight::new(
        hex,
        Timestamp::from_millis((updated * 1000.0).round() as i64),
    );
    let mut bad = false;

    flight.registration = code(object, "reg_number", &mut bad);
    flight.flag = code(object, "flag", &mut bad);
    flight.squawk = code(object, "squawk", &mut bad);
    flight.flight_number = code(object, "flight_number", &mut bad);
    flight.flight_icao = code(object, "flight_icao", &mut bad);
    flight.flight_iata = code(object, "flight_iata", &mut bad);
    flight.departure_icao = code(object, "dep_icao", &mut bad);
    flight.departure_iata = code(object, "dep_iata", &mut bad);
    flight.arrival_icao = code(object, "arr_icao", &mut bad);
    flight.arrival_iata = code(object, "arr_iata", &mut bad);
    flight.airline_icao = code(object, "airline_icao", &mut bad);
    flight.airline_iata = code(object, "airline_iata", &mut bad);

    let aircraft = object.get("aircraft_icao").and_then(Value::as_str);
    let aircraft = aircraft.map(|text| text.trim_ascii().to_ascii_uppercase());
    if let Some("0000" | "TWR" | "SERV" | "32Q") = aircraft.as_deref() {
        flight.quality |= Quality::JUNK_AIRCRAFT_TYPE;
    } else {
        flight.aircraft_type = code(object, "aircraft_icao", &mut bad);
    }
    if let Some(country) = flight.flag {
        let sent = object.get("flag").and_then(Value::as_str).unwrap();
        if sent.trim_ascii() != country.as_str() || !country.is_iso() {
            flight.quality |= Quality::UNUSUAL_FLAG;
        }
        if country == Country::new("UK").unwrap() {
            flight.flag = Some(Country::new("GB").unwrap());
        }
    }
    match object.get("status") {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) => match text.trim_ascii().to_ascii_lowercase().as_str() {
            "" | "unknown" => {}
            "scheduled" => flight.status = FlightStatus::Scheduled,
            "en-route" => flight.status = FlightStatus::EnRoute,
            "landed" => flight.status = FlightStatus::Landed,
            "cancelled" | "canceled" => flight.status = FlightStatus::Cancelled,
            "diverted" => flight.status = FlightStatus::Diverted,
            _ => flight.quality |= Quality::UNKNOWN_STATUS,
        },
        Some(_) => bad = true,
    }

    let mut bad_place = false;
    let lat = good(number(object, "lat"), &mut bad_place);
    let lon = good(number(object, "lng"), &mut bad_place);
    bad |= bad_place;
    if bad_place {
        flight.quality |= Quality::BAD_POSITION;
    }
    if let (Some(lat), Some(lon)) = (lat, lon) {
        if lat == 0.0 && lon == 0.0 {
            flight.quality |= Quality::NULL_ISLAND;
        } else if let Ok(position) = Position::new(lat, lon) {
            flight.position = Some(position);
        } else {
            flight.quality |= Quality::BAD_POSITION;
        }
    }

    let track = good(within(number(object, "dir"), 0.0, 360.0), &mut bad);
    flight.track = track.map(|track| track as f32 % 360.0);
    let rate = good(within(number(object, "v_speed"), -1000.0, 1000.0), &mut bad);
    flight.vertical_rate = rate.map(|rate| rate as f32);
    let speed = good(within(number(object, "speed"), 0.0, 5000.0), &mut bad);
    flight.ground_speed = speed.map(|speed| (speed / 3.6) as f32);

    match within(number(object, "alt"), -2000.0, 60_000.0) {
        Number::Bad => bad = true,
        Number::Good(alt) if alt != 0.0 => {
            let metres = match alt {
                ..0.0 => alt,
                ..3.0 => 0.0,
                ..503.0 => alt - 3.0,
                ..510.0 => 500.0,
                ..5010.0 => alt - 10.0,
                ..5020.0 => 5000.0,
                _ => alt - 20.0,
            };
            flight.altitude = Some(Altitude::Barometric(metres as f32));
            if metres > 150.0 && speed == Some(0.0) {
                flight.ground_speed = None;
                flight.quality |= Quality::ZERO_SPEED_ALOFT;
            } else if metres > 6000.0 && speed.is_some_and(|speed| speed < 150.0) {
                flight.quality |= Quality::SLOW_ALOFT;
            }
        }
        _ if speed.unwrap_or(0.0) > 300.0 => flight.quality |= Quality::UNKNOWN_ALTITUDE,
        _ => flight.altitude = Some(Altitude::Ground),
    }
    if bad {
        flight.quality |= Quality::BAD_FIELD;
    }
    Ok(flight)
}
