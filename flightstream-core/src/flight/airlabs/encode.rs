use super::altitude::altitude_to_airlabs;
use crate::flight::writer::{ObjectWriter, name};
use crate::flight::{Altitude, Flight, FlightStatus};

/// Appends a flight to `out` as Airlabs would send it: one JSON object.
///
/// For simulators and tests. What Airlabs' form cannot hold is lost: fractions of a metre and of 1 km/h, the difference
/// between barometric and geometric altitude, an altitude that is unknown (null means on the ground), quality flags.
///
/// ```
/// use flightstream_core::flight::airlabs::{AirlabsJson, encode};
/// use flightstream_core::flight::{Altitude, Decode, Flight, Icao24, Position};
/// use flightstream_core::time::Timestamp;
///
/// let mut flight = Flight::new(Icao24::new(0x48AE23)?, Timestamp::from_seconds(1_706_705_158));
/// flight.position = Some(Position::new(52.5, 20.25)?);
/// flight.altitude = Some(Altitude::Barometric(3_000.0));
///
/// let mut message = Vec::new();
/// encode(&flight, &mut message);
/// assert_eq!(message, br#"{"hex":"48AE23","lat":52.5,"lng":20.25,"alt":3010,"updated":1706705158}"#);
/// assert_eq!(AirlabsJson::default().decode(&message)?, flight);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn encode(flight: &Flight, out: &mut Vec<u8>) {
    let mut object = ObjectWriter::new(out);
    object.code(name!("hex"), flight.hex.text().as_bytes());
    if let Some(registration) = flight.registration {
        object.text(name!("reg_number"), registration.as_str());
    }
    if let Some(flag) = flight.flag {
        object.code(name!("flag"), flag.as_bytes());
    }
    if let Some(position) = flight.position {
        object.float(name!("lat"), position.lat());
        object.float(name!("lng"), position.lon());
    }
    if let Some(Altitude::Barometric(metres) | Altitude::Geometric(metres)) = flight.altitude {
        let reported = altitude_to_airlabs(f64::from(metres));
        object.integer(name!("alt"), i64::from(reported));
    }
    if let Some(track) = flight.track {
        object.single(name!("dir"), track);
    }
    if let Some(speed) = flight.ground_speed {
        object.integer(name!("speed"), (f64::from(speed) * 3.6).round() as i64);
    }
    if let Some(rate) = flight.vertical_rate {
        object.single(name!("v_speed"), rate);
    }
    if let Some(squawk) = flight.squawk {
        object.code(name!("squawk"), &squawk.digits());
    }
    macro_rules! codes {
        ($($field:ident as $name:literal),* $(,)?) => {
            $(if let Some(code) = flight.$field {
                object.code(name!($name), code.as_bytes());
            })*
        };
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
    let millis = flight.updated.as_millis();
    if millis % 1000 == 0 {
        object.integer(name!("updated"), millis / 1000);
    } else {
        object.float(name!("updated"), millis as f64 / 1000.0);
    }
    if flight.status != FlightStatus::Unknown {
        object.code(name!("status"), flight.status.as_str().as_bytes());
    }
    object.finish();
}
