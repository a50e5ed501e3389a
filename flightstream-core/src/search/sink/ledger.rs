use std::collections::VecDeque;

use crate::batch::{Batch, Raw, Rejection};
use crate::runtime::Outputs;
use crate::{Fatal, OnFailure};

/// Where a record stands: in which batch, at which place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    batch: u64,
    record: u32,
}

/// What became of a record.
#[derive(Debug)]
pub(super) enum Fate {
    Indexed,
    Late,
    Superseded,
    Refused(Rejection),
}

/// The batches whose records wait for an answer, with their acks. A batch is settled when its last record is.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The number of the first of them.
    first: u64,
    batches: VecDeque<Option<Waiting>>,
    settled: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    batch: Batch<Raw>,
    left: usize,
    indexed: u64,
    late: u64,
    superseded: u64,
    refused: Vec<(u32, Rejection)>,
}

impl Ledger {
    /// The places of the batch that is added next.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> + use<> {
        let batch = self.first + self.batches.len() as u64;
        (0..).map(move |record| Place { batch, record })
    }

    /// Adds a batch of which so many records wait.
    pub(super) fn add(&mut self, batch: Batch<Raw>, left: usize) {
        let waiting = Waiting {
            batch,
            left,
            indexed: 0,
            late: 0,
            superseded: 0,
            refused: Vec::new(),
        };
        if left == 0 {
            self.settled.push(waiting);
            self.batches.push_back(None);
        } else {
            self.batches.push_back(Some(waiting));
        }
    }

    /// Takes note of a record's fate.
    pub(super) fn settle(&mut self, place: Place, fate: Fate) {
        let slot = usize::try_from(place.batch - self.first)
            .ok()
            .and_then(|number| self.batches.get_mut(number));
        let Some(slot) = slot else { return };
        let Some(waiting) = slot else { return };
        match fate {
            Fate::Indexed => waiting.indexed += 1,
            Fate::Late => waiting.late += 1,
            Fate::Superseded => waiting.superseded += 1,
            Fate::Refused(rejection) => waiting.refused.push((place.record, rejection)),
        }
        waiting.left -= 1;
        if waiting.left == 0 {
            self.settled.extend(slot.take());
        }
        while self.batches.front().is_some_and(Option::is_none) {
            self.batches.pop_front();
            self.first += 1;
        }
    }

    /// Counts what settled batches hold, hands their refused records over, and resolves their acks.
    pub(super) fn deliver(
        &mut self,
        on_failure: OnFailure,
        outputs: &mut Outputs<'_>,
    ) -> Result<(), Fatal> {
        for waiting in self.settled.drain(..) {
            waiting.deliver(on_failure, outputs)?;
        }
        Ok(())
    }
}

impl Waiting {
    fn deliver(mut self, on_failure: OnFailure, outputs: &mut Outputs<'_>) -> Result<(), Fatal> {
        let counts = [
            ("indexed", self.indexed),
            ("late", self.late),
            ("superseded", self.superseded),
        ];
        for (name, count) in counts {
            if count > 0 || name != "superseded" {
                outputs.count(name, count);
            }
            outputs.uncommitted.emitted += count;
        }
        let before = self.batch.rejected().len();
        self.refused.sort_unstable_by_key(|(record, _)| *record);
        for (number, rejection) in self.refused {
            let record = self.batch.records().get(number as usize);
            if let Some((origin, time)) = record.map(|record| (record.origin, record.event_time)) {
                self.batch.reject(origin, time, "index", rejection);
            }
        }
        let mut batch = on_failure.settle(self.batch, before)?;
        let rejected = batch.take_rejected();
        outputs.reject(rejected, batch.span().map(|span| &span.topic_partition))?;
        batch.resolve();
        Ok(())
    }
}
