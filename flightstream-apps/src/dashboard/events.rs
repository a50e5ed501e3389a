use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, Stream};
use serde::Serialize;

use super::cache::Answer;
use super::connections::Share;
use super::error::ApiError;
use super::parameters::Parameters;
use super::shared::Shared;
use crate::stages::{Second, StageReport};

/// How many pages may listen at once. The other connections are for what they ask.
pub(super) fn most_listeners() -> usize {
    Share::Pages.most() / 4 * 3
}

/// What the stages did in the last second.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pulse {
    pub(crate) tick: Tick,
    pub(crate) stages: Vec<StageReport>,
    pub(crate) seconds: Vec<Second>,
}

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

/// A tick with what only the dashboard knows.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    tick: &'a Tick,
    alerts: usize,
    alerts_version: u64,
    clients: usize,
}

/// The newest tick.
pub(super) async fn status(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    Parameters::of(&uri)?.finish()?;
    shared.answer(&uri, &headers, tell).await
}

fn tell(shared: &Shared) -> Result<Answer, ApiError> {
    let (alerts, alerts_version) = shared.sources.recent.alerts_state();
    Answer::json(&Told {
        tick: &shared.pulse.borrow().tick,
        alerts,
        alerts_version,
        clients: shared.clients(),
    })
}

impl Shared {
    /// Pages that listen.
    pub(super) fn clients(&self) -> usize {
        self.most_listeners
            .saturating_sub(self.listeners.available_permits())
    }

    /// The newest tick as JSON, written once for all.
    async fn tick(&self) -> Result<Bytes, ApiError> {
        let tick = self.pulse.borrow().tick.now;
        let answer = self.cached(tick, "tick", || tell(self)).await?;
        Ok(answer.body())
    }
}

/// Server-sent events. A page that is slow misses ticks; it always gets the newest one next.
pub(super) async fn events(
    State(shared): State<Shared>,
    uri: Uri,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    Parameters::of(&uri)?.finish()?;
    let listeners = Arc::clone(&shared.listeners);
    let permit = listeners.try_acquire_owned().map_err(|_| {
        let most = shared.most_listeners;
        let reason = format!("{most} pages listen already; try again later");
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too_many_listeners",
            reason,
        )
    })?;
    let mut pulse = shared.pulse.clone();
    pulse.mark_changed();
    let events = stream::unfold(
        (shared, pulse, permit),
        |(shared, mut pulse, permit)| async {
            pulse.changed().await.ok()?;
            let version = pulse.borrow_and_update().tick.version;
            let event = Event::default().event("tick").id(version.to_string());
            let event = match shared.tick().await {
                Ok(json) => event.data(String::from_utf8_lossy(&json)),
                Err(_) => event,
            };
            Some((Ok(event), (shared, pulse, permit)))
        },
    );
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}
