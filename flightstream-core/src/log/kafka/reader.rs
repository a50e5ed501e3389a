use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rdkafka::Offset as KafkaOffset;
use rdkafka::consumer::Consumer as _;
use rdkafka::error::RDKafkaErrorCode;

use super::client::Consumer;
use super::error::{TIMEOUT, classify, classify_code};
use super::native::{Message, PartitionQueue};
use super::standalone::{Seat, Standalone};
use super::watermarks::{watermarks, watermarks_within};
use crate::batch::{Headers, Offset, Raw, Record, TopicPartition};
use crate::log::lock::lock;
use crate::log::{LogError, OffsetRange, PartitionReader};
use crate::time::Timestamp;

/// For how long brokers are not believed that a partition ends before a position that was read already. The newest leader
/// learns what is committed from its followers, and waits for one that is frozen for as long as `replica.lag.time.max.ms`,
/// by default 30 s.
pub(super) const DOUBT: Duration = Duration::from_secs(60);

/// How often a partition that gives nothing is asked whether it has something.
const QUIET: Duration = Duration::from_secs(15);
/// How long that may take: other partitions wait meanwhile.
const GLANCE: Duration = Duration::from_secs(2);

/// How far an assignment of a partition is. The client has one queue a partition, so a task that does not know yet that
/// its assignment is over would take records from the next one's.
#[derive(Default)]
pub(super) struct Tenure(Mutex<Phase>);

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Phase {
    /// The task has not looked yet: what is committed for the partition meanwhile is of an earlier one.
    #[default]
    New,
    Read,
    Over,
}

impl Tenure {
    /// Nothing is read any more when this returns.
    pub(super) fn end(&self) {
        *lock(&self.0) = Phase::Over;
    }

    /// Whether the partition's task has begun to read, and may go on.
    pub(super) fn is_read(&self) -> bool {
        *lock(&self.0) == Phase::Read
    }

    /// Holds the end off while something is read; `None` after it.
    fn read(&self) -> Option<MutexGuard<'_, Phase>> {
        let mut phase = lock(&self.0);
        if *phase == Phase::Over {
            return None;
        }
        *phase = Phase::Read;
        Some(phase)
    }
}

/// Reads a partition. The client fetches ahead into a bounded queue of its own, and the task takes from there: no
/// thread and no channel between them.
pub(super) struct KafkaReader {
    topic_partition: TopicPartition,
    position: Offset,
    /// Whether the client is elsewhere than `position`.
    must_seek: bool,
    /// What stood behind records that were handed out before it.
    failure: Option<LogError>,
    /// When the partition gave something last, or was last asked whether it has something.
    quiet_since: Option<Instant>,
    /// Where records were that did not come.
    stalled_at: Option<Offset>,
    /// Since when the position seems to be beyond the partition's end.
    beyond_end: Option<Instant>,
    /// The partition's end, where it was come to and nothing was read since.
    seen_end: Option<Offset>,
    /// Of a member of a group.
    tenure: Option<Arc<Tenure>>,
    source: Source,
}

enum Source {
    /// Of a member of a group.
    Member(PartitionQueue),
    /// Of no group, and not read yet.
    Unopened(Arc<Standalone>),
    /// Of no group. The queue is dropped before the seat.
    Standalone(
        PartitionQueue,
        #[allow(dead_code, reason = "held for its drop")] Seat,
        Arc<Standalone>,
    ),
}

impl KafkaReader {
    /// A reader of a partition that is about to be assigned to the queue's consumer from `position` on.
    pub(super) fn member(
        queue: PartitionQueue,
        topic_partition: TopicPartition,
        position: Offset,
        tenure: Arc<Tenure>,
    ) -> Self {
        Self {
            tenure: Some(tenure),
            ..Self::new(Source::Member(queue), topic_partition, position)
        }
    }

    /// A reader that is in no group. It costs nothing until it is read.
    pub(super) fn standalone(
        standalone: Arc<Standalone>,
        topic_partition: TopicPartition,
        position: Offset,
    ) -> Self {
        Self::new(Source::Unopened(standalone), topic_partition, position)
    }

    fn new(source: Source, topic_partition: TopicPartition, position: Offset) -> Self {
        Self {
            topic_partition,
            position,
            must_seek: false,
            failure: None,
            quiet_since: None,
            stalled_at: None,
            beyond_end: None,
            seen_end: None,
            tenure: None,
            source,
        }
    }

    fn queue(&mut self) -> Result<&mut PartitionQueue, LogError> {
        if let Source::Unopened(standalone) = &self.source {
            let (queue, seat) = standalone.open(&self.topic_partition, self.position)?;
            self.source = Source::Standalone(queue, seat, Arc::clone(standalone));
            self.must_seek = false;
        }
        match &mut self.source {
            Source::Member(queue) | Source::Standalone(queue, ..) => Ok(queue),
            Source::Unopened(_) => Err(LogError::Closed),
        }
    }

    /// The client to ask about the partition.
    fn consumer(&self) -> &Arc<Consumer> {
        match &self.source {
            Source::Member(queue) => queue.consumer(),
            Source::Standalone(_, _, standalone) | Source::Unopened(standalone) => {
                standalone.client()
            }
        }
    }

    fn tell_position(&mut self) -> Result<(), LogError> {
        if !self.must_seek {
            return Ok(());
        }
        let position = KafkaOffset::Offset(i64::try_from(self.position).unwrap_or(i64::MAX));
        let consumer = Arc::clone(self.queue()?.consumer());
        if !self.must_seek {
            // It has been opened there.
            return Ok(());
        }
        let topic = self.topic_partition.topic();
        let partition = native_partition(&self.topic_partition);
        let sought = consumer.seek(topic, partition, position, TIMEOUT);
        sought.map_err(|error| {
            let action = format!("go back in {}", self.topic_partition);
            classify(action, &error, consumer.context())
        })?;
        self.must_seek = false;
        Ok(())
    }

    /// What is in the queue, and the position after it.
    fn take(&mut self, max_records: usize) -> Result<Vec<Record<Raw>>, LogError> {
        let tenure = self.tenure.clone();
        let held = tenure.as_deref().map(Tenure::read);
        if matches!(held, Some(None)) {
            return Ok(Vec::new());
        }
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        self.tell_position()?;
        let (position, seen_end) = (self.position, self.seen_end);
        let taken = self
            .queue()?
            .drain(max_records, |messages| take(messages, position, seen_end));
        self.position = taken.position;
        self.seen_end = taken.seen_end;
        // What is truly a gap is one when it is read again, too.
        self.must_seek |= taken.has_gap_at_end;
        let failure = match taken.event {
            Some(code) => Err(self.event(code)),
            None if taken.began_anew && taken.records.is_empty() => self.doubt_new_beginning(),
            None => Ok(()),
        };
        match taken.records.is_empty() {
            true => failure?,
            false => self.failure = failure.err(),
        }
        Ok(taken.records)
    }

    fn event(&mut self, code: RDKafkaErrorCode) -> LogError {
        use RDKafkaErrorCode as Code;
        match code {
            Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition => {
                LogError::UnknownTopic {
                    topic: self.topic_partition.topic().to_owned(),
                }
            }
            code => {
                let action = format!("read {}", self.topic_partition);
                let context = Arc::clone(self.consumer().context());
                classify_code(action, code, &code.to_string(), &context)
            }
        }
    }

    /// After brokers were lost the client may stop fetching a partition, and say nothing. So one that is quiet is asked now and
    /// then, and where records have not come from one time to the next, the client is sent there once more.
    fn look_for_stall(&mut self) {
        let since = *self.quiet_since.get_or_insert_with(Instant::now);
        if since.elapsed() < QUIET || self.must_seek {
            return;
        }
        self.quiet_since = None;
        // Brokers that are away are told of elsewhere.
        let Ok(range) = watermarks_within(self.consumer(), &self.topic_partition, GLANCE) else {
            return;
        };
        let is_behind = range.end > self.position;
        if is_behind && self.stalled_at == Some(self.position) {
            tracing::warn!(
                partition = %self.topic_partition,
                position = self.position,
                end = range.end,
                "the client gives no records, and there are some: it is sent to its position once more",
            );
            self.must_seek = true;
        }
        self.stalled_at = is_behind.then_some(self.position);
    }

    /// The client has begun anew at the partition's first record, because a broker did not know the position. A broker
    /// that was away for a moment, or leads since a moment, knows less than there is, so it is not believed at once.
    fn doubt_new_beginning(&mut self) -> Result<(), LogError> {
        self.must_seek = true;
        let range = watermarks(self.consumer(), &self.topic_partition)?;
        if self.position <= range.end {
            self.beyond_end = None;
            return Ok(());
        }
        if self.beyond_end.get_or_insert_with(Instant::now).elapsed() < DOUBT {
            return Err(beyond_end(&self.topic_partition, self.position, &range));
        }
        tracing::warn!(
            partition = %self.topic_partition,
            position = self.position,
            first = range.start,
            end = range.end,
            "the partition ends before the position, so the topic is another one; beginning at its first record",
        );
        self.beyond_end = None;
        self.position = range.start;
        Ok(())
    }
}

/// A position that brokers do not know, which may be theirs to learn yet.
pub(super) fn beyond_end(
    partition: &TopicPartition,
    position: Offset,
    range: &OffsetRange,
) -> LogError {
    LogError::Unavailable {
        action: format!("read {partition} from {position} on"),
        reason: format!(
            "it ends at {}, so far as the brokers know; {DOUBT:?} after the first such answer the topic is taken for \
             another one",
            range.end
        ),
    }
}

impl PartitionReader for KafkaReader {
    fn topic_partition(&self) -> &TopicPartition {
        &self.topic_partition
    }

    fn poll_fetch(
        &mut self,
        cx: &mut Context<'_>,
        max_records: usize,
    ) -> Poll<Result<Vec<Record<Raw>>, LogError>> {
        let max_records = max_records.max(1);
        let mut records = self.take(max_records)?;
        if records.is_empty() {
            // What comes between the first look and the registration would wake nobody, hence the second look.
            self.queue()?.register(cx.waker());
            records = self.take(max_records)?;
        }
        if records.is_empty() {
            match &self.source {
                // Nobody else serves the events of this client.
                Source::Standalone(queue, ..) => drop(queue.consumer().poll(Duration::ZERO)),
                Source::Member(_) => self.look_for_stall(),
                Source::Unopened(_) => {}
            }
            return Poll::Pending;
        }
        self.quiet_since = None;
        Poll::Ready(Ok(records))
    }

    fn end(&self) -> Result<Offset, LogError> {
        let cached = match &self.source {
            Source::Member(queue) => queue.cached_watermarks(),
            Source::Standalone(..) | Source::Unopened(_) => None,
        };
        match cached {
            Some((_, high)) => Ok(u64::try_from(high).unwrap_or(0)),
            None => Ok(watermarks(self.consumer(), &self.topic_partition)?.end),
        }
    }

    fn position(&self) -> Offset {
        self.position
    }

    fn seek(&mut self, position: Offset) {
        self.failure = None;
        if position != self.position {
            self.seen_end = None;
            self.position = position;
            self.must_seek = true;
        }
    }
}

/// Kafka's numbers are signed, and never negative for what exists.
pub(super) fn native_partition(partition: &TopicPartition) -> i32 {
    i32::try_from(partition.partition()).unwrap_or(i32::MAX)
}

struct Taken {
    records: Vec<Record<Raw>>,
    position: Offset,
    /// Whether there were records before the position.
    began_anew: bool,
    seen_end: Option<Offset>,
    /// Whether what came after the partition's end was more than one offset on. In batches the client takes the event that
    /// tells of an end for a record, so when it goes on after a pause, as it makes one in each rebalance, it leaves out the
    /// record that has come there.
    has_gap_at_end: bool,
    event: Option<RDKafkaErrorCode>,
}

/// Copies messages into one buffer, which the records share: an allocation a batch, and librdkafka's memory is free.
fn take(messages: &[Message<'_>], mut position: Offset, mut seen_end: Option<Offset>) -> Taken {
    let (mut began_anew, mut has_gap_at_end, mut event) = (false, false, None);
    let size = |part: Option<&[u8]>| part.map_or(0, <[u8]>::len);
    let carries_record = |message: &&Message<'_>| message.error().is_none();
    let bytes = messages.iter().filter(carries_record);
    let bytes = bytes.map(|message| size(message.key()) + size(message.value()));
    let mut buffer = Vec::with_capacity(bytes.sum());
    for message in messages.iter().filter(carries_record) {
        buffer.extend_from_slice(message.key().unwrap_or_default());
        buffer.extend_from_slice(message.value().unwrap_or_default());
    }
    let buffer = Bytes::from(buffer);
    let mut at = 0;
    let mut slice = |part: Option<&[u8]>| {
        let from = at;
        at += size(part);
        part.map(|_| buffer.slice(from..at))
    };
    let mut records = Vec::with_capacity(messages.len());
    for message in messages {
        let offset = u64::try_from(message.offset()).unwrap_or(0);
        has_gap_at_end |= offset > position && seen_end == Some(position);
        match message.error() {
            Some(RDKafkaErrorCode::PartitionEOF) if has_gap_at_end => {}
            // Offsets may end in a gap: markers of transactions, compaction.
            Some(RDKafkaErrorCode::PartitionEOF) => {
                position = position.max(offset);
                seen_end = Some(position);
            }
            Some(code) => event = event.or(Some(code)),
            None => {
                let (key, value) = (slice(message.key()), slice(message.value()));
                if has_gap_at_end {
                    continue;
                }
                if offset < position {
                    began_anew = true;
                    continue;
                }
                position = offset + 1;
                let mut headers = Headers::default();
                message.headers(|name, value| {
                    let name = String::from_utf8_lossy(name).into_owned();
                    headers.push(name, Bytes::copy_from_slice(value.unwrap_or_default()));
                });
                records.push(Record {
                    key,
                    value: Raw(value),
                    event_time: Timestamp::from_millis(message.timestamp().unwrap_or(0)),
                    headers,
                    origin: offset,
                });
            }
        }
    }
    if has_gap_at_end {
        seen_end = None;
    }
    Taken {
        records,
        position,
        began_anew,
        seen_end,
        has_gap_at_end,
        event,
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn an_assignment_that_is_over_reads_nothing_and_commits_nothing() {
        let tenure = Tenure::default();
        assert!(!tenure.is_read(), "its task has not begun");
        assert!(tenure.read().is_some());
        assert!(tenure.is_read());
        tenure.end();
        assert!(tenure.read().is_none());
        assert!(!tenure.is_read());
    }

    #[test]
    fn an_assignment_ends_after_what_is_being_read() {
        let tenure = Arc::new(Tenure::default());
        let reading = tenure.read();
        let other = Arc::clone(&tenure);
        let ending = thread::spawn(move || other.end());
        assert!(!ending.is_finished());
        drop(reading);
        ending.join().unwrap();
        assert!(tenure.read().is_none());
    }
}
