use crate::flight::writer::{self, ObjectWriter, name};
use crate::flight::{EnrichedFlight, FlightStatus, Position};

/// Appends the document of a flight to `out`.
///
/// ```
/// use flightstream_core::flight::{Altitude, Flight, Icao24, document};
/// use flightstream_core::table::Airports;
/// use flightstream_core::time::Timestamp;
///
/// let mut flight = Flight::new(Icao24::new(0x48AE23)?, Timestamp::from_seconds(1_706_705_158));
/// flight.altitude = Some(Altitude::Barometric(10_668.0));
/// flight.ground_speed = Some(230.0);
///
/// let mut out = Vec::new();
/// document::encode(&flight.located(&Airports::default()), &mut out);
/// assert_eq!(
///     String::from_utf8(out)?,
///     r#"{"hex":"48AE23","alt":10668.0,"speed":828,"type":"Unknown","on_ground":false,"updated":1706705158000}"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn encode(enriched: &EnrichedFlight, out: &mut Vec<u8>) {
    out.reserve(1024);
    let flight = &enriched.flight;
    let mut object = ObjectWriter::new(out);
    object.code(name!("hex"), flight.hex.text().as_bytes());
    if let Some(registration) = flight.registration {
        object.text(name!("reg_number"), registration.as_str());
    }
    macro_rules! codes {
        ($($field:ident as $name:literal),* $(,)?) => {
            $(if let Some(code) = &flight.$field {
                object.code(name!($name), code.as_bytes());
            })*
        };
    }
    codes!(flag as "flag");
    if let Some(at) = flight.position {
        position(&mut object, name!("position"), at);
    }
    if let Some(altitude) = flight.altitude {
        object.single(name!("alt"), altitude.metres());
    }
    if let Some(track) = flight.track {
        object.single(name!("dir"), track);
    }
    if let Some(speed) = flight.ground_speed {
        object.integer(name!("speed"), (speed * 3.6).round() as i64);
    }
    if let Some(rate) = flight.vertical_rate {
        object.integer(name!("v_speed"), rate.round() as i64);
    }
    codes!(
        flight_number as "flight_number",
        flight_icao as "flight_icao",
        flight_iata as "flight_iata",
        departure_icao as "dep_icao",
        departure_iata as "dep_iata",
        arrival_icao as "arr_icao",
        arrival_iata as "arr_iata",
        airline_icao as "airline_icao",
        airline_iata as "airline_iata",
        aircraft_type as "aircraft_icao",
    );
    if let Some(squawk) = flight.squawk {
        object.code(name!("squawk"), &squawk.digits());
    }
    if flight.status != FlightStatus::Unknown {
        object.code(name!("status"), flight.status.as_str().as_bytes());
    }
    object.code(name!("type"), enriched.flight_type.as_str().as_bytes());
    if let Some(altitude) = flight.altitude {
        let on_ground: &[u8] = if altitude.is_ground() {
            b"true"
        } else {
            b"false"
        };
        object.raw(name!("on_ground"), on_ground);
    }
    if let Some(airport) = &enriched.departure {
        position(&mut object, name!("dep_pos"), airport.position);
        object.text(name!("Departure"), &airport.name);
    }
    if let Some(airport) = &enriched.arrival {
        position(&mut object, name!("arr_pos"), airport.position);
        object.text(name!("Arrival"), &airport.name);
    }
    object.integer(name!("updated"), flight.updated.as_millis());
    object.finish();
}

fn position(object: &mut ObjectWriter<'_>, name: &[u8], position: Position) {
    object.with(name, |out| {
        out.extend_from_slice(br#"{"lat":"#);
        writer::float(position.lat(), out);
        out.extend_from_slice(br#","lon":"#);
        writer::float(position.lon(), out);
        out.push(b'}');
    });
}
