use std::collections::BTreeMap;

use serde::Serialize;

use super::DeadLetter;
use crate::batch::Offset;
use crate::log::LogError;
use crate::time::Timestamp;

/// Dead letters that have reason, stage and topic in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The reason's code.
    pub reason: String,
    /// The operator that refused them.
    pub stage: String,
    /// The topic that they were read from.
    pub topic: Option<String>,
    /// How many there are.
    pub letters: u64,
    /// The lowest event time, in milliseconds since the epoch.
    pub oldest: Timestamp,
    /// The highest event time.
    pub newest: Timestamp,
    /// The offset of the last of them in the dead-letter topic.
    pub last_offset: Offset,
}

/// Groups letters by reason, stage and topic: the largest group first.
///
/// # Errors
/// The first one among them.
pub fn summary(
    letters: impl IntoIterator<Item = Result<DeadLetter, LogError>>,
) -> Result<Vec<Group>, LogError> {
    let mut groups = BTreeMap::<(String, String, Option<String>), Group>::new();
    for letter in letters {
        let letter = letter?;
        let time = letter.original.event_time;
        let topic = letter.topic().map(ToOwned::to_owned);
        let key = (letter.reason, letter.stage, topic);
        let group = groups
            .entry(key)
            .or_insert_with_key(|(reason, stage, topic)| Group {
                reason: reason.clone(),
                stage: stage.clone(),
                topic: topic.clone(),
                letters: 0,
                oldest: time,
                newest: time,
                last_offset: letter.offset,
            });
        group.letters += 1;
        group.oldest = group.oldest.min(time);
        group.newest = group.newest.max(time);
        group.last_offset = letter.offset;
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.letters));
    Ok(groups)
}
