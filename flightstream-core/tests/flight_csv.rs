//! Replaying recorded rows.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what goes wrong in a test or a bench should end it"
)]

use flightstream_core::flight::airlabs::{AirlabsJson, DecodeError};
use flightstream_core::flight::csv::{CsvError, Row, Rows};
use flightstream_core::flight::{Altitude, Flight};
use flightstream_core::operator::Decoder;

const HEADER: &str = "hex,reg_number,flag,lat,lng,alt,dir,speed,flight_number,flight_icao,flight_iata,dep_icao,dep_iata,\
    arr_icao,arr_iata,airline_icao,airline_iata,aircraft_icao,updated,status\r\n";
const FIRST: &str = "48AE23,SP-LRA,PL,51.250100,18.5007,10688,271.4,828,281,LOT281,LO281,EPWA,WAW,EGLL,LHR,LOT,LO,B38M,1706705158,en-route\r\n";
const SECOND: &str = "3C6444,D-AIBD,DE,50.03,8.57,,360.0,7,19T,DLH19T,LH19T,,,EDDF,FRA,DLH,LH,A319,1706705150,landed\r\n";

fn rows(file: &str) -> Vec<Row> {
    Rows::new(file.as_bytes())
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn decode(row: &Row) -> Result<Flight, DecodeError> {
    AirlabsJson::default().decode(&row.raw)
}

#[test]
fn a_row_becomes_the_message_that_the_api_would_send() {
    let rows = rows(&[HEADER, FIRST, SECOND].concat());
    assert_eq!(rows.len(), 2);
    assert_eq!(
        rows[0].raw,
        r#"{"hex":"48AE23","reg_number":"SP-LRA","flag":"PL","lat":51.250100,"lng":18.5007,"alt":10688,"dir":271.4,"#
            .to_owned()
            + r#""speed":828,"flight_number":"281","flight_icao":"LOT281","flight_iata":"LO281","dep_icao":"EPWA","#
            + r#""dep_iata":"WAW","arr_icao":"EGLL","arr_iata":"LHR","airline_icao":"LOT","airline_iata":"LO","#
            + r#""aircraft_icao":"B38M","updated":1706705158,"status":"en-route"}"#
    );
    assert_eq!(rows[0].hex.unwrap().key(), "48AE23");
    assert_eq!((rows[0].number, rows[1].number), (2, 3));
    let second = decode(&rows[1]).unwrap();
    assert_eq!(second.altitude, Some(Altitude::Ground));
    assert_eq!(second.track, Some(0.0));
    assert_eq!(second.flight_number.unwrap().as_str(), "19T");
    assert_eq!(second.departure_icao, None);
}

#[test]
fn repeated_headers_are_skipped_and_may_reorder() {
    let file = [
        HEADER,
        FIRST,
        HEADER,
        SECOND,
        "updated,hex\r\n",
        "17,ABCDEF\r\n",
    ]
    .concat();
    let mut rows = Rows::new(file.as_bytes()).unwrap();
    let flights: Vec<Flight> = rows
        .by_ref()
        .map(|row| decode(&row.unwrap()).unwrap())
        .collect();
    assert_eq!(flights.len(), 3);
    assert_eq!(flights[2].updated.as_seconds(), 17);
    assert_eq!(rows.repeated_headers(), 2);
}

#[test]
fn line_ends_blank_lines_quotes_and_a_byte_order_mark_do_not_matter() {
    let unix = rows("\u{feff}hex,updated,reg_number\n\nABCDEF,17,\"A,\"\"B\"\n48AE23,18,");
    assert_eq!(unix.len(), 2);
    assert_eq!(
        unix[0].raw,
        r#"{"hex":"ABCDEF","updated":17,"reg_number":"A,\"B"}"#
    );
    assert_eq!(unix[1].raw, r#"{"hex":"48AE23","updated":18}"#);
}

#[test]
fn cells_that_are_no_numbers_stay_text() {
    let rows = rows("hex,updated,alt,speed,lat,extra,\nABCDEF,17,007,fast,NaN,1,x\n");
    assert_eq!(
        rows[0].raw,
        r#"{"hex":"ABCDEF","updated":17,"alt":"007","speed":"fast","lat":"NaN","extra":"1"}"#
    );
    let flight = decode(&rows[0]).unwrap();
    assert_eq!(flight.altitude, Some(Altitude::Barometric(4.0)));
}

#[test]
fn no_row_is_lost() {
    let file =
        b"hex,updated,flag\nABCDEF,17\nABCDEF,17,PL,9\n?,17,PL\nABCDEF,17,\xFF\n,,\n48AE23,18,PL\n";
    let rows: Vec<Row> = Rows::new(&file[..]).unwrap().map(Result::unwrap).collect();
    let results: Vec<_> = rows.iter().map(decode).collect();
    use DecodeError::{BadHex, MalformedJson, NoHex};
    let errors: Vec<_> = results[..5]
        .iter()
        .map(|result| result.unwrap_err())
        .collect();
    assert_eq!(
        errors,
        [MalformedJson, MalformedJson, BadHex, MalformedJson, NoHex]
    );
    assert_eq!(rows[0].raw, "ABCDEF,17");
    assert_eq!(&rows[3].raw[..], b"ABCDEF,17,\xFF");
    assert!(rows[..5].iter().all(|row| row.hex.is_none()));
    results[5].as_ref().unwrap();
}

#[test]
fn a_file_without_a_header_is_refused() {
    for file in ["", "ABCDEF,17\n", "a,b\n"] {
        assert!(
            matches!(Rows::new(file.as_bytes()), Err(CsvError::NoHeader)),
            "{file}"
        );
    }
}

#[test]
fn a_file_that_cannot_be_read_ends_with_the_error() {
    struct Broken(bool);
    impl std::io::Read for Broken {
        fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                return Err(std::io::Error::other("gone"));
            }
            let from = b"hex,updated\nABCDEF,17\nABC";
            to[..from.len()].copy_from_slice(from);
            Ok(from.len())
        }
    }
    let mut rows = Rows::new(Broken(false)).unwrap();
    assert!(rows.next().unwrap().is_ok());
    assert!(matches!(rows.next(), Some(Err(CsvError::Read(_)))));
    assert!(rows.next().is_none());
}
