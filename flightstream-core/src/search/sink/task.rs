use std::collections::VecDeque;
use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use tracing::{Instrument, Span, debug_span, field};

use super::super::{BulkAction, BulkItem, BulkOperation, SearchError};
use super::IndexSink;
use super::appended::Appended;
use super::entries::{Entries, Write};
use super::ledger::Ledger;
use super::outcome::{BulkFailure, ItemOutcome, rejection};
use crate::Fatal;
use crate::batch::{Batch, Raw, Record, Rejection};
use crate::runtime::backoff::Backoff;
use crate::runtime::{Outputs, Sink};
use crate::time::{Timers, Timestamp};

const STAGE: &str = "index";
/// A bulk that breaks connections or is turned away as a whole so often is sent in halves: nodes close the connection
/// at what is too large for them, and turn away what is more than they have room for at all.
const ATTEMPTS_AS_A_WHOLE: u32 = 3;

/// One task's [`IndexSink`].
#[derive(Debug)]
pub struct IndexTask {
    pub(super) target: IndexSink,
    timers: Timers,
    entries: Entries,
    ledger: Ledger,
    in_flight: Vec<InFlight>,
    /// Bulks that are sent once more as they are, before new ones.
    again: VecDeque<Vec<usize>>,
    /// What this task has told the other tasks that it holds.
    held: usize,
    appended: Option<Appended>,
}

/// A bulk on its way.
struct InFlight {
    slots: Vec<usize>,
    bytes: usize,
    sent: Timestamp,
    request: BoxFuture<'static, Result<Vec<BulkItem>, SearchError>>,
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight")
            .field("documents", &self.slots.len())
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

/// What is sent of a document, owned so that the request can outlive the call that makes it.
struct Owned {
    id: Bytes,
    version: Option<u64>,
    source: Option<Bytes>,
}

impl Owned {
    fn operation(&self, append: bool) -> BulkOperation<'_> {
        let action = match &self.source {
            Some(source) if append => BulkAction::Create { source },
            Some(source) => BulkAction::Index { source },
            None => BulkAction::Delete,
        };
        BulkOperation {
            // One that is not UTF-8 was refused before.
            id: std::str::from_utf8(&self.id).unwrap_or_default(),
            version: self.version,
            action,
        }
    }
}

impl IndexTask {
    pub(super) fn new(target: IndexSink, timers: Timers) -> Self {
        Self {
            appended: target.options.append.map(Appended::new),
            target,
            timers,
            entries: Entries::default(),
            ledger: Ledger::default(),
            in_flight: Vec::new(),
            again: VecDeque::new(),
            held: 0,
        }
    }

    /// Takes in the answers that are there and sends what is to be sent, until nothing moves. With `all`, bulks do not
    /// wait to become larger.
    fn advance(
        &mut self,
        all: bool,
        cx: &mut Context<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Result<(), Fatal> {
        loop {
            let answered = self.answers(cx, outputs)?;
            let sent = self.send_bulks(all, cx);
            if !answered && !sent {
                break;
            }
        }
        self.ledger.deliver(self.target.on_failure, outputs)?;
        self.account();
        Ok(())
    }

    fn answers(&mut self, cx: &mut Context<'_>, outputs: &mut Outputs<'_>) -> Result<bool, Fatal> {
        let mut any = false;
        let mut number = 0;
        while let Some(bulk) = self.in_flight.get_mut(number) {
            let Poll::Ready(answer) = bulk.request.as_mut().poll(cx) else {
                number += 1;
                continue;
            };
            let bulk = self.in_flight.swap_remove(number);
            self.target.pressure.leave();
            outputs.meter.bulk_answered(
                self.timers.now().since(bulk.sent),
                bulk.slots.len(),
                bulk.bytes,
            );
            match answer {
                Ok(items) => self.items(&bulk, items, outputs)?,
                Err(error) => self.failure(bulk, &error, outputs)?,
            }
            any = true;
        }
        Ok(any)
    }

    fn items(
        &mut self,
        bulk: &InFlight,
        items: Vec<BulkItem>,
        outputs: &mut Outputs<'_>,
    ) -> Result<(), Fatal> {
        if items.len() != bulk.slots.len() {
            let (sent, answered) = (bulk.slots.len(), items.len());
            let what = format!("{sent} documents were sent, {answered} answered");
            return Err(Fatal::stage(STAGE, what));
        }
        let now = self.timers.now();
        let (mut again, mut blocked, mut reason) = (0, Vec::new(), None);
        for (slot, item) in bulk.slots.iter().copied().zip(&items) {
            let Some((id, write)) = self.entries.sent(slot) else {
                continue;
            };
            let id = id.clone();
            let id = std::str::from_utf8(&id).unwrap_or_default();
            let ledger = &mut self.ledger;
            let tell = |place, fate| ledger.settle(place, fate);
            let outcome = ItemOutcome::of(item, id, write.source.is_none());
            let is_late = matches!(outcome, ItemOutcome::Late);
            match outcome {
                ItemOutcome::Delivered | ItemOutcome::Late => {
                    self.entries.delivered(slot, is_late, now, tell);
                }
                ItemOutcome::Refused(rejection) => {
                    self.entries.refused(slot, rejection, now, tell);
                }
                ItemOutcome::Again => {
                    again += 1;
                    let attempts = self.entries.attempt(slot);
                    let options = &self.target.options;
                    if options.is_given_up(attempts) {
                        self.entries.refused(slot, rejection(item, id), now, tell);
                    } else {
                        let (first, longest) = (options.first_pause, options.longest_pause);
                        let pause = Backoff::pause(first, longest, attempts - 1);
                        self.entries.delay(slot, now.plus(pause));
                    }
                }
                ItemOutcome::Blocked => {
                    reason.get_or_insert_with(|| describe(item));
                    blocked.push(slot);
                }
                ItemOutcome::Hopeless => return Err(self.hopeless(item)),
            }
        }
        if again > 0 {
            outputs.count("retried", again);
            outputs.meter.retried(again);
            self.target.pressure.refused_some();
        }
        match reason {
            Some(reason) => self.wait(blocked, &reason, None, outputs),
            None if again == 0 => {
                let took = now.since(bulk.sent);
                self.target.pressure.succeeded(bulk.bytes, took);
            }
            None => {}
        }
        Ok(())
    }

    /// The request as a whole has failed.
    fn failure(
        &mut self,
        bulk: InFlight,
        error: &SearchError,
        outputs: &mut Outputs<'_>,
    ) -> Result<(), Fatal> {
        match BulkFailure::of(error) {
            BulkFailure::Hopeless => Err(Fatal::misconfigured(STAGE, error.to_string())),
            BulkFailure::Again(at_least) => {
                self.wait(bulk.slots, &error.to_string(), at_least, outputs);
                Ok(())
            }
            BulkFailure::AgainSmaller(at_least) => {
                let (mut slots, mut second) = (bulk.slots, Vec::new());
                let attempts = slots.first().map_or(0, |slot| self.entries.attempts(*slot));
                if attempts % ATTEMPTS_AS_A_WHOLE == ATTEMPTS_AS_A_WHOLE - 1 {
                    second = slots.split_off(slots.len().div_ceil(2));
                }
                self.wait(slots, &error.to_string(), at_least, outputs);
                self.wait(second, &error.to_string(), at_least, outputs);
                Ok(())
            }
            BulkFailure::Split => {
                self.split(bulk.slots, error);
                Ok(())
            }
        }
    }

    /// Sends a bulk in two halves, or refuses the one document that it is made of.
    fn split(&mut self, mut slots: Vec<usize>, error: &SearchError) {
        if let [slot] = *slots {
            let id = self.entries.sent(slot).map(|(id, _)| id.clone());
            let id = id.unwrap_or_default();
            let item = BulkItem::failed(error.status(), error.error_type(), error.to_string());
            let rejection = rejection(&item, &String::from_utf8_lossy(&id));
            let ledger = &mut self.ledger;
            let tell = |place, fate| ledger.settle(place, fate);
            self.entries
                .refused(slot, rejection, self.timers.now(), tell);
            return;
        }
        let second = slots.split_off(slots.len() / 2);
        self.again.push_back(slots);
        self.again.push_back(second);
    }

    /// Keeps documents until the store takes something again.
    fn wait(
        &mut self,
        slots: Vec<usize>,
        reason: &str,
        at_least: Option<Duration>,
        outputs: &mut Outputs<'_>,
    ) {
        if slots.is_empty() {
            return;
        }
        let now = self.timers.now();
        let count = slots.len() as u64;
        outputs.count("retried", count);
        outputs.meter.retried(count);
        let (until, is_time) = self.target.pressure.failed(now, at_least);
        if is_time {
            let index = &*self.target.index;
            let pause = until.since(now);
            tracing::warn!(index, reason, ?pause, "documents wait for the search store");
        }
        let mut kept = Vec::with_capacity(slots.len());
        for slot in slots {
            let attempts = self.entries.attempt(slot);
            if self.target.options.is_given_up(attempts) {
                let ledger = &mut self.ledger;
                let rejection = Rejection::new("store_unavailable")
                    .with_detail(format_args!("given up after {attempts} attempts: {reason}"));
                let tell = |place, fate| ledger.settle(place, fate);
                self.entries.refused(slot, rejection, now, tell);
            } else {
                kept.push(slot);
            }
        }
        if !kept.is_empty() {
            self.again.push_back(kept);
        }
    }

    fn hopeless(&self, item: &BulkItem) -> Fatal {
        let error = match item.status {
            404 => SearchError::IndexNotFound {
                index: self.target.index.to_string(),
            },
            status => SearchError::Denied {
                status,
                reason: describe(item),
            },
        };
        Fatal::misconfigured(STAGE, error.to_string())
    }

    /// Sends as many bulks as there are and may be on their way. Whether any was sent.
    fn send_bulks(&mut self, all: bool, cx: &mut Context<'_>) -> bool {
        let now = self.timers.now();
        self.entries.wake(now);
        if let Some(due) = self.entries.next_due() {
            self.timers.wake_at(due);
        }
        let mut any = false;
        while self.is_to_send(all, now) {
            if let Some(until) = self.target.pressure.pause(now, cx) {
                self.timers.wake_at(until);
                break;
            }
            if self.target.pressure.poll_place(cx).is_pending() {
                break;
            }
            let options = &self.target.options;
            let slots = self.again.pop_front().unwrap_or_else(|| {
                let (slots, _) = self.entries.send(options.max_documents, options.max_bytes);
                slots
            });
            self.send_bulk(slots, now);
            any = true;
        }
        any
    }

    fn is_to_send(&self, all: bool, now: Timestamp) -> bool {
        if !self.again.is_empty() {
            return true;
        }
        let Some(since) = self.entries.open_since() else {
            return false;
        };
        let options = &self.target.options;
        let due = since.plus(options.linger);
        let is_full = self.entries.open_len() >= options.max_documents
            || self.entries.open_bytes() >= options.max_bytes;
        if is_full || all || now >= due {
            return true;
        }
        self.timers.wake_at(due);
        false
    }

    fn send_bulk(&mut self, slots: Vec<usize>, now: Timestamp) {
        let mut bytes = 0;
        let writes = slots.iter().filter_map(|slot| {
            let (id, write) = self.entries.sent(*slot)?;
            bytes += id.len() + write.source.as_ref().map_or(0, Bytes::len);
            Some(Owned {
                id: id.clone(),
                version: write.version,
                source: write.source.clone(),
            })
        });
        let writes: Vec<Owned> = writes.collect();
        let IndexSink {
            store,
            index,
            options,
            ..
        } = self.target.clone();
        let span = debug_span!(
            parent: None,
            "bulk",
            %index,
            documents = writes.len().cast_signed(),
            bytes = bytes.cast_signed(),
            error = field::Empty,
        );
        let request = async move {
            let append = options.append.is_some();
            let operations = writes.iter().map(|write| write.operation(append));
            let operations: Vec<_> = operations.collect();
            let answer = store.bulk(&index, &operations).await;
            if let Err(error) = &answer {
                Span::current().record("error", field::display(error));
            }
            answer
        };
        let request = Box::pin(request.instrument(span));
        self.in_flight.push(InFlight {
            slots,
            bytes,
            sent: now,
            request,
        });
    }

    /// Tells the other tasks how much this one holds.
    fn account(&mut self) {
        let holds = self.entries.bytes();
        if holds > self.held {
            self.target.pressure.hold(holds - self.held);
        } else if holds < self.held {
            self.target.pressure.release(self.held - holds);
        }
        self.held = holds;
    }

    /// The id and the write that a record asks for; none for what appending leaves out.
    fn write(&mut self, record: &Record<Raw>) -> Option<(Bytes, Option<u64>, Option<Bytes>)> {
        match &mut self.appended {
            Some(appended) => {
                let (id, source) = appended.add(record)?;
                Some((id, None, Some(source)))
            }
            None => {
                let version = u64::try_from(record.event_time.as_millis()).ok();
                let id = record.key.clone().unwrap_or_default();
                Some((id, version, record.value.0.clone()))
            }
        }
    }
}

impl Sink<Raw> for IndexTask {
    fn poll_ready(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Poll<Result<(), Fatal>> {
        self.advance(false, cx, outputs)?;
        if self.entries.open_bytes() >= self.target.options.max_bytes {
            return Poll::Pending;
        }
        self.target.pressure.poll_room(self.held, cx).map(Ok)
    }

    fn send(&mut self, mut batch: Batch<Raw>, outputs: &mut Outputs<'_>) -> Result<(), Fatal> {
        let before = batch.rejected().len();
        batch = batch.transform(STAGE, |record, output| {
            let key = record
                .key
                .as_deref()
                .ok_or_else(|| Rejection::new("no_key"))?;
            std::str::from_utf8(key).map_err(|_| Rejection::new("key_not_utf8"))?;
            output.push(record);
            Ok::<(), Rejection>(())
        });
        batch = self.target.on_failure.settle(batch, before)?;
        let rejected = batch.take_rejected();
        outputs.reject(rejected, batch.span().map(|span| &span.topic_partition))?;
        let now = self.timers.now();
        let mut waiting = 0;
        for (record, place) in batch.records().iter().zip(self.ledger.places()) {
            if let Some((id, version, source)) = self.write(record) {
                let write = Write {
                    version,
                    source,
                    place,
                    is_late: false,
                };
                self.entries.add(id, write, now);
                waiting += 1;
            }
        }
        self.ledger.add(batch, waiting);
        self.account();
        Ok(())
    }

    fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        outputs: &mut Outputs<'_>,
    ) -> Poll<Result<(), Fatal>> {
        self.advance(true, cx, outputs)?;
        if self.entries.is_empty() {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }
}

/// The task ends, be it in the middle: its places and bytes are others'.
impl Drop for IndexTask {
    fn drop(&mut self) {
        self.target.pressure.release(self.held);
        self.in_flight
            .iter()
            .for_each(|_| self.target.pressure.leave());
    }
}

fn describe(item: &BulkItem) -> String {
    match &item.error {
        Some(error) => format!("{}: {}", error.error_type, error.reason),
        None => format!("status {}", item.status),
    }
}
