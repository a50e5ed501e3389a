use std::collections::{BTreeSet, VecDeque};

use bytes::Bytes;
use rustc_hash::FxHashMap;

use super::ledger::{Fate, Place};
use crate::batch::Rejection;
use crate::time::Timestamp;

/// One record's write.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) version: Option<u64>,
    /// `None` deletes.
    pub(super) source: Option<Bytes>,
    pub(super) place: Place,
    /// Whether a newer one had come before.
    pub(super) is_late: bool,
}

/// Beside the document, a bulk holds a line with its id, its version and what is to be done.
const ACTION_LINE: usize = 80;

impl Write {
    fn bytes(&self) -> usize {
        ACTION_LINE + self.source.as_ref().map_or(0, Bytes::len)
    }

    /// What becomes of it if a newer one is stored and it was not sent.
    fn unsent(&self) -> Fate {
        match self.is_late {
            true => Fate::Late,
            false => Fate::Superseded,
        }
    }

    /// Whether it goes over the other, which came before it.
    fn replaces(&self, other: &Self) -> bool {
        match (self.version, other.version) {
            (Some(new), Some(old)) => new >= old,
            _ => true,
        }
    }
}

/// A document's writes that are not answered. One of them is sent: the newest.
#[derive(Debug)]
struct Entry {
    id: Bytes,
    newest: Write,
    /// What the newest makes unnecessary, unless it is refused.
    older: Vec<Write>,
    /// What has come since the newest was sent.
    later: Vec<Write>,
    state: State,
    attempts: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Sent,
    Delayed,
}

/// The documents of one task that are not answered, each once, so that no two writes of one overtake each other.
#[derive(Debug, Default)]
pub(super) struct Entries {
    slots: Vec<Option<Entry>>,
    free: Vec<usize>,
    by_id: FxHashMap<Bytes, usize>,
    open: VecDeque<usize>,
    open_bytes: usize,
    /// Since when the first of the open ones waits.
    open_since: Option<Timestamp>,
    delayed: BTreeSet<(Timestamp, usize)>,
    bytes: usize,
}

impl Entries {
    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// How many documents wait to be sent.
    pub(super) fn open_len(&self) -> usize {
        self.open.len()
    }

    /// How many bytes they have.
    pub(super) fn open_bytes(&self) -> usize {
        self.open_bytes
    }

    /// Since when the first of them waits.
    pub(super) fn open_since(&self) -> Option<Timestamp> {
        self.open_since
    }

    /// When the next delayed one is due.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.delayed.first().map(|(due, _)| *due)
    }

    /// How many bytes all writes have.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a record's write.
    pub(super) fn add(&mut self, id: Bytes, write: Write, now: Timestamp) {
        self.bytes += write.bytes();
        let known = self.by_id.get(&id).copied();
        let entry = known.and_then(|slot| self.slots.get_mut(slot)?.as_mut());
        match entry {
            Some(entry) if entry.state == State::Sent => entry.later.push(write),
            Some(entry) => {
                let before = entry.newest.bytes();
                entry.take(write);
                if entry.state == State::Open {
                    self.open_bytes = self.open_bytes - before + entry.newest.bytes();
                }
            }
            None => {
                self.open_bytes += write.bytes();
                self.open_since.get_or_insert(now);
                let entry = Entry {
                    id: id.clone(),
                    newest: write,
                    older: Vec::new(),
                    later: Vec::new(),
                    state: State::Open,
                    attempts: 0,
                };
                let slot = match self.free.pop() {
                    Some(slot) => slot,
                    None => {
                        self.slots.push(None);
                        self.slots.len() - 1
                    }
                };
                if let Some(place) = self.slots.get_mut(slot) {
                    *place = Some(entry);
                }
                self.by_id.insert(id, slot);
                self.open.push_back(slot);
            }
        }
    }

    /// Lets delayed ones that are due be sent, before the others.
    pub(super) fn wake(&mut self, now: Timestamp) {
        while let Some((due, slot)) = self.delayed.first().copied() {
            if due > now {
                return;
            }
            self.delayed.pop_first();
            self.reopen(slot, true, now);
        }
    }

    /// Takes documents for a bulk: at least one if there is one, until it has so many or so many bytes.
    pub(super) fn send(&mut self, documents: usize, bytes: usize) -> (Vec<usize>, usize) {
        let mut sent = Vec::with_capacity(self.open.len().min(documents));
        let mut sent_bytes = 0;
        while sent.len() < documents && sent_bytes < bytes {
            let Some(slot) = self.open.pop_front() else {
                break;
            };
            if let Some(Some(entry)) = self.slots.get_mut(slot) {
                entry.state = State::Sent;
                let size = entry.newest.bytes();
                self.open_bytes -= size;
                sent_bytes += size;
                sent.push(slot);
            }
        }
        if self.open.is_empty() {
            self.open_since = None;
        }
        (sent, sent_bytes)
    }

    /// What is sent of a document.
    pub(super) fn sent(&self, slot: usize) -> Option<(&Bytes, &Write)> {
        let entry = self.slots.get(slot)?.as_ref()?;
        Some((&entry.id, &entry.newest))
    }

    /// How often a document was sent and turned away.
    pub(super) fn attempts(&self, slot: usize) -> u32 {
        match self.slots.get(slot) {
            Some(Some(entry)) => entry.attempts,
            _ => 0,
        }
    }

    /// How often a document was sent, once more counted.
    pub(super) fn attempt(&mut self, slot: usize) -> u32 {
        match self.slots.get_mut(slot) {
            Some(Some(entry)) => {
                entry.attempts += 1;
                entry.attempts
            }
            _ => 0,
        }
    }

    /// The document is stored as sent, or a newer one is.
    pub(super) fn delivered(
        &mut self,
        slot: usize,
        is_late: bool,
        now: Timestamp,
        mut tell: impl FnMut(Place, Fate),
    ) {
        let Some(entry) = self.take(slot) else { return };
        self.bytes -= entry.newest.bytes();
        tell(
            entry.newest.place,
            if is_late { Fate::Late } else { Fate::Indexed },
        );
        for write in entry.older {
            self.bytes -= write.bytes();
            tell(write.place, write.unsent());
        }
        let mut left = Vec::new();
        for write in entry.later {
            if write.replaces(&entry.newest) {
                left.push(write);
            } else {
                self.bytes -= write.bytes();
                tell(write.place, Fate::Late);
            }
        }
        self.restore(slot, entry.id, left, now);
    }

    /// The document as sent will never be stored. The next older one may be.
    pub(super) fn refused(
        &mut self,
        slot: usize,
        rejection: Rejection,
        now: Timestamp,
        mut tell: impl FnMut(Place, Fate),
    ) {
        let Some(entry) = self.take(slot) else { return };
        self.bytes -= entry.newest.bytes();
        tell(entry.newest.place, Fate::Refused(rejection));
        let mut left = entry.older;
        left.extend(entry.later);
        self.restore(slot, entry.id, left, now);
    }

    /// Sends the document again, or what is newer by then, not before `due`.
    pub(super) fn delay(&mut self, slot: usize, due: Timestamp) {
        if let Some(Some(entry)) = self.slots.get_mut(slot) {
            entry.state = State::Delayed;
            for write in std::mem::take(&mut entry.later) {
                entry.take(write);
            }
            self.delayed.insert((due, slot));
        }
    }

    fn take(&mut self, slot: usize) -> Option<Entry> {
        self.slots.get_mut(slot)?.take()
    }

    /// Goes on with the writes that are left of a document, in the order they came.
    fn restore(&mut self, slot: usize, id: Bytes, left: Vec<Write>, now: Timestamp) {
        let mut left = left.into_iter();
        let Some(newest) = left.next() else {
            self.by_id.remove(&id);
            self.free.push(slot);
            return;
        };
        let mut entry = Entry {
            id,
            newest,
            older: Vec::new(),
            later: Vec::new(),
            state: State::Sent,
            attempts: 0,
        };
        left.for_each(|write| entry.take(write));
        if let Some(place) = self.slots.get_mut(slot) {
            *place = Some(entry);
        }
        self.reopen(slot, false, now);
    }

    fn reopen(&mut self, slot: usize, is_first: bool, now: Timestamp) {
        let Some(Some(entry)) = self.slots.get_mut(slot) else {
            return;
        };
        entry.state = State::Open;
        self.open_bytes += entry.newest.bytes();
        self.open_since.get_or_insert(now);
        if is_first {
            self.open.push_front(slot);
        } else {
            self.open.push_back(slot);
        }
    }
}

impl Entry {
    /// Adds a write that came after the others.
    fn take(&mut self, write: Write) {
        if write.replaces(&self.newest) {
            self.older.push(std::mem::replace(&mut self.newest, write));
        } else {
            self.older.push(Write {
                is_late: true,
                ..write
            });
        }
    }
}
