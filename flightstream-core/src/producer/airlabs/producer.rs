use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tracing::warn;

use super::last_sent::{LastSent, Mark};
use super::{
    AirlabsClient, Pause, RawMessage, RealPause, RequestError, Schedule, ScheduleOptions, Snapshot,
    StatusHandle,
};
use crate::batch::{Raw, Record};
use crate::flight::Icao24;
use crate::flight::airlabs::{AirlabsError, AirlabsJson};
use crate::flight::pipelines::AHEAD;
use crate::log::{LogError, Writer};
use crate::operator::Decoder;
use crate::producer::persistence::persistently;
use crate::producer::{StopSignal, meter};
use crate::time::{Clock, SystemClock, Timestamp};

/// The topic that raw flights go to unless another is named.
pub const TOPIC: &str = "flight";
/// Commits of a producer set no group's offsets, but have to name one.
const GROUP: &str = "flightstream-producer";
const CHUNK: usize = 4_096;
/// Kafka's default limit is 1,048,588 bytes with key and overhead.
const LARGEST_MESSAGE: usize = 1_000_000;
/// A pause is cut into such pieces, so that a clock that is set is noticed.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Between two warnings about failures.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

/// Polls the API within its quota and appends what is new to a topic.
///
/// One message an aircraft whose time or position has changed since its last message: the answer's element as it came,
/// under the aircraft's address as key, with `updated` as timestamp (an element without it, or with one of the future: the time of the
/// answer).
/// An element without an address is sent without a key, and every time it comes.
///
/// ```no_run
/// use flightstream_core::log::memory::MemoryLog;
/// use flightstream_core::log::{Isolation, Log, TopicSpec};
/// use flightstream_core::producer::airlabs::{
///     AirlabsClient, AirlabsProducer, ApiKey, ClientOptions, ScheduleOptions, TOPIC,
/// };
/// use flightstream_core::producer::StopSignal;
///
/// let key = ApiKey::from_file("/run/secrets/airlabs")?;
/// let client = AirlabsClient::new(ClientOptions::new(key))?;
/// let mut producer = AirlabsProducer::new(client, ScheduleOptions::default());
/// let status = producer.status(); // for a status line on another thread
/// let stop = StopSignal::default(); // for a signal handler
///
/// let log = MemoryLog::new();
/// log.create_topic(&TopicSpec::new(TOPIC, 4))?;
/// producer.run(log.writer(Isolation::Transactional)?.as_mut(), &stop)?;
/// println!("{} messages sent", status.get().sent);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AirlabsProducer {
    client: AirlabsClient,
    schedule: Schedule,
    topic: String,
    last_sent: LastSent,
    decoder: AirlabsJson,
    status: StatusHandle,
    clock: Arc<dyn Clock>,
    pause: Box<dyn Pause>,
    last_warning: Option<Timestamp>,
}

/// What ends a producer other than the signal to stop.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProducerError {
    /// The API refuses the calls and will go on doing so. Do what the sentence says.
    #[error("no more calls are made: {0}")]
    Request(#[source] RequestError),
    /// The log does not take the messages. What was not committed is sent again by the next run.
    #[error("the messages cannot be stored: {0}")]
    Log(#[from] LogError),
}

impl AirlabsProducer {
    /// A producer to the topic [`TOPIC`].
    #[must_use]
    pub fn new(client: AirlabsClient, schedule: ScheduleOptions) -> Self {
        Self {
            client,
            schedule: Schedule::new(schedule),
            topic: TOPIC.to_owned(),
            last_sent: LastSent::default(),
            decoder: AirlabsJson::default(),
            status: StatusHandle::default(),
            clock: Arc::new(SystemClock),
            pause: Box::new(RealPause),
            last_warning: None,
        }
    }

    /// Sends to another topic.
    #[must_use]
    pub fn with_topic(mut self, topic: impl Into<String>) -> Self {
        self.topic = topic.into();
        self
    }

    /// Takes the time from `clock` and waits by `pause`.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>, pause: impl Pause + 'static) -> Self {
        self.client = self.client.with_clock(Arc::clone(&clock));
        self.clock = clock;
        self.pause = Box::new(pause);
        self
    }

    /// What it does, also while it runs.
    #[must_use]
    pub fn status(&self) -> StatusHandle {
        self.status.clone()
    }

    /// Polls until `stop` is given; a call that is under way then is still finished. Failures that can pass are retried
    /// and warned about, once a minute at most.
    ///
    /// Run it on a thread of its own: it blocks, and must not be on one of an async runtime.
    ///
    /// # Errors
    /// If the API refuses the calls for good, or the log the messages.
    pub fn run(&mut self, writer: &mut dyn Writer, stop: &StopSignal) -> Result<(), ProducerError> {
        while !stop.is_stopped() {
            let now = self.clock.now();
            let next = self.schedule.next_call(now).unwrap_or(now);
            if next > now {
                self.status
                    .update(|status| status.next_request = Some(next));
                self.pause.pause(next.since(now).min(LONGEST_PAUSE), stop);
                continue;
            }
            let result = self.poll(writer, stop);
            let next = match result {
                Ok(()) => self.schedule.next_call(self.clock.now()),
                Err(_) => None,
            };
            self.status.update(|status| {
                status.next_request = next;
                status.aircraft = self.last_sent.len();
            });
            result?;
        }
        Ok(())
    }

    fn poll(&mut self, writer: &mut dyn Writer, stop: &StopSignal) -> Result<(), ProducerError> {
        self.schedule.called(self.clock.now());
        self.status.update(|status| status.requests += 1);
        match self.client.snapshot() {
            Ok(snapshot) => {
                self.schedule.answered(snapshot.quota.as_ref());
                let left = self.schedule.remaining();
                meter::answered(snapshot.received, left);
                self.status.update(|status| {
                    status.answers += 1;
                    status.last_answer = Some(snapshot.received);
                    status.last_failure = None;
                    status.quota_left = Some(left);
                });
                if snapshot.is_repaired {
                    warn!("the answer of Airlabs was not UTF-8; its bad bytes were replaced");
                }
                self.send(snapshot, writer, stop).map_err(|error| {
                    writer.abort();
                    ProducerError::Log(error)
                })
            }
            Err(error) => self.failed(error),
        }
    }

    fn failed(&mut self, error: RequestError) -> Result<(), ProducerError> {
        let now = self.clock.now();
        meter::called(error.reason());
        if is_not_found(&error) {
            // An empty sky is no trouble to be retried in a hurry.
            self.schedule.answered(None);
        } else {
            self.schedule.failed(now, error.failure());
        }
        self.status.update(|status| {
            *status.failures.entry(error.reason()).or_default() += 1;
            status.last_failure = Some(error.to_string());
        });
        let Some(next) = self.schedule.next_call(now) else {
            return Err(ProducerError::Request(error));
        };
        let is_due = |last| now.since(last) >= WARNING_INTERVAL;
        if self.last_warning.is_none_or(is_due) {
            self.last_warning = Some(now);
            let wait = next.since(now).as_secs();
            warn!(
                reason = error.reason(),
                "no flights from Airlabs: {error}; next call in {wait} s"
            );
        }
        Ok(())
    }

    fn send(
        &mut self,
        snapshot: Snapshot,
        writer: &mut dyn Writer,
        stop: &StopSignal,
    ) -> Result<(), LogError> {
        let now = snapshot.received;
        let mut records = Vec::new();
        let mut marks = Vec::new();
        let (mut sent, mut without_key, mut unchanged, mut oversized) = (0, 0, 0, 0);
        for message in snapshot.messages {
            if message.raw.len() > LARGEST_MESSAGE {
                oversized += 1;
                continue;
            }
            let mark = self.mark(&message);
            if let Some((hex, mark)) = mark {
                if self.last_sent.is_unchanged(hex, mark, now) {
                    unchanged += 1;
                    continue;
                }
                marks.push((hex, mark));
            }
            without_key += u64::from(message.hex.is_none());
            sent += 1;
            // Retention goes by it: a clock that is wrong by a year must not age out all others.
            let updated = mark.map(|(_, mark)| mark.updated());
            let event_time = updated
                .filter(|updated| *updated <= now.plus(AHEAD))
                .unwrap_or(now);
            let mut record = Record::new(Raw::default(), event_time);
            record.key = message.key();
            record.value = Raw::from(message.raw);
            records.push(record);
        }
        persistently(writer, stop, |writer| {
            for chunk in records.chunks(CHUNK) {
                writer.append(&self.topic, chunk.to_vec())?;
            }
            writer.commit(GROUP, &[])
        })?;
        meter::sent(&self.topic, sent);
        // Not before they are safe: what fails to be stored has to be sent again.
        for (hex, mark) in marks {
            self.last_sent.remember(hex, mark, now);
        }
        self.last_sent.forget_unseen(now);
        if oversized > 0 {
            warn!("{oversized} elements of the answer are larger than a message can be");
        }
        self.status.update(|status| {
            status.sent += sent;
            status.without_key += without_key;
            status.unchanged += unchanged;
            status.oversized += oversized;
        });
        Ok(())
    }

    /// What the message says of when and where, as far as the pipeline will understand it.
    fn mark(&mut self, message: &RawMessage) -> Option<(Icao24, Mark)> {
        let hex = message.hex?;
        let flight = self.decoder.decode(&message.raw).ok()?;
        Some((hex, Mark::of(&flight)))
    }
}

fn is_not_found(error: &RequestError) -> bool {
    matches!(
        error,
        RequestError::Airlabs {
            error: AirlabsError::NotFound,
            ..
        }
    )
}
