use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::BulkOptions;
use crate::runtime::backoff::Backoff;
use crate::time::Timestamp;

/// How much work the store is given at once, shared by an app's tasks: concurrency by additive increase and
/// multiplicative decrease, bytes that wait, and the pause after the store as a whole has failed.
#[derive(Debug)]
pub(super) struct Pressure {
    max_in_flight: f64,
    max_bytes: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// How many bulks may be on their way, as a whole number.
    limit: f64,
    in_flight: usize,
    bytes: usize,
    /// The least that a byte has taken lately, in milliseconds.
    usual_cost: Option<f64>,
    backoff: Backoff,
    paused_until: Option<Timestamp>,
    /// When the store's trouble was last told of.
    told: Option<Timestamp>,
    waiting: Vec<Waker>,
}

/// Bulks of fewer bytes say little about what a byte costs.
const TELLING_BYTES: usize = 256 << 10;
/// Answers that take so much longer than usual mean that the store is full.
const SLOW: f64 = 4.0;
const TELL_EVERY: Duration = Duration::from_secs(60);

impl Pressure {
    pub(super) fn new(options: &BulkOptions) -> Self {
        let max_in_flight = options.max_in_flight as f64;
        let state = State {
            limit: max_in_flight.min(2.0),
            in_flight: 0,
            bytes: 0,
            usual_cost: None,
            backoff: Backoff::new(options.first_pause, options.longest_pause),
            paused_until: None,
            told: None,
            waiting: Vec::new(),
        };
        Self {
            max_in_flight,
            max_bytes: options.max_buffered_bytes,
            state: Mutex::new(state),
        }
    }

    /// Takes a place for a bulk, or wakes when there may be one.
    pub(super) fn poll_place(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.in_flight < state.limit as usize {
            state.in_flight += 1;
            Poll::Ready(())
        } else {
            state.wait(cx);
            Poll::Pending
        }
    }

    /// Gives a bulk's place back.
    pub(super) fn leave(&self) {
        let mut state = self.lock();
        state.in_flight = state.in_flight.saturating_sub(1);
        state.wake();
    }

    /// Whether more bytes may wait, for a task that holds so many; wakes when that may have changed.
    pub(super) fn poll_room(&self, held: usize, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if held == 0 || state.bytes < self.max_bytes {
            Poll::Ready(())
        } else {
            state.wait(cx);
            Poll::Pending
        }
    }

    pub(super) fn hold(&self, bytes: usize) {
        self.lock().bytes += bytes;
    }

    pub(super) fn release(&self, bytes: usize) {
        let mut state = self.lock();
        state.bytes = state.bytes.saturating_sub(bytes);
        state.wake();
    }

    /// Until when nothing is sent; wakes when the pause is over before.
    pub(super) fn pause(&self, now: Timestamp, cx: &mut Context<'_>) -> Option<Timestamp> {
        let mut state = self.lock();
        let until = state.paused_until.filter(|until| now < *until);
        if until.is_some() {
            state.wait(cx);
        }
        until
    }

    /// A bulk of so many bytes was answered, and nothing in it has to be sent again.
    pub(super) fn succeeded(&self, bytes: usize, took: Duration) {
        let mut state = self.lock();
        state.recover();
        if bytes < TELLING_BYTES {
            return;
        }
        let cost = took.as_secs_f64() * 1000.0 / bytes as f64;
        // What was usual is forgotten slowly: a store may have become slower for good.
        let usual = state
            .usual_cost
            .map_or(cost, |usual| (usual * 1.02).min(cost));
        state.usual_cost = Some(usual);
        if cost > usual * SLOW {
            state.limit = (state.limit * 0.9).max(1.0);
        } else if state.in_flight >= state.limit as usize {
            state.limit = (state.limit + 1.0 / state.limit).min(self.max_in_flight);
        }
    }

    /// Items were answered, and some of them have to wait.
    pub(super) fn refused_some(&self) {
        let mut state = self.lock();
        state.recover();
        state.limit = (state.limit / 2.0).max(1.0);
    }

    /// The store as a whole failed, or takes nothing: nobody sends for a while. Returns until when, and whether it is
    /// time to tell of it.
    pub(super) fn failed(&self, now: Timestamp, at_least: Option<Duration>) -> (Timestamp, bool) {
        let mut state = self.lock();
        state.limit = (state.limit / 2.0).max(1.0);
        let until = match state.paused_until {
            // A bulk that was sent before the pause began tells nothing new.
            Some(until) if now < until && at_least.is_none() => until,
            _ => {
                let pause = state.backoff.next_pause();
                now.plus(pause.max(at_least.unwrap_or_default()))
            }
        };
        state.paused_until = Some(until);
        let is_time = state.told.is_none_or(|told| now.since(told) >= TELL_EVERY);
        if is_time {
            state.told = Some(now);
        }
        (until, is_time)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn recover(&mut self) {
        self.backoff.reset();
        self.told = None;
        if self.paused_until.take().is_some() {
            self.wake();
        }
    }

    fn wait(&mut self, cx: &Context<'_>) {
        if !self.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.waiting.push(cx.waker().clone());
        }
    }

    fn wake(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }
}
