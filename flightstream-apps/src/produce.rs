//! The producers as a command starts them: each works on a thread of its own until its end or a signal.

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use flightstream_core::flight::simulation::{Dirt, Messages, Simulation, SimulationOptions};
use flightstream_core::log::{Isolation, Log};
use flightstream_core::producer::airlabs::AirlabsProducer;
use flightstream_core::producer::export::{Export, TemporaryFile};
use flightstream_core::producer::files::{Format, Replay, ReplayProgress};
use flightstream_core::producer::{SimulatedTraffic, StopSignal};
use flightstream_core::table::Airports;
use flightstream_core::time::{Clock, SystemClock, Timestamp};
use futures::channel::oneshot;

use crate::cli::{self, SourceKind};
use crate::data::{self, topics};
use crate::error::CommandError;
use crate::metrics::Monitor;
use crate::status_line::StatusLine;
use crate::{Outcome, airlabs, signals};

/// A source of flights that is not started yet.
pub(crate) enum Producer {
    Simulate {
        options: SimulationOptions,
        duration: Option<Duration>,
        live: bool,
    },
    Replay(Replay),
    Stream(Box<AirlabsProducer>),
}

/// A producer at work.
pub(crate) struct Producing {
    name: String,
    stop: StopSignal,
    progress: Progress,
    thread: JoinHandle<Outcome>,
    finished: Mutex<Option<oneshot::Receiver<()>>>,
}

/// How far a producer is. Clones are the same progress.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    replay: Option<ReplayProgress>,
    done: Arc<AtomicBool>,
    failed: Arc<AtomicBool>,
}

impl Progress {
    /// The time in the world that a replay tells of; `None` if the data is of now.
    pub(crate) fn replayed_to(&self) -> Option<Timestamp> {
        self.replay.as_ref().map(ReplayProgress::event_time)
    }

    /// How much of a recorded file has been read, from 0 to 1; `None` if the source is no file.
    fn replayed(&self) -> Option<f64> {
        self.replay.as_ref().map(ReplayProgress::done)
    }

    /// `running` or `done`.
    pub(crate) fn state(&self) -> &'static str {
        if self.done.load(Ordering::Acquire) {
            "done"
        } else {
            "running"
        }
    }
}

impl Producer {
    /// The source that `run` is asked for.
    pub(crate) fn of_run(options: &cli::Run) -> Result<Self, CommandError> {
        match (options.source, &options.file) {
            (None | Some(SourceKind::Replay), Some(file)) => Self::of_file(file, &options.pacing),
            (Some(SourceKind::Replay), None) => Err(CommandError::Usage(
                "--source replay needs the FILE to replay".to_owned(),
            )),
            (None | Some(SourceKind::Simulate), None) => {
                let live = !options.ending.exit_when_done;
                if !live && options.simulated.duration.is_none() {
                    let message = "a simulation has no end: add --duration to --exit-when-done";
                    return Err(CommandError::Usage(message.to_owned()));
                }
                Ok(Self::simulated(&options.simulated, live))
            }
            (Some(SourceKind::Stream), None) => {
                Ok(Self::Stream(Box::new(airlabs::producer(&options.api)?)))
            }
            (Some(SourceKind::Simulate | SourceKind::Stream), Some(file)) => {
                let file = file.display();
                Err(CommandError::Usage(format!(
                    "only --source replay takes a file, but there is {file}"
                )))
            }
        }
    }

    /// A file that cannot be replayed at all is refused here, before anything starts.
    fn of_file(path: &Path, pacing: &cli::Pacing) -> Result<Self, CommandError> {
        let replay = Replay {
            path: path.to_owned(),
            topic: topics::FLIGHT.to_owned(),
            pace: pacing.speed,
            repeat: pacing.repeat,
        };
        replay.check()?;
        Ok(Self::Replay(replay))
    }

    fn simulated(options: &cli::Simulated, live: bool) -> Self {
        let dirt = if options.dirt {
            Dirt::measured()
        } else {
            Dirt::none()
        };
        let simulation = SimulationOptions {
            seed: options.seed,
            aircraft: usize::try_from(options.aircraft).unwrap_or(usize::MAX),
            interval: options.report_interval,
            dirt,
        };
        Self::Simulate {
            options: simulation,
            duration: options.duration,
            live,
        }
    }

    /// The data directory's folder for this source.
    pub(crate) fn folder(&self) -> String {
        match self {
            Self::Simulate { .. } => "simulate".to_owned(),
            Self::Stream(_) => "stream".to_owned(),
            Self::Replay(replay) => {
                let name = replay
                    .path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy();
                format!("replay-{name}")
            }
        }
    }

    /// Starts the producer's thread.
    pub(crate) fn start(
        self,
        log: &Arc<dyn Log>,
        airports: &Airports,
    ) -> Result<Producing, CommandError> {
        let stop = StopSignal::default();
        let mut progress = Progress::default();
        let on_thread = stop.clone();
        let (name, work): (String, Box<dyn FnOnce() -> Outcome + Send>) = match self {
            Self::Simulate {
                options,
                duration,
                live,
            } => {
                let name = format!("{} simulated aircraft", options.aircraft);
                let simulation = Simulation::new(&options, airports)
                    .map_err(|error| CommandError::Usage(error.to_string()))?;
                let mut writer = log.writer(Isolation::Immediate)?;
                let mut traffic = SimulatedTraffic {
                    simulation,
                    topic: topics::FLIGHT.to_owned(),
                };
                let work = move || match duration {
                    Some(duration) if !live => {
                        let now = SystemClock.now();
                        let from = now.minus(duration);
                        Ok(traffic.run_span(&mut *writer, from, now, &on_thread)?)
                    }
                    _ => Ok(traffic.run_live(&mut *writer, &SystemClock, duration, &on_thread)?),
                };
                (name, Box::new(work))
            }
            Self::Replay(replay) => {
                let name = format!("replaying {} at {}", replay.path.display(), replay.pace);
                let already_sent = replay.already_sent(&**log)?;
                if already_sent > 0 {
                    tracing::info!(
                        already_sent,
                        "going on where an earlier replay of this file was"
                    );
                }
                // Progress is committed with the messages, so that a replay that was killed sends none twice.
                let mut writer = log.writer(Isolation::Transactional)?;
                let counters = ReplayProgress::default();
                progress.replay = Some(counters.clone());
                let work =
                    move || Ok(replay.run(&mut *writer, already_sent, &on_thread, &counters)?);
                (name, Box::new(work))
            }
            Self::Stream(mut producer) => {
                let mut writer = log.writer(Isolation::Immediate)?;
                let work = move || {
                    let done = producer.run(&mut *writer, &on_thread);
                    done.map_err(|error| CommandError::Api(error.to_string()))
                };
                ("the Airlabs API".to_owned(), Box::new(work))
            }
        };
        let (tell, finished) = oneshot::channel();
        let (done, failed) = (Arc::clone(&progress.done), Arc::clone(&progress.failed));
        let thread = std::thread::Builder::new()
            .name("producer".to_owned())
            .spawn(move || {
                let outcome = work();
                failed.store(outcome.is_err(), Ordering::Release);
                done.store(true, Ordering::Release);
                // Nobody may be waiting.
                let _ = tell.send(());
                outcome
            })
            .map_err(CommandError::Start)?;
        Ok(Producing {
            name,
            stop,
            progress,
            thread,
            finished: Mutex::new(Some(finished)),
        })
    }
}

impl Producing {
    /// What it does, in words.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Ready when it has ended by itself; to be awaited once.
    pub(crate) async fn finished(&self) {
        let finished = self
            .finished
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(finished) = finished {
            // A thread that panicked has ended too.
            let _ = finished.await;
        }
    }

    /// Whether it has ended by a failure, which [`stop`](Self::stop) tells; to be asked once it has
    /// [`finished`](Self::finished).
    pub(crate) fn has_failed(&self) -> bool {
        let has_panicked = !self.progress.done.load(Ordering::Acquire);
        has_panicked || self.progress.failed.load(Ordering::Acquire)
    }

    /// Stops it and tells what it failed of, if it did.
    pub(crate) fn stop(self) -> Outcome {
        self.stop.stop();
        self.thread.join().unwrap_or_else(|_| {
            Err(CommandError::Usage(
                "the producer panicked; please report it".to_owned(),
            ))
        })
    }
}

/// Works until the producer's end or a signal, and shows what it does.
fn produce(producer: Producer, data: &cli::Data, monitoring: &cli::Monitoring) -> Outcome {
    let (runtime, interrupted) = signals::runtime().map_err(CommandError::Start)?;
    Monitor::start(monitoring)?;
    let log = data::open(data, &producer.folder())?;
    let first = sent(&log);
    let producing = producer.start(&log, &Airports::embedded())?;
    tracing::info!("{} → {}", producing.name(), topics::FLIGHT);
    let mut line = StatusLine::new();
    runtime.block_on(async {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        let mut end = std::pin::pin!(async {
            tokio::select! {
                () = interrupted.wait() => {}
                () = producing.finished() => {}
            }
        });
        loop {
            tokio::select! {
                () = &mut end => break,
                _ = second.tick() => {
                    let message = format!("{} messages sent", sent(&log) - first);
                    match producing.progress().replayed() {
                        Some(done) => line.show_progress(done, message),
                        None => line.show(message),
                    }
                }
            }
        }
    });
    drop(line);
    producing.stop()?;
    tracing::info!("{} messages sent", sent(&log) - first);
    Ok(())
}

/// Messages that the topic ever held.
fn sent(log: &Arc<dyn Log>) -> u64 {
    let ranges = log.offsets(topics::FLIGHT).unwrap_or_default();
    ranges.iter().map(|range| range.end).sum()
}

/// `produce stream`.
pub(crate) fn stream(options: &cli::Stream) -> Outcome {
    produce(
        Producer::Stream(Box::new(airlabs::producer(&options.api)?)),
        &options.data,
        &options.monitoring,
    )
}

/// `produce replay`.
pub(crate) fn replay(options: &cli::Replay) -> Outcome {
    produce(
        Producer::of_file(&options.filename, &options.pacing)?,
        &options.data,
        &options.monitoring,
    )
}

/// `produce simulate`.
pub(crate) fn simulate(options: &cli::Simulate) -> Outcome {
    match (
        Producer::simulated(&options.simulated, true),
        &options.filename,
    ) {
        (
            Producer::Simulate {
                options,
                duration: Some(duration),
                ..
            },
            Some(path),
        ) => simulate_to_file(&options, duration, path),
        (producer, _) => produce(producer, &options.data, &options.monitoring),
    }
}

fn simulate_to_file(options: &SimulationOptions, duration: Duration, path: &Path) -> Outcome {
    let wrong = |error: &dyn std::fmt::Display| CommandError::Usage(error.to_string());
    let simulation =
        Simulation::new(options, &Airports::embedded()).map_err(|error| wrong(&error))?;
    // A fixed beginning, so that the same options make the same file.
    let from = Timestamp::from_seconds(1_700_000_000);
    let until = from.plus(duration);
    let written = if Format::of(path) == Some(Format::Ndjson) {
        let written = TemporaryFile::next_to(path).and_then(|mut file| {
            let written = write_lines(&simulation, from, until, file.writer())?;
            file.persist()?;
            Ok(written)
        });
        written.map_err(|source| CommandError::Write {
            path: path.to_owned(),
            source,
        })?
    } else {
        let export = Export::to(path).map_err(|error| wrong(&error))?;
        let mut messages = Messages::default();
        simulation.messages_between(from, until, &mut messages);
        let report = export
            .write(messages.iter().map(|message| message.value))
            .map_err(|error| wrong(&error))?;
        if report.skipped > 0 {
            let skipped = report.skipped;
            tracing::warn!("{skipped} messages are broken on purpose; only NDJSON can hold them");
        }
        report.written
    };
    tracing::info!("{written} messages written to {}", path.display());
    Ok(())
}

/// Writes a message a line, the broken ones too, in bounded memory.
fn write_lines(
    simulation: &Simulation,
    from: Timestamp,
    until: Timestamp,
    file: &mut impl Write,
) -> std::io::Result<u64> {
    let (mut written, mut at) = (0, from);
    let mut messages = Messages::default();
    while at < until {
        let step = at.plus(Duration::from_secs(1)).min(until);
        messages.clear();
        simulation.messages_between(at, step, &mut messages);
        for message in messages.iter() {
            file.write_all(message.value)?;
            file.write_all(b"\n")?;
            written += 1;
        }
        at = step;
    }
    Ok(written)
}
