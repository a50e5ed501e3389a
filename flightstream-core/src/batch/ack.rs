use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const PENDING: u8 = 0;
const DELIVERED: u8 = 1;
const DROPPED: u8 = 2;

/// The promise that a batch will be delivered: one token a batch, resolved once, by the sink.
///
/// An `Ack` that is dropped unresolved marks its batch as dropped. The task then fails and its input is read
/// again; it neither commits past the batch nor waits for it in silence.
#[must_use = "an ack that is dropped unresolved fails the task"]
pub struct Ack(Option<Arc<AtomicU8>>);

/// The reading end of an [`Ack`].
#[derive(Clone)]
pub struct AckHandle(Arc<AtomicU8>);

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
        let state = Arc::new(AtomicU8::new(PENDING));
        (Self(Some(Arc::clone(&state))), AckHandle(state))
    }

    /// The ack of a batch that nobody waits for: time-driven output, or data that did not come from a log.
    pub fn none() -> Self {
        Self(None)
    }

    /// Says that everything in the batch has been delivered.
    pub fn resolve(mut self) {
        if let Some(state) = self.0.take() {
            state.store(DELIVERED, Ordering::Release);
        }
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        if let Some(state) = self.0.take() {
            state.store(DROPPED, Ordering::Release);
        }
    }
}

impl AckHandle {
    /// What became of the batch so far.
    #[must_use]
    pub fn state(&self) -> AckState {
        match self.0.load(Ordering::Acquire) {
            PENDING => AckState::Pending,
            DELIVERED => AckState::Delivered,
            _ => AckState::Dropped,
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
}
