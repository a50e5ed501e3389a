//! The embedded airports, and what a table of one's own may look like.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout
)]

use std::process::Command;
use std::time::Instant;

use flightstream_core::flight::{AirportIata, AirportIcao};
use flightstream_core::table::{Airports, TableError};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data");
const ORACLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/types_oracle.py");

fn iata(code: &str) -> AirportIata {
    AirportIata::new(code).unwrap()
}

fn icao(code: &str) -> AirportIcao {
    AirportIcao::new(code).unwrap()
}

#[test]
fn embedded_files_parse() {
    let table = Airports::from_path(format!("{DATA}/airports.csv")).unwrap();
    let supplement = Airports::from_path(format!("{DATA}/airports_supplement.csv")).unwrap();
    let airports = Airports::embedded();
    assert_eq!(airports.len(), table.len() + supplement.len());
    assert_eq!(airports.len(), 17_345);
    let with_iata = airports.iter().filter(|airport| airport.iata.is_some());
    assert_eq!(with_iata.count(), 7_888);
}

#[test]
fn every_airport_is_found_by_its_codes() {
    let airports = Airports::embedded();
    for airport in airports.iter() {
        if let Some(code) = airport.iata {
            assert_eq!(airports.by_iata(code), Some(airport));
        }
        if let Some(code) = airport.icao {
            assert_eq!(airports.by_icao(code), Some(airport));
        }
        assert!(!airport.name.is_empty(), "{airport:?}");
        assert!(!airport.time_zone.is_empty(), "{airport:?}");
        assert!(airport.elevation.unwrap().abs() < 6_000.0, "{airport:?}");
    }
}

#[test]
fn every_alias_names_an_airport_of_the_table() {
    let airports = Airports::embedded();
    let aliases = std::fs::read_to_string(format!("{DATA}/airport_aliases.csv")).unwrap();
    for line in aliases.lines().skip(1) {
        let mut fields = line.splitn(4, ',');
        let [code, kind, target, note] = std::array::from_fn(|_| fields.next().unwrap());
        let target = airports.by_icao(icao(target)).unwrap();
        let found = match kind {
            "iata" => airports.by_iata(iata(code)),
            "icao" => airports.by_icao(icao(code)),
            other => panic!("{other}"),
        };
        assert_eq!(found, Some(target), "{line}");
        let of_the_target = [
            target.iata.map(|code| code.to_string()),
            target.icao.map(|code| code.to_string()),
        ];
        assert!(
            !of_the_target.contains(&Some(code.to_owned())),
            "{line}: no alias is needed"
        );
        assert!(!note.is_empty());
    }
}

#[test]
fn iata_goes_before_icao() {
    let airports = Airports::embedded();
    let found = |first: &str, second: &str| {
        let airport = airports.resolve(AirportIata::new(first).ok(), AirportIcao::new(second).ok());
        airport.map(|airport| airport.name.to_string())
    };
    assert_eq!(found("WAW", "KJFK").unwrap(), "Warsaw Chopin Airport");
    assert_eq!(found("", "EPWA").unwrap(), "Warsaw Chopin Airport");
    assert_eq!(found("QQQ", "EPWA").unwrap(), "Warsaw Chopin Airport");
    assert_eq!(found("", "UTTT").unwrap(), "Tashkent International Airport");
    assert_eq!(found("", ""), None);
    assert_eq!(found("QQQ", "QQQQ"), None);
}

#[test]
fn moved_airports_are_where_they_are() {
    let airports = Airports::embedded();
    let nouakchott = airports.by_iata(iata("NKC")).unwrap();
    assert!((nouakchott.position.lat() - 18.31).abs() < 0.01);
    let closed = airports.by_icao(icao("GQNN")).unwrap();
    assert_eq!(closed.iata, None);
    let windhoek = airports.by_iata(iata("WDH")).unwrap();
    assert_eq!(windhoek.country.as_str(), "NA");
}

#[test]
fn reads_the_columns_of_other_tables() {
    let airportsdata = "\u{feff}\"icao\",\"iata\",\"name\",\"city\",\"subd\",\"country\",\"elevation\",\"lat\",\"lon\",\"tz\",\"lid\"\n\
        \"EPWA\",\"WAW\",\"Chopin\",\"Warsaw\",\"Mazovia\",\"PL\",1000,52.1657,20.9671,\"Europe/Warsaw\",\"\"\n\
        \"_MLH\",\"MLH\",\"EuroAirport\",\"Mulhouse\",\"\",\"FR\",885,47.59,7.53,\"Europe/Paris\",\"\"\n";
    let ourairports = "id,ident,type,name,latitude_deg,longitude_deg,elevation_ft,continent,iso_country,iso_region,municipality,scheduled_service,gps_code,iata_code\n\
        1,EPWA,large_airport,\"Chopin, Warsaw\",52.1657,20.9671,1000,EU,PL,PL-14,Warsaw,yes,EPWA,WAW\n\
        2,KH-0002,small_airport,No code,11.3,104.9,,AS,KH,KH-8,,no,,\n\
        3,VDPP,closed,Old,11.5,104.8,,AS,KH,KH-12,,no,,\n\
        4,MLH1,medium_airport,EuroAirport,47.59,7.53,885,EU,FR,FR-A,,yes,,MLH\n";
    let own = "IATA, lat , lng,country,elevation_m\nWAW,52.1657,20.9671,pl,304.8\r\nMLH,47.59,7.53,FR,\r\n";
    for text in [airportsdata, ourairports, own] {
        let airports = Airports::from_csv(text.as_bytes()).unwrap();
        assert_eq!(airports.len(), 2, "{text}");
        let warsaw = airports.by_iata(iata("WAW")).unwrap();
        assert_eq!(warsaw.country.as_str(), "PL");
        assert_eq!(warsaw.position.lon(), 20.9671);
        assert!((warsaw.elevation.unwrap() - 304.8).abs() < 0.01);
        assert!(airports.by_iata(iata("MLH")).is_some());
        assert!(airports.by_iata(iata("FRU")).is_none());
    }
}

#[test]
fn refuses_with_the_place_of_the_mistake() {
    let cases: [(&[u8], &str); 15] = [
        (
            b"",
            "the table is empty; give a CSV file with a header line and at least one row",
        ),
        (
            b"iata,lat,lon,country\n",
            "the table is empty; give a CSV file with a header line and at least one row",
        ),
        (
            b"iata,lon,country\nWAW,2,PL\n",
            "the table has no column lat; add it (also accepted: latitude, latitude_deg)",
        ),
        (
            b"lat,lon,country\n1,2,PL\n",
            "the table has no column iata or icao; add it (also accepted: iata_code, icao_code, ident)",
        ),
        (
            b"iata,lat,lon,country\nWAW,52,20,PL\n\nKRK,fifty,19,PL\n",
            "line 4, column lat: \"fifty\" is not a number of degrees",
        ),
        (
            b"iata,lat,lon,country\r\nWAW,52,20,PL\r\nKRK,fifty,19,PL\r\n",
            "line 3, column lat: \"fifty\" is not a number of degrees",
        ),
        (
            b"iata,lat,lon,country\r\nWAW,52,20,PL\r\n\r\nKRK,50\r\n",
            "line 4 has 2 fields where the header has 4; quote fields with commas",
        ),
        (
            b"iata,lat,lon,country\nWAW,,20,PL\n",
            "line 2, column lat: \"\" is not a number of degrees",
        ),
        (
            b"iata,lat,lon,country\nWAW,20,520,PL\n",
            "line 2: longitude 520 is not within ±180 degrees",
        ),
        (
            b"iata,lat,lon,country\nWAW,0,0,PL\n",
            "line 2: no airport is at (0, 0); correct the position or delete the row",
        ),
        (
            b"iata,lat,lon,iso_country\nWAW,52,20,POL\n",
            "line 2, column iso_country: \"POL\" is not a country code of two letters",
        ),
        (
            b"iata,lat,lon,country\nEPWA,52,20,PL\n",
            "line 2, column iata: \"EPWA\" is not an IATA code of three letters",
        ),
        (
            b"iata,lat,lon,country\nWAW,52,20,PL\nwaw,52,20,PL\n",
            "line 3, column iata: WAW is also on line 2; delete one of them",
        ),
        (
            b"iata,lat,lon,country\nWAW,52,20\n",
            "line 2 has 3 fields where the header has 4; quote fields with commas",
        ),
        (
            b"iata,name,lat,lon,country\nWAW,Ko\xf3\xf3,52,20,PL\n",
            "line 2 is not UTF-8; convert the file",
        ),
    ];
    for (bytes, message) in cases {
        let error = Airports::from_csv(bytes).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
    let bad = b"iata,lat,lon,country,elevation_m\nWAW,52,20,PL,high\n";
    let error = Airports::from_csv(&bad[..]).unwrap_err();
    assert!(matches!(error, TableError::Value { line: 2, .. }));
    let error = Airports::from_path("/nowhere/airports.csv").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot open /nowhere/airports.csv")
    );
}

#[test]
fn loads_at_once() {
    let start = Instant::now();
    let airports = Airports::embedded();
    let took = start.elapsed();
    println!("{} airports in {took:?}", airports.len());
    let limit = if cfg!(debug_assertions) { 2_000 } else { 40 };
    assert!(took.as_millis() <= limit, "{took:?}");
}

#[derive(Debug, Default, PartialEq, serde::Deserialize)]
struct Counts {
    rows: u64,
    types: Types,
    references: u64,
    resolved: u64,
}

#[derive(Debug, Default, PartialEq, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Types {
    domestic: u64,
    international: u64,
    unknown: u64,
}

/// Counts what the oracle counts, with the library's table.
fn count(path: &str) -> Counts {
    let airports = Airports::embedded();
    let mut counts = Counts::default();
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    for row in reader.records() {
        let row = row.unwrap();
        let field = |name: &str| {
            let at = header.iter().position(|column| column == name);
            row.get(at.unwrap()).unwrap()
        };
        if field("hex") == "hex" {
            continue;
        }
        counts.rows += 1;
        let [from, to] = ["dep", "arr"].map(|end| {
            let (iata, icao) = (field(&format!("{end}_iata")), field(&format!("{end}_icao")));
            let airport =
                airports.resolve(AirportIata::new(iata).ok(), AirportIcao::new(icao).ok());
            counts.references += u64::from(!iata.is_empty() || !icao.is_empty());
            counts.resolved += u64::from(airport.is_some());
            airport
        });
        match (from, to) {
            (Some(from), Some(to)) if from.country == to.country => counts.types.domestic += 1,
            (Some(_), Some(_)) => counts.types.international += 1,
            _ => counts.types.unknown += 1,
        }
    }
    counts
}

fn oracle(path: &str) -> Option<Counts> {
    let output = Command::new("python3").args([ORACLE, path]).output().ok()?;
    assert!(output.status.success(), "{output:?}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn agrees_with_the_oracle() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("flights.csv");
    let rows = "hex,dep_iata,dep_icao,arr_iata,arr_icao\n\
        1,WAW,EPWA,KRK,EPKK\n\
        2,FRU,UCFM,,UTTT\n\
        hex,dep_iata,dep_icao,arr_iata,arr_icao\n\
        3,,,,\n\
        4,IAL,AYIU,PNH,VDPP\n\
        5,MCO,KMCO,SJU,TJSJ\n";
    std::fs::write(&path, rows).unwrap();
    let path = path.to_str().unwrap();
    let counts = count(path);
    let types = Types {
        domestic: 2,
        international: 1,
        unknown: 2,
    };
    assert_eq!((counts.rows, counts.references, counts.resolved), (5, 8, 7));
    assert_eq!(counts.types, types);
    if let Some(oracle) = oracle(path) {
        assert_eq!(counts, oracle);
    }
}

/// Real rows may not be redistributed: `FLIGHTSTREAM_AIRLABS_CSV` names a file of them.
#[test]
fn agrees_with_the_oracle_on_real_rows() {
    let Ok(path) = std::env::var("FLIGHTSTREAM_AIRLABS_CSV") else {
        return;
    };
    let counts = count(&path);
    println!("{counts:?}");
    assert_eq!(Some(counts), oracle(&path));
}
