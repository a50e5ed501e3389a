use super::DeadLetter;
use crate::batch::Offset;
use crate::time::Timestamp;

/// Which dead letters: those that satisfy every condition that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// With one of these reasons.
    pub reasons: Vec<String>,
    /// Refused by one of these stages.
    pub stages: Vec<String>,
    /// Read from one of these topics.
    pub topics: Vec<String>,
    /// At these offsets of the dead-letter topic: first and last of each range.
    pub offsets: Vec<(Offset, Offset)>,
    /// With an event time at or after this.
    pub since: Option<Timestamp>,
    /// With an event time before this.
    pub until: Option<Timestamp>,
}

impl Filter {
    /// Whether it is one of them.
    #[must_use]
    pub fn matches(&self, letter: &DeadLetter) -> bool {
        let is_in = |wanted: &[String], value: &str| {
            wanted.is_empty() || wanted.iter().any(|one| one == value)
        };
        let time = letter.original.event_time;
        is_in(&self.reasons, &letter.reason)
            && is_in(&self.stages, &letter.stage)
            && is_in(&self.topics, letter.topic().unwrap_or_default())
            && (self.offsets.is_empty()
                || self
                    .offsets
                    .iter()
                    .any(|(first, last)| (*first..=*last).contains(&letter.offset)))
            && self.since.is_none_or(|since| time >= since)
            && self.until.is_none_or(|until| time < until)
    }
}
