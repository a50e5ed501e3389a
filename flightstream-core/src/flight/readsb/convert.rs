use super::DecodeError;
use super::fields::Fields;
use crate::flight::json::{Value, Wrong, unix_time};
use crate::flight::{Altitude, Flight, Icao24, Position, Quality};
use crate::time::Timestamp;

const METRES_PER_FOOT: f64 = 0.3048;
const METRES_PER_SECOND_PER_KNOT: f64 = 1_852.0 / 3_600.0;
const METRES_PER_SECOND_PER_FOOT_A_MINUTE: f64 = METRES_PER_FOOT / 60.0;
/// Feet: what transponders can say, and some more.
const ALTITUDES: (f64, f64) = (-6_500.0, 196_000.0);
/// Later than the year 5,000 as seconds, 1973 as milliseconds.
const FIRST_MILLISECONDS: f64 = 1e11;

/// Makes a flight of the values of one object.
pub(super) fn flight(fields: &Fields<'_>) -> Result<Flight, DecodeError> {
    let mut wrong = Wrong(0);
    let hex = match fields.hex {
        blank if blank.is_blank() => return Err(DecodeError::NoHex),
        Value::Text(text) => Icao24::from_bytes(text.as_bytes()),
        _ => return Err(DecodeError::BadHex),
    };
    let hex = hex.map_err(|_| DecodeError::BadHex)?;
    let (position, position_quality) = position(fields, &mut wrong);
    let updated = time(fields, position.is_some(), &mut wrong).ok_or(DecodeError::NoTime)?;

    let mut flight = Flight::new(hex, updated);
    flight.position = position;
    flight.quality |= position_quality;
    flight.altitude = altitude(fields, &mut wrong);
    flight.ground_speed = wrong
        .number_within(fields.gs, 0.0, 2_700.0)
        .map(|knots| (knots * METRES_PER_SECOND_PER_KNOT) as f32);
    flight.track = wrong.track(fields.track);
    flight.vertical_rate = vertical_rate(fields, &mut wrong);
    flight.squawk = wrong.code(fields.squawk);
    flight.category = wrong.code(fields.category);
    flight.flight_icao = match fields.flight {
        // Transponders send this where no callsign was entered.
        Value::Text(text) if text.trim_matches(['@', ' ']).is_empty() => None,
        callsign => wrong.code(callsign),
    };
    flight.registration = wrong.code(fields.registration);
    flight.aircraft_type = wrong.code(fields.aircraft_type);
    if wrong.0 > 0 {
        flight.quality |= Quality::BAD_FIELD;
    }
    Ok(flight)
}

/// When the aircraft was heard: where a position is what the report is about, when that was.
fn time(fields: &Fields<'_>, has_position: bool, wrong: &mut Wrong) -> Option<Timestamp> {
    let now = Wrong(0).number(fields.now)?;
    let now = match now {
        milliseconds if milliseconds >= FIRST_MILLISECONDS => milliseconds / 1_000.0,
        seconds => seconds,
    };
    let age = match has_position {
        true if !fields.seen_pos.is_blank() => fields.seen_pos,
        _ => fields.seen,
    };
    let age = wrong.number_within(age, 0.0, 86_400.0).unwrap_or(0.0);
    unix_time(now - age)
}

fn position(fields: &Fields<'_>, wrong: &mut Wrong) -> (Option<Position>, Quality) {
    let before = wrong.0;
    let (lat, lon) = (wrong.number(fields.lat), wrong.number(fields.lon));
    if wrong.0 > before {
        return (None, Quality::BAD_POSITION);
    }
    match (lat, lon) {
        (Some(0.0), Some(0.0)) => (None, Quality::NULL_ISLAND),
        (Some(lat), Some(lon)) => match Position::new(lat, lon) {
            Ok(position) => (Some(position), Quality::GOOD),
            Err(_) => (None, Quality::BAD_POSITION),
        },
        _ => (None, Quality::GOOD),
    }
}

fn altitude(fields: &Fields<'_>, wrong: &mut Wrong) -> Option<Altitude> {
    let (lowest, highest) = ALTITUDES;
    let mut metres = |feet| {
        let feet = wrong.number_within(feet, lowest, highest)?;
        Some((feet * METRES_PER_FOOT) as f32)
    };
    match fields.alt_baro {
        Value::Text(text) if text.trim_ascii() == "ground" => Some(Altitude::Ground),
        feet => metres(feet)
            .map(Altitude::Barometric)
            .or_else(|| metres(fields.alt_geom).map(Altitude::Geometric)),
    }
}

fn vertical_rate(fields: &Fields<'_>, wrong: &mut Wrong) -> Option<f32> {
    let mut rate = |feet| wrong.number_within(feet, -100_000.0, 100_000.0);
    let feet = rate(fields.baro_rate).or_else(|| rate(fields.geom_rate))?;
    Some((feet * METRES_PER_SECOND_PER_FOOT_A_MINUTE) as f32)
}
