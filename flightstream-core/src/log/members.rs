use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::lock::lock;
use super::{Assignment, LogError, PartitionReader, Subscriber, Subscription};
use crate::sync::Mutex;

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
    #[cfg(all(feature = "embedded", not(loom)))]
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

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use crate::log::Start;

    fn subscription() -> Subscription {
        Subscription {
            group: "group".into(),
            topic: "topic".into(),
            start: Start::default(),
        }
    }

    #[test]
    fn a_seat_has_one_member_at_a_time() {
        loom::model(|| {
            let members = Members::default();
            let seated = loom::sync::Arc::new(loom::sync::atomic::AtomicUsize::new(0));
            let sit =
                |members: Members, seated: loom::sync::Arc<loom::sync::atomic::AtomicUsize>| {
                    use loom::sync::atomic::Ordering::SeqCst;
                    if let Ok(membership) = members.join(&subscription()) {
                        assert_eq!(seated.fetch_add(1, SeqCst), 0);
                        seated.fetch_sub(1, SeqCst);
                        drop(membership);
                    }
                };
            let other = {
                let (members, seated) = (members.clone(), seated.clone());
                loom::thread::spawn(move || sit(members, seated))
            };
            sit(members.clone(), seated);
            other.join().unwrap();
            assert!(members.join(&subscription()).is_ok());
        });
    }
}
