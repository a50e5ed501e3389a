//! Windowed counts agree with a naive model, whatever the order of times, however the stream is cut into batches.

use flightstream_core::window::{Emit, Hopping, Tumbling};

#[path = "../../flightstream-core/tests/window_model/mod.rs"]
mod window_model;

use window_model::{Input, model, run, seconds};

/// The first byte is the grace in seconds, the second says where batches end, then each two bytes are a record: by how
/// much its time differs from the one before, and its key.
pub fn check(bytes: &[u8]) {
    let [grace, cut, steps @ ..] = bytes else {
        return;
    };
    let mut time = 1_000_i64;
    let input: Vec<Input> = steps
        .chunks_exact(2)
        .take(200)
        .map(|step| {
            time = (time + i64::from(step[0] as i8)).max(0);
            (time, step[1] % 3)
        })
        .collect();
    let cuts: Vec<usize> = (0..input.len())
        .step_by(1 + usize::from(*cut % 16))
        .collect();
    let grace = u64::from(*grace % 128);

    let tumbling = Tumbling::of(seconds(60)).grace(seconds(grace));
    let (closed, late, _) = model(&input, 60, 60, grace as i64);
    let (results, dropped) = run(&input, &cuts, tumbling, Emit::on_close());
    assert_eq!((results, dropped), (closed, late));

    let hopping = Hopping::of(seconds(60))
        .every(seconds(25))
        .grace(seconds(grace));
    let (closed, late, _) = model(&input, 60, 25, grace as i64);
    let (results, dropped) = run(&input, &cuts, hopping, Emit::on_close());
    assert_eq!((results, dropped), (closed, late));
}
