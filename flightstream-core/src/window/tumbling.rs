use std::time::Duration;

use super::Windows;

/// Windows one after the other, without gap or overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tumbling {
    size: Duration,
    grace: Duration,
}

/// A [`Tumbling`] whose grace is not given yet.
#[derive(Clone, Copy, Debug)]
#[must_use = "a window needs its grace"]
pub struct TumblingWithoutGrace(Duration);

impl Tumbling {
    /// Windows of that length, at least a millisecond.
    #[allow(clippy::new_ret_no_self, reason = "the grace makes it one")]
    pub fn of(size: Duration) -> TumblingWithoutGrace {
        TumblingWithoutGrace(size.max(Duration::from_millis(1)))
    }
}

impl TumblingWithoutGrace {
    /// How long after its end a window still takes records.
    #[must_use]
    pub fn grace(self, grace: Duration) -> Tumbling {
        Tumbling {
            size: self.0,
            grace,
        }
    }
}

impl Windows for Tumbling {
    fn size(&self) -> Duration {
        self.size
    }

    fn advance(&self) -> Duration {
        self.size
    }

    fn grace(&self) -> Duration {
        self.grace
    }
}
