//! Windowed counts, as the library makes them and as a naive model does that looks at everything for each record.
#![allow(
    unreachable_pub,
    reason = "each test file is a crate and uses a part of it"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use flightstream_core::batch::{Batch, Record};
use flightstream_core::store::StoreHandle;
use flightstream_core::time::Timestamp;
use flightstream_core::window::{Emit, WindowedKey, Windows};
use flightstream_core::{Records, from_batches};
use futures::executor::block_on;

/// Seconds of event time and a key.
pub type Input = (i64, u8);
pub type Output = (u8, i64, u64);

pub fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// What comes out: results in order, and how many records were late.
pub fn run(
    input: &[Input],
    cuts: &[usize],
    windows: impl Windows,
    emit: Emit,
) -> (Vec<Output>, usize) {
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
pub fn model(
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
