use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::failure::io_error;
use super::options::Durability;
use super::shared::Shared;
use crate::log::LogError;
use crate::log::lock::lock;

/// How often retention and compaction are looked after.
const CLEAN_EVERY: Duration = Duration::from_secs(1);

/// The log's own thread: it syncs, and looks after retention and compaction. Dropping this ends the thread and
/// closes the log.
#[derive(Debug)]
pub(super) struct Maintenance {
    stop: Arc<Stop>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Stop {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Maintenance {
    pub(super) fn start(shared: Arc<Shared>) -> Result<Self, LogError> {
        let stop = Arc::new(Stop::default());
        let thread = thread::Builder::new()
            .name(String::from("flightstream-log"))
            .spawn({
                let (shared, stop) = (Arc::clone(&shared), Arc::clone(&stop));
                move || run(&shared, &stop)
            })
            .map_err(|source| io_error("start a thread", shared.path(), source))?;
        Ok(Self {
            stop,
            shared,
            thread: Some(thread),
        })
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Drop for Maintenance {
    fn drop(&mut self) {
        *lock(&self.stop.stopped) = true;
        self.stop.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // It ends by a panic only if fjall panicked; there is nobody left to tell.
            thread.join().ok();
        }
        if !self.shared.failure.is_set()
            && let Err(error) = self.shared.sync()
        {
            tracing::error!(%error, "the log could not be synced when it was closed");
        }
    }
}

fn run(shared: &Shared, stop: &Stop) {
    let sync_every = match shared.options.durability {
        Durability::Interval(interval) => Some(interval),
        // Commits sync themselves; this is for the note of how far.
        Durability::EveryCommit => Some(CLEAN_EVERY),
        Durability::Never => None,
    };
    let pause = sync_every
        .unwrap_or(CLEAN_EVERY)
        .clamp(Duration::from_millis(1), CLEAN_EVERY);
    let mut synced = Instant::now();
    let mut cleaned: Option<Instant> = None;
    loop {
        if !shared.failure.is_set() {
            let mut result = Ok(());
            if cleaned.is_none_or(|at| at.elapsed() >= CLEAN_EVERY) {
                result = shared.clean(false);
                cleaned = Some(Instant::now());
            }
            if sync_every.is_some_and(|interval| synced.elapsed() >= interval) {
                result = result.and_then(|()| shared.sync());
                synced = Instant::now();
            }
            if let Err(error) = result {
                tracing::error!(%error, "the log's upkeep failed");
                shared.failure.keep(error);
            }
        }
        let stopped = lock(&stop.stopped);
        let (stopped, _) = stop
            .changed
            .wait_timeout_while(stopped, pause, |stopped| !*stopped)
            .unwrap_or_else(PoisonError::into_inner);
        if *stopped {
            return;
        }
    }
}
