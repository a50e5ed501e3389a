//! Random input for operators that are compared with a naive model.

use flightstream_core::batch::{Batch, Record};
use flightstream_core::time::Timestamp;
use proptest::prelude::*;

/// Seconds of event time and a key.
pub(crate) type Input = (i64, u8);

/// Records in disorder, of three keys.
pub(crate) fn input() -> impl Strategy<Value = Vec<Input>> {
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

/// Where the input is cut.
pub(crate) fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0_usize..80, 0..8)
}

/// The input in batches, each record with its position as its value and offset.
pub(crate) fn batches(input: &[Input], cuts: &[usize]) -> Vec<Batch<(u8, usize)>> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (input.len() + 1)).collect();
    cuts.extend([0, input.len()]);
    cuts.sort_unstable();
    let record = |position: usize| {
        let (time, key) = input[position];
        Record {
            origin: position as u64,
            key: Some(vec![key].into()),
            ..Record::new((key, position), Timestamp::from_seconds(time))
        }
    };
    cuts.windows(2)
        .map(|pair| Batch::new((pair[0]..pair[1]).map(record).collect()))
        .collect()
}
