//! The fuzz target's corpus and its regressions, run by an ordinary test.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what goes wrong in a test or a bench should end it"
)]

mod flight_reference;

use std::fs;
use std::path::PathBuf;

use flightstream_core::flight::airlabs::{AirlabsJson, messages};
use flightstream_core::operator::Decoder;

fn inputs(directory: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz")
        .join(directory)
        .join("airlabs_json");
    let mut inputs: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect();
    inputs.sort();
    inputs
}

#[test]
fn every_input_is_read_as_the_reference_reads_it() {
    let mut decoder = AirlabsJson::default();
    for directory in ["corpus", "regressions"] {
        let inputs = inputs(directory);
        assert!(inputs.len() >= 20, "{directory} is not where it was");
        for (path, raw) in inputs {
            let (fast, slow) = (decoder.decode(&raw), flight_reference::decode(&raw));
            assert!(
                flight_reference::alike(&fast, &slow),
                "{}\nfast {fast:?}\nslow {slow:?}",
                path.display()
            );
            for message in messages(&raw).unwrap_or_default() {
                if let Ok(flight) = decoder.decode(message.raw) {
                    assert_eq!(message.hex, Some(flight.hex), "{}", path.display());
                }
            }
        }
    }
    let statistics = decoder.statistics();
    assert!(
        statistics.decoded > 35 && statistics.rejected > 25,
        "{statistics:?}"
    );
}
