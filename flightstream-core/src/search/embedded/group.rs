//! Rows into buckets, all buckets of the level above at once.

use std::ops::Range;

use rustc_hash::FxHashMap;

/// No bucket.
pub(super) const NONE: u32 = u32::MAX;
/// The key of a row that belongs to no bucket.
pub(super) const NO_KEY: u64 = u64::MAX;

/// Rows, each in a bucket (its owner) of the level above.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) rows: &'a [u32],
    /// One for each row; `None` if all belong to owner 0.
    pub(super) owners: Option<&'a [u32]>,
    pub(super) owner_count: usize,
}

/// [`Rows`] that are kept.
#[derive(Debug, Default)]
pub(super) struct OwnedRows {
    pub(super) rows: Vec<u32>,
    pub(super) owners: Vec<u32>,
    pub(super) owner_count: usize,
}

impl OwnedRows {
    pub(super) fn view(&self) -> Rows<'_> {
        Rows {
            rows: &self.rows,
            owners: (self.owner_count > 1).then_some(self.owners.as_slice()),
            owner_count: self.owner_count,
        }
    }
}

impl Rows<'_> {
    /// Calls with each row and its owner.
    #[inline]
    pub(super) fn each(&self, mut visit: impl FnMut(u32, u32)) {
        match self.owners {
            None => self.rows.iter().for_each(|row| visit(*row, 0)),
            Some(owners) => {
                for (row, owner) in self.rows.iter().zip(owners) {
                    visit(*row, *owner);
                }
            }
        }
    }
}

/// One bucket found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub(super) owner: u32,
    pub(super) key: u64,
    pub(super) count: u64,
}

/// The buckets of all owners, in no order.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) groups: Vec<Group>,
    /// The group of each row; empty unless asked for.
    assigned: Vec<u32>,
}

impl Groups {
    /// Groups rows by owner and key, where the keys' range has to be found out.
    pub(super) fn new(rows: Rows<'_>, keep: bool, key_of: impl Fn(u32) -> u64) -> Self {
        // Keys are made twice rather than stored: that costs less than the memory for them.
        let (mut min, mut max) = (u64::MAX, 0);
        for row in rows.rows {
            let key = key_of(*row);
            min = min.min(key);
            // NO_KEY wraps to 0, which changes no maximum.
            max = max.max(key.wrapping_add(1));
        }
        Self::within(rows, keep, min..max.max(min), key_of)
    }

    /// Groups rows by owner and key, where all keys are known to be in a range.
    pub(super) fn within(
        rows: Rows<'_>,
        keep: bool,
        range: Range<u64>,
        key_of: impl Fn(u32) -> u64,
    ) -> Self {
        let min = range.start;
        let span = range.end - min;
        let cells = span.saturating_mul(rows.owner_count as u64);
        let dense = cells <= (rows.rows.len() as u64 * 4).max(1 << 12);
        let mut groups = Vec::new();
        let mut assigned = Vec::new();
        if keep {
            assigned.reserve_exact(rows.rows.len());
        }
        let mut table = vec![NONE; if dense { cells as usize } else { 0 }];
        let mut sparse: FxHashMap<(u32, u64), u32> = FxHashMap::default();
        let mut place = |key: u64, owner: u32| {
            if key == NO_KEY {
                if keep {
                    assigned.push(NONE);
                }
                return;
            }
            let at = if dense {
                let cell = u64::from(owner) * span + (key - min);
                table.get_mut(cell as usize)
            } else {
                Some(sparse.entry((owner, key)).or_insert(NONE))
            };
            let Some(at) = at else { return };
            if *at == NONE {
                *at = groups.len() as u32;
                groups.push(Group {
                    owner,
                    key,
                    count: 0,
                });
            }
            if let Some(group) = groups.get_mut(*at as usize) {
                group.count += 1;
            }
            if keep {
                assigned.push(*at);
            }
        };
        rows.each(|row, owner| place(key_of(row), owner));
        Self { groups, assigned }
    }

    /// The numbers of each owner's groups.
    pub(super) fn by_owner(&self, owner_count: usize) -> Vec<Vec<u32>> {
        let mut lists = vec![Vec::new(); owner_count];
        for (number, group) in self.groups.iter().enumerate() {
            if let Some(list) = lists.get_mut(group.owner as usize) {
                list.push(number as u32);
            }
        }
        lists
    }

    pub(super) fn count(&self, number: u32) -> u64 {
        self.groups.get(number as usize).map_or(0, |g| g.count)
    }

    pub(super) fn key(&self, number: u32) -> u64 {
        self.groups.get(number as usize).map_or(0, |g| g.key)
    }

    /// All rows with their group as the owner.
    pub(super) fn all(&self, rows: Rows<'_>) -> OwnedRows {
        self.chosen(rows, 0..self.groups.len() as u32)
    }

    /// The rows of the chosen groups; the owner is the group's place among the chosen.
    pub(super) fn chosen(
        &self,
        rows: Rows<'_>,
        chosen: impl IntoIterator<Item = u32>,
    ) -> OwnedRows {
        let mut places = vec![NONE; self.groups.len()];
        let mut owned = OwnedRows::default();
        let mut total = 0;
        for number in chosen {
            if let Some(place) = places.get_mut(number as usize) {
                *place = owned.owner_count as u32;
            }
            total += self.count(number) as usize;
            owned.owner_count += 1;
        }
        owned.rows.reserve_exact(total);
        owned.owners.reserve_exact(total);
        for (row, group) in rows.rows.iter().zip(&self.assigned) {
            let place = places.get(*group as usize).copied().unwrap_or(NONE);
            if place != NONE {
                owned.rows.push(*row);
                owned.owners.push(place);
            }
        }
        owned
    }
}
