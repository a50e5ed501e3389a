use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const DELIVERED: u32 = 0;
const DROPPED: u32 = u32::MAX;

/// The promise that a batch will be delivered: one token a batch, resolved once, by the sink.
///
/// An `Ack` that is dropped unresolved marks its batch as dropped. The task then fails and its input is read
/// again; it neither commits past the batch nor waits for it in silence.
///
/// Where a batch goes several ways, each of them holds a [`share`](Self::share) of the ack.
#[must_use = "an ack that is dropped unresolved fails the task"]
pub struct Ack(Option<Arc<State>>);

/// How many shares are pending, or that one was dropped.
struct State(AtomicU32);

/// The reading end of an [`Ack`].
#[derive(Clone)]
pub struct AckHandle(Arc<State>);

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckState {
    /// Somebody still holds the ack.
    Pending,
    /// The sink has delivered the batch.
    Delivered,
    /// The ack was dropped unresolved: a bug in an operator or a sink.
    Dropped,
}

impl Ack {
    /// A pending ack and the handle that shows what becomes of it.
    pub fn pending() -> (Self, AckHandle) {
        let state = Arc::new(State(AtomicU32::new(1)));
        (Self(Some(Arc::clone(&state))), AckHandle(state))
    }

    /// The ack of a batch that nobody waits for: time-driven output, or data that did not come from a log.
    pub fn none() -> Self {
        Self(None)
    }

    /// Another ack for the same batch. It is delivered when all its shares are resolved, and dropped when one is.
    pub fn share(&self) -> Self {
        if let Some(state) = &self.0 {
            state.change(|pending| pending + 1);
        }
        Self(self.0.clone())
    }

    /// Says that everything in the batch has been delivered.
    pub fn resolve(mut self) {
        if let Some(state) = self.0.take() {
            state.change(|pending| pending - 1);
        }
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        if let Some(state) = self.0.take() {
            state.0.store(DROPPED, Ordering::Release);
        }
    }
}

impl State {
    /// What was dropped stays so.
    fn change(&self, change: impl Fn(u32) -> u32) {
        let update = |pending| (pending != DROPPED).then(|| change(pending));
        // The failure is that one was dropped.
        let _ = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, update);
    }
}

impl AckHandle {
    /// What became of the batch so far.
    #[must_use]
    pub fn state(&self) -> AckState {
        match self.0.0.load(Ordering::Acquire) {
            DELIVERED => AckState::Delivered,
            DROPPED => AckState::Dropped,
            _ => AckState::Pending,
        }
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self
            .0
            .as_ref()
            .map(|state| AckHandle(Arc::clone(state)).state());
        f.debug_tuple("Ack").field(&state).finish()
    }
}

impl fmt::Debug for AckHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AckHandle").field(&self.state()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolved_ack_is_delivered() {
        let (ack, handle) = Ack::pending();
        assert_eq!(handle.state(), AckState::Pending);
        ack.resolve();
        assert_eq!(handle.state(), AckState::Delivered);
    }

    #[test]
    fn a_dropped_ack_is_seen() {
        let (ack, handle) = Ack::pending();
        drop(ack);
        assert_eq!(handle.state(), AckState::Dropped);
    }

    #[test]
    fn a_shared_ack_is_delivered_with_its_last_share() {
        let (ack, handle) = Ack::pending();
        let (second, third) = (ack.share(), ack.share());
        second.resolve();
        ack.resolve();
        assert_eq!(handle.state(), AckState::Pending);
        third.resolve();
        assert_eq!(handle.state(), AckState::Delivered);
    }

    #[test]
    fn a_dropped_share_is_seen_whatever_becomes_of_the_others() {
        let (ack, handle) = Ack::pending();
        let (second, third) = (ack.share(), ack.share());
        ack.resolve();
        drop(second);
        assert_eq!(handle.state(), AckState::Dropped);
        third.share().resolve();
        third.resolve();
        assert_eq!(handle.state(), AckState::Dropped);
    }
}
