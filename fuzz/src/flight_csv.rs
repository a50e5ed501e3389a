//! Each row of a recorded file becomes one message, which decodes to the row's aircraft or is refused.

use std::cell::RefCell;

use flightstream_core::flight::airlabs::AirlabsJson;
use flightstream_core::flight::csv::Rows;
use flightstream_core::operator::Decoder;

thread_local! {
    static DECODER: RefCell<AirlabsJson> = RefCell::default();
}

pub fn check(file: &[u8]) {
    let Ok(rows) = Rows::new(file) else { return };
    let mut last = 1;
    for row in rows {
        let Ok(row) = row else { return };
        assert!(row.number > last, "rows are numbered in their order");
        last = row.number;
        let decoded = DECODER.with_borrow_mut(|decoder| decoder.decode(&row.raw));
        if let (Ok(flight), Some(hex)) = (decoded, row.hex) {
            assert_eq!(flight.hex, hex, "the key is the aircraft's");
        }
    }
}
