//! Where things are in the two keyspaces.
//!
//! `records`: topic id (u32), partition (u32), base offset (u64), big-endian, to a record batch.
//!
//! `meta`: a letter and what it needs:
//! - `v`: the format's version, one byte
//! - `c`: the number of the last commit, u64
//! - `t` + topic name: the topic's id and settings, JSON
//! - `p` + topic id, partition: the partition's state
//! - `g` + topic id, partition, group: the group's offset, u64

use crate::batch::Offset;

pub(super) const FORMAT: &[u8] = b"v";
pub(super) const LAST_COMMIT: &[u8] = b"c";
pub(super) const TOPICS: &[u8] = b"t";
pub(super) const PARTITIONS: &[u8] = b"p";
pub(super) const GROUPS: &[u8] = b"g";

/// A partition of a topic, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PartitionId {
    pub(super) topic: u32,
    pub(super) partition: u32,
}

impl PartitionId {
    fn encode(self) -> [u8; 8] {
        ((u64::from(self.topic) << 32) | u64::from(self.partition)).to_be_bytes()
    }

    fn decode(bytes: [u8; 8]) -> Self {
        let number = u64::from_be_bytes(bytes);
        Self {
            topic: (number >> 32) as u32,
            partition: (number & 0xffff_ffff) as u32,
        }
    }

    /// The key of the record batch that begins at `base`.
    pub(super) fn batch_key(self, base: Offset) -> [u8; 16] {
        let id = u128::from(u64::from_be_bytes(self.encode()));
        ((id << 64) | u128::from(base)).to_be_bytes()
    }

    pub(super) fn state_key(self) -> Vec<u8> {
        [PARTITIONS, &self.encode()].concat()
    }

    pub(super) fn group_key(self, group: &str) -> Vec<u8> {
        [GROUPS, &self.encode(), group.as_bytes()].concat()
    }
}

/// The base offset in a key of `records`.
pub(super) fn base_of(key: &[u8]) -> Option<Offset> {
    let base = key.get(8..)?;
    Some(Offset::from_be_bytes(base.try_into().ok()?))
}

pub(super) fn topic_key(name: &str) -> Vec<u8> {
    [TOPICS, name.as_bytes()].concat()
}

/// The partition in a key of `meta` after its letter, and what follows it.
pub(super) fn partition_of(key: &[u8]) -> Option<(PartitionId, &[u8])> {
    let (id, rest) = key.get(1..)?.split_first_chunk::<8>()?;
    Some((PartitionId::decode(*id), rest))
}
