/// What the clients are tuned for. Every setting can be changed by
/// [`KafkaOptions::set`](super::KafkaOptions::set).
///
/// | setting | throughput | latency | why |
/// | --- | --- | --- | --- |
/// | `linger.ms` | 10 | 1 | full batches cost broker and client a fraction of half-empty ones; the wait is what latency consists of |
/// | `batch.size` | 1 MiB | 256 KiB | as much as comes together in that time |
/// | `batch.num.messages` | 10,000 | 10,000 | never the limit |
/// | `compression.type` | lz4 | lz4 | a third of the bytes on disk and wire for half a microsecond a record |
/// | `queue.buffering.max.messages` | 100,000 | 100,000 | what waits to be sent is bounded; the pipeline waits instead |
/// | `queue.buffering.max.kbytes` | 64 MiB | 64 MiB | the same, in bytes |
/// | `message.timeout.ms` | 60,000 | 60,000 | after so long without its leader a batch is read and sent again |
/// | `fetch.queue.backoff.ms` | 10 | 2 | stock clients let a full queue run dry for a second before they fetch again |
/// | `fetch.wait.max.ms` | 500 | 500 | brokers answer at the first byte anyhow; it only bounds idle polling |
/// | `fetch.max.bytes` | 16 MiB | 4 MiB | one answer of a broker, held in memory |
/// | `queued.max.messages.kbytes` | 8 MiB | 4 MiB | what is fetched ahead of a partition's task: memory however far behind it is |
/// | `queued.min.messages` | 20,000 | 5,000 | fetch on before the task waits |
/// | `socket.nagle.disable` | true | true | requests are whole, nothing is to be waited for |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Profile {
    /// Most records for the least CPU time; results are visible after tens of milliseconds.
    #[default]
    Throughput,
    /// Results are visible after milliseconds, for more CPU time and more, smaller batches on the brokers.
    Latency,
}

type Settings = &'static [(&'static str, &'static str)];

impl Profile {
    pub(super) fn producer(self) -> Settings {
        match self {
            Self::Throughput => &[
                ("linger.ms", "10"),
                ("batch.size", "1048576"),
                ("batch.num.messages", "10000"),
                ("compression.type", "lz4"),
                ("queue.buffering.max.messages", "100000"),
                ("queue.buffering.max.kbytes", "65536"),
                ("message.timeout.ms", "60000"),
                ("socket.nagle.disable", "true"),
            ],
            Self::Latency => &[
                ("linger.ms", "1"),
                ("batch.size", "262144"),
                ("batch.num.messages", "10000"),
                ("compression.type", "lz4"),
                ("queue.buffering.max.messages", "100000"),
                ("queue.buffering.max.kbytes", "65536"),
                ("message.timeout.ms", "60000"),
                ("socket.nagle.disable", "true"),
            ],
        }
    }

    pub(super) fn consumer(self) -> Settings {
        match self {
            Self::Throughput => &[
                ("fetch.queue.backoff.ms", "10"),
                ("fetch.wait.max.ms", "500"),
                ("fetch.max.bytes", "16777216"),
                ("queued.max.messages.kbytes", "8192"),
                ("queued.min.messages", "20000"),
                ("socket.nagle.disable", "true"),
            ],
            Self::Latency => &[
                ("fetch.queue.backoff.ms", "2"),
                ("fetch.wait.max.ms", "500"),
                ("fetch.max.bytes", "4194304"),
                ("queued.max.messages.kbytes", "4096"),
                ("queued.min.messages", "5000"),
                ("socket.nagle.disable", "true"),
            ],
        }
    }
}
