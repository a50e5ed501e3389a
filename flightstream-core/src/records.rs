use std::hash::Hash;

use futures::stream::{self, Stream};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::batch::{Batch, Raw, Record, Rejection};
use crate::error::Fatal;
use crate::operator::{
    Aligned, AssumeAligned, Decode, Decoder, Enrich, EventTime, Filter, FlatMap, Inspect, Join,
    KeyBy, Map, Repartition,
};
use crate::runtime::TaskContext;
use crate::table::TopicTable;
use crate::time::Timestamp;
use crate::window::{Windowed, Windows};

/// An asynchronous stream of batches: what every operator takes and returns.
///
/// Any `Stream` of `Result<Batch<T>, Fatal>` is one, so a custom operator is an ordinary stream adapter. It has to
/// keep five laws; [`testing::laws`](crate::testing) checks them for any operator.
///
/// 1. **Conservation.** One output batch per input batch, with its ack, in order, even when it became empty. A
///    dropped, unresolved ack fails the task; it never commits and never stalls in silence.
/// 2. **Purity of time.** Operators read time only from records and from the task's [`Clock`](crate::time::Clock).
/// 3. **No hidden buffering.** Who holds records holds their acks; an aggregator holds state, so it passes acks on at
///    once.
/// 4. **Rejects before ack.** Refused records travel in their batch, and reach the dead-letter topic before it is
///    acknowledged.
/// 5. **Cut anywhere.** Stopped at any batch boundary and restarted from the committed offset, the final state is the
///    same (exactly once), or the outputs are a superset (at least once).
///
/// The operators' closures run in a synchronous loop over a batch, inside `poll_next`: they must not block.
///
/// `futures::StreamExt` has methods of the same names that work on whole batches; import one of the two.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stream of record batches",
    label = "expected a `Stream<Item = Result<Batch<T>, Fatal>>`",
    note = "a pipeline starts from the `Records` it is given; wrap your own data with \
            `flightstream_core::from_batches`"
)]
pub trait Records: Stream<Item = Result<Batch<<Self as Records>::Record>, Fatal>> {
    /// The type of the records' values.
    type Record;

    /// Turns stored bytes into typed values. What cannot be decoded is refused.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::{Records, batch::{Batch, Raw, Record, Rejection}, from_batches, time::Timestamp};
    ///
    /// let number = |bytes: &[u8]| {
    ///     let text = std::str::from_utf8(bytes).map_err(|_| Rejection::new("not_utf8"))?;
    ///     text.parse::<u32>().map_err(|error| Rejection::new("not_a_number").with_detail(error))
    /// };
    /// let raw = ["7", "x"].map(|text| Record::new(Raw::from(text), Timestamp::default()));
    /// let batches = from_batches([Batch::new(raw.into())]).decode(number).collect_batches().await?;
    /// assert_eq!(batches[0].records()[0].value, 7);
    /// assert_eq!(batches[0].rejected()[0].rejection.reason(), "not_a_number");
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn decode<D>(self, decoder: D) -> Decode<Self, D>
    where
        Self: Records<Record = Raw> + Sized,
        D: Decoder,
    {
        assert_records(Decode::new(self, decoder))
    }

    /// Keeps the records whose value satisfies `predicate`.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::{Records, from_values};
    ///
    /// assert_eq!(from_values([1, 2, 3]).filter(|n| n % 2 == 1).collect_values().await?, [1, 3]);
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn filter<F>(self, predicate: F) -> Filter<Self, F>
    where
        Self: Sized,
        F: FnMut(&Self::Record) -> bool,
    {
        assert_records(Filter::new(self, predicate))
    }

    /// Makes each value into another; key, event time and headers stay.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::{Records, from_values};
    ///
    /// assert_eq!(from_values([1, 2]).map(|n| n * 10).collect_values().await?, [10, 20]);
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn map<F, U>(self, f: F) -> Map<Self, F>
    where
        Self: Sized,
        F: FnMut(Self::Record) -> U,
    {
        assert_records(Map::new(self, f))
    }

    /// Makes each value into any number of values, each with the record's key, event time and headers.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::{Records, from_values};
    ///
    /// let letters = from_values(["ab", "", "c"]).flat_map(str::chars).collect_values().await?;
    /// assert_eq!(letters, ['a', 'b', 'c']);
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn flat_map<F, I>(self, f: F) -> FlatMap<Self, F>
    where
        Self: Sized,
        F: FnMut(Self::Record) -> I,
        I: IntoIterator,
    {
        assert_records(FlatMap::new(self, f))
    }

    /// Looks at each record and passes it on.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::{Records, from_values};
    ///
    /// let mut sum = 0;
    /// from_values([1, 2]).inspect(|record| sum += record.value).collect_values().await?;
    /// assert_eq!(sum, 3);
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn inspect<F>(self, f: F) -> Inspect<Self, F>
    where
        Self: Sized,
        F: FnMut(&Record<Self::Record>),
    {
        assert_records(Inspect::new(self, f))
    }

    /// Takes each record's event time from its value.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::{Records, from_values, time::Timestamp};
    ///
    /// let batches = from_values([1_706_705_158])
    ///     .event_time(|seconds| Timestamp::from_seconds(*seconds))
    ///     .collect_batches()
    ///     .await?;
    /// assert_eq!(batches[0].records()[0].event_time, Timestamp::from_millis(1_706_705_158_000));
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn event_time<F>(self, f: F) -> EventTime<Self, F>
    where
        Self: Sized,
        F: FnMut(&Self::Record) -> Timestamp,
    {
        assert_records(EventTime::new(self, f))
    }

    /// Makes each value into another by a look-up that may refuse the record.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::{Records, batch::Rejection, from_values};
    ///
    /// let city = |code| match code {
    ///     "WAW" => Ok("Warsaw"),
    ///     _ => Err(Rejection::new("unknown_airport").with_detail(code)),
    /// };
    /// let batches = from_values(["WAW", "???"]).enrich(city).collect_batches().await?;
    /// assert_eq!(batches[0].records()[0].value, "Warsaw");
    /// assert_eq!(batches[0].rejected()[0].rejection.to_string(), "unknown_airport: ???");
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn enrich<F, U, E>(self, f: F) -> Enrich<Self, F>
    where
        Self: Sized,
        F: FnMut(Self::Record) -> Result<U, E>,
        E: Into<Rejection>,
    {
        assert_records(Enrich::new(self, f))
    }

    /// Pairs each value with a key of its own, by which it can be grouped or written.
    ///
    /// Records of one new key may come from several partitions, so the result is no longer aligned with its
    /// partition.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::{Records, from_values};
    ///
    /// let keyed = from_values(["LO281", "LH2"]).key_by(|code| code.len()).collect_values().await?;
    /// assert_eq!(keyed, [(5, "LO281"), (3, "LH2")]);
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn key_by<F, K>(self, f: F) -> KeyBy<Self, F>
    where
        Self: Sized,
        F: FnMut(&Self::Record) -> K,
    {
        assert_records(KeyBy::new(self, f))
    }

    /// Promises that records of one key are all in one partition, although the key was changed.
    ///
    /// That is so where the topic is partitioned by something that the new key is part of, and where there is one
    /// partition. Otherwise each task would see a part of a key's records and aggregate that.
    fn assume_aligned(self) -> AssumeAligned<Self>
    where
        Self: Sized,
    {
        assert_records(AssumeAligned::new(self))
    }

    /// Brings the records of each key together: sends them through the topic `<app>-<name>-repartition`, whose partitions
    /// are those of the keys, and goes on with what arrives there.
    ///
    /// Batches of both sides come out: those of the input without records, for their acks, and those of the topic. All
    /// tasks of the app take part, so the app sees every record twice; put `filter`s before it.
    fn repartition<K, T>(self, name: &'static str, cx: &TaskContext) -> Repartition<Self, K, T>
    where
        Self: Records<Record = (K, T)> + Sized,
        K: Serialize + DeserializeOwned,
        T: Serialize + DeserializeOwned,
    {
        assert_records(Repartition::new(self, name, cx))
    }

    /// Joins each record with the value that the table has for its key; a record whose key it does not have is dropped.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::table::TopicTable;
    /// use flightstream_core::{Records, from_values};
    ///
    /// let gates: TopicTable<_, _> = [("LO281", "A7")].into_iter().collect();
    /// let joined = from_values(["LO281", "LH2"])
    ///     .key_by(|flight| *flight)
    ///     .assume_aligned()
    ///     .join(gates, |flight, gate| format!("{flight} at {gate}"))
    ///     .collect_values()
    ///     .await?;
    /// assert_eq!(joined, [("LO281", "LO281 at A7".to_owned())]);
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn join<K, T, V, U>(
        self,
        table: TopicTable<K, V>,
        mut f: impl FnMut(T, &V) -> U,
    ) -> Join<Self, K, V, impl FnMut(T, Option<&V>) -> Option<U>>
    where
        Self: Aligned + Records<Record = (K, T)> + Sized,
        K: Hash + Eq,
    {
        Join::new(self, table, move |value, entry: Option<&V>| {
            Some(f(value, entry?))
        })
    }

    /// Joins each record with the value that the table has for its key, if any.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::table::TopicTable;
    /// use flightstream_core::{Records, from_values};
    ///
    /// let gates: TopicTable<_, _> = [("LO281", "A7")].into_iter().collect();
    /// let joined = from_values(["LO281", "LH2"])
    ///     .key_by(|flight| *flight)
    ///     .assume_aligned()
    ///     .left_join(gates, |_, gate| gate.copied())
    ///     .collect_values()
    ///     .await?;
    /// assert_eq!(joined, [("LO281", Some("A7")), ("LH2", None)]);
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn left_join<K, T, V, U>(
        self,
        table: TopicTable<K, V>,
        mut f: impl FnMut(T, Option<&V>) -> U,
    ) -> Join<Self, K, V, impl FnMut(T, Option<&V>) -> Option<U>>
    where
        Self: Aligned + Records<Record = (K, T)> + Sized,
        K: Hash + Eq,
    {
        Join::new(self, table, move |value, entry: Option<&V>| {
            Some(f(value, entry))
        })
    }

    /// Groups keyed records by windows of event time; see [`window`](crate::window) for an example.
    fn windowed<W, K, T>(self, windows: W) -> Windowed<Self, W>
    where
        Self: Records<Record = (K, T)> + Sized,
        W: Windows,
    {
        Windowed::new(self, windows)
    }

    /// All batches until the stream ends: for tests.
    ///
    /// # Errors
    /// The stream's first error.
    fn collect_batches(self) -> impl Future<Output = Result<Vec<Batch<Self::Record>>, Fatal>>
    where
        Self: Sized,
    {
        futures::TryStreamExt::try_collect(self)
    }

    /// All values until the stream ends, without what was refused: for tests.
    ///
    /// # Errors
    /// The stream's first error.
    fn collect_values(self) -> impl Future<Output = Result<Vec<Self::Record>, Fatal>>
    where
        Self: Sized,
    {
        async {
            let mut values = Vec::new();
            for batch in self.collect_batches().await? {
                let (records, ack) = batch.into_parts();
                values.extend(records.into_iter().map(|record| record.value));
                ack.resolve();
            }
            Ok(values)
        }
    }
}

impl<S, T> Records for S
where
    S: Stream<Item = Result<Batch<T>, Fatal>> + ?Sized,
{
    type Record = T;
}

/// Fails to compile where a method's return type is not what its signature promises, at the method itself instead of at
/// the user's call.
fn assert_records<R: Records>(records: R) -> R {
    records
}

/// Records that are there already, in the given batches.
pub fn from_batches<T>(batches: impl IntoIterator<Item = Batch<T>>) -> impl Records<Record = T> {
    stream::iter(batches.into_iter().map(Ok))
}

/// Values that are there already, as one batch of records at time zero.
pub fn from_values<T>(values: impl IntoIterator<Item = T>) -> impl Records<Record = T> {
    let record = |value| Record::new(value, Timestamp::default());
    from_batches([Batch::new(values.into_iter().map(record).collect())])
}
