use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::TaskContext;
use super::dead_letters::dead_letter;
use super::describe::SinkDescription;
use super::encoder::{Encoder, Payload};
use super::meter::Meter;
use super::status::Status;
use crate::batch::{Batch, Raw, Record, Rejected, TopicPartition};
use crate::log::{Log, LogError, Writer};
use crate::{Fatal, OnFailure};

/// Where a task's batches end. It resolves each batch's ack once what the batch holds is delivered, or will be by
/// the commit that follows.
pub trait Sink<T> {
    /// Ready when the sink can take a batch. It is polled before each one and whenever the task wakes, so a sink
    /// drives its requests in it.
    ///
    /// # Errors
    /// If the sink cannot go on; the task is then restarted from its last commit.
    fn poll_ready(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Poll<Result<(), Fatal>> {
        let _ = (cx, outputs);
        Poll::Ready(Ok(()))
    }

    /// Takes a batch. Its rejected records have been taken care of.
    ///
    /// # Errors
    /// If the sink cannot go on.
    fn send(&mut self, batch: Batch<T>, outputs: &mut Outputs<'_>) -> Result<(), Fatal>;

    /// Ready when everything it took is delivered. Polled at each commit.
    ///
    /// # Errors
    /// If the sink cannot go on.
    fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Poll<Result<(), Fatal>> {
        let _ = (cx, outputs);
        Poll::Ready(Ok(()))
    }
}

/// Makes a task's sink, once per task.
pub trait MakeSink<T>: Send + Sync + 'static {
    /// The sink.
    type Sink: Sink<T> + 'static;

    /// Makes the sink of one task.
    fn make(&self, cx: &TaskContext) -> Self::Sink;

    /// Checks, before any task starts, that the sink can work.
    ///
    /// # Errors
    /// What is missing.
    fn check(&self, log: &dyn Log) -> Result<(), LogError> {
        let _ = log;
        Ok(())
    }

    /// What [`App::describe`](super::App::describe) says of the sink, by default its type.
    fn describe(&self) -> SinkDescription {
        SinkDescription::of::<Self>()
    }
}

/// What a sink can write to within its task's next commit.
pub struct Outputs<'a> {
    pub(crate) writer: &'a mut dyn Writer,
    pub(crate) dead_letters: Option<&'a str>,
    pub(crate) uncommitted: &'a mut Status,
    pub(crate) meter: &'a Meter,
}

impl Outputs<'_> {
    /// Appends records to a topic, as part of the next commit.
    ///
    /// # Errors
    /// If the log refuses them.
    pub fn append(&mut self, topic: &str, records: Vec<Record<Raw>>) -> Result<(), Fatal> {
        Ok(self.writer.append(topic, records)?)
    }

    /// Counts refused records, and sends those that are not skipped to the dead-letter topic, if the app has one.
    ///
    /// # Errors
    /// If the log refuses them.
    pub fn reject(
        &mut self,
        rejected: Vec<Rejected>,
        from: Option<&TopicPartition>,
    ) -> Result<(), Fatal> {
        if rejected.is_empty() {
            return Ok(());
        }
        for reject in &rejected {
            let counts = &mut self.uncommitted.rejected;
            match counts.get_mut(reject.rejection.reason()) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(reject.rejection.reason().to_owned(), 1);
                }
            }
        }
        if let Some(topic) = self.dead_letters {
            let refused = rejected.into_iter().filter(|reject| !reject.is_skipped);
            let letters: Vec<_> = refused.map(|reject| dead_letter(reject, from)).collect();
            if !letters.is_empty() {
                self.writer.append(topic, letters)?;
            }
        }
        Ok(())
    }

    /// Adds to a counter of the app's status, once the next commit succeeds.
    pub fn count(&mut self, name: &str, by: u64) {
        match self.uncommitted.counts.get_mut(name) {
            Some(count) => *count += by,
            None => {
                self.uncommitted.counts.insert(name.to_owned(), by);
            }
        }
    }
}

impl fmt::Debug for Outputs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outputs")
            .field("dead_letters", &self.dead_letters)
            .finish_non_exhaustive()
    }
}

/// Writes records to a topic.
pub struct TopicSink<T, E> {
    topic: Arc<str>,
    encoder: E,
    tally: Option<fn(&T) -> &'static str>,
    on_failure: OnFailure,
    records: PhantomData<fn(T)>,
}

impl<T, E> TopicSink<T, E> {
    pub(crate) fn new(topic: Arc<str>, encoder: E) -> Self {
        Self {
            topic,
            encoder,
            tally: None,
            on_failure: OnFailure::default(),
            records: PhantomData,
        }
    }

    /// Counts the records written under the name that `label` gives each, in the status' `counts`.
    #[must_use]
    pub fn tally(mut self, label: fn(&T) -> &'static str) -> Self {
        self.tally = Some(label);
        self
    }

    /// What becomes of a record that has no encoding, by default a dead letter.
    #[must_use]
    pub fn on_failure(mut self, policy: OnFailure) -> Self {
        self.on_failure = policy;
        self
    }
}

impl<T, E: Clone> Clone for TopicSink<T, E> {
    fn clone(&self) -> Self {
        Self {
            topic: Arc::clone(&self.topic),
            encoder: self.encoder.clone(),
            tally: self.tally,
            on_failure: self.on_failure,
            records: PhantomData,
        }
    }
}

impl<T, E> fmt::Debug for TopicSink<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopicSink")
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

impl<T, E> MakeSink<T> for TopicSink<T, E>
where
    T: 'static,
    E: Encoder<T> + Clone + Send + Sync + 'static,
{
    type Sink = Self;

    fn make(&self, _: &TaskContext) -> Self {
        self.clone()
    }

    fn check(&self, log: &dyn Log) -> Result<(), LogError> {
        log.offsets(&self.topic).map(drop)
    }

    fn describe(&self) -> SinkDescription {
        SinkDescription {
            topic: Some(self.topic.to_string()),
            ..SinkDescription::of::<E>()
        }
    }
}

/// Where a record's bytes lie in the buffer that a batch is encoded into.
struct Extent {
    key: Option<std::ops::Range<usize>>,
    value: Option<std::ops::Range<usize>>,
}

impl<T, E: Encoder<T>> Sink<T> for TopicSink<T, E> {
    fn send(&mut self, mut batch: Batch<T>, outputs: &mut Outputs<'_>) -> Result<(), Fatal> {
        // One buffer a batch, sliced into keys and values afterwards: no allocation a record.
        let mut buffer = Vec::with_capacity(batch.len() * 512);
        let mut extents = Vec::with_capacity(batch.len());
        let mut refused = Vec::new();
        for record in batch.records() {
            let start = buffer.len();
            let mut payload = Payload {
                buffer: &mut buffer,
                key_end: None,
                tombstone: false,
            };
            match self.encoder.encode(record, &mut payload) {
                Ok(()) => {
                    let (key_end, tombstone) = (payload.key_end, payload.tombstone);
                    let value = key_end.unwrap_or(start)..buffer.len();
                    extents.push(Some(Extent {
                        key: key_end.map(|end| start..end),
                        value: (!tombstone).then_some(value),
                    }));
                    if let Some(label) = self.tally {
                        outputs.count(label(&record.value), 1);
                    }
                }
                Err(rejection) => {
                    buffer.truncate(start);
                    extents.push(None);
                    refused.push((record.origin, record.event_time, rejection));
                }
            }
        }
        let before = batch.rejected().len();
        for (origin, event_time, rejection) in refused {
            batch.reject(origin, event_time, "encode", rejection);
        }
        let mut batch = self.on_failure.settle(batch, before)?;
        let rejected = batch.take_rejected();
        outputs.reject(rejected, batch.span().map(|span| &span.topic_partition))?;

        let buffer = Bytes::from(buffer);
        let (records, ack) = batch.into_parts();
        let encoded = records
            .into_iter()
            .zip(extents)
            .filter_map(|(record, extent)| {
                let extent = extent?;
                let (_, rest) = record.take_value();
                let mut record =
                    rest.with_value(Raw(extent.value.map(|value| buffer.slice(value))));
                if let Some(key) = extent.key {
                    record.key = Some(buffer.slice(key));
                }
                Some(record)
            });
        let encoded: Vec<_> = encoded.collect();
        outputs.uncommitted.emitted += encoded.len() as u64;
        if !encoded.is_empty() {
            outputs.append(&self.topic, encoded)?;
        }
        // Durable with the commit that follows, which takes the offsets along.
        ack.resolve();
        Ok(())
    }
}
