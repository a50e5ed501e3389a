use std::time::Duration;

/// How an [`IndexSink`](super::IndexSink) makes bulks and tries again.
///
/// ```
/// use flightstream_core::search::BulkOptions;
/// use std::time::Duration;
///
/// let options = BulkOptions::default().linger(Duration::from_millis(500)).max_retries(Some(20));
/// assert_eq!(options, options.clone());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkOptions {
    pub(super) max_bytes: usize,
    pub(super) max_documents: usize,
    pub(super) linger: Duration,
    pub(super) max_in_flight: usize,
    pub(super) max_buffered_bytes: usize,
    pub(super) first_pause: Duration,
    pub(super) longest_pause: Duration,
    pub(super) max_retries: Option<u32>,
    pub(super) append: Option<Duration>,
}

impl Default for BulkOptions {
    fn default() -> Self {
        Self {
            max_bytes: 5 << 20,
            max_documents: 10_000,
            linger: Duration::ZERO,
            max_in_flight: 4,
            max_buffered_bytes: 64 << 20,
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(30),
            max_retries: None,
            append: None,
        }
    }
}

impl BulkOptions {
    /// A bulk is sent when it has so many bytes of documents, by default 5 MiB.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes.max(1);
        self
    }

    /// A bulk is sent when it has so many documents, by default 10,000.
    #[must_use]
    pub fn max_documents(mut self, documents: usize) -> Self {
        self.max_documents = documents.max(1);
        self
    }

    /// A smaller bulk waits so long for more, by default not at all.
    #[must_use]
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// At most so many bulks are on their way, by default 4. It begins with 2, halves when the store refuses work, and
    /// grows one by one while answers come as fast as before.
    #[must_use]
    pub fn max_in_flight(mut self, bulks: usize) -> Self {
        self.max_in_flight = bulks.max(1);
        self
    }

    /// Nothing more is read while documents of so many bytes wait for an answer, by default 64 MiB. A task that holds
    /// none may take one batch beyond it.
    #[must_use]
    pub fn max_buffered_bytes(mut self, bytes: usize) -> Self {
        self.max_buffered_bytes = bytes.max(1);
        self
    }

    /// Waits for `first` before an item is sent again, by default 250 ms, each time twice as long, up to `longest`, by
    /// default 30 s; in truth for a random part of that.
    #[must_use]
    pub fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        self.first_pause = first;
        self.longest_pause = longest;
        self
    }

    /// The longest pause before an item is sent again.
    #[must_use]
    pub fn longest_pause(&self) -> Duration {
        self.longest_pause
    }

    /// An item that has been sent again so often is refused, by default never: what the store cannot take now waits, and
    /// with it what comes behind.
    #[must_use]
    pub fn max_retries(mut self, retries: Option<u32>) -> Self {
        self.max_retries = retries;
        self
    }

    /// Only adds documents, as data streams want it: of each key the first of every `interval` of event time. A document
    /// gets the field `@timestamp`, its event time. Its id is the key with the interval's begin, `4CA123@1706705100000`, so
    /// that one sent again is known (409) and nothing is replaced. Tombstones are left out.
    #[must_use]
    pub fn append_every(mut self, interval: Duration) -> Self {
        self.append = Some(interval.max(Duration::from_millis(1)));
        self
    }

    /// Whether an item that was sent so often, and turned away each time, is refused.
    pub(super) fn is_given_up(&self, attempts: u32) -> bool {
        self.max_retries.is_some_and(|retries| attempts > retries)
    }
}
