//! The same with `count`, and after operators that keep the new key.

use std::time::Duration;

use flightstream_core::Records;
use flightstream_core::batch::Rejection;
use flightstream_core::runtime::{TaskContext, TaskRecords};
use flightstream_core::store::{StoreHandle, WindowStore};
use flightstream_core::window::{Emit, Tumbling};

pub(crate) fn lengths(raw: TaskRecords, cx: TaskContext) -> impl Records {
    let counts: StoreHandle<WindowStore<usize, u64>> = cx.store("counts");
    raw.decode(|bytes: &[u8]| Ok::<usize, Rejection>(bytes.len()))
        .key_by(|length| *length)
        .filter(|(length, _)| *length > 0)
        .windowed(Tumbling::of(Duration::from_secs(60)).grace(Duration::ZERO))
        .count(counts)
        .emit(Emit::on_close())
}
