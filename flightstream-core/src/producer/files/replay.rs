use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::error::FileError;
use super::flight_file::FlightFile;
use crate::batch::{Raw, Record, TopicPartition};
use crate::log::{Log, Writer};
use crate::producer::{Message, Pace, StopSignal};
use crate::time::{Clock, SystemClock, Timestamp};

/// The compacted topic that holds how far each recorded file has been sent.
pub const OFFSETS: &str = "flight-offsets";
/// Messages that are sent before one commit.
const CHUNK: usize = 1024;

/// Sends a recorded file to a topic.
///
/// With a transactional writer its progress is committed with the messages, so that a replay that was killed goes on
/// where it was and no message is sent twice.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The file.
    pub path: PathBuf,
    /// The topic.
    pub topic: String,
    /// How fast.
    pub pace: Pace,
    /// Begin again at the end, with event times moved on, until stopped.
    pub repeat: bool,
}

/// How far a replay is. Clones are the same progress.
#[derive(Clone, Debug, Default)]
pub struct ReplayProgress(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    sent: AtomicU64,
    event_time: AtomicI64,
}

impl ReplayProgress {
    /// Messages of the file that are in the topic, those of an earlier start included.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// The event time that the replay has reached: the time in the world that the file tells of.
    #[must_use]
    pub fn event_time(&self) -> Timestamp {
        Timestamp::from_millis(self.0.event_time.load(Ordering::Relaxed))
    }
}

impl Replay {
    /// The record that says how far the replay is, written with the messages it counts.
    fn progress_record(&self, sent: u64) -> Record<Raw> {
        Record {
            key: Some(self.name().into()),
            ..Record::new(Raw::from(sent.to_string()), SystemClock.now())
        }
    }

    fn name(&self) -> String {
        self.path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    }

    /// How many of the file's messages an earlier start has sent. Files are told apart by their names.
    ///
    /// # Errors
    /// If the log cannot be read or has no topic [`OFFSETS`].
    pub fn already_sent(&self, log: &dyn Log) -> Result<u64, FileError> {
        let name = self.name();
        let mut sent = 0;
        for (range, partition) in log.offsets(OFFSETS)?.iter().zip(0..) {
            let partition = TopicPartition::new(OFFSETS, partition);
            let mut from = range.start;
            loop {
                let records = log.read(&partition, from, 1024)?;
                let Some(last) = records.last() else { break };
                from = last.origin + 1;
                let newest = records
                    .iter()
                    .rfind(|record| record.key.as_deref() == Some(name.as_bytes()));
                let text =
                    newest.and_then(|record| std::str::from_utf8(record.value.as_bytes()?).ok());
                sent = text.and_then(|text| text.parse().ok()).unwrap_or(sent);
            }
        }
        Ok(sent)
    }

    /// Sends the file's messages until its end, or until told to stop.
    ///
    /// # Errors
    /// If the file cannot be read to its end or the log does not take a message. What came before has been sent.
    pub fn run(
        &self,
        writer: &mut dyn Writer,
        already_sent: u64,
        stop: &StopSignal,
        progress: &ReplayProgress,
    ) -> Result<(), FileError> {
        let mut sent = 0;
        let mut shift = Duration::ZERO;
        loop {
            let skip = already_sent.saturating_sub(sent);
            let pass = self.pass(writer, &mut sent, skip, shift, stop, progress)?;
            let Some((first, last)) = pass else {
                return Err(FileError::Empty {
                    path: self.path.clone(),
                });
            };
            if stop.is_stopped() || !self.repeat {
                return Ok(());
            }
            // A second more, so that the first message of a pass is newer than the last of the one before.
            shift += last.since(first) + Duration::from_secs(1);
        }
    }

    /// Sends the file once and returns its first and last event time.
    fn pass(
        &self,
        writer: &mut dyn Writer,
        sent: &mut u64,
        mut skip: u64,
        shift: Duration,
        stop: &StopSignal,
        progress: &ReplayProgress,
    ) -> Result<Option<(Timestamp, Timestamp)>, FileError> {
        let mut file = FlightFile::open(&self.path)?;
        let started = Instant::now();
        let mut times: Option<(Timestamp, Timestamp)> = None;
        let mut chunk = Vec::with_capacity(CHUNK);
        let outcome = loop {
            let message = match file.next_message() {
                Ok(Some(message)) => message,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            let time = message.event_time.unwrap_or_else(|| SystemClock.now());
            let (first, last) = times.unwrap_or((time, time));
            times = Some((first, last.max(time)));
            if skip > 0 {
                (skip, *sent) = (skip - 1, *sent + 1);
                continue;
            }
            let due = self.pace.due(first, time);
            let ahead = due.saturating_sub(started.elapsed());
            if chunk.len() == CHUNK || !ahead.is_zero() {
                self.send(writer, &mut chunk, sent, progress)?;
            }
            if stop.is_stopped() || (!ahead.is_zero() && stop.wait(ahead)) {
                break Ok(());
            }
            let message = shifted(message, shift);
            let time = message.event_time.unwrap_or(time);
            progress
                .0
                .event_time
                .fetch_max(time.as_millis(), Ordering::Relaxed);
            chunk.push(message.into_record(time));
        };
        self.send(writer, &mut chunk, sent, progress)?;
        outcome.map(|()| times)
    }

    fn send(
        &self,
        writer: &mut dyn Writer,
        chunk: &mut Vec<Record<Raw>>,
        sent: &mut u64,
        progress: &ReplayProgress,
    ) -> Result<(), FileError> {
        if chunk.is_empty() {
            return Ok(());
        }
        *sent += chunk.len() as u64;
        writer.append(
            &self.topic,
            std::mem::replace(chunk, Vec::with_capacity(CHUNK)),
        )?;
        writer.append(OFFSETS, vec![self.progress_record(*sent)])?;
        writer.commit("flightstream-replay", &[])?;
        progress.0.sent.store(*sent, Ordering::Relaxed);
        Ok(())
    }
}

/// The same message told `by` later: its `updated` moved on, the rest as it was.
fn shifted(message: Message, by: Duration) -> Message {
    let Some(time) = message.event_time.filter(|_| !by.is_zero()) else {
        return message;
    };
    let (old, new) = (
        time.as_seconds().to_string(),
        time.plus(by).as_seconds().to_string(),
    );
    let key = b"\"updated\"";
    let find = |bytes: &[u8], what: &[u8], from: usize| {
        let rest = bytes.get(from..)?;
        rest.windows(what.len())
            .position(|window| window == what)
            .map(|at| from + at)
    };
    let value = find(&message.value, key, 0)
        .and_then(|at| find(&message.value, old.as_bytes(), at + key.len()))
        .and_then(|at| {
            let (before, rest) = message.value.split_at_checked(at)?;
            let after = rest.get(old.len()..)?;
            Some(Bytes::from([before, new.as_bytes(), after].concat()))
        });
    match value {
        Some(value) => Message {
            value,
            event_time: Some(time.plus(by)),
            ..message
        },
        None => message,
    }
}
