//! The readsb decoder never panics, and what it reads is within range.

#![no_main]

use std::cell::RefCell;

use flightstream_core::flight::readsb::{self, ReadsbJson};
use flightstream_core::operator::Decoder;
use libfuzzer_sys::fuzz_target;

thread_local! {
    // One decoder for all inputs, as in a task: what one leaves in the buffers must not show in the next.
    static DECODER: RefCell<ReadsbJson> = RefCell::default();
}

fuzz_target!(|raw: &[u8]| {
    DECODER.with_borrow_mut(|decoder| {
        let decoded = decoder.decode(raw);
        assert_eq!(decoded, ReadsbJson::default().decode(raw), "an old decoder reads as a new one");
        if let Ok(flight) = decoded {
            assert!(flight.track.is_none_or(|track| (0.0..360.0).contains(&track)));
            assert!(flight.ground_speed.is_none_or(|speed| (0.0..1_400.0).contains(&speed)));
            assert!(flight.altitude.is_none_or(|altitude| altitude.metres().abs() <= 60_000.0));
        }
    });
    // A row of a snapshot is decoded or refused, never lost.
    let _ = readsb::messages(raw);
});
