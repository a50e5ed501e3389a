use std::fmt;
use std::time::Duration;

use crate::producer::StopSignal;

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
        let _ = stop.wait(duration);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_ends_the_wait_on_another_thread() {
        let stop = StopSignal::default();
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
