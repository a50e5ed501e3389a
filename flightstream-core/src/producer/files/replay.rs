use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::error::FileError;
use super::flight_file::FlightFile;
use crate::batch::{Raw, Record, TopicPartition};
use crate::log::{Log, Pending, Writer, murmur2};
use crate::producer::{Message, Pace, StopSignal, meter};
use crate::time::{Clock, SystemClock, Timestamp};

/// The compacted topic that holds how far each recorded file has been sent.
pub const OFFSETS: &str = "flight-offsets";

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
    /// Thousandths of the file.
    done: AtomicU64,
}

impl ReplayProgress {
    /// Messages of the file that are in the topic, those of an earlier start included.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    /// How much of the file has been read, from 0 to 1; 0 where its length is not known.
    #[must_use]
    pub fn done(&self) -> f64 {
        self.0.done.load(Ordering::Relaxed) as f64 / 1_000.0
    }

    fn tell(&self, done: f64) {
        // Truncated: a whole file is never told too early.
        self.0
            .done
            .store((done * 1_000.0) as u64, Ordering::Relaxed);
    }

    /// The event time that the replay has reached: the time in the world that the file tells of.
    #[must_use]
    pub fn event_time(&self) -> Timestamp {
        Timestamp::from_millis(self.0.event_time.load(Ordering::Relaxed))
    }
}

impl Replay {
    /// What tells a file from another: its name and its first message, since exports and recordings of different days
    /// often have the same name. `None` for what can be read only once, such as a pipe.
    fn identity(&self) -> Result<Option<String>, FileError> {
        if self.is_stream() {
            return Ok(None);
        }
        let first = FlightFile::open(&self.path)?.next_message()?;
        let first = first.map_or(0, |message| murmur2(&message.value));
        let name = self.path.file_name().unwrap_or_default();
        Ok(Some(format!("{}#{first:08x}", name.to_string_lossy())))
    }

    fn is_stream(&self) -> bool {
        let metadata = std::fs::metadata(&self.path);
        metadata.is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
    }

    /// Looks whether the file can be replayed: it is there, and its beginning is of a format that is known. What can be
    /// read only once is not looked at.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), FileError> {
        if self.is_stream() {
            return Ok(());
        }
        FlightFile::open(&self.path).map(drop)
    }

    /// How many of the file's messages an earlier start has sent. Files are told apart by their names and their first
    /// messages.
    ///
    /// # Errors
    /// If the log cannot be read or has no topic [`OFFSETS`], or if the file cannot be read.
    pub fn already_sent(&self, log: &dyn Log) -> Result<u64, FileError> {
        let Some(name) = self.identity()? else {
            return Ok(0);
        };
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
        let mut sending = Sending {
            writer,
            topic: &self.topic,
            identity: self.identity()?,
            progress,
            sent: 0,
            chunk: Vec::new(),
            pending: Pending::default(),
        };
        let mut shift = Duration::ZERO;
        loop {
            let skip = already_sent.saturating_sub(sending.sent);
            let Some((first, last)) = self.pass(&mut sending, skip, shift, stop)? else {
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
        sending: &mut Sending<'_>,
        mut skip: u64,
        shift: Duration,
        stop: &StopSignal,
    ) -> Result<Option<(Timestamp, Timestamp)>, FileError> {
        // A message that tells no time is of the time of the one before it: it must not count as the newest of all, nor
        // wait until the recording has reached today.
        let mut time = self.first_time()?;
        let mut file = FlightFile::open(&self.path)?;
        let mut times: Option<(Timestamp, Timestamp)> = None;
        let mut begin: Option<(Instant, Timestamp)> = None;
        let outcome = loop {
            let message = match file.next_message() {
                Ok(Some(message)) => message,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            time = message.event_time.unwrap_or(time);
            let (first, last) = times.unwrap_or((time, time));
            times = Some((first, last.max(time)));
            if skip > 0 {
                (skip, sending.sent) = (skip - 1, sending.sent + 1);
                continue;
            }
            // What an earlier start has sent takes no time.
            let (started, from) = *begin.get_or_insert_with(|| (Instant::now(), time));
            let ahead = self.pace.due(from, time).saturating_sub(started.elapsed());
            if sending.pending.is_full() || !ahead.is_zero() {
                sending.commit()?;
                sending.progress.tell(file.progress());
            }
            if stop.is_stopped() || (!ahead.is_zero() && stop.wait(ahead)) {
                break Ok(());
            }
            sending.push(shifted(message, shift), time.plus(shift));
        };
        sending.commit()?;
        sending.progress.tell(file.progress());
        outcome.map(|()| times)
    }

    /// The first time that a message of the file tells; that of the machine if none does, or if looking would take the
    /// messages away.
    fn first_time(&self) -> Result<Timestamp, FileError> {
        if !self.is_stream() {
            let mut file = FlightFile::open(&self.path)?;
            // Where the file breaks off, sending it says so.
            while let Ok(Some(message)) = file.next_message() {
                if let Some(time) = message.event_time {
                    return Ok(time);
                }
            }
        }
        Ok(SystemClock.now())
    }
}

/// Messages on their way to the topic.
struct Sending<'a> {
    writer: &'a mut dyn Writer,
    topic: &'a str,
    identity: Option<String>,
    progress: &'a ReplayProgress,
    sent: u64,
    chunk: Vec<Record<Raw>>,
    pending: Pending,
}

impl Sending<'_> {
    fn push(&mut self, message: Message, time: Timestamp) {
        let reached = &self.progress.0.event_time;
        reached.fetch_max(time.as_millis(), Ordering::Relaxed);
        let record = message.into_record(time);
        self.pending.add(&record);
        self.chunk.push(record);
    }

    /// Sends what was pushed, with how far the file has come.
    fn commit(&mut self) -> Result<(), FileError> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        let records = std::mem::take(&mut self.chunk);
        self.pending = Pending::default();
        let messages = records.len() as u64;
        self.sent += messages;
        self.writer.append(self.topic, records)?;
        if let Some(identity) = &self.identity {
            let reached = Record {
                key: Some(identity.clone().into()),
                ..Record::new(Raw::from(self.sent.to_string()), SystemClock.now())
            };
            self.writer.append(OFFSETS, vec![reached])?;
        }
        self.writer.commit("flightstream-replay", &[])?;
        meter::sent(self.topic, messages);
        self.progress.0.sent.store(self.sent, Ordering::Relaxed);
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
