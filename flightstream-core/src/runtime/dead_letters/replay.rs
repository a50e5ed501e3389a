use std::collections::BTreeMap;

use serde::Serialize;

use super::offsets::OffsetSet;
use super::{DeadLetter, DeadLetters, Filter, header};
use crate::batch::{Raw, Record, TopicPartition};
use crate::log::{Isolation, Log, LogError, Pending, TopicSpec, Writer};

/// Records that are read at once.
const CHUNK: usize = 1024;

/// Sends dead letters once more where they came from, without the headers that say why they were refused.
///
/// What it has sent it keeps in the compacted topic `<dead letters>-replayed`, in the same transaction, so that no letter
/// is sent twice, whatever interrupts it. The letters stay where they are. A record that is refused again becomes another
/// letter; the header [`REPLAYS`](header::REPLAYS) says how often it was sent.
#[derive(Clone, Debug)]
pub struct Replay {
    topic: String,
    to: Option<String>,
    filter: Filter,
    again: bool,
}

/// What a replay has done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// Letters sent, by the topic that they went to.
    pub sent: BTreeMap<String, u64>,
    /// Letters that an earlier replay has sent there.
    pub sent_before: u64,
    /// Letters that came from no topic, so that they can be sent only to a topic that is named.
    pub without_origin: u64,
}

impl Replay {
    /// Of a dead-letter topic.
    #[must_use]
    pub fn of(topic: impl Into<String>) -> Self {
        Self {
            topic: topic.into(),
            to: None,
            filter: Filter::default(),
            again: false,
        }
    }

    /// Only these letters.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// To this topic, by their keys, instead of to the partition that each came from. What was sent to it is kept apart
    /// from what was sent to where it came from.
    #[must_use]
    pub fn to(mut self, topic: impl Into<String>) -> Self {
        self.to = Some(topic.into());
        self
    }

    /// Also those that an earlier replay has sent.
    #[must_use]
    pub fn again(mut self) -> Self {
        self.again = true;
        self
    }

    /// What [`run`](Self::run) would do.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn plan(&self, log: &dyn Log) -> Result<Replayed, LogError> {
        self.each(log, &self.progress(log)?, |_| Ok(()))
    }

    /// Sends them.
    ///
    /// # Errors
    /// [`LogError::UnknownTopic`] for the dead letters' topic, or for one to send to; or if the log cannot store them.
    /// What was committed before stays sent.
    pub fn run(&self, log: &dyn Log) -> Result<Replayed, LogError> {
        // Nothing is sent if something could not be.
        self.plan(log)?;
        log.create_topic(&TopicSpec::new(self.progress_topic(), 1).compacted())?;
        let sent = self.progress(log)?;
        let mut sending = Sending {
            replay: self,
            writer: log.writer(Isolation::Transactional)?,
            sent: sent.clone(),
            pending: Pending::default(),
        };
        let replayed = self.each(log, &sent, |letter| sending.send(letter))?;
        sending.commit()?;
        Ok(replayed)
    }

    /// Calls `send` for each letter that is to be sent.
    fn each(
        &self,
        log: &dyn Log,
        sent: &BTreeMap<u32, OffsetSet>,
        mut send: impl FnMut(DeadLetter) -> Result<(), LogError>,
    ) -> Result<Replayed, LogError> {
        let mut replayed = Replayed::default();
        if let Some(topic) = &self.to {
            log.offsets(topic)?;
        }
        for letter in DeadLetters::read(log, &self.topic, self.filter.clone())? {
            let letter = letter?;
            let of_partition = sent.get(&letter.partition.partition());
            let was_sent = of_partition.is_some_and(|sent| sent.contains(letter.offset));
            if was_sent && !self.again {
                replayed.sent_before += 1;
                continue;
            }
            let Some(topic) = self.to.as_deref().or(letter.topic()) else {
                replayed.without_origin += 1;
                continue;
            };
            if !replayed.sent.contains_key(topic) {
                log.offsets(topic)?;
            }
            *replayed.sent.entry(topic.to_owned()).or_default() += 1;
            send(letter)?;
        }
        Ok(replayed)
    }

    fn progress_topic(&self) -> String {
        format!("{}-replayed", self.topic)
    }

    /// The key of a partition's progress: what went where it came from, or to a topic that was named.
    fn progress_key(&self, partition: u32) -> String {
        match &self.to {
            Some(topic) => format!("{partition}>{topic}"),
            None => partition.to_string(),
        }
    }

    /// The offsets of each partition that were sent, of those that are still there.
    fn progress(&self, log: &dyn Log) -> Result<BTreeMap<u32, OffsetSet>, LogError> {
        let topic = self.progress_topic();
        if log.topics()?.iter().all(|spec| spec.name != topic) {
            return Ok(BTreeMap::new());
        }
        let mut newest = BTreeMap::new();
        let partition = TopicPartition::new(topic, 0);
        let mut from = 0;
        loop {
            let records = log.read(&partition, from, CHUNK)?;
            let Some(last) = records.last() else { break };
            from = last.origin + 1;
            newest.extend(
                records
                    .into_iter()
                    .filter_map(|record| Some((record.key?, record.value))),
            );
        }
        let mut sent = BTreeMap::new();
        for (range, number) in log.offsets(&self.topic)?.iter().zip(0..) {
            let value = newest.get(self.progress_key(number).as_bytes());
            let offsets = value.and_then(|value| serde_json::from_slice(value.as_bytes()?).ok());
            let mut offsets: OffsetSet = offsets.unwrap_or_default();
            offsets.forget_before(range.start);
            sent.insert(number, offsets);
        }
        Ok(sent)
    }
}

/// Letters on their way.
struct Sending<'a> {
    replay: &'a Replay,
    writer: Box<dyn Writer>,
    sent: BTreeMap<u32, OffsetSet>,
    pending: Pending,
}

impl Sending<'_> {
    fn send(&mut self, letter: DeadLetter) -> Result<(), LogError> {
        let DeadLetter {
            partition,
            offset,
            origin,
            replays,
            original: mut record,
            ..
        } = letter;
        record
            .headers
            .push(header::REPLAYS, replays.saturating_add(1).to_string());
        self.pending.add(&record);
        match (&self.replay.to, origin) {
            (Some(topic), _) => self.writer.append(topic, vec![record])?,
            (None, Some((from, _))) => self.writer.append_to(&from, vec![record])?,
            (None, None) => {}
        }
        self.sent
            .entry(partition.partition())
            .or_default()
            .insert(offset);
        if self.pending.is_full() {
            self.commit()?;
        }
        Ok(())
    }

    /// Commits what was sent, with the note that it was.
    fn commit(&mut self) -> Result<(), LogError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let topic = TopicPartition::new(self.replay.progress_topic(), 0);
        let note = |(partition, offsets): (&u32, &OffsetSet)| {
            let value = serde_json::to_vec(offsets).unwrap_or_default();
            Record {
                key: Some(self.replay.progress_key(*partition).into()),
                ..Record::new(Raw::from(value), crate::time::Timestamp::default())
            }
        };
        let notes = self.sent.iter().map(note).collect();
        self.writer.append_to(&topic, notes)?;
        self.writer.commit(&self.replay.progress_topic(), &[])?;
        self.pending = Pending::default();
        Ok(())
    }
}
