use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use futures::task::AtomicWaker;
use rdkafka::consumer::{Consumer as _, RebalanceProtocol};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use super::client::{Consumer, Context, Rebalance};
use super::error::{TIMEOUT, classify};
use super::native::PartitionQueue;
use super::options::KafkaOptions;
use super::reader::{DOUBT, KafkaReader, Tenure, beyond_end};
use super::watermarks::watermarks;
use crate::batch::{Offset, TopicPartition};
use crate::log::lock::lock;
use crate::log::{Assignment, LogError, PartitionReader, Start, Subscriber, Subscription};

/// A member of a consumer group: what its own thread, its subscriber and its writers share.
pub(super) struct Member {
    options: KafkaOptions,
    /// Another one after an error that a consumer does not survive.
    consumer: Mutex<Arc<Consumer>>,
    subscription: Subscription,
    owned: Mutex<HashMap<TopicPartition, Arc<Tenure>>>,
    inbox: Mutex<Inbox>,
    supervisor: AtomicWaker,
    stopping: AtomicBool,
}

/// What the supervisor is to be told.
#[derive(Default)]
struct Inbox {
    changes: VecDeque<Result<Assignment, LogError>>,
    revoking: Revoking,
    /// Lost partitions that the supervisor has not looked at yet, and whether it is at some.
    lost: usize,
    is_losing: bool,
}

/// How far the tasks of revoked partitions are.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Revoking {
    #[default]
    Nothing,
    /// The supervisor has not looked yet.
    Announced,
    /// The supervisor is at it.
    Draining,
    /// The supervisor has come back for more.
    Drained,
}

/// How often the thread looks whether it is to end.
const POLL: Duration = Duration::from_millis(100);
/// The same while tasks finish with partitions that others wait for.
const POLL_OFTEN: Duration = Duration::from_millis(5);
/// Between attempts to find out where to begin.
const RETRY: Duration = Duration::from_millis(500);
/// More often within that time no member fences itself.
const FENCED_OFTEN: usize = 3;
const FENCED_WITHIN: Duration = Duration::from_secs(60);

impl Member {
    /// Joins a group.
    pub(super) fn join(
        options: &KafkaOptions,
        subscription: &Subscription,
    ) -> Result<KafkaSubscriber, LogError> {
        let member = Arc::new(Self {
            options: options.clone(),
            consumer: Mutex::new(consumer(options, subscription)?),
            subscription: subscription.clone(),
            owned: Mutex::default(),
            inbox: Mutex::default(),
            supervisor: AtomicWaker::new(),
            stopping: AtomicBool::new(false),
        });
        let on_thread = Arc::clone(&member);
        let thread = thread::Builder::new()
            .name(format!("{}-consumer", subscription.group))
            .spawn(move || on_thread.serve())
            .map_err(|error| LogError::Unavailable {
                action: "start a thread".to_owned(),
                reason: error.to_string(),
            })?;
        Ok(KafkaSubscriber {
            member,
            thread: Some(thread),
        })
    }

    /// The client that is in the group.
    pub(super) fn consumer(&self) -> Arc<Consumer> {
        Arc::clone(&lock(&self.consumer))
    }

    /// The first of these partitions that is not this member's any more. Those of other topics are no question: who has
    /// a partition of the source has the same one of internal topics.
    pub(super) fn not_owned<'a>(
        &self,
        offsets: &'a [(TopicPartition, Offset)],
    ) -> Option<&'a TopicPartition> {
        let owned = lock(&self.owned);
        let mut partitions = offsets.iter().map(|(partition, _)| partition);
        partitions.find(|partition| {
            let is_read = || owned.get(partition).is_some_and(|tenure| tenure.is_read());
            partition.topic() == self.subscription.topic && !is_read()
        })
    }

    /// Polls for the group's events until the member is to leave. Records are not among them: they are in their
    /// partitions' queues.
    fn serve(&self) {
        let mut pending = None;
        let mut try_at = Instant::now();
        let mut fenced = VecDeque::new();
        let mut consumer = self.consumer();
        while !self.stopping.load(Ordering::Acquire) {
            let wait = if pending.is_some() { POLL_OFTEN } else { POLL };
            match consumer.poll(wait) {
                Some(Err(KafkaError::MessageConsumptionFatal(code))) => {
                    pending = None;
                    match self.rejoin(code, &mut fenced) {
                        Ok(successor) => consumer = successor,
                        Err(error) => return self.tell(Err(error)),
                    }
                }
                Some(Err(error)) => self.meet(&error),
                Some(Ok(_)) => tracing::error!(
                    group = self.subscription.group,
                    "a record came past its partition's queue; it is read again after a restart",
                ),
                None => {}
            }
            if let Some(rebalance) = consumer.context().take_rebalance() {
                pending = Some(rebalance);
                try_at = Instant::now();
            }
            let is_assigned = matches!(pending, Some(Rebalance::Assign { .. }));
            if pending.is_some() && Instant::now() >= try_at && !(is_assigned && self.is_losing()) {
                pending = pending
                    .take()
                    .and_then(|rebalance| self.handle(&consumer, rebalance));
                if let Some(Rebalance::Assign { .. }) = pending {
                    try_at = Instant::now() + RETRY;
                }
            }
        }
        self.leave(&consumer, pending);
    }

    /// Goes on with another client after an error that one does not survive: a static member that was away for longer
    /// than its session is fenced by its own return. A process that uses the same instance name fences too, but again
    /// and again.
    fn rejoin(
        &self,
        code: RDKafkaErrorCode,
        fenced: &mut VecDeque<Instant>,
    ) -> Result<Arc<Consumer>, LogError> {
        let now = Instant::now();
        fenced.retain(|at| now.duration_since(*at) < FENCED_WITHIN);
        if code == RDKafkaErrorCode::FencedInstanceId {
            fenced.push_back(now);
        }
        if fenced.len() > FENCED_OFTEN {
            return Err(LogError::Fenced {
                action: format!("stay a member of group {}", self.subscription.group),
                reason: format!("another process has the same instance name ({code})"),
            });
        }
        let owned: Vec<_> = lock(&self.owned).drain().collect();
        owned.iter().for_each(|(_, tenure)| tenure.end());
        let lost: Vec<_> = owned.into_iter().map(|(partition, _)| partition).collect();
        tracing::warn!(group = self.subscription.group, %code, ?lost, "joining the group anew");
        self.consumer().context().close();
        self.tell_of_loss(lost);
        if code == RDKafkaErrorCode::UnreleasedInstanceId {
            // The group keeps the place of the predecessor until its session is over.
            thread::sleep(RETRY);
        }
        let successor = consumer(&self.options, &self.subscription)?;
        *lock(&self.consumer) = Arc::clone(&successor);
        Ok(successor)
    }

    /// Handles a rebalance, or hands it back to be tried again.
    fn handle(&self, consumer: &Arc<Consumer>, rebalance: Rebalance) -> Option<Rebalance> {
        match rebalance {
            Rebalance::Assign { partitions, since } => {
                if let Err(error) = self.assign(consumer, &partitions, since) {
                    if !matches!(error, LogError::Unavailable { .. }) {
                        self.tell(Err(error));
                        return None;
                    }
                    tracing::warn!(group = self.subscription.group, %error, "not assigned yet");
                    return Some(Rebalance::Assign { partitions, since });
                }
            }
            Rebalance::Revoke {
                partitions,
                lost: true,
            } => {
                let lost = self.disown(&partitions);
                tracing::warn!(
                    group = self.subscription.group,
                    ?lost,
                    "partitions are lost"
                );
                unassign(consumer, &self.subscription.group, &partitions);
                self.tell_of_loss(lost);
            }
            Rebalance::Revoke {
                partitions,
                lost: false,
            } => {
                let revoking = lock(&self.inbox).revoking;
                match revoking {
                    Revoking::Nothing => {
                        let revoked = self.owned_of(&partitions);
                        if revoked.is_empty() {
                            unassign(consumer, &self.subscription.group, &partitions);
                            return None;
                        }
                        lock(&self.inbox).revoking = Revoking::Announced;
                        self.tell(Ok(Assignment::Revoked(revoked)));
                    }
                    Revoking::Announced | Revoking::Draining => {}
                    Revoking::Drained => {
                        lock(&self.inbox).revoking = Revoking::Nothing;
                        self.disown(&partitions);
                        unassign(consumer, &self.subscription.group, &partitions);
                        return None;
                    }
                }
                let lost = consumer.assignment_lost();
                return Some(Rebalance::Revoke { partitions, lost });
            }
        }
        None
    }

    fn assign(
        &self,
        consumer: &Arc<Consumer>,
        partitions: &TopicPartitionList,
        since: Instant,
    ) -> Result<(), LogError> {
        let starts = self.starts(consumer, partitions, since)?;
        let mut list = TopicPartitionList::with_capacity(starts.len());
        let mut readers: Vec<Box<dyn PartitionReader>> = Vec::with_capacity(starts.len());
        let mut tenures = Vec::with_capacity(starts.len());
        for (partition, start) in starts {
            let number = i32::try_from(partition.partition()).unwrap_or(i32::MAX);
            let offset = KafkaOffset::Offset(i64::try_from(start).unwrap_or(i64::MAX));
            list.add_partition_offset(partition.topic(), number, offset)
                .map_err(|error| classify("assign", &error, consumer.context()))?;
            // Before the assignment, so that no record gets into the consumer's own queue.
            let queue = PartitionQueue::split(consumer, partition.topic(), number);
            let queue = queue.ok_or_else(|| LogError::UnknownTopic {
                topic: partition.topic().to_owned(),
            })?;
            let tenure = Arc::new(Tenure::default());
            tenures.push((partition.clone(), Arc::clone(&tenure)));
            readers.push(Box::new(KafkaReader::member(
                queue, partition, start, tenure,
            )));
        }
        {
            // Before the assignment, so that no reader of an earlier one takes a record of it.
            let mut owned = lock(&self.owned);
            for (partition, tenure) in tenures {
                if let Some(earlier) = owned.insert(partition, tenure) {
                    earlier.end();
                }
            }
        }
        let assigned = match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_assign(&list),
            RebalanceProtocol::Eager | RebalanceProtocol::None => consumer.assign(&list),
        };
        assigned.map_err(|error| classify("take on partitions", &error, consumer.context()))?;
        if !readers.is_empty() {
            self.tell(Ok(Assignment::Assigned(readers)));
        }
        Ok(())
    }

    /// Where to begin each partition.
    fn starts(
        &self,
        consumer: &Consumer,
        partitions: &TopicPartitionList,
        since: Instant,
    ) -> Result<Vec<(TopicPartition, Offset)>, LogError> {
        let list = match self.subscription.start {
            Start::Earliest => partitions.clone(),
            Start::Committed => {
                let committed = consumer.committed_offsets(partitions.clone(), TIMEOUT);
                committed.map_err(|error| {
                    let action =
                        format!("ask for the offsets of group {}", self.subscription.group);
                    classify(action, &error, consumer.context())
                })?
            }
        };
        let topic: Arc<str> = Arc::from(self.subscription.topic.as_str());
        let mut starts = Vec::with_capacity(list.count());
        for element in list.elements() {
            let number = u32::try_from(element.partition()).unwrap_or(u32::MAX);
            let partition = TopicPartition::new(Arc::clone(&topic), number);
            let range = watermarks(consumer, &partition)?;
            let committed = match element.offset() {
                KafkaOffset::Offset(offset) => u64::try_from(offset).ok(),
                _ => None,
            };
            let committed = committed.filter(|_| self.subscription.start == Start::Committed);
            if let Some(committed) = committed.filter(|committed| *committed > range.end)
                && since.elapsed() < DOUBT
            {
                return Err(beyond_end(&partition, committed, &range));
            }
            if let Some(committed) = committed
                && !(range.start..=range.end).contains(&committed)
            {
                tracing::warn!(
                    %partition, committed, first = range.start, end = range.end,
                    "there are no records at the committed offset any more: retention removed them, or the topic \
                     is another one; beginning at the first record there is",
                );
            }
            let start = committed.filter(|at| (range.start..=range.end).contains(at));
            starts.push((partition, start.unwrap_or(range.start)));
        }
        Ok(starts)
    }

    /// Those of the partitions that are this member's.
    fn owned_of(&self, partitions: &TopicPartitionList) -> Vec<TopicPartition> {
        let owned = lock(&self.owned);
        let named = named(partitions);
        named
            .filter(|partition| owned.contains_key(partition))
            .collect()
    }

    /// Gives up partitions, and tells which of them it had.
    fn disown(&self, partitions: &TopicPartitionList) -> Vec<TopicPartition> {
        let mut owned = lock(&self.owned);
        let named = named(partitions);
        let mut had = |partition: &TopicPartition| {
            let tenure = owned.remove(partition);
            tenure.inspect(|tenure| tenure.end()).is_some()
        };
        named.filter(|partition| had(partition)).collect()
    }

    /// An error of the consumer as a whole.
    fn meet(&self, error: &KafkaError) {
        use RDKafkaErrorCode as Code;
        let topic = || LogError::UnknownTopic {
            topic: self.subscription.topic.clone(),
        };
        let action = || format!("read as a member of group {}", self.subscription.group);
        let error = match error.rdkafka_error_code() {
            Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => topic(),
            _ => classify(action(), error, self.consumer().context()),
        };
        match error {
            // The client tries again by itself.
            LogError::Unavailable { .. } => {
                tracing::debug!(group = self.subscription.group, %error);
            }
            error => self.tell(Err(error)),
        }
    }

    /// Tells the supervisor what is lost, which is more than that it was to be given back.
    fn tell_of_loss(&self, lost: Vec<TopicPartition>) {
        let mut inbox = lock(&self.inbox);
        inbox.revoking = Revoking::Nothing;
        inbox
            .changes
            .retain(|change| !matches!(change, Ok(Assignment::Revoked(_))));
        if !lost.is_empty() {
            inbox.lost += 1;
            inbox.changes.push_back(Ok(Assignment::Lost(lost)));
        }
        drop(inbox);
        self.supervisor.wake();
    }

    /// Whether tasks of lost partitions may still be there: new ones of the same partitions have to wait.
    fn is_losing(&self) -> bool {
        let inbox = lock(&self.inbox);
        inbox.lost > 0 || inbox.is_losing
    }

    fn tell(&self, change: Result<Assignment, LogError>) {
        lock(&self.inbox).changes.push_back(change);
        self.supervisor.wake();
    }

    fn leave(&self, consumer: &Consumer, pending: Option<Rebalance>) {
        let context = consumer.context();
        context.close();
        let owned: Vec<_> = lock(&self.owned).drain().collect();
        owned.iter().for_each(|(_, tenure)| tenure.end());
        let group = &self.subscription.group;
        // What came before `close` nobody has acknowledged, and the group would wait for it.
        match pending.or_else(|| context.take_rebalance()) {
            Some(Rebalance::Assign { .. }) => unassign(consumer, group, &TopicPartitionList::new()),
            Some(Rebalance::Revoke { partitions, .. }) => unassign(consumer, group, &partitions),
            None => {}
        }
    }
}

/// A client that has asked to be a member.
fn consumer(
    options: &KafkaOptions,
    subscription: &Subscription,
) -> Result<Arc<Consumer>, LogError> {
    let config = options.member(&subscription.group);
    let consumer = config.create_with_context::<Context, Consumer>(Context::default());
    let consumer =
        consumer.map_err(|error| classify("make a consumer", &error, &Context::default()))?;
    consumer
        .subscribe(&[&subscription.topic])
        .map_err(|error| classify("subscribe", &error, consumer.context()))?;
    Ok(Arc::new(consumer))
}

fn unassign(consumer: &Consumer, group: &str, partitions: &TopicPartitionList) {
    let unassigned = match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_unassign(partitions),
        RebalanceProtocol::Eager | RebalanceProtocol::None => consumer.unassign(),
    };
    if let Err(error) = unassigned {
        tracing::warn!(group, %error, "cannot give partitions back");
    }
}

fn named(partitions: &TopicPartitionList) -> impl Iterator<Item = TopicPartition> {
    let elements = partitions.elements().into_iter();
    elements.map(|element| {
        let number = u32::try_from(element.partition()).unwrap_or(u32::MAX);
        TopicPartition::new(element.topic(), number)
    })
}

/// What the supervisor of an app holds of its membership. Dropping it leaves the group.
pub(super) struct KafkaSubscriber {
    member: Arc<Member>,
    thread: Option<JoinHandle<()>>,
}

impl KafkaSubscriber {
    pub(super) fn member(&self) -> &Arc<Member> {
        &self.member
    }
}

impl Subscriber for KafkaSubscriber {
    fn poll_assignment(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<Assignment, LogError>> {
        self.member.supervisor.register(cx.waker());
        let mut inbox = lock(&self.member.inbox);
        if inbox.revoking == Revoking::Draining {
            inbox.revoking = Revoking::Drained;
        }
        inbox.is_losing = false;
        let Some(change) = inbox.changes.pop_front() else {
            return Poll::Pending;
        };
        if matches!(change, Ok(Assignment::Lost(_))) {
            inbox.lost = inbox.lost.saturating_sub(1);
            inbox.is_losing = true;
        }
        if matches!(change, Ok(Assignment::Revoked(_))) && inbox.revoking == Revoking::Announced {
            inbox.revoking = Revoking::Draining;
        }
        Poll::Ready(change)
    }
}

impl Drop for KafkaSubscriber {
    fn drop(&mut self) {
        self.member.stopping.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the consumer's thread panicked");
        }
    }
}

impl fmt::Debug for KafkaSubscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSubscriber")
            .field("subscription", &self.member.subscription)
            .finish_non_exhaustive()
    }
}
