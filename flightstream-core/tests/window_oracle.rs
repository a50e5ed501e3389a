//! Windowed aggregation against a naive model over the whole input, with random disorder and random batch cuts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use flightstream_core::batch::{Batch, Record};
use flightstream_core::store::StoreHandle;
use flightstream_core::testing::laws;
use flightstream_core::time::Timestamp;
use flightstream_core::window::{Emit, Hopping, Tumbling, WindowedKey, Windows};
use flightstream_core::{Records, from_batches};
use futures::executor::block_on;
use proptest::prelude::*;

/// Seconds of event time and a key.
type Input = (i64, u8);
type Output = (u8, i64, u64);

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// What comes out: results in order, and how many records were late.
fn run(input: &[Input], cuts: &[usize], windows: impl Windows, emit: Emit) -> (Vec<Output>, usize) {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (input.len() + 1)).collect();
    cuts.extend([0, input.len()]);
    cuts.sort_unstable();
    let batches = cuts.windows(2).map(|pair| {
        let record = |(time, key): &Input| Record::new((*key, ()), Timestamp::from_seconds(*time));
        Batch::new(input[pair[0]..pair[1]].iter().map(record).collect())
    });
    let records = from_batches(batches.collect::<Vec<_>>())
        .assume_aligned()
        .windowed(windows)
        .count(StoreHandle::unlogged("counts"))
        .emit(emit);
    let (mut results, mut late) = (Vec::new(), 0);
    for batch in block_on(records.collect_batches()).unwrap() {
        late += batch.rejected().len();
        let output = |record: &Record<(WindowedKey<u8>, u64)>| {
            let (WindowedKey { key, window }, count) = record.value;
            assert_eq!(record.event_time.as_millis(), window.end.as_millis() - 1);
            (key, window.start.as_seconds(), count)
        };
        results.extend(batch.records().iter().map(output));
    }
    (results, late)
}

/// The same by looking at everything for each record: what is closed when it comes, where it counts.
fn model(
    input: &[Input],
    size: i64,
    advance: i64,
    grace: i64,
) -> (Vec<Output>, usize, BTreeMap<(i64, u8), u64>) {
    let (mut open, mut closed) = (BTreeMap::<(i64, u8), u64>::new(), Vec::new());
    let (mut late, mut stream_time) = (0, i64::MIN);
    for (time, key) in input {
        stream_time = stream_time.max(*time);
        while let Some((&(start, key), &count)) = open.first_key_value() {
            if start + size + grace > stream_time {
                break;
            }
            closed.push((key, start, count));
            open.remove(&(start, key));
        }
        let mut counted = false;
        for start in (time - size + 1..=*time).filter(|start| start.rem_euclid(advance) == 0) {
            if start + size + grace > stream_time {
                *open.entry((start, *key)).or_default() += 1;
                counted = true;
            }
        }
        late += usize::from(!counted);
    }
    (closed, late, open)
}

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
