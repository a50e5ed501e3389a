use std::collections::VecDeque;

use crate::Fatal;
use crate::batch::{Ack, AckHandle, AckState, Offset, Span};

/// The outstanding batches of one partition. What may be committed is the longest prefix of them that has been
/// delivered; it counts messages, so gaps in the offsets do not matter.
#[derive(Debug)]
pub(crate) struct PartitionTracker {
    outstanding: VecDeque<(Span, AckHandle)>,
    committable: Offset,
    committed: Offset,
    delivered: u64,
}

impl PartitionTracker {
    /// Begins where the partition was last committed.
    pub(crate) fn new(committed: Offset) -> Self {
        Self {
            outstanding: VecDeque::new(),
            committable: committed,
            committed,
            delivered: 0,
        }
    }

    /// Registers a batch that goes into the pipeline.
    pub(crate) fn register(&mut self, span: Span) -> Ack {
        let (ack, handle) = Ack::pending();
        self.outstanding.push_back((span, handle));
        ack
    }

    /// Takes note of the acks that were resolved since.
    ///
    /// # Errors
    /// [`Fatal::AckDropped`], for whichever batch it was.
    pub(crate) fn advance(&mut self) -> Result<(), Fatal> {
        let dropped = |(_, ack): &&(Span, AckHandle)| ack.state() == AckState::Dropped;
        if let Some((span, _)) = self.outstanding.iter().find(dropped) {
            return Err(Fatal::AckDropped { span: span.clone() });
        }
        let is_delivered = |(_, ack): &(Span, AckHandle)| ack.state() == AckState::Delivered;
        while self.outstanding.front().is_some_and(is_delivered) {
            if let Some((span, _)) = self.outstanding.pop_front() {
                self.committable = span.last + 1;
                self.delivered += span.count;
            }
        }
        Ok(())
    }

    /// Takes note that there is nothing before `position` that was not registered: offsets may end in a gap.
    pub(crate) fn skip_to(&mut self, position: Offset) {
        if self.is_drained() {
            self.committable = self.committable.max(position);
        }
    }

    /// Whether every batch that went in has been delivered.
    pub(crate) fn is_drained(&self) -> bool {
        self.outstanding.is_empty()
    }

    /// How many batches went in and have not been delivered.
    pub(crate) fn batches_in_flight(&self) -> usize {
        self.outstanding.len()
    }

    /// The offset to commit, if it moved since the last commit.
    pub(crate) fn to_commit(&self) -> Option<Offset> {
        (self.committable != self.committed).then_some(self.committable)
    }

    /// The offset last committed.
    pub(crate) fn committed(&self) -> Offset {
        self.committed
    }

    /// Takes note of a commit and returns how many messages it covers that no commit covered before.
    pub(crate) fn commit(&mut self) -> u64 {
        self.committed = self.committable;
        std::mem::take(&mut self.delivered)
    }

    /// The ranges that are in the pipeline, for a message; empty if there is none.
    pub(crate) fn in_flight(&self) -> String {
        let spans: Vec<_> = self
            .outstanding
            .iter()
            .map(|(span, _)| span.to_string())
            .collect();
        spans.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::batch::TopicPartition;

    fn span(first: Offset, last: Offset, count: u64) -> Span {
        Span {
            topic_partition: TopicPartition::new("t", 0),
            first,
            last,
            count,
        }
    }

    #[test]
    fn a_dropped_ack_is_found_behind_a_pending_one() {
        let mut tracker = PartitionTracker::new(0);
        let _pending = tracker.register(span(0, 4, 5));
        drop(tracker.register(span(5, 9, 5)));
        assert!(matches!(tracker.advance(), Err(Fatal::AckDropped { span }) if span.first == 5));
    }

    proptest! {
        /// Whatever the order of the acks and the gaps between offsets, what may be committed is the delivered prefix.
        #[test]
        fn commits_the_delivered_prefix(
            gaps in prop::collection::vec((1_u64..5, 0_u64..3), 1..20),
            order in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
        ) {
            let mut tracker = PartitionTracker::new(7);
            let (mut next, mut spans, mut acks) = (7, Vec::new(), Vec::new());
            for (count, gap) in gaps {
                let span = span(next + gap, next + gap + count - 1, count);
                next = span.last + 1;
                acks.push(Some(tracker.register(span.clone())));
                spans.push(span);
            }
            for index in order {
                if let Some(ack) = index.get_mut(&mut acks).take() {
                    ack.resolve();
                }
                tracker.advance().unwrap();
                let prefix = acks.iter().take_while(|ack| ack.is_none()).count();
                let expected = prefix.checked_sub(1).map(|last| spans[last].last + 1);
                prop_assert_eq!(tracker.to_commit(), expected);
                prop_assert_eq!(tracker.is_drained(), prefix == spans.len());
            }
            let prefix = acks.iter().take_while(|ack| ack.is_none()).count();
            let messages: u64 = spans[..prefix].iter().map(|span| span.count).sum();
            prop_assert_eq!(tracker.commit(), messages);
        }
    }
}
