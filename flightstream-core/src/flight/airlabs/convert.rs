use super::DecodeError;
use super::altitude::{altitude_from_airlabs, is_plausible};
use super::fields::Fields;
use crate::flight::json::{Value, Wrong, unix_time};
use crate::flight::{Altitude, Country, Flight, FlightStatus, Icao24, Position, Quality};

const KMH_PER_MS: f64 = 3.6;
// Of 483 aircraft reported at 0 m, none moved at 172 to 333 km/h: below is the ground, above an unknown altitude.
const FASTEST_ON_GROUND_KMH: f64 = 300.0;
const HOVER_CEILING_METRES: f64 = 150.0;
const SLOW_BELOW_KMH: f64 = 150.0;
const SLOW_ABOVE_METRES: f64 = 6_000.0;
const JUNK_AIRCRAFT_TYPES: [&str; 4] = ["0000", "TWR", "SERV", "32Q"];

/// Makes a flight of the values of one object; the second value is the number of optional fields that were wrong.
pub(super) fn flight(fields: &Fields<'_>) -> Result<(Flight, u32), DecodeError> {
    let mut wrong = Wrong(0);
    let hex = match fields.hex {
        blank if blank.is_blank() => return Err(DecodeError::NoHex),
        Value::Text(text) => Icao24::from_bytes(text.as_bytes()),
        _ => return Err(DecodeError::BadHex),
    };
    let hex = hex.map_err(|_| DecodeError::BadHex)?;
    let updated = Wrong(0)
        .number(fields.updated)
        .and_then(unix_time)
        .ok_or(DecodeError::NoTime)?;

    let mut flight = Flight::new(hex, updated);
    flight.registration = wrong.code(fields.reg_number);
    flight.squawk = wrong.code(fields.squawk);
    flight.flight_number = wrong.code(fields.flight_number);
    flight.flight_icao = wrong.code(fields.flight_icao);
    flight.flight_iata = wrong.code(fields.flight_iata);
    flight.departure_icao = wrong.code(fields.dep_icao);
    flight.departure_iata = wrong.code(fields.dep_iata);
    flight.arrival_icao = wrong.code(fields.arr_icao);
    flight.arrival_iata = wrong.code(fields.arr_iata);
    flight.airline_icao = wrong.code(fields.airline_icao);
    flight.airline_iata = wrong.code(fields.airline_iata);
    if is_junk_type(fields.aircraft_icao) {
        flight.quality |= Quality::JUNK_AIRCRAFT_TYPE;
    } else {
        flight.aircraft_type = wrong.code(fields.aircraft_icao);
    }
    set_flag(&mut flight, fields, &mut wrong);
    set_status(&mut flight, fields, &mut wrong);
    set_position(&mut flight, fields, &mut wrong);
    set_motion(&mut flight, fields, &mut wrong);
    if wrong.0 > 0 {
        flight.quality |= Quality::BAD_FIELD;
    }
    Ok((flight, wrong.0))
}

fn set_flag(flight: &mut Flight, fields: &Fields<'_>, wrong: &mut Wrong) {
    flight.flag = wrong.code(fields.flag);
    let Some(country) = flight.flag else { return };
    let is_upper = matches!(fields.flag, Value::Text(text) if !text.bytes().any(|byte| byte.is_ascii_lowercase()));
    if !is_upper || !country.is_iso() {
        flight.quality |= Quality::UNUSUAL_FLAG;
    }
    if country.as_str() == "UK" {
        flight.flag = Country::new("GB").ok();
    }
}

fn set_status(flight: &mut Flight, fields: &Fields<'_>, wrong: &mut Wrong) {
    match fields.status {
        Value::Text(text) if !text.trim_ascii().is_empty() => match FlightStatus::from_text(text) {
            Some(status) => flight.status = status,
            None => flight.quality |= Quality::UNKNOWN_STATUS,
        },
        Value::Text(_) | Value::Absent => {}
        Value::Number(_) | Value::Wrong => wrong.0 += 1,
    }
}

fn set_position(flight: &mut Flight, fields: &Fields<'_>, wrong: &mut Wrong) {
    let before = wrong.0;
    let (lat, lon) = (wrong.number(fields.lat), wrong.number(fields.lng));
    if wrong.0 > before {
        flight.quality |= Quality::BAD_POSITION;
    }
    let (Some(lat), Some(lon)) = (lat, lon) else {
        return;
    };
    if lat == 0.0 && lon == 0.0 {
        flight.quality |= Quality::NULL_ISLAND;
        return;
    }
    flight.position = Position::new(lat, lon).ok();
    if flight.position.is_none() {
        flight.quality |= Quality::BAD_POSITION;
    }
}

fn set_motion(flight: &mut Flight, fields: &Fields<'_>, wrong: &mut Wrong) {
    let speed = wrong.number_within(fields.speed, 0.0, 5_000.0);
    flight.track = wrong.track(fields.dir);
    flight.vertical_rate = wrong
        .number_within(fields.v_speed, -1_000.0, 1_000.0)
        .map(|rate| rate as f32);

    let before = wrong.0;
    let reported = wrong.number(fields.alt).filter(|alt| {
        let plausible = is_plausible(*alt);
        wrong.0 += u32::from(!plausible);
        plausible
    });
    let metres = match reported {
        // A wrong altitude is not a missing one: it says nothing about the ground.
        None if wrong.0 > before => None,
        None | Some(0.0) => {
            if speed.is_some_and(|speed| speed > FASTEST_ON_GROUND_KMH) {
                flight.quality |= Quality::UNKNOWN_ALTITUDE;
            } else {
                flight.altitude = Some(Altitude::Ground);
            }
            None
        }
        Some(reported) => {
            let metres = altitude_from_airlabs(reported);
            flight.altitude = Some(Altitude::Barometric(metres as f32));
            Some(metres)
        }
    };

    let above = |limit| metres.is_some_and(|metres| metres > limit);
    match speed {
        Some(0.0) if above(HOVER_CEILING_METRES) => flight.quality |= Quality::ZERO_SPEED_ALOFT,
        Some(speed) => {
            if speed < SLOW_BELOW_KMH && above(SLOW_ABOVE_METRES) {
                flight.quality |= Quality::SLOW_ALOFT;
            }
            flight.ground_speed = Some((speed / KMH_PER_MS) as f32);
        }
        None => {}
    }
}

fn is_junk_type(value: Value<'_>) -> bool {
    matches!(value, Value::Text(text)
        if JUNK_AIRCRAFT_TYPES.iter().any(|junk| junk.eq_ignore_ascii_case(text.trim_ascii())))
}
