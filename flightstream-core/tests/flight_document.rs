//! The document of the index, and enrichment before it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what goes wrong in a test or a bench should end it"
)]

use std::sync::Arc;

use flightstream_core::flight::airlabs::{AirlabsJson, encode};
use flightstream_core::flight::{
    AirportIata, AirportIcao, Altitude, Country, EnrichedFlight, Flight, FlightStatus, FlightType,
    Icao24, Position, Quality, document,
};
use flightstream_core::operator::Decoder;
use flightstream_core::table::Airports;
use flightstream_core::time::Timestamp;
use proptest::option;
use proptest::prelude::*;

const AIRPORTS: &str = "\
icao,iata,name,city,country,lat,lon,elevation_m,tz
EPWA,WAW,Warsaw Chopin Airport,Warsaw,PL,52.1657,20.9671,110,Europe/Warsaw
EPLL,LCJ,\"Łódź \"\"Władysław Reymont\"\" Airport\",Łódź,PL,51.7219,19.3981,184,Europe/Warsaw
EGLL,LHR,London Heathrow Airport,London,GB,51.4706,-0.4619,25,Europe/London
FMEE,RUN,Roland Garros Airport,Saint-Denis,RE,-20.8871,55.5103,20,Indian/Reunion
LFPG,CDG,Charles de Gaulle Airport,Paris,FR,49.0128,2.55,119,Europe/Paris
";

fn airports() -> Airports {
    Airports::from_csv(AIRPORTS.as_bytes()).unwrap()
}

fn flight(departure: (&str, &str), arrival: (&str, &str)) -> Flight {
    let mut flight = Flight::new(Icao24::new(0x48AE23).unwrap(), Timestamp::from_seconds(17));
    flight.departure_iata = AirportIata::new(departure.0).ok();
    flight.departure_icao = AirportIcao::new(departure.1).ok();
    flight.arrival_iata = AirportIata::new(arrival.0).ok();
    flight.arrival_icao = AirportIcao::new(arrival.1).ok();
    flight
}

fn text(enriched: &EnrichedFlight) -> String {
    let mut out = Vec::new();
    document::encode(enriched, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn airports_are_found_by_either_code_and_tell_the_type() {
    use FlightType::{Domestic, International};
    for (departure, arrival, flight_type) in [
        (("WAW", "EPWA"), ("LCJ", "EPLL"), Domestic),
        (("", "EPWA"), ("LCJ", ""), Domestic),
        (("WAW", "EPWA"), ("LHR", "EGLL"), International),
        // The IATA code counts first; an unknown one leaves the ICAO code to count.
        (("WAW", "EGLL"), ("ZZZ", "EPLL"), Domestic),
        // By the country rule, a territory with a code of its own is abroad.
        (("CDG", "LFPG"), ("RUN", "FMEE"), International),
    ] {
        let enriched = flight(departure, arrival).located(&airports());
        assert_eq!(
            enriched.flight_type, flight_type,
            "{departure:?} {arrival:?}"
        );
        assert!(enriched.quality.is_good());
    }
}

#[test]
fn an_unknown_airport_is_flagged_and_nowhere() {
    let enriched = flight(("WAW", ""), ("QQQ", "")).located(&airports());
    assert_eq!(enriched.departure.as_ref().unwrap().city.as_ref(), "Warsaw");
    assert_eq!(enriched.arrival, None);
    assert_eq!(enriched.quality, Quality::UNKNOWN_ARRIVAL);
    assert_eq!(enriched.flight_type, FlightType::Unknown);
    assert_eq!(
        text(&enriched),
        r#"{"hex":"48AE23","dep_iata":"WAW","arr_iata":"QQQ","type":"Unknown","dep_pos":{"lat":52.1657,"lon":20.9671},"#
            .to_owned()
            + r#""Departure":"Warsaw Chopin Airport","updated":17000}"#
    );

    let neither = flight(("", ""), ("", "")).located(&airports());
    assert_eq!(
        neither.quality,
        Quality::UNKNOWN_DEPARTURE | Quality::UNKNOWN_ARRIVAL
    );
}

#[test]
fn a_whole_document() {
    let raw = br#"{"hex":"48ae23","reg_number":"SP-\"L","flag":"UK","lat":51.25,"lng":18.5,"alt":10688,"dir":271.4,"speed":829,
        "v_speed":-2.6,"squawk":"0017","flight_number":"19T","flight_icao":"LOT19T","flight_iata":"LO19T","dep_icao":"EPWA",
        "dep_iata":"WAW","arr_icao":"EPLL","arr_iata":"LCJ","airline_icao":"LOT","airline_iata":"LO","aircraft_icao":"B38M",
        "updated":1706705158,"status":"en-route"}"#;
    let flight = AirlabsJson::default().decode(raw).unwrap();
    let json = text(&flight.located(&airports()));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let expected = serde_json::json!({
        "hex": "48AE23", "reg_number": "SP-\"L", "flag": "GB", "position": {"lat": 51.25, "lon": 18.5},
        "alt": 10668.0, "dir": 271.4, "speed": 829, "v_speed": -3, "flight_number": "19T", "flight_icao": "LOT19T",
        "flight_iata": "LO19T", "dep_icao": "EPWA", "dep_iata": "WAW", "arr_icao": "EPLL", "arr_iata": "LCJ",
        "airline_icao": "LOT", "airline_iata": "LO", "aircraft_icao": "B38M", "squawk": "0017", "status": "en-route",
        "type": "Domestic", "on_ground": false, "dep_pos": {"lat": 52.1657, "lon": 20.9671},
        "arr_pos": {"lat": 51.7219, "lon": 19.3981}, "Departure": "Warsaw Chopin Airport",
        "Arrival": "Łódź \"Władysław Reymont\" Airport", "updated": 1_706_705_158_000_i64,
    });
    assert_eq!(value, expected);
    let document = document::decode(json.as_bytes()).unwrap();
    assert_eq!(
        document.arrival.as_deref(),
        Some("Łódź \"Władysław Reymont\" Airport")
    );
    assert_eq!(document.flight_type, FlightType::Domestic);
}

#[test]
fn on_the_ground_altitude_is_0_and_unknown_it_is_absent() {
    let mut flight = flight(("", ""), ("", ""));
    flight.altitude = Some(Altitude::Ground);
    let json = text(&flight.located(&airports()));
    assert!(
        json.contains(r#""alt":0.0"#) && json.contains(r#""on_ground":true"#),
        "{json}"
    );
    flight.altitude = None;
    let json = text(&flight.located(&airports()));
    assert!(
        !json.contains("alt") && !json.contains("on_ground"),
        "{json}"
    );
}

fn code<T>(form: &'static str) -> impl Strategy<Value = Option<T>>
where
    T: std::str::FromStr<Err: std::fmt::Debug> + std::fmt::Debug,
{
    option::of(form.prop_map(|text: String| text.parse().unwrap()))
}

prop_compose! {
    fn identity()(
        hex in 0_u32..1 << 24, non_icao in any::<bool>(), seconds in 1_i64..253_402_300_799,
        registration in code("[!-~]{1,11}"), flag in code::<Country>("(PL|DE|NA|US|GB)"), squawk in code("[0-7]{4}"),
        number in code("[0-9]{1,4}[A-Z]?"), icao in code("[A-Z]{3}[0-9]{1,4}"), iata in code("[A-Z0-9]{2}[0-9]{1,4}"),
        aircraft in code("[A-Z][A-Z0-9]{1,3}"),
    ) -> Flight {
        let hex = Icao24::new(hex).unwrap();
        let hex = if non_icao { hex.non_icao() } else { hex };
        let mut flight = Flight::new(hex, Timestamp::from_seconds(seconds));
        flight.registration = registration;
        flight.flag = flag;
        flight.squawk = squawk;
        flight.flight_number = number;
        flight.flight_icao = icao;
        flight.flight_iata = iata;
        // The form of the placeholder for service vehicles.
        flight.aircraft_type = aircraft.filter(|code: &flightstream_core::flight::AircraftType| !["SERV", "TWR"].contains(&code.as_str()));
        flight
    }
}

prop_compose! {
    fn any_flight()(
        flight in identity(), lat in -90.0..90.0_f64, lon in -180.0..180.0_f64, positioned in any::<bool>(),
        metres in option::of((-400..15_000_i32).prop_filter("below 1 m the fraction is lost", |metres| *metres != 0)),
        track in option::of(0.0..359.9_f32), kmh in 200..1_100_i32, fast in any::<bool>(),
        rate in option::of(-50.0..50.0_f32),
        departure in prop::sample::select(vec!["", "WAW", "LCJ", "LHR", "QQQ"]),
        arrival in prop::sample::select(vec!["", "WAW", "LCJ", "LHR", "QQQ"]),
        status in prop::sample::select(vec![FlightStatus::EnRoute, FlightStatus::Landed, FlightStatus::Scheduled, FlightStatus::Unknown]),
    ) -> Flight {
        let mut flight = flight;
        flight.position = Position::new(lat, lon).ok().filter(|_| positioned);
        flight.altitude = Some(metres.map_or(Altitude::Ground, |metres| Altitude::Barometric(metres as f32)));
        flight.track = track;
        flight.vertical_rate = rate;
        flight.ground_speed = (fast && metres.is_some()).then(|| (f64::from(kmh) / 3.6) as f32);
        flight.departure_iata = AirportIata::new(departure).ok();
        flight.arrival_iata = AirportIata::new(arrival).ok();
        flight.status = status;
        flight
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn airlabs_round_trip(flight in any_flight()) {
        let mut json = Vec::new();
        encode(&flight, &mut json);
        serde_json::from_slice::<serde_json::Value>(&json).unwrap();
        prop_assert_eq!(AirlabsJson::default().decode(&json), Ok(flight), "{}", json.escape_ascii());
    }

    #[test]
    fn document_round_trip(flight in any_flight()) {
        let enriched = flight.located(&airports());
        let json = text(&enriched);
        let document = document::decode(json.as_bytes()).unwrap();
        prop_assert_eq!(document.hex, flight.hex);
        prop_assert_eq!(document.reg_number, flight.registration);
        prop_assert_eq!(document.flag, flight.flag);
        prop_assert_eq!(document.position, flight.position);
        prop_assert_eq!(document.alt, flight.altitude.map(Altitude::metres));
        prop_assert_eq!(document.on_ground, Some(flight.is_on_ground()));
        prop_assert_eq!(document.dir, flight.track);
        prop_assert_eq!(document.speed, flight.ground_speed.map(|speed| (speed * 3.6).round() as i64));
        prop_assert_eq!(document.squawk, flight.squawk);
        prop_assert_eq!(document.flight_number, flight.flight_number);
        prop_assert_eq!(document.dep_iata, flight.departure_iata);
        prop_assert_eq!(document.arr_iata, flight.arrival_iata);
        prop_assert_eq!(document.aircraft_icao, flight.aircraft_type);
        prop_assert_eq!(document.status.unwrap_or_default(), flight.status);
        prop_assert_eq!(document.flight_type, enriched.flight_type);
        prop_assert_eq!(document.dep_pos, enriched.departure.as_ref().map(|airport| airport.position));
        prop_assert_eq!(document.departure, enriched.departure.as_ref().map(|airport| airport.name.clone()));
        prop_assert_eq!(document.arrival, enriched.arrival.as_ref().map(|airport| airport.name.clone()));
        prop_assert_eq!(document.updated, flight.updated);
    }

    #[test]
    fn a_flight_is_serialised_as_it_is(flight in any_flight()) {
        let json = serde_json::to_vec(&flight).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Flight>(&json).unwrap(), flight);
    }

    #[test]
    fn any_name_is_escaped(name in any::<String>()) {
        let mut enriched = flight(("WAW", ""), ("", "")).located(&airports());
        let mut airport = enriched.departure.as_deref().unwrap().clone();
        airport.name = name.as_str().into();
        enriched.departure = Some(Arc::new(airport));
        let document = document::decode(text(&enriched).as_bytes()).unwrap();
        prop_assert_eq!(document.departure.as_deref(), Some(name.as_str()));
    }
}
