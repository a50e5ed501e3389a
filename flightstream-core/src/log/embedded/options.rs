use std::time::Duration;

const MIB: usize = 1024 * 1024;

/// How an embedded log uses the disk and the memory.
///
/// The defaults keep the whole log at 60 to 120 MiB of memory, however much it stores.
///
/// ```
/// use flightstream_core::log::embedded::{Durability, EmbeddedOptions};
///
/// let options = EmbeddedOptions::default()
///     .durability(Durability::EveryCommit)
///     .max_record_bytes(1024 * 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmbeddedOptions {
    pub(super) durability: Durability,
    pub(super) max_record_bytes: usize,
    pub(super) write_buffer_bytes: u64,
    pub(super) cache_bytes: u64,
    pub(super) tail_bytes: usize,
}

/// What a commit survives.
///
/// Whatever is chosen, records and offsets are handed to the operating system before a commit or an immediate
/// append returns. So they survive the end of the process, `kill -9` included; the choice is about the end of the
/// *machine*: a power cut or a kernel crash. After one, a log holds everything up to some commit and nothing
/// after it, never half a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Every commit waits until the disk has it (`fdatasync`): a power cut loses no commit. Expect milliseconds a
    /// commit.
    EveryCommit,
    /// The disk is asked to write (`fsync`) this often, in the background: a power cut loses the commits of about
    /// the last such interval. The default, with one second.
    Interval(Duration),
    /// The operating system writes when it likes, often after half a minute; the log asks only when it is closed.
    Never,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            max_record_bytes: 16 * MIB,
            write_buffer_bytes: 16 * 1024 * 1024,
            cache_bytes: 8 * 1024 * 1024,
            tail_bytes: 16 * MIB,
        }
    }
}

impl Default for Durability {
    fn default() -> Self {
        Self::Interval(Duration::from_secs(1))
    }
}

impl EmbeddedOptions {
    /// What a commit survives; [`Durability::Interval`] of one second unless told otherwise.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// The size of the largest record accepted, in bytes of key, value and headers as stored; 16 MiB unless told
    /// otherwise, 1 GiB at most.
    #[must_use]
    pub fn max_record_bytes(mut self, bytes: usize) -> Self {
        self.max_record_bytes = bytes.min(1024 * MIB);
        self
    }

    /// How many bytes of new records collect in memory before they move from the journal to their own files;
    /// 16 MiB unless told otherwise, 1 MiB at least. Up to four times as much is held at moments.
    #[must_use]
    pub fn write_buffer_bytes(mut self, bytes: u64) -> Self {
        self.write_buffer_bytes = bytes.max(1024 * 1024);
        self
    }

    /// How many bytes of what is read from files are kept in memory; 8 MiB unless told otherwise.
    #[must_use]
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// How many bytes of the newest records, over all partitions, are kept in memory as they were appended, so
    /// that readers that keep up never go to the files; 16 MiB unless told otherwise.
    #[must_use]
    pub fn tail_bytes(mut self, bytes: usize) -> Self {
        self.tail_bytes = bytes;
        self
    }
}
