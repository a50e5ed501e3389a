use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Tells a producer on another thread to stop. Clones are the same signal.
#[derive(Clone, Default)]
pub struct StopSignal(Arc<Shared>);

#[derive(Default)]
struct Shared {
    is_stopped: Mutex<bool>,
    changed: Condvar,
}

impl StopSignal {
    /// A signal that is not given yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives the signal, for good.
    pub fn stop(&self) {
        let Shared {
            is_stopped,
            changed,
        } = &*self.0;
        *is_stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }

    /// Whether it was given.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        let is_stopped = self.0.is_stopped.lock();
        *is_stopped.unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it is given, at most so long.
    pub fn wait(&self, at_most: Duration) {
        let Shared {
            is_stopped,
            changed,
        } = &*self.0;
        let is_stopped = is_stopped.lock().unwrap_or_else(PoisonError::into_inner);
        drop(changed.wait_timeout_while(is_stopped, at_most, |is_stopped| !*is_stopped));
    }
}

impl fmt::Debug for StopSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StopSignal")
            .field(&self.is_stopped())
            .finish()
    }
}

/// How a producer waits between calls. A test's own moves its clock instead.
pub trait Pause: Send + fmt::Debug {
    /// Waits so long, or until the signal is given.
    fn pause(&mut self, duration: Duration, stop: &StopSignal);
}

/// Really waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealPause;

impl Pause for RealPause {
    fn pause(&mut self, duration: Duration, stop: &StopSignal) {
        stop.wait(duration);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_ends_the_wait_on_another_thread() {
        let stop = StopSignal::new();
        let waiting = std::thread::spawn({
            let stop = stop.clone();
            move || RealPause.pause(Duration::from_secs(600), &stop)
        });
        stop.stop();
        waiting.join().unwrap();
        assert!(stop.is_stopped());
        // And one that begins afterwards ends at once.
        RealPause.pause(Duration::from_secs(600), &stop);
    }
}
