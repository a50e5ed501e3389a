//! A changed key ends the right to aggregate: a task would see its partition's share of each key only.

use std::time::Duration;

use flightstream_core::store::StoreHandle;
use flightstream_core::window::{Emit, Tumbling};
use flightstream_core::{Records, from_values};

pub(crate) fn lengths() {
    let _ = from_values(["LO281", "LH2"])
        .key_by(|code| code.len())
        .windowed(Tumbling::of(Duration::from_secs(60)).grace(Duration::ZERO))
        .aggregate(StoreHandle::unlogged("lengths"), |count: &mut u64, _| {
            *count += 1
        })
        .emit(Emit::on_close());
}
