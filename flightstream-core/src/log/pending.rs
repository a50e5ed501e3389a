use bytes::Bytes;

use crate::batch::{Raw, Record};

/// So many records are written before one commit, …
const RECORDS: usize = 1024;
/// … or so many bytes of them, since until then all are held in memory.
const BYTES: usize = 4 << 20;

/// What was written since the last commit.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    records: usize,
    bytes: usize,
}

impl Pending {
    pub(crate) fn add(&mut self, record: &Record<Raw>) {
        self.records += 1;
        self.bytes = self.bytes.saturating_add(held(record));
    }

    /// Whether it is time to commit.
    pub(crate) fn is_full(&self) -> bool {
        self.records >= RECORDS || self.bytes >= BYTES
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records == 0
    }
}

/// What a record takes in memory: headers that hold nothing take some too.
fn held(record: &Record<Raw>) -> usize {
    let headers = record.headers.as_slice();
    let texts = headers.iter().map(|(name, value)| name.len() + value.len());
    size_of_val(record)
        + size_of_val(headers)
        + texts.sum::<usize>()
        + record.key.as_ref().map_or(0, Bytes::len)
        + record.value.as_bytes().map_or(0, <[u8]>::len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    /// How many such records are written before a commit.
    fn written(record: &Record<Raw>) -> usize {
        let mut pending = Pending::default();
        let mut records = 0;
        while !pending.is_full() {
            pending.add(record);
            records += 1;
        }
        records
    }

    #[test]
    fn a_commit_holds_few_records_or_few_bytes() {
        let of = |value: usize| Record::new(Raw::from(vec![0; value]), Timestamp::default());
        assert_eq!(written(&of(400)), 1024);
        assert_eq!(written(&of(3 << 20)), 2);
        let keyed = Record {
            key: Some(vec![0; 5 << 20].into()),
            ..of(0)
        };
        assert_eq!(written(&keyed), 1);
        let mut headed = of(0);
        (0..10_000).for_each(|_| headed.headers.push("", ""));
        assert!(written(&headed) < 20, "{}", written(&headed));
    }
}
