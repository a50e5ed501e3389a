//! The committed inputs of the fuzz targets, and what broke something once, run by ordinary tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

#[path = "../../fuzz/src/lib.rs"]
mod checks;

use std::fs;
use std::path::Path;

/// Runs the check over a target's inputs, of which there are at least so many.
fn each_input_holds(target: &str, at_least: usize, check: fn(&[u8])) {
    let mut inputs = Vec::new();
    for kind in ["corpus", "regressions"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
        let folder = folder.join(kind).join(target);
        if folder.exists() {
            inputs.extend(
                fs::read_dir(folder)
                    .unwrap()
                    .map(|file| file.unwrap().path()),
            );
        }
    }
    inputs.sort();
    assert!(
        inputs.len() >= at_least,
        "{target}: {} inputs",
        inputs.len()
    );
    for path in inputs {
        let input = fs::read(&path).unwrap();
        let outcome = std::panic::catch_unwind(|| check(&input));
        assert!(outcome.is_ok(), "{} breaks a promise", path.display());
    }
}

macro_rules! targets {
    ($($(#[$when:meta])? $target:ident: $at_least:literal,)*) => {$(
        $(#[$when])?
        #[test]
        fn $target() {
            each_input_holds(stringify!($target), $at_least, checks::$target::check);
        }
    )*};
}

targets! {
    airlabs_json: 70,
    #[cfg(feature = "elastic")]
    bulk_answer: 20,
    embedded_log: 4,
    flight_csv: 4,
    readsb_json: 3,
    search_request: 10,
    snapshot: 1,
    tables: 4,
    windows: 4,
}
