use std::time::Duration;

use serde::Serialize;

use crate::log::Isolation;

/// How often a record's effect is seen after a crash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Outputs are visible at once; after a crash those since the last commit are written again.
    #[default]
    AtLeastOnce,
    /// Outputs and offsets become visible together, as one transaction. Readers see them a commit interval later.
    ExactlyOnce,
}

impl Delivery {
    /// Time between commits unless the app says otherwise: a second; with transactions, whose interval readers wait
    /// for, 100 ms.
    #[must_use]
    pub fn commit_interval(self) -> Duration {
        match self {
            Self::AtLeastOnce => Duration::from_secs(1),
            Self::ExactlyOnce => Duration::from_millis(100),
        }
    }

    pub(crate) fn isolation(self) -> Isolation {
        match self {
            Self::AtLeastOnce => Isolation::Immediate,
            Self::ExactlyOnce => Isolation::Transactional,
        }
    }
}
