//! The readsb decoder never panics, and what it reads is within range.

use std::cell::RefCell;

use flightstream_core::flight::readsb::{self, ReadsbJson};
use flightstream_core::operator::Decoder;

thread_local! {
    // One decoder for all inputs, as in a task: what one leaves in the buffers must not show in the next.
    static DECODER: RefCell<ReadsbJson> = RefCell::default();
}

pub fn check(raw: &[u8]) {
    DECODER.with_borrow_mut(|decoder| {
        let decoded = decoder.decode(raw);
        let anew = ReadsbJson::default().decode(raw);
        assert_eq!(decoded, anew, "an old decoder reads as a new one");
        if let Ok(flight) = decoded {
            let track = flight.track;
            assert!(track.is_none_or(|track| (0.0..360.0).contains(&track)));
            let speed = flight.ground_speed;
            assert!(speed.is_none_or(|speed| (0.0..1_400.0).contains(&speed)));
            let altitude = flight.altitude;
            assert!(altitude.is_none_or(|altitude| altitude.metres().abs() <= 60_000.0));
        }
    });
    // A row of a snapshot is decoded or refused, never lost.
    let _ = readsb::messages(raw);
}
