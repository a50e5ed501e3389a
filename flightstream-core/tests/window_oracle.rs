//! Windowed aggregation against a naive model over the whole input, with random disorder and random batch cuts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

mod window_model;

use std::collections::BTreeMap;

use flightstream_core::Records;
use flightstream_core::store::StoreHandle;
use flightstream_core::testing::laws;
use flightstream_core::window::{Emit, Hopping, Tumbling};
use proptest::prelude::*;
use window_model::{Input, model, run, seconds};

fn input() -> impl Strategy<Value = Vec<Input>> {
    let step = (-40_i64..60, 0_u8..3);
    prop::collection::vec(step, 0..80).prop_map(|steps| {
        let mut time = 1_000;
        steps
            .into_iter()
            .map(|(step, key)| {
                time = (time + step).max(0);
                (time, key)
            })
            .collect()
    })
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0_usize..80, 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tumbling_windows_agree_with_the_model(input in input(), cuts in cuts(), grace in 0_u64..90) {
        let windows = Tumbling::of(seconds(60)).grace(seconds(grace));
        let (results, late) = run(&input, &cuts, windows, Emit::on_close());
        let (closed, model_late, _) = model(&input, 60, 60, i64::try_from(grace).unwrap());
        prop_assert_eq!(results, closed);
        prop_assert_eq!(late, model_late);
    }

    #[test]
    fn hopping_windows_agree_with_the_model(input in input(), cuts in cuts(), grace in 0_u64..90) {
        let windows = Hopping::of(seconds(60)).every(seconds(25)).grace(seconds(grace));
        let (results, late) = run(&input, &cuts, windows, Emit::on_close());
        let (closed, model_late, _) = model(&input, 60, 25, i64::try_from(grace).unwrap());
        prop_assert_eq!(results, closed);
        prop_assert_eq!(late, model_late);
    }

    /// The last update of a window is what it holds at the end, closed or open.
    #[test]
    fn the_last_update_is_the_result(input in input(), cuts in cuts()) {
        let windows = Tumbling::of(seconds(60)).grace(seconds(30));
        let (updates, _) = run(&input, &cuts, windows, Emit::on_update());
        let (closed, _, open) = model(&input, 60, 60, 30);
        let last: BTreeMap<_, _> =
            updates.into_iter().map(|(key, start, count)| ((start, key), count)).collect();
        let mut expected = open;
        expected.extend(closed.into_iter().map(|(key, start, count)| ((start, key), count)));
        prop_assert_eq!(last, expected);
    }

    /// Early results do not depend on the cuts, and do not change the final ones.
    #[test]
    fn early_results_come_on_top(input in input(), cuts in cuts()) {
        let windows = Tumbling::of(seconds(60)).grace(seconds(30));
        let emit = Emit::on_close().early_every(seconds(20));
        let (whole, _) = run(&input, &[], windows, emit);
        let (cut, _) = run(&input, &cuts, windows, emit);
        prop_assert_eq!(&whole, &cut);
        let (closed, _, _) = model(&input, 60, 60, 30);
        for result in closed {
            prop_assert!(whole.contains(&result));
        }
    }
}

#[test]
fn windowed_aggregation_keeps_the_laws() {
    // The harness gives record n the event time n seconds.
    laws::check(&(0_u8..3), |records| {
        records
            .key_by(|n| *n)
            .assume_aligned()
            .windowed(Tumbling::of(seconds(5)).grace(seconds(2)))
            .count(StoreHandle::unlogged("counts"))
            .emit(Emit::on_close())
    })
    .unwrap();
}
