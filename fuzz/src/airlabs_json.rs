//! The Airlabs decoder never panics, and reads what its slow reference reads.

use std::cell::RefCell;

use flightstream_core::flight::airlabs::{AirlabsJson, Answer, encode};
use flightstream_core::operator::Decoder;

#[path = "../../flightstream-core/tests/flight_reference/mod.rs"]
mod flight_reference;

thread_local! {
    // One decoder for all inputs, as in a task: what one leaves in the buffers must not show in the next.
    static DECODER: RefCell<AirlabsJson> = RefCell::default();
}

pub fn check(raw: &[u8]) {
    DECODER.with_borrow_mut(|decoder| {
        let fast = decoder.decode(raw);
        let slow = flight_reference::decode(raw);
        assert!(
            flight_reference::alike(&fast, &slow),
            "{}\nfast {fast:?}\nslow {slow:?}",
            raw.escape_ascii()
        );
        if let Ok(flight) = fast {
            let mut again = Vec::new();
            encode(&flight, &mut again);
            let again = decoder.decode(&again).expect("what is encoded decodes");
            assert_eq!(again.hex, flight.hex);
            assert_eq!(again.position, flight.position);
        }
    });
    if let Ok(answer) = Answer::parse(raw) {
        for message in answer.messages {
            if let Ok(flight) = DECODER.with_borrow_mut(|decoder| decoder.decode(message.raw)) {
                assert_eq!(message.hex, Some(flight.hex));
            }
        }
    }
}
