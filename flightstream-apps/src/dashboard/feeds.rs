use std::sync::Arc;
use std::time::Duration;

use flightstream_core::batch::{Batch, Raw};
use flightstream_core::flight::EnrichedFlight;
use flightstream_core::flight::history::Limits;
use flightstream_core::flight::pipelines::{AIRPORTS, reports};
use flightstream_core::log::Log;
use flightstream_core::runtime::{App, MakeSink, Outputs, Sink, TaskContext, TaskRecords, topic};
use flightstream_core::table::{Airports, SharedTable};
use flightstream_core::{Fatal, Records};

use super::recent::{Recent, RecentSink};
use super::windows::Windows;
use crate::cli;
use crate::data::{self, topics};
use crate::error::CommandError;
use crate::stages::Stage;

/// Nothing depends on what is committed: every start reads from the beginning.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);

/// What only the dashboard needs, as apps: the history with the alerts, from `flight`, and the windows, from
/// `flight-stats`.
pub(crate) struct Feeds {
    pub(crate) stages: Vec<Stage>,
    pub(crate) recent: Arc<Recent>,
    pub(crate) windows: Arc<Windows>,
}

impl Feeds {
    /// Where there are no topics.
    pub(crate) fn none() -> Self {
        let nothing = Limits {
            bytes: 0,
            ..Limits::default()
        };
        Self {
            stages: Vec::new(),
            recent: Arc::new(Recent::new(nothing)),
            windows: Arc::default(),
        }
    }

    /// Starts them, but for a history without memory.
    pub(crate) fn start(
        log: &Arc<dyn Log>,
        data: &cli::Data,
        serving: &cli::Serving,
        airports: &SharedTable<Airports>,
        is_watched: bool,
    ) -> Result<Self, CommandError> {
        let fallback = if is_watched {
            Limits::default().bytes
        } else {
            0
        };
        let limits = Limits {
            keep: serving.history,
            bytes: serving.history_memory.unwrap_or(fallback),
        };
        let recent = Arc::new(Recent::new(limits));
        let windows = Arc::new(Windows::default());
        let mut stages = Vec::new();
        if limits.bytes > 0 {
            let app = App::new("history")
                .source(
                    topic(topics::FLIGHT)
                        .group(data::view_group(data, "history"))
                        .from_earliest(),
                )
                .table(AIRPORTS, airports.clone())
                .pipeline(located)
                .sink(RecentSink(Arc::clone(&recent)))
                .commit_every(COMMIT_INTERVAL);
            stages.push(Stage::start(app, log)?);
        }
        if is_watched {
            let app = App::new("windows")
                .source(
                    topic(topics::STATISTICS)
                        .group(data::view_group(data, "windows"))
                        .from_earliest(),
                )
                .pipeline(|raw: TaskRecords, _: TaskContext| raw)
                .sink(WindowsSink(Arc::clone(&windows)))
                .commit_every(COMMIT_INTERVAL);
            stages.push(Stage::start(app, log)?);
        }
        Ok(Self {
            stages,
            recent,
            windows,
        })
    }
}

/// Every report with its airports, also those without a position.
fn located(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = EnrichedFlight> {
    let mut airports = cx.table::<Airports>(AIRPORTS);
    reports(raw, cx).map(move |flight| flight.located(airports.current()))
}

/// Hands statistics to [`Windows`].
#[derive(Clone, Debug)]
struct WindowsSink(Arc<Windows>);

impl MakeSink<Raw> for WindowsSink {
    type Sink = Self;

    fn make(&self, _: &TaskContext) -> Self {
        self.clone()
    }
}

impl Sink<Raw> for WindowsSink {
    fn send(&mut self, batch: Batch<Raw>, _: &mut Outputs<'_>) -> Result<(), Fatal> {
        let (records, ack) = batch.into_parts();
        for json in records.iter().filter_map(|record| record.value.as_bytes()) {
            self.0.take(json);
        }
        ack.resolve();
        Ok(())
    }
}
