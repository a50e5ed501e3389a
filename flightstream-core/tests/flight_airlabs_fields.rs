//! What the Airlabs decoder makes of each field, trap by trap.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what goes wrong in a test or a bench should end it"
)]

use flightstream_core::flight::airlabs::{AirlabsJson, DecodeError};
use flightstream_core::flight::{Altitude, Flight, FlightStatus, Position, Quality};
use flightstream_core::operator::Decoder;
use flightstream_core::time::Timestamp;

const WHOLE: &str = r#"{"hex":"48AE23","reg_number":"SP-LRA","flag":"PL","lat":51.2501,"lng":18.5007,"alt":10688,
    "dir":271.4,"speed":828,"v_speed":-2.5,"squawk":"2517","flight_number":"281","flight_icao":"LOT281",
    "flight_iata":"LO281","dep_icao":"EPWA","dep_iata":"WAW","arr_icao":"EGLL","arr_iata":"LHR",
    "airline_icao":"LOT","airline_iata":"LO","aircraft_icao":"B38M","updated":1706705158,"status":"en-route",
    "type":"adsb"}"#;

fn decode(json: &str) -> Result<Flight, DecodeError> {
    AirlabsJson::default().decode(json.as_bytes())
}

/// A flight that has, besides its key and time, the fields `more`.
fn with(more: &str) -> Flight {
    decode(&format!(
        r#"{{"hex":"48AE23","updated":1706705158,{more}}}"#
    ))
    .unwrap()
}

#[test]
fn a_whole_record() {
    let flight = decode(WHOLE).unwrap();
    assert_eq!(flight.hex.to_string(), "48AE23");
    assert_eq!(flight.updated, Timestamp::from_seconds(1_706_705_158));
    assert_eq!(flight.registration.unwrap().as_str(), "SP-LRA");
    assert_eq!(flight.flag.unwrap().as_str(), "PL");
    assert_eq!(
        flight.position,
        Position::known(Some(51.2501), Some(18.5007))
    );
    assert_eq!(flight.altitude, Some(Altitude::Barometric(10_668.0)));
    assert_eq!(flight.track, Some(271.4));
    assert_eq!(flight.ground_speed, Some(230.0));
    assert_eq!(flight.vertical_rate, Some(-2.5));
    assert_eq!(flight.squawk.unwrap().to_string(), "2517");
    assert_eq!(flight.flight_number.unwrap().as_str(), "281");
    assert_eq!(flight.flight_icao.unwrap().as_str(), "LOT281");
    assert_eq!(flight.flight_iata.unwrap().as_str(), "LO281");
    assert_eq!(flight.departure_icao.unwrap().as_str(), "EPWA");
    assert_eq!(flight.departure_iata.unwrap().as_str(), "WAW");
    assert_eq!(flight.arrival_icao.unwrap().as_str(), "EGLL");
    assert_eq!(flight.arrival_iata.unwrap().as_str(), "LHR");
    assert_eq!(flight.airline_icao.unwrap().as_str(), "LOT");
    assert_eq!(flight.airline_iata.unwrap().as_str(), "LO");
    assert_eq!(flight.aircraft_type.unwrap().as_str(), "B38M");
    assert_eq!(flight.status, FlightStatus::EnRoute);
    assert_eq!(flight.quality, Quality::GOOD);
    assert_eq!(flight.callsign().unwrap().as_str(), "LOT281");
    assert!(flight.is_airborne() && flight.has_known_speed() && flight.is_positioned());
}

#[test]
fn absent_null_and_blank_are_the_same() {
    let names = [
        "reg_number",
        "flag",
        "lat",
        "lng",
        "alt",
        "dir",
        "speed",
        "v_speed",
        "squawk",
        "flight_number",
        "flight_icao",
        "flight_iata",
        "dep_icao",
        "dep_iata",
        "arr_icao",
        "arr_iata",
        "airline_icao",
        "airline_iata",
        "aircraft_icao",
        "status",
    ];
    let absent = with(r#""type":"adsb""#);
    assert_eq!(absent.quality, Quality::GOOD);
    for name in names {
        for value in ["null", r#""""#, r#""  ""#] {
            assert_eq!(with(&format!(r#""{name}":{value}"#)), absent, "{name}");
        }
    }
}

#[test]
fn the_key_and_the_time_are_required() {
    use DecodeError::{BadHex, NoHex, NoTime};
    for (json, error) in [
        ("{}", NoHex),
        (r#"{"updated":1}"#, NoHex),
        (r#"{"hex":null,"updated":1}"#, NoHex),
        (r#"{"hex":" ","updated":1}"#, NoHex),
        (r#"{"hex":"48AE2","updated":1}"#, BadHex),
        (r#"{"hex":"48AE2X","updated":1}"#, BadHex),
        (r#"{"hex":481234,"updated":1}"#, BadHex),
        (r#"{"hex":["48AE23"],"updated":1}"#, BadHex),
        (r#"{"hex":"48AE23"}"#, NoTime),
        (r#"{"hex":"48AE23","updated":null}"#, NoTime),
        (r#"{"hex":"48AE23","updated":"soon"}"#, NoTime),
        (r#"{"hex":"48AE23","updated":true}"#, NoTime),
        (r#"{"hex":"48AE23","updated":0}"#, NoTime),
        (r#"{"hex":"48AE23","updated":-5}"#, NoTime),
        // Milliseconds, where seconds belong.
        (r#"{"hex":"48AE23","updated":1706705158000}"#, NoTime),
    ] {
        assert_eq!(decode(json), Err(error), "{json}");
    }
    let early = decode(r#"{"hex":"~48ae23","updated":"1706705158.25"}"#).unwrap();
    assert_eq!(early.updated, Timestamp::from_millis(1_706_705_158_250));
    assert!(!early.hex.is_icao());
}

#[test]
fn altitude_has_a_stepped_offset() {
    for (reported, metres) in [
        ("3", 0.0),
        ("155", 152.0),
        ("503", 500.0),
        ("512", 502.0),
        ("3010", 3000.0),
        ("5008", 4998.0),
        ("5026", 5006.0),
        ("10688", 10_668.0),
        ("\"10688\"", 10_668.0),
        ("10688.5", 10_668.5),
        ("-30", -30.0),
    ] {
        let flight = with(&format!(r#""alt":{reported},"speed":400"#));
        assert_eq!(
            flight.altitude,
            Some(Altitude::Barometric(metres)),
            "{reported}"
        );
    }
}

#[test]
fn no_altitude_or_zero_is_the_ground_unless_the_aircraft_is_too_fast() {
    for alt in ["null", "0", "\"\""] {
        for speed in ["0", "30", "290", "null"] {
            let flight = with(&format!(r#""alt":{alt},"speed":{speed}"#));
            assert_eq!(flight.altitude, Some(Altitude::Ground));
            assert!(flight.is_on_ground() && !flight.is_airborne());
        }
        let fast = with(&format!(r#""alt":{alt},"speed":820"#));
        assert_eq!(fast.altitude, None);
        assert_eq!(fast.quality, Quality::UNKNOWN_ALTITUDE);
        assert!(!fast.is_on_ground() && !fast.is_airborne());
    }
}

#[test]
fn a_wrong_altitude_is_not_the_ground() {
    for alt in ["\"high\"", "true", "[]", "99999", "-9999", "\"NaN\""] {
        let flight = with(&format!(r#""alt":{alt},"speed":10"#));
        assert_eq!(flight.altitude, None, "{alt}");
        assert_eq!(flight.quality, Quality::BAD_FIELD);
    }
}

#[test]
fn speed_zero_aloft_is_unknown() {
    let hovering = with(r#""alt":160,"speed":0"#);
    assert_eq!(hovering.ground_speed, None);
    assert_eq!(hovering.quality, Quality::ZERO_SPEED_ALOFT);
    assert!(!hovering.has_known_speed());

    let standing = with(r#""alt":153,"speed":0"#);
    assert_eq!(standing.ground_speed, Some(0.0));
    assert_eq!(standing.quality, Quality::GOOD);

    let slow = with(r#""alt":9000,"speed":90"#);
    assert_eq!(slow.ground_speed, Some(25.0));
    assert_eq!(slow.quality, Quality::SLOW_ALOFT);
}

#[test]
fn speed_is_kmh_and_comes_in_any_form() {
    for speed in ["36", "36.0", "\"36\"", "3.6e1"] {
        assert_eq!(
            with(&format!(r#""speed":{speed}"#)).ground_speed,
            Some(10.0)
        );
    }
    for speed in ["-1", "5001", "\"fast\"", "{}"] {
        let flight = with(&format!(r#""speed":{speed}"#));
        assert_eq!(
            (flight.ground_speed, flight.quality),
            (None, Quality::BAD_FIELD)
        );
    }
}

#[test]
fn north_is_0_and_never_360() {
    for (dir, track) in [
        ("360", 0.0),
        ("360.0", 0.0),
        ("359.99999999", 0.0),
        ("359.9", 359.9),
        ("0", 0.0),
        ("\"90\"", 90.0),
    ] {
        assert_eq!(with(&format!(r#""dir":{dir}"#)).track, Some(track), "{dir}");
    }
    for dir in ["360.1", "-1", "\"N\""] {
        let flight = with(&format!(r#""dir":{dir}"#));
        assert_eq!((flight.track, flight.quality), (None, Quality::BAD_FIELD));
    }
}

#[test]
fn positions_are_in_range_or_unknown() {
    let bad = Quality::BAD_POSITION;
    for (lat, lng, quality) in [
        ("90.1", "0", bad),
        ("0", "-180.5", bad),
        ("\"NaN\"", "5", bad | Quality::BAD_FIELD),
        ("[1]", "5", bad | Quality::BAD_FIELD),
        ("0", "0", Quality::NULL_ISLAND),
        ("-0.0", "\"0\"", Quality::NULL_ISLAND),
        ("5", "null", Quality::GOOD),
    ] {
        let flight = with(&format!(r#""lat":{lat},"lng":{lng}"#));
        assert_eq!(
            (flight.position, flight.quality),
            (None, quality),
            "{lat} {lng}"
        );
        assert_eq!(flight.positioned().unwrap_err().reason(), "no_position");
    }
    for (lat, lng) in [(0.0, 9.5), (-90.0, 180.0), (90.0, -180.0)] {
        let flight = with(&format!(r#""lat":{lat},"lng":"{lng}""#));
        assert_eq!(flight.position, Position::known(Some(lat), Some(lng)));
        assert!(flight.positioned().is_ok());
    }
}

#[test]
fn flags_are_nearly_iso() {
    for (sent, flag, quality) in [
        ("PL", "PL", Quality::GOOD),
        ("NA", "NA", Quality::GOOD),
        ("UK", "GB", Quality::UNUSUAL_FLAG),
        ("Us", "US", Quality::UNUSUAL_FLAG),
        ("AN", "AN", Quality::UNUSUAL_FLAG),
    ] {
        let flight = with(&format!(r#""flag":"{sent}""#));
        assert_eq!(flight.flag.unwrap().as_str(), flag);
        assert_eq!(flight.quality, quality, "{sent}");
    }
    let wrong = with(r#""flag":"POL""#);
    assert_eq!((wrong.flag, wrong.quality), (None, Quality::BAD_FIELD));
}

#[test]
fn junk_aircraft_types_are_unknown() {
    for junk in ["0000", "TWR", "SERV", "32Q", "serv"] {
        let flight = with(&format!(r#""aircraft_icao":"{junk}""#));
        assert_eq!(flight.aircraft_type, None);
        assert_eq!(flight.quality, Quality::JUNK_AIRCRAFT_TYPE);
    }
}

#[test]
fn flight_numbers_and_squawks_are_text() {
    let text = |json: &str| with(json).flight_number.unwrap().to_string();
    assert_eq!(text(r#""flight_number":"19T""#), "19T");
    assert_eq!(text(r#""flight_number":"0042""#), "0042");
    assert_eq!(text(r#""flight_number":281"#), "281");
    assert_eq!(with(r#""squawk":7700"#).squawk.unwrap().to_string(), "7700");
    for wrong in [
        r#""flight_number":1.5"#,
        r#""squawk":"7780""#,
        r#""flight_number":-1"#,
    ] {
        assert_eq!(with(wrong).quality, Quality::BAD_FIELD);
    }
}

#[test]
fn statuses_that_are_not_known_are_counted() {
    assert_eq!(with(r#""status":"Landed""#).status, FlightStatus::Landed);
    let parked = with(r#""status":"parked""#);
    assert_eq!(parked.status, FlightStatus::Unknown);
    assert_eq!(parked.quality, Quality::UNKNOWN_STATUS);
}

#[test]
fn of_repeated_keys_the_last_counts() {
    let flight = with(r#""speed":36,"speed":72,"hex":"ABCDEF","flag":"PL","flag":null"#);
    assert_eq!(flight.ground_speed, Some(20.0));
    assert_eq!(flight.hex.to_string(), "ABCDEF");
    assert_eq!(flight.flag, None);
    // A wrong value that is overruled leaves no trace.
    assert_eq!(with(r#""speed":"x","speed":36"#).quality, Quality::GOOD);
    assert_eq!(
        decode(r#"{"hex":"48AE23","updated":1,"hex":7}"#),
        Err(DecodeError::BadHex)
    );
}

#[test]
fn what_is_unknown_or_wrong_is_counted() {
    let mut decoder = AirlabsJson::default();
    let json = br#"{"hex":"48AE23","updated":1,"new":{"a":[1,2,{}]},"newer":"x","alt":{"a":[{}]},"flag":7,"speed":36}"#;
    let flight = decoder.decode(json).unwrap();
    assert_eq!(flight.ground_speed, Some(10.0));
    decoder.decode(WHOLE.as_bytes()).unwrap();
    decoder.decode(b"{}").unwrap_err();
    let statistics = decoder.statistics();
    assert_eq!((statistics.decoded, statistics.rejected), (2, 1));
    assert_eq!((statistics.unknown_fields, statistics.bad_fields), (2, 2));
}

#[test]
fn text_may_be_escaped() {
    let flight =
        decode(r#"{"\u0068ex":"48\u0041E23","updated":1,"reg_number":"A\/B\\C"}"#).unwrap();
    assert_eq!(flight.hex.to_string(), "48AE23");
    assert_eq!(flight.registration.unwrap().as_str(), r"A/B\C");
}
