use std::fmt;

/// What has changed in a store, in the order of the changes: stored keys with their values, or without where an entry
/// was removed.
#[derive(Default)]
pub(crate) struct Changes {
    /// The lengths of a key and of its value, both in four bytes, and the two themselves; one after the other.
    bytes: Vec<u8>,
}

/// Stands for the length of a value that is not there.
const REMOVED: u32 = u32::MAX;

impl Changes {
    pub(crate) fn push(&mut self, key: &[u8], value: Option<&[u8]>) {
        // A record is never as long as four bytes can count.
        let length = |part: &[u8]| u32::try_from(part.len()).unwrap_or(REMOVED - 1);
        self.bytes.extend_from_slice(&length(key).to_le_bytes());
        let value_length = value.map_or(REMOVED, length);
        self.bytes.extend_from_slice(&value_length.to_le_bytes());
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value.unwrap_or_default());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The bytes that it takes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds later changes.
    pub(crate) fn append(&mut self, later: &Self) {
        self.bytes.extend_from_slice(&later.bytes);
    }

    /// The newest change of each key, in the order of the keys.
    pub(crate) fn sorted(&self) -> Vec<(&[u8], Option<&[u8]>)> {
        let mut changes: Vec<_> = self.iter().collect();
        changes.reverse();
        // Stable, so that the newest of a key comes first.
        changes.sort_by_key(|(key, _)| *key);
        changes.dedup_by(|(later, _), (kept, _)| later == kept);
        changes
    }

    /// Forgets all but the newest change of each key.
    pub(crate) fn coalesce(&mut self) {
        let mut newest = Self::default();
        for (key, value) in self.sorted() {
            newest.push(key, value);
        }
        *self = newest;
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            let (key_length, after) = rest.split_first_chunk::<4>()?;
            let (value_length, after) = after.split_first_chunk::<4>()?;
            let (key, after) = after.split_at_checked(length(*key_length)?)?;
            let value_length = u32::from_le_bytes(*value_length);
            let (value, after) = match value_length {
                REMOVED => (None, after),
                _ => {
                    let (value, after) =
                        after.split_at_checked(length(value_length.to_le_bytes())?)?;
                    (Some(value), after)
                }
            };
            rest = after;
            Some((key, value))
        })
    }
}

fn length(bytes: [u8; 4]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(bytes)).ok()
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes")
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_change_of_each_key_counts() {
        let mut changes = Changes::default();
        for (key, value) in [
            ("b", Some("1")),
            ("a", Some("")),
            ("b", None),
            ("", Some("2")),
        ] {
            changes.push(key.as_bytes(), value.map(str::as_bytes));
        }
        let mut later = Changes::default();
        later.push(b"a", Some(b"3"));
        changes.append(&later);
        let newest: Vec<(&[u8], Option<&[u8]>)> =
            vec![(b"", Some(b"2")), (b"a", Some(b"3")), (b"b", None)];
        assert_eq!(changes.sorted(), newest);
        let before = changes.len();
        changes.coalesce();
        assert_eq!(changes.sorted(), newest);
        assert!(changes.len() < before && !changes.is_empty());
    }
}
