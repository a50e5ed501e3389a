use std::collections::HashMap;

use super::partition_for_key;
use crate::batch::{Raw, Record};

/// Chooses the partition of each record that a writer appends.
#[derive(Debug, Default)]
pub(super) struct Router {
    turns: HashMap<String, u32>,
}

impl Router {
    /// Deals records out over the partitions of a topic, each partition's in their order; partitions that get none
    /// are absent.
    pub(super) fn route(
        &mut self,
        topic: &str,
        partitions: u32,
        records: Vec<Record<Raw>>,
    ) -> Vec<(u32, Vec<Record<Raw>>)> {
        if partitions <= 1 {
            return vec![(0, records)];
        }
        if !self.turns.contains_key(topic) {
            self.turns.insert(topic.to_owned(), 0);
        }
        let mut no_turn = 0;
        let turn = self.turns.get_mut(topic).unwrap_or(&mut no_turn);
        let mut shares: Vec<(u32, Vec<Record<Raw>>)> =
            (0..partitions).map(|number| (number, Vec::new())).collect();
        for record in records {
            let partition = match &record.key {
                Some(key) => partition_for_key(key, partitions),
                None => {
                    let partition = *turn % partitions;
                    *turn = (partition + 1) % partitions;
                    partition
                }
            };
            let share = usize::try_from(partition)
                .ok()
                .and_then(|index| shares.get_mut(index));
            if let Some((_, share)) = share {
                share.push(record);
            }
        }
        shares.retain(|(_, share)| !share.is_empty());
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn records_without_a_key_take_turns() {
        let mut router = Router::default();
        let records = |count: u8| {
            (0..count)
                .map(|n| Record::new(Raw::from(vec![n]), Timestamp::default()))
                .collect()
        };
        let shares = router.route("t", 3, records(4));
        let counts: Vec<_> = shares.iter().map(|(p, share)| (*p, share.len())).collect();
        assert_eq!(counts, [(0, 2), (1, 1), (2, 1)]);
        let shares = router.route("t", 3, records(1));
        assert_eq!(shares.len(), 1);
        assert_eq!(shares[0].0, 1, "the turns go on between calls");
    }
}
