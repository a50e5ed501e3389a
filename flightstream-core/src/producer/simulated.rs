use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::persistence::persistently;
use super::{StopSignal, meter};
use crate::batch::{Raw, Record};
use crate::flight::simulation::{Message, Messages, Simulation};
use crate::log::{LogError, Writer};
use crate::time::{Clock, Timestamp};

/// How often the reports that have become due are sent.
const STEP: Duration = Duration::from_millis(200);
/// The simulation reads nothing, so it commits no offsets.
const GROUP: &str = "flightstream-simulate";
/// Messages between two commits of a simulation that doesn't wait.
const CHUNK: usize = 4096;

/// Sends simulated traffic to a topic.
#[derive(Debug)]
pub struct SimulatedTraffic {
    /// The traffic.
    pub simulation: Simulation,
    /// The topic.
    pub topic: String,
}

impl SimulatedTraffic {
    /// Sends reports as they become due on `clock`, until told to stop or for a `duration`.
    ///
    /// # Errors
    /// If the log refuses a message for good; what it cannot take now is sent again.
    pub fn run_live(
        &mut self,
        writer: &mut dyn Writer,
        clock: &dyn Clock,
        duration: Option<Duration>,
        stop: &StopSignal,
    ) -> Result<(), LogError> {
        let end = duration.map(|duration| clock.now().plus(duration));
        loop {
            let now = clock.now();
            let until = end.map_or(now, |end| end.min(now));
            let records = records(self.simulation.tick(until));
            if !records.is_empty() {
                self.send(&records, writer, stop)?;
            }
            if end.is_some_and(|end| now >= end) || stop.wait(STEP) {
                return Ok(());
            }
        }
    }

    /// Sends the reports of a time span without waiting.
    ///
    /// # Errors
    /// If the log refuses a message for good; what it cannot take now is sent again.
    pub fn run_span(
        &self,
        writer: &mut dyn Writer,
        from: Timestamp,
        until: Timestamp,
        stop: &StopSignal,
    ) -> Result<(), LogError> {
        let mut at = from;
        let mut messages = Messages::default();
        while at < until && !stop.is_stopped() {
            messages.clear();
            while at < until && messages.len() < CHUNK {
                let step = at.plus(STEP).min(until);
                self.simulation.messages_between(at, step, &mut messages);
                at = step;
            }
            self.send(&records(&messages), writer, stop)?;
        }
        Ok(())
    }

    fn send(
        &self,
        records: &[Record<Raw>],
        writer: &mut dyn Writer,
        stop: &StopSignal,
    ) -> Result<(), LogError> {
        persistently(writer, stop, |writer| {
            writer.append(&self.topic, records.to_vec())?;
            writer.commit(GROUP, &[])
        })?;
        meter::sent(&self.topic, records.len() as u64);
        Ok(())
    }
}

/// The messages as records, cut out of one shared buffer.
fn records(messages: &Messages) -> Vec<Record<Raw>> {
    let size = messages
        .iter()
        .map(|message| message.key.len() + message.value.len())
        .sum();
    let mut buffer = BytesMut::with_capacity(size);
    for message in messages.iter() {
        buffer.extend_from_slice(message.key.as_bytes());
        buffer.extend_from_slice(message.value);
    }
    let mut rest: Bytes = buffer.freeze();
    let cut = |message: Message<'_>| {
        let key = rest.split_to(message.key.len());
        let value = rest.split_to(message.value.len());
        Record {
            key: (!key.is_empty()).then_some(key),
            ..Record::new(Raw(Some(value)), message.event_time)
        }
    };
    messages.iter().map(cut).collect()
}
