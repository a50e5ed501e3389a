//! Receivers' rows: what they mean, and what must cost neither a panic nor a wrong figure.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use flightstream_core::flight::readsb::{self, DecodeError, Limits, ReadsbJson};
use flightstream_core::flight::{Altitude, Flight, Position, Quality};
use flightstream_core::operator::Decoder;
use flightstream_core::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

const ROW: &str = r#"{"now":1706705160.5,"hex":"48ae23","type":"adsb_icao","flight":"LOT281  ","r":"SP-LVA",
 "t":"B38M","alt_baro":35000,"alt_geom":35525,"gs":447.1,"track":271.4,"baro_rate":-64,"squawk":"2341","emergency":"none",
 "category":"A3","nav_modes":["autopilot","vnav"],"lat":52.17,"lon":20.97,"nic":8,"seen_pos":0.5,"seen":0.1,"mlat":[]}"#;

fn decode(row: &[u8]) -> Result<Flight, DecodeError> {
    ReadsbJson::default().decode(row)
}

fn with(changes: Value) -> Flight {
    decode(changed(changes).to_string().as_bytes()).unwrap()
}

/// The row with other values; null takes a field away.
fn changed(changes: Value) -> Value {
    let mut row: Value = serde_json::from_str(ROW).unwrap();
    for (name, value) in changes.as_object().unwrap() {
        row[name] = value.clone();
    }
    row
}

#[test]
fn a_whole_row_in_si_units() {
    let flight = decode(ROW.as_bytes()).unwrap();
    assert_eq!(flight.hex.to_string(), "48AE23");
    assert_eq!(flight.updated, Timestamp::from_seconds(1_706_705_160));
    assert_eq!(flight.position, Position::new(52.17, 20.97).ok());
    assert_eq!(flight.altitude, Some(Altitude::Barometric(10_668.0)));
    assert_eq!(
        flight.ground_speed,
        Some((447.1 * 1_852.0 / 3_600.0) as f32)
    );
    assert_eq!(flight.vertical_rate, Some((-64.0 * 0.3048 / 60.0) as f32));
    assert_eq!(flight.track, Some(271.4));
    assert_eq!(flight.squawk.unwrap().to_string(), "2341");
    assert_eq!(flight.category.unwrap().to_string(), "A3");
    assert_eq!(flight.callsign().unwrap().as_str(), "LOT281");
    assert_eq!(flight.registration.unwrap().as_str(), "SP-LVA");
    assert_eq!(flight.aircraft_type.unwrap().as_str(), "B38M");
    assert_eq!(flight.quality, Quality::GOOD);
    assert!(flight.is_airborne());
}

#[test]
fn the_ground_is_a_word_and_no_altitude_is_none() {
    assert_eq!(
        with(json!({"alt_baro": "ground"})).altitude,
        Some(Altitude::Ground)
    );
    let geometric = with(json!({"alt_baro": null}));
    assert_eq!(
        geometric.altitude,
        Some(Altitude::Geometric((35_525.0 * 0.3048) as f32))
    );
    let none = with(json!({"alt_baro": null, "alt_geom": null}));
    assert_eq!((none.altitude, none.quality), (None, Quality::GOOD));
    // Below the sea's level against the standard atmosphere is still in the air.
    assert!(with(json!({"alt_baro": -125})).is_airborne());
    let word = with(json!({"alt_baro": "GROUND", "alt_geom": null}));
    assert_eq!((word.altitude, word.quality), (None, Quality::BAD_FIELD));
}

#[test]
fn seconds_and_milliseconds_are_told_apart() {
    for (now, seen_pos, millis) in [
        (json!(1_706_705_160.5), json!(0.5), 1_706_705_160_000),
        (json!(1_706_705_160_500_i64), json!(0.5), 1_706_705_160_000),
        (json!("1706705160.5"), json!(0), 1_706_705_160_500),
        (json!(1_706_705_160), json!(61.25), 1_706_705_098_750),
    ] {
        let flight = with(json!({"now": now, "seen_pos": seen_pos}));
        assert_eq!(flight.updated, Timestamp::from_millis(millis), "{now}");
    }
}

#[test]
fn without_a_position_the_time_is_that_of_the_last_message() {
    let unplaced = with(json!({"lat": null, "lon": null, "seen_pos": 40, "seen": 1.5}));
    assert_eq!(unplaced.updated, Timestamp::from_millis(1_706_705_159_000));
    let ageless = with(json!({"seen_pos": null, "seen": null}));
    assert_eq!(ageless.updated, Timestamp::from_millis(1_706_705_160_500));
}

#[test]
fn an_age_that_cannot_be_is_flagged_and_left_out() {
    for age in [
        json!(-1),
        json!(1e9),
        json!("soon"),
        json!([1]),
        json!(true),
    ] {
        let flight = with(json!({"seen_pos": age}));
        assert_eq!(
            flight.updated,
            Timestamp::from_millis(1_706_705_160_500),
            "{age}"
        );
        assert_eq!(flight.quality, Quality::BAD_FIELD, "{age}");
    }
}

#[test]
fn a_row_without_a_time_is_refused() {
    for now in [
        json!(null),
        json!("now"),
        json!(0),
        json!(-5),
        json!(1e300),
        json!({}),
        json!(0.25),
    ] {
        let row = changed(json!({"now": now})).to_string();
        assert_eq!(decode(row.as_bytes()), Err(DecodeError::NoTime), "{now}");
    }
}

#[test]
fn addresses_that_icao_did_not_assign_keep_their_mark() {
    let track = with(json!({"hex": "~2a3b4c"}));
    assert_eq!(
        (track.hex.to_string().as_str(), track.hex.is_icao()),
        ("~2A3B4C", false)
    );
    for (hex, error) in [
        (json!(null), DecodeError::NoHex),
        (json!("  "), DecodeError::NoHex),
        (json!(123_456), DecodeError::BadHex),
        (json!("48ae2"), DecodeError::BadHex),
        (json!("48ae2g"), DecodeError::BadHex),
        (json!(["48ae23"]), DecodeError::BadHex),
    ] {
        let row = changed(json!({"hex": hex})).to_string();
        assert_eq!(decode(row.as_bytes()), Err(error), "{hex}");
    }
}

#[test]
fn positions_that_are_none_leave_a_flag() {
    for (lat, lon, quality) in [
        (json!(0), json!(0.0), Quality::NULL_ISLAND),
        (json!(90.5), json!(0), Quality::BAD_POSITION),
        (json!(5), json!(-180.5), Quality::BAD_POSITION),
        (
            json!("north"),
            json!(5),
            Quality::BAD_POSITION | Quality::BAD_FIELD,
        ),
    ] {
        let flight = with(json!({"lat": lat, "lon": lon}));
        assert_eq!(
            (flight.position, flight.quality),
            (None, quality),
            "{lat} {lon}"
        );
    }
    assert_eq!(with(json!({"lat": 5, "lon": null})).position, None);
}

#[test]
fn a_field_of_another_form_is_left_out_and_flagged() {
    for (name, values) in [
        ("alt_baro", [json!(200_000), json!("high"), json!({})]),
        ("gs", [json!(-1), json!(1e6), json!([])]),
        ("track", [json!(361), json!(-1), json!("n")]),
        ("baro_rate", [json!(1e9), json!(true), json!("up")]),
        ("squawk", [json!("7708"), json!("77"), json!({})]),
        ("category", [json!("E1"), json!("A"), json!("A33")]),
        ("flight", [json!("LOT281LOT281"), json!("LÓT"), json!([])]),
    ] {
        for value in values {
            let flight = with(json!({(name): value, "alt_geom": null}));
            assert_eq!(flight.quality, Quality::BAD_FIELD, "{name} {value}");
        }
    }
}

#[test]
fn a_callsign_that_was_never_entered_is_none() {
    for callsign in ["        ", "@@@@@@@@", ""] {
        let flight = with(json!({"flight": callsign}));
        assert_eq!(
            (flight.flight_icao, flight.quality),
            (None, Quality::GOOD),
            "{callsign}"
        );
    }
}

#[test]
fn cut_off_anywhere_it_is_malformed() {
    let mut decoder = ReadsbJson::default();
    for length in 0..ROW.len() {
        let cut = decoder.decode(&ROW.as_bytes()[..length]);
        assert_eq!(cut, Err(DecodeError::MalformedJson), "{length}");
    }
    // And the decoder is none the worse for it.
    decoder.decode(ROW.as_bytes()).unwrap();
}

#[test]
fn what_is_no_object_is_refused() {
    for row in ["null", "[]", "\"hex\"", "17"] {
        assert_eq!(
            decode(row.as_bytes()),
            Err(DecodeError::NotAnObject),
            "{row}"
        );
    }
    for row in [
        &b"\xff\xfe"[..],
        b"",
        b"{\"hex\":\"48ae23\",\"now\":NaN}",
        b"{} {}",
    ] {
        assert_eq!(decode(row), Err(DecodeError::MalformedJson), "{row:?}");
    }
}

#[test]
fn size_and_depth_are_limited() {
    let huge = vec![b'['; 1 << 20];
    assert_eq!(decode(&huge), Err(DecodeError::TooLarge { limit: 65_536 }));
    let deep = format!(
        r#"{{"hex":"48ae23","now":1,"x":{}{}}}"#,
        "[".repeat(64),
        "]".repeat(64)
    );
    assert_eq!(
        decode(deep.as_bytes()),
        Err(DecodeError::TooDeep { limit: 16 })
    );
    let mut decoder = ReadsbJson::with_limits(Limits { size: 10, depth: 2 });
    assert_eq!(
        decoder.decode(ROW.as_bytes()),
        Err(DecodeError::TooLarge { limit: 10 })
    );
}

#[test]
fn of_a_repeated_key_the_last_one_counts() {
    let flight = decode(br#"{"hex":"000001","now":1,"hex":"48ae23","now":1706705160}"#).unwrap();
    assert_eq!(
        (flight.hex.to_string().as_str(), flight.updated.as_seconds()),
        ("48AE23", 1_706_705_160)
    );
}

#[test]
fn a_snapshot_is_taken_apart_whatever_its_rows_are() {
    let snapshot = br#" { "ac" : [ { } , {"hex":"48ae23"}, 7, [1], null ] , "now": 1706705160500, "total": 5 } "#;
    let messages = readsb::messages(snapshot).unwrap();
    assert_eq!(
        messages,
        [
            &br#"{"now":1706705160500}"#[..],
            br#"{"now":1706705160500,"hex":"48ae23"}"#,
            b"7",
            b"[1]",
            b"null",
        ]
    );
    let mut decoder = ReadsbJson::default();
    let decoded = messages
        .iter()
        .map(|message| decoder.decode(message).map(|flight| flight.hex.to_string()));
    assert_eq!(
        decoded.collect::<Vec<_>>(),
        [
            Err(DecodeError::NoHex),
            Ok("48AE23".to_owned()),
            Err(DecodeError::NotAnObject),
            Err(DecodeError::NotAnObject),
            Err(DecodeError::NotAnObject),
        ]
    );
}

#[test]
fn what_is_no_snapshot_is_an_error() {
    for snapshot in [
        "",
        "[]",
        "{}",
        r#"{"now":1}"#,
        r#"{"aircraft":[]}"#,
        r#"{"now":1,"aircraft":{}}"#,
        r#"{"now":1,"aircraft":[{]}"#,
    ] {
        assert!(readsb::messages(snapshot.as_bytes()).is_err(), "{snapshot}");
    }
}

/// What a field may be, of any type and form.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-1_000.0_f64..50_000.0).prop_map(Value::from),
        "[ -~]{0,9}".prop_map(Value::from),
        "\\PC{0,5}".prop_map(Value::from),
        Just(json!({"a": [1, {"b": null}]})),
    ]
}

proptest! {
    #[test]
    fn whatever_a_field_is_the_rest_of_the_row_is_read(
        name in prop::sample::select(&["alt_baro", "alt_geom", "gs", "baro_rate", "squawk", "category", "flight", "r", "t", "x", "seen"]),
        value in value(),
    ) {
        let flight = with(json!({(name): value}));
        prop_assert_eq!(flight.hex.to_string(), "48AE23");
        prop_assert_eq!(flight.updated, Timestamp::from_seconds(1_706_705_160));
        prop_assert_eq!(flight.position, Position::new(52.17, 20.97).ok());
        prop_assert_eq!(flight.track, Some(271.4));
    }

    #[test]
    fn whatever_is_decoded_is_finite_and_within_its_range(
        fields in prop::collection::hash_map(
            prop::sample::select(&["now", "lat", "lon", "alt_baro", "alt_geom", "gs", "track", "baro_rate", "geom_rate", "seen", "seen_pos"]),
            value(),
            0..11,
        ),
    ) {
        let mut row = changed(json!({}));
        for (name, value) in fields {
            row[name] = value;
        }
        if let Ok(flight) = decode(row.to_string().as_bytes()) {
            prop_assert!(flight.updated > Timestamp::default());
            prop_assert!(flight.track.is_none_or(|track| (0.0..360.0).contains(&track)));
            prop_assert!(flight.ground_speed.is_none_or(|speed| (0.0..1_400.0).contains(&speed)));
            prop_assert!(flight.vertical_rate.is_none_or(|rate| rate.abs() <= 510.0));
            prop_assert!(flight.altitude.is_none_or(|altitude| altitude.metres().abs() <= 60_000.0));
        }
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes);
        let _ = readsb::messages(&bytes);
    }

    #[test]
    fn a_damaged_row_is_decoded_or_refused(at in 0..ROW.len(), byte in any::<u8>()) {
        let mut row = ROW.as_bytes().to_vec();
        row[at] = byte;
        let _ = decode(&row);
    }
}
