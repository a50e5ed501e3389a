use serde::{Deserialize, Serialize};

use crate::batch::Offset;

/// A set of offsets, as ranges: first and last of each, in order, none touching the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct OffsetSet(Vec<(Offset, Offset)>);

impl OffsetSet {
    pub(super) fn contains(&self, offset: Offset) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= offset);
        let range = after.checked_sub(1).and_then(|at| self.0.get(at));
        range.is_some_and(|(_, last)| *last >= offset)
    }

    pub(super) fn insert(&mut self, offset: Offset) {
        if self.contains(offset) {
            return;
        }
        let at = self.0.partition_point(|(first, _)| *first <= offset);
        self.0.insert(at, (offset, offset));
        self.0.dedup_by(|next, range| {
            let touch = range.1.checked_add(1) == Some(next.0);
            if touch {
                range.1 = next.1;
            }
            touch
        });
    }

    /// Forgets what is before an offset.
    pub(super) fn forget_before(&mut self, offset: Offset) {
        self.0.retain(|(_, last)| *last >= offset);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_a_set(offsets in prop::collection::vec(0_u64..40, 0..60), before in 0_u64..40) {
            let mut set = OffsetSet::default();
            offsets.iter().for_each(|offset| set.insert(*offset));
            let model: BTreeSet<_> = offsets.into_iter().collect();
            for offset in 0..42 {
                prop_assert_eq!(set.contains(offset), model.contains(&offset));
            }
            prop_assert!(set.0.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0));
            set.forget_before(before);
            prop_assert!((before..42).all(|offset| set.contains(offset) == model.contains(&offset)));
        }
    }
}
