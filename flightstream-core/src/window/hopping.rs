use std::time::Duration;

use super::Windows;

/// Windows that overlap: of one length, each starting an advance after the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hopping {
    size: Duration,
    advance: Duration,
    grace: Duration,
}

/// A [`Hopping`] whose advance is not given yet.
#[derive(Clone, Copy, Debug)]
#[must_use = "a window needs its advance and its grace"]
pub struct HoppingWithoutAdvance(Duration);

/// A [`Hopping`] whose grace is not given yet.
#[derive(Clone, Copy, Debug)]
#[must_use = "a window needs its grace"]
pub struct HoppingWithoutGrace {
    size: Duration,
    advance: Duration,
}

impl Hopping {
    /// Windows of that length, at least a millisecond.
    pub fn of(size: Duration) -> HoppingWithoutAdvance {
        HoppingWithoutAdvance(size.max(Duration::from_millis(1)))
    }
}

impl HoppingWithoutAdvance {
    /// How far apart two windows start: a millisecond at least, the size at most, so that no record falls between two.
    pub fn every(self, advance: Duration) -> HoppingWithoutGrace {
        HoppingWithoutGrace {
            size: self.0,
            advance: advance.clamp(Duration::from_millis(1), self.0),
        }
    }
}

impl HoppingWithoutGrace {
    /// How long after its end a window still takes records.
    #[must_use]
    pub fn grace(self, grace: Duration) -> Hopping {
        Hopping {
            size: self.size,
            advance: self.advance,
            grace,
        }
    }
}

impl Windows for Hopping {
    fn size(&self) -> Duration {
        self.size
    }

    fn advance(&self) -> Duration {
        self.advance
    }

    fn grace(&self) -> Duration {
        self.grace
    }
}
