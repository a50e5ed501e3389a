//! A table of airports is read as a whole or refused; what is read is found by its codes, and is somewhere on Earth.

use flightstream_core::table::Airports;

pub fn check(file: &[u8]) {
    let Ok(airports) = Airports::from_csv(file) else {
        return;
    };
    assert_eq!(airports.iter().len(), airports.len());
    for airport in airports.iter() {
        let position = airport.position;
        assert!((-90.0..=90.0).contains(&position.lat()), "{airport:?}");
        assert!((-180.0..=180.0).contains(&position.lon()), "{airport:?}");
        let by_iata = airport.iata.and_then(|code| airports.by_iata(code));
        let by_icao = airport.icao.and_then(|code| airports.by_icao(code));
        assert!(by_iata.or(by_icao).is_some(), "{airport:?} is not found");
    }
}
