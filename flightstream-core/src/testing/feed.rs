use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures::stream::Stream;

use crate::Fatal;
use crate::batch::Batch;

/// Records that a test feeds a batch at a time. Pending while nothing is fed, so a test sees what an operator does
/// with one batch before it gets the next.
pub struct Feed<T>(Arc<Mutex<State<T>>>);

/// The end of a [`Feed`] that a test holds.
pub struct Feeder<T>(Arc<Mutex<State<T>>>);

struct State<T> {
    batches: VecDeque<Batch<T>>,
    ended: bool,
}

/// A stream of batches and the end that feeds it.
#[must_use]
pub fn feed<T>() -> (Feeder<T>, Feed<T>) {
    let state = Arc::new(Mutex::new(State {
        batches: VecDeque::new(),
        ended: false,
    }));
    (Feeder(Arc::clone(&state)), Feed(state))
}

impl<T> Feeder<T> {
    /// Makes the stream's next batch ready.
    pub fn push(&self, batch: Batch<T>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .batches
            .push_back(batch);
    }

    /// Ends the stream after what was pushed.
    pub fn end(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
    }
}

impl<T> Stream for Feed<T> {
    type Item = Result<Batch<T>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.batches.pop_front() {
            Some(batch) => Poll::Ready(Some(Ok(batch))),
            None if state.ended => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

impl<T> fmt::Debug for Feed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Feeder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feeder").finish_non_exhaustive()
    }
}
