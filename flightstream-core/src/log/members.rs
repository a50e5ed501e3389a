use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use super::lock::lock;
use super::{Assignment, LogError, PartitionReader, Subscriber, Subscription};

/// The consumer groups that have a member, each with the topic it reads: a log within one process gives all
/// partitions of a topic to one member.
#[derive(Clone, Debug, Default)]
pub(super) struct Members(Arc<Mutex<HashSet<Seat>>>);

type Seat = (String, String);

/// A place in a group, given up when it is dropped.
#[derive(Debug)]
pub(super) struct Membership {
    members: Members,
    seat: Seat,
}

/// The only member of its group: assigned every partition, once.
pub(super) struct SoleMember {
    readers: Option<Vec<Box<dyn PartitionReader>>>,
    membership: Membership,
}

impl Members {
    /// Takes the group's place for the topic.
    pub(super) fn join(&self, subscription: &Subscription) -> Result<Membership, LogError> {
        let seat = (subscription.group.clone(), subscription.topic.clone());
        if lock(&self.0).insert(seat.clone()) {
            let members = self.clone();
            Ok(Membership { members, seat })
        } else {
            let (group, topic) = seat;
            Err(LogError::GroupBusy { group, topic })
        }
    }

    /// The groups that have a member reading the topic.
    #[cfg(feature = "embedded")]
    pub(super) fn groups_reading(&self, topic: &str) -> Vec<String> {
        let seats = lock(&self.0);
        let reading = seats.iter().filter(|(_, read)| read == topic);
        reading.map(|(group, _)| group.clone()).collect()
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        lock(&self.members.0).remove(&self.seat);
    }
}

impl SoleMember {
    pub(super) fn new(membership: Membership, readers: Vec<Box<dyn PartitionReader>>) -> Self {
        Self {
            readers: Some(readers),
            membership,
        }
    }
}

impl Subscriber for SoleMember {
    fn poll_assignment(&mut self, _: &mut Context<'_>) -> Poll<Result<Assignment, LogError>> {
        match self.readers.take() {
            Some(readers) => Poll::Ready(Ok(Assignment::Assigned(readers))),
            None => Poll::Pending,
        }
    }
}

impl fmt::Debug for SoleMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SoleMember")
            .field("membership", &self.membership.seat)
            .field("assigned", &self.readers.is_none())
            .finish()
    }
}
