mod capture;
mod reject;
mod settings;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

pub use self::capture::Output;
use self::capture::{Capture, OUTPUT};
pub use self::reject::Reject;
use self::settings::Start;
use crate::batch::{Raw, Record, TopicPartition};
use crate::log::memory::MemoryLog;
use crate::log::{Isolation, Log, LogError};
use crate::runtime::stepped::Stepped;
use crate::runtime::{AppError, Encoder, Payload, QueryError, Status};
use crate::store::StateStore;
use crate::time::{Clock, ManualClock, Timestamp};

const INPUT: &str = "input";
const DEAD_LETTERS: &str = "dead-letters";

/// Runs a pipeline function in a test: on several partitions, on the calling thread, on a clock that the test moves.
///
/// Tasks, commits, state and failures are the runtime's own; only its threads are missing. So a test decides what
/// happens between which batches: a [`rebalance`](Self::rebalance), a [`crash`](Self::crash), or nothing.
///
/// ```
/// use std::time::Duration;
/// use flightstream_core::Records;
/// use flightstream_core::batch::{Raw, Rejection};
/// use flightstream_core::runtime::TaskContext;
/// use flightstream_core::store::WindowStore;
/// use flightstream_core::testing::TestDriver;
/// use flightstream_core::time::Timestamp;
/// use flightstream_core::window::{Emit, Tumbling, WindowedKey};
///
/// /// How often each word comes in a minute.
/// fn words(raw: impl Records<Record = Raw>, cx: TaskContext) -> impl Records<Record = (WindowedKey<String>, u64)> {
///     raw.decode(|bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| Rejection::new("not_utf8")))
///         .key_by(|word| word.clone())
///         .assume_aligned()
///         .windowed(Tumbling::of(Duration::from_secs(60)).grace(Duration::from_secs(5)))
///         .count(cx.store("words"))
///         .emit(Emit::on_close().idle_after(Duration::from_secs(90)))
/// }
///
/// let at = Timestamp::from_seconds;
/// let mut driver = TestDriver::new(words).partitions(2);
/// driver.send(0, at(10), "k", "tower")?;
/// driver.send(1, at(15), "k", &b"\xff"[..])?;
/// driver.run()?;
/// driver.rebalance()?;                            // its state is read back from the changelog
/// driver.send(0, at(20), "k", "tower")?;
/// driver.run()?;
/// assert_eq!(driver.rejects()?[0].reason, "not_utf8");
/// let open = driver.store(0, "words", |words: &WindowStore<String, u64>| words.len())?;
/// assert_eq!((open, driver.output()?.len()), (1, 0));
///
/// driver.advance(Duration::from_secs(90))?;       // nothing comes: the window closes all the same
/// let (word, count) = &driver.output()?[0];
/// assert_eq!((word.key.as_str(), *count), ("tower", 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TestDriver<T> {
    log: Arc<dyn Log>,
    clock: ManualClock,
    capture: Capture<T>,
    start: Option<Start>,
    stepped: Option<Stepped>,
}

impl<T> TestDriver<T> {
    /// Appends a record to a partition of the input. Nothing is processed yet.
    ///
    /// # Errors
    /// If there is no such partition, or the pipeline cannot be made.
    pub fn send(
        &mut self,
        partition: u32,
        time: Timestamp,
        key: impl Into<Bytes>,
        value: impl Into<Bytes>,
    ) -> Result<(), AppError> {
        let record = Record {
            key: Some(key.into()),
            ..Record::new(Raw::from(value), time)
        };
        self.send_record(partition, record)
    }

    /// Appends a record with whatever key and headers it has.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_record(&mut self, partition: u32, record: Record<Raw>) -> Result<(), AppError> {
        self.send_to(INPUT, partition, record)
    }

    /// Appends a record to another topic: one that a [table](Self::topic_table) is read from.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_to(
        &mut self,
        topic: &str,
        partition: u32,
        record: Record<Raw>,
    ) -> Result<(), AppError> {
        self.stepped()?;
        let partition = TopicPartition::new(topic, partition);
        let mut writer = self.log.writer(Isolation::Immediate)?;
        Ok(writer.append_to(&partition, vec![record])?)
    }

    /// Processes all there is, and commits.
    ///
    /// # Errors
    /// What a task failed of. It is as if the app had ended: what was not committed is gone, and what the driver is
    /// told next starts it again.
    pub fn run(&mut self) -> Result<(), AppError> {
        self.stepped()?.run()
    }

    /// Moves one batch of one task and does not commit it; the tasks take turns. Whether there was any.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn step(&mut self) -> Result<bool, AppError> {
        self.stepped()?.step()
    }

    /// Commits what was processed.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn commit(&mut self) -> Result<(), AppError> {
        self.stepped()?.commit()
    }

    /// Takes a snapshot of what is committed of the tasks' state, if there is a [state directory](Self::state_dir).
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn snapshot(&mut self) -> Result<(), AppError> {
        self.stepped()?.snapshot()
    }

    /// Gives all partitions away and gets them back, as when another member joins and leaves again: what is in flight is
    /// committed, and state is read back from the changelogs.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn rebalance(&mut self) -> Result<(), AppError> {
        self.stepped()?.rebalance()
    }

    /// Loses everything that is not committed, and starts again.
    ///
    /// # Errors
    /// If the pipeline cannot be made.
    pub fn crash(&mut self) -> Result<(), AppError> {
        self.stepped()?.crash();
        Ok(())
    }

    /// Lets the task of a partition fail: it loses what it has not committed and is started again. Under exactly-once
    /// delivery the other tasks go back to the last commit too, because one transaction covers all.
    ///
    /// # Errors
    /// If that is one failure more than [`max_restarts`](Self::max_restarts) allows.
    pub fn fail(&mut self, partition: u32) -> Result<(), AppError> {
        self.stepped()?.fail(partition)
    }

    /// Processes all there is, then moves the clock, with a stop at each time that a task asked to be woken at.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn advance(&mut self, by: Duration) -> Result<(), AppError> {
        let until = self.clock.now().plus(by);
        self.run()?;
        let mut last = None;
        // A task that asks for a time that has come already is not asked twice.
        while let Some(next) = self.timers().into_values().min()
            && next <= until
            && last.is_none_or(|last| last < next)
        {
            self.clock.set(next.max(self.clock.now()));
            self.run()?;
            last = Some(next);
        }
        self.clock.set(until);
        self.run()
    }

    /// When each task asked to be woken, by partition.
    #[must_use]
    pub fn timers(&self) -> BTreeMap<u32, Timestamp> {
        self.stepped
            .as_ref()
            .map(Stepped::timers)
            .unwrap_or_default()
    }

    /// The present time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What the app has done.
    ///
    /// # Errors
    /// If the pipeline cannot be made.
    pub fn status(&mut self) -> Result<Status, AppError> {
        Ok(self.stepped()?.status())
    }

    /// The log, for instance to read a changelog: the app's name is `test`.
    #[must_use]
    pub fn log(&self) -> &Arc<dyn Log> {
        &self.log
    }

    /// Looks at a partition's store, committed or not.
    ///
    /// # Errors
    /// If there is no such store, or its task cannot be started.
    pub fn store<S: StateStore, R>(
        &mut self,
        partition: u32,
        name: &str,
        read: impl FnOnce(&S) -> R,
    ) -> Result<R, QueryError> {
        let stepped = self.stepped().map_err(|_| QueryError::Ended)?;
        stepped.store(partition, name, read)
    }

    /// The refused records, in the order of their arrival in the dead-letter topic.
    ///
    /// # Errors
    /// If the pipeline cannot be made.
    pub fn rejects(&mut self) -> Result<Vec<Reject>, AppError> {
        let letters = self.read(DEAD_LETTERS)?;
        Ok(letters.iter().map(Reject::new).collect())
    }

    /// All records of a topic, by partition.
    fn read(&mut self, topic: &str) -> Result<Vec<Record<Raw>>, AppError> {
        self.stepped()?;
        Ok(read_topic(&*self.log, topic)?)
    }

    fn stepped(&mut self) -> Result<&mut Stepped, AppError> {
        if let Some(start) = self.start.take() {
            self.stepped = Some(start.start(&self.log)?);
        }
        // It was started, or failed to start, once.
        self.stepped.as_mut().ok_or(AppError::Ended)
    }
}

impl<T: Clone> TestDriver<T> {
    /// The values that came out, in the order of their writing. Under exactly-once delivery, which is the default, those
    /// that are committed.
    ///
    /// # Errors
    /// If the pipeline cannot be made.
    pub fn output(&mut self) -> Result<Vec<T>, AppError> {
        let outputs = self.outputs()?.into_iter();
        Ok(outputs.map(|output| output.record.value).collect())
    }

    /// The records that came out, each with its partition, key and event time.
    ///
    /// # Errors
    /// If the pipeline cannot be made.
    pub fn outputs(&mut self) -> Result<Vec<Output<T>>, AppError> {
        let places = self.read(OUTPUT)?;
        Ok(places
            .iter()
            .filter_map(|place| self.capture.get(place))
            .collect())
    }

    /// What came out as an encoder writes it, without what it refuses.
    ///
    /// # Errors
    /// If the pipeline cannot be made.
    pub fn encoded<E: Encoder<T>>(&mut self, mut encoder: E) -> Result<Vec<Record<Raw>>, AppError> {
        let outputs = self.outputs()?.into_iter();
        let encode = |output: Output<T>| {
            let mut buffer = Vec::new();
            let mut payload = Payload {
                buffer: &mut buffer,
                key_end: None,
                tombstone: false,
            };
            encoder.encode(&output.record, &mut payload).ok()?;
            let (key_end, tombstone) = (payload.key_end, payload.tombstone);
            let mut value = Bytes::from(buffer);
            let mut record = output.record.with_value(Raw(None));
            if let Some(end) = key_end {
                record.key = Some(value.split_to(end));
            }
            record.value = Raw((!tombstone).then_some(value));
            Some(record)
        };
        Ok(outputs.filter_map(encode).collect())
    }
}

/// All records of a topic, by partition.
fn read_topic(log: &dyn Log, topic: &str) -> Result<Vec<Record<Raw>>, LogError> {
    let mut records = Vec::new();
    for (partition, _) in (0..).zip(log.offsets(topic)?) {
        records.extend(log.read(&TopicPartition::new(topic, partition), 0, usize::MAX)?);
    }
    Ok(records)
}

impl<T> fmt::Debug for TestDriver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestDriver")
            .field("now", &self.clock.now())
            .field("timers", &self.timers())
            .finish_non_exhaustive()
    }
}
