use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, Stream};
use serde::Serialize;

use super::Shared;

/// What pages are told once a second.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Tick {
    /// The version of the index.
    pub(crate) version: u64,
    /// Newest event time, milliseconds since the Unix epoch.
    pub(crate) as_of: Option<i64>,
    /// This machine's time, likewise.
    pub(crate) now: i64,
    /// The time in the world that the data tells of: `now`, but for a replay.
    pub(crate) clock: i64,
    /// Whether the data is a replay.
    pub(crate) replay: bool,
    /// Aircraft in the index.
    pub(crate) total: u64,
    /// What the stages do.
    pub(crate) pipeline: Pipeline,
}

/// What the stages do.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Pipeline {
    pub(crate) records_per_second: f64,
    pub(crate) lag: u64,
    pub(crate) read: u64,
    pub(crate) enriched: u64,
    pub(crate) indexed: u64,
    pub(crate) rejected: BTreeMap<String, u64>,
    pub(crate) late: u64,
    pub(crate) state: &'static str,
}

/// Server-sent events. A page that is slow misses ticks; it always gets the newest one next.
pub(super) async fn events(
    State(shared): State<Shared>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut ticks = shared.ticks;
    ticks.mark_changed();
    let events = stream::unfold(ticks, |mut ticks| async {
        ticks.changed().await.ok()?;
        let tick = ticks.borrow_and_update().clone();
        let event = Event::default()
            .event("tick")
            .id(tick.version.to_string())
            .json_data(&tick);
        Some((Ok(event.unwrap_or_default()), ticks))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}
