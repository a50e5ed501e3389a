use std::hash::Hash;
use std::time::Duration;

use futures::stream::{self, Stream};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::batch::{Batch, Raw, Record, Rejection};
use crate::error::Fatal;
use crate::operator::{
    Aggregate, Aligned, AssumeAligned, Branches, Counter, Decode, Decoder, Dedupe, Either, Enrich,
    EnrichAsync, EventTime, Filter, FlatMap, Inspect, Join, KeyBy, Latest, Map, Merge, Punctuate,
    PunctuationType, Reducer, Repartition, ThrottleLatest, Throttled, ToTable, split,
};
use crate::runtime::TaskContext;
use crate::store::{KeyValueStore, StoreHandle};
use crate::table::TopicTable;
use crate::time::Timestamp;
use crate::window::{Session, SessionWindowed, Windowed, Windows};

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

    /// Takes each record's event time from its value: a [`Timestamp`], or an `Option` of one.
    ///
    /// A record without a time, or with one before the epoch, is refused (`no_event_time`, `negative_time`): by default
    /// it becomes a dead letter, [`on_failure`](EventTime::on_failure) decides otherwise. It can also be given the time
    /// of its [partition](EventTime::or_partition_time). Times that are too [old](EventTime::not_before) or too far in the
    /// [future](EventTime::guard) are refused on request.
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
    fn event_time<F, E>(self, f: F) -> EventTime<Self, F>
    where
        Self: Sized,
        F: FnMut(&Self::Record) -> E,
        E: Into<Option<Timestamp>>,
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

    /// Makes each value into another by a look-up that takes its time, such as a request to a service, and may refuse
    /// the record.
    ///
    /// Up to `limit` look-ups of a batch are at work at once; the records keep their order. The next batch is asked for
    /// when all are done. [`retry`](EnrichAsync::retry) tries failed ones again.
    ///
    /// The futures are polled by the task's own thread, so they may be of any runtime that they need no context of.
    /// What needs one, such as tokio's timers and sockets, is spawned on it, and its handle awaited.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::{Records, batch::Rejection, from_values, operator::Retry};
    ///
    /// let city = async |code| match code {
    ///     "WAW" => Ok("Warsaw"),
    ///     _ => Err(Rejection::new("unknown_airport").with_detail(code)),
    /// };
    /// let batches =
    ///     from_values(["WAW", "???"]).enrich_async(8, city).retry(Retry::times(2)).collect_batches().await?;
    /// assert_eq!(batches[0].records()[0].value, "Warsaw");
    /// assert_eq!(batches[0].rejected()[0].rejection.to_string(), "unknown_airport: ???");
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn enrich_async<F, Fut, U, E>(self, limit: usize, f: F) -> EnrichAsync<Self, F, Fut>
    where
        Self: Sized,
        F: FnMut(Self::Record) -> Fut,
        Fut: Future<Output = Result<U, E>>,
        E: Into<Rejection>,
    {
        assert_records(EnrichAsync::new(self, limit, f))
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

    /// Sends each value one of two ways, which may be of two types.
    ///
    /// Each batch goes both ways, with the records that go there, and is delivered when both parts are. So both ways
    /// have to be gone to their end, usually to a [`merge`](Records::merge): one runs ahead of the other by at most a
    /// batch and then waits for it to be polled. If one is dropped, the first batch that would go there fails the task
    /// instead of getting lost; to leave records out, use [`filter`](Records::filter). For more ways than two, split
    /// again.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::operator::Either;
    /// use flightstream_core::{Records, from_values};
    ///
    /// let (numbers, words) = from_values(["7", "x", "8"]).split(|text| match text.parse::<u32>() {
    ///     Ok(number) => Either::Left(number),
    ///     Err(_) => Either::Right(text),
    /// });
    /// let numbers = numbers.map(|n| format!("number {n}"));
    /// let words = words.map(|word| format!("word {word}"));
    /// assert_eq!(numbers.merge(words).collect_values().await?, ["number 7", "number 8", "word x"]);
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn split<A, B, F>(self, f: F) -> Branches<Self, A, B, F>
    where
        Self: Sized,
        F: FnMut(Self::Record) -> Either<A, B>,
    {
        let (left, right) = split(self, f);
        (assert_records(left), assert_records(right))
    }

    /// Brings two streams together: all batches of both, each with its own ack, those of one stream in their order.
    ///
    /// The streams take turns. Of two branches of a [`split`](Records::split) the left part of a batch comes first,
    /// then the right one: records of the two that were neighbours are so no longer, and how far apart they are depends
    /// on the batch. What has to see a key's records in their order comes before the split, or in the branches.
    ///
    /// It ends when both have ended.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::{Records, from_values};
    ///
    /// let both = from_values(["LO281", "LH2"]).merge(from_values(["BA9"]));
    /// assert_eq!(both.collect_values().await?, ["LO281", "LH2", "BA9"]);
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn merge<O>(self, other: O) -> Merge<Self, O>
    where
        Self: Sized,
        O: Records<Record = Self::Record>,
    {
        assert_records(Merge::new(self, other))
    }

    /// Promises that records of one key are all in one partition, although the key was changed.
    ///
    /// That is so where the topic is partitioned by something that the new key is part of, and where there is one
    /// partition. Otherwise each task would see a part of a key's records and aggregate that.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::store::StoreHandle;
    /// use flightstream_core::{Records, from_values};
    ///
    /// // Partitioned by flight, so all flights of one number are together.
    /// let counts = from_values(["LO281", "LH2", "LO281"])
    ///     .key_by(|flight| *flight)
    ///     .assume_aligned()
    ///     .count(StoreHandle::unlogged("flights"));
    /// assert_eq!(counts.collect_values().await?, [("LO281", 1), ("LH2", 1), ("LO281", 2)]);
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
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
    ///
    /// ```
    /// use flightstream_core::batch::{Raw, Rejection};
    /// use flightstream_core::runtime::TaskContext;
    /// use flightstream_core::testing::TestDriver;
    /// use flightstream_core::{Records, time::Timestamp};
    ///
    /// /// Partitioned by aircraft, counted by airline.
    /// fn by_airline(raw: impl Records<Record = Raw>, cx: TaskContext) -> impl Records<Record = (String, u64)> {
    ///     raw.decode(|bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| Rejection::new("not_utf8")))
    ///         .key_by(|airline| airline.clone())
    ///         .repartition("by-airline", &cx)
    ///         .count(cx.store("airlines"))
    /// }
    ///
    /// let mut driver = TestDriver::new(by_airline).partitions(2);
    /// driver.send(0, Timestamp::default(), "48AE23", "LOT")?;
    /// driver.send(1, Timestamp::default(), "48AE24", "LOT")?;
    /// driver.run()?;
    /// assert_eq!(driver.output()?, [("LOT".to_owned(), 1), ("LOT".to_owned(), 2)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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

    /// Drops a record whose key was seen within `ttl` of its event time, before it or after it.
    ///
    /// The first record of a key passes and is remembered until one comes that is `ttl` newer, of whatever key. A
    /// record that comes later than that can't be told from a duplicate any more, and passes. What is dropped leaves
    /// no trace; [`rejecting`](Dedupe::rejecting) refuses it instead.
    ///
    /// The records of one `key` have to be in one partition, as those of the record's own key are.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::store::StoreHandle;
    /// use flightstream_core::{Records, from_values, time::Timestamp};
    /// use std::time::Duration;
    ///
    /// let seconds = from_values([("LO281", 1), ("LH2", 2), ("LO281", 50), ("LO281", 70)])
    ///     .assume_aligned()
    ///     .event_time(|(_, second)| Timestamp::from_seconds(*second))
    ///     .dedupe(StoreHandle::unlogged("seen"), |(flight, _)| *flight, Duration::from_secs(60))
    ///     .map(|(_, second)| second)
    ///     .collect_values()
    ///     .await?;
    /// assert_eq!(seconds, [1, 2, 70]);
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn dedupe<K, F>(
        self,
        store: StoreHandle<KeyValueStore<K, Timestamp>>,
        key: F,
        ttl: Duration,
    ) -> Dedupe<Self, K, F>
    where
        Self: Aligned + Sized,
        K: Hash + Eq + Ord + Clone,
        F: FnMut(&Self::Record) -> K,
    {
        assert_records(Dedupe::new(self, store, key, ttl))
    }

    /// Folds the values of each key into an `A`, which begins as its default, and passes on what each record makes
    /// of it.
    ///
    /// The state of a key is kept for good; see [`windowed`](Records::windowed) for aggregates that end.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::store::StoreHandle;
    /// use flightstream_core::{Records, from_values};
    ///
    /// let totals = from_values([("WAW", 2), ("LHR", 5), ("WAW", 3)])
    ///     .assume_aligned()
    ///     .aggregate(StoreHandle::unlogged("passengers"), |sum: &mut u32, n| *sum += n)
    ///     .collect_values()
    ///     .await?;
    /// assert_eq!(totals, [("WAW", 2), ("LHR", 5), ("WAW", 5)]);
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    ///
    /// Where the key was changed, a task would aggregate its partition's share of the key only. It doesn't compile:
    ///
    /// ```compile_fail,E0277
    /// # use flightstream_core::store::StoreHandle;
    /// # use flightstream_core::{Records, from_values};
    /// let landings = from_values(["WAW", "LHR"]).assume_aligned();
    /// let _ = landings.key_by(|airport| airport.len()).count(StoreHandle::unlogged("landings"));
    /// ```
    fn aggregate<K, T, A, F>(
        self,
        store: StoreHandle<KeyValueStore<K, A>>,
        add: F,
    ) -> Aggregate<Self, K, A, F>
    where
        Self: Aligned + Records<Record = (K, T)> + Sized,
        K: Hash + Eq + Clone,
        A: Default + Clone,
        F: FnMut(&mut A, &T),
    {
        assert_records(Aggregate::new(self, store, add))
    }

    /// Counts the records of each key, and passes on each new count.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::store::StoreHandle;
    /// use flightstream_core::{Records, from_values};
    ///
    /// let counts = from_values([("WAW", ()), ("LHR", ()), ("WAW", ())])
    ///     .assume_aligned()
    ///     .count(StoreHandle::unlogged("landings"))
    ///     .collect_values()
    ///     .await?;
    /// assert_eq!(counts, [("WAW", 1), ("LHR", 1), ("WAW", 2)]);
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn count<K, T>(
        self,
        store: StoreHandle<KeyValueStore<K, u64>>,
    ) -> Aggregate<Self, K, u64, Counter<T>>
    where
        Self: Aligned + Records<Record = (K, T)> + Sized,
        K: Hash + Eq + Clone,
    {
        assert_records(Aggregate::new(self, store, |count: &mut u64, _: &T| {
            *count += 1;
        }))
    }

    /// Combines the values of each key into one of the same type, which begins as the first of them, and passes on
    /// what each record makes of it.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::store::StoreHandle;
    /// use flightstream_core::{Records, from_values};
    ///
    /// let highest = from_values([("LO281", 900), ("LO281", 11_000), ("LO281", 400)])
    ///     .assume_aligned()
    ///     .reduce(StoreHandle::unlogged("highest"), |highest, metres| *highest = (*highest).max(*metres))
    ///     .collect_values()
    ///     .await?;
    /// assert_eq!(highest, [("LO281", 900), ("LO281", 11_000), ("LO281", 11_000)]);
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn reduce<K, T, F>(
        self,
        store: StoreHandle<KeyValueStore<K, T>>,
        combine: F,
    ) -> Aggregate<Self, K, T, Reducer<F>>
    where
        Self: Aligned + Records<Record = (K, T)> + Sized,
        K: Hash + Eq + Clone,
        T: Clone,
        F: FnMut(&mut T, &T),
    {
        assert_records(Aggregate::new(self, store, Reducer::new(combine)))
    }

    /// Lets a record of each key pass in each `interval` of stream time, and always the newest in the end.
    ///
    /// A record passes at once if none of its key has passed for so long. Otherwise the newest is held, by event time,
    /// and passes when the interval is over: when a record of whatever key shows that it is, or by the clock when the
    /// stream is quiet. What it replaces is dropped. What is held is state, so it outlives a restart.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::store::StoreHandle;
    /// use flightstream_core::{Records, from_values, time::Timestamp};
    /// use std::time::Duration;
    ///
    /// let seconds = from_values([("LO281", 0), ("LO281", 3), ("LO281", 8), ("LH2", 11), ("LH2", 25)])
    ///     .assume_aligned()
    ///     .event_time(|(_, second)| Timestamp::from_seconds(*second))
    ///     .throttle_latest(StoreHandle::unlogged("held"), Duration::from_secs(10))
    ///     .collect_values()
    ///     .await?;
    /// assert_eq!(seconds, [("LO281", 0), ("LO281", 8), ("LH2", 11), ("LH2", 25)]);
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn throttle_latest<K, T>(
        self,
        store: StoreHandle<KeyValueStore<K, Throttled<T>>>,
        interval: Duration,
    ) -> ThrottleLatest<Self, K, T>
    where
        Self: Aligned + Records<Record = (K, T)> + Sized,
        K: Hash + Eq + Ord + Clone,
    {
        assert_records(ThrottleLatest::new(self, store, interval))
    }

    /// Keeps the latest value of each key, by event time, as a table that other operators of the task can look at.
    ///
    /// A record that changes the table passes on. One that is older than what the table holds of its key does not:
    /// what comes out never goes back in time. Of two records of one time the later one counts.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::store::{KeyValueStore, StoreHandle};
    /// use flightstream_core::{Records, from_values, time::Timestamp};
    ///
    /// let gates = StoreHandle::<KeyValueStore<_, _>>::unlogged("gates");
    /// let changes = from_values([("LO281", (10, "A1")), ("LO281", (30, "B7")), ("LO281", (20, "A2"))])
    ///     .assume_aligned()
    ///     .event_time(|(_, (second, _))| Timestamp::from_seconds(*second))
    ///     .map(|(flight, (_, gate))| (flight, gate))
    ///     .to_table(gates.clone())
    ///     .collect_values()
    ///     .await?;
    /// assert_eq!(changes, [("LO281", "A1"), ("LO281", "B7")]);
    /// assert_eq!(gates.read().get(&"LO281").map(|latest| latest.value), Some("B7"));
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn to_table<K, T>(self, store: StoreHandle<KeyValueStore<K, Latest<T>>>) -> ToTable<Self, K, T>
    where
        Self: Aligned + Records<Record = (K, T)> + Sized,
        K: Hash + Eq + Clone,
        T: Clone,
    {
        assert_records(ToTable::new(self, store))
    }

    /// Processes each record, and calls the punctuator each time that stream time or the clock has reached a multiple of
    /// `interval`.
    ///
    /// Both put out what they like. The punctuator is given the multiple, before the record that brought stream time
    /// there is processed; several multiples passed at once are one call, with the last. The first record only begins
    /// the count. What the two share is best kept in a store of its own; that of the operator holds which multiple was
    /// reached last, so that a restart neither repeats nor forgets a call.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::batch::Record;
    /// use flightstream_core::operator::PunctuationType;
    /// use flightstream_core::store::{KeyValueStore, StoreHandle};
    /// use flightstream_core::{Records, from_values, time::Timestamp};
    /// use std::time::Duration;
    ///
    /// // How many flights have reported by the end of each minute.
    /// let seen = StoreHandle::<KeyValueStore<&str, ()>>::unlogged("seen");
    /// let reported = seen.clone();
    /// let totals = from_values([("LO281", 5), ("LH2", 50), ("LO281", 61), ("LX8", 62), ("LX8", 300)])
    ///     .event_time(|(_, second)| Timestamp::from_seconds(*second))
    ///     .punctuate(
    ///         StoreHandle::unlogged("minutes"),
    ///         PunctuationType::StreamTime,
    ///         Duration::from_secs(60),
    ///         move |record, _| seen.write().put(&record.value.0, ()),
    ///         move |minute, output| output.push(Record::new((minute, reported.read().len()), minute)),
    ///     )
    ///     .map(|(minute, flights)| (minute.as_seconds(), flights))
    ///     .collect_values()
    ///     .await?;
    /// assert_eq!(totals, [(60, 2), (300, 3)]);
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn punctuate<U, F, G>(
        self,
        store: StoreHandle<KeyValueStore<PunctuationType, Timestamp>>,
        by: PunctuationType,
        interval: Duration,
        process: F,
        punctuator: G,
    ) -> Punctuate<Self, U, F, G>
    where
        Self: Sized,
        F: FnMut(Record<Self::Record>, &mut Vec<Record<U>>),
        G: FnMut(Timestamp, &mut Vec<Record<U>>),
    {
        assert_records(Punctuate::new(
            self, store, by, interval, process, punctuator,
        ))
    }

    /// Groups keyed records by windows of event time; see [`window`](crate::window) for an example.
    fn windowed<W, K, T>(self, windows: W) -> Windowed<Self, W>
    where
        Self: Records<Record = (K, T)> + Sized,
        W: Windows,
    {
        Windowed::new(self, windows)
    }

    /// Groups keyed records by sessions: runs of records that follow each other by no more than a gap.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::store::StoreHandle;
    /// use flightstream_core::window::Session;
    /// use flightstream_core::{Records, from_values, time::Timestamp};
    /// use std::time::Duration;
    ///
    /// // The position at second 50 comes late and makes one flight of what looked like two.
    /// let positions = [("LO281", 0), ("LO281", 100), ("LO281", 50), ("LO281", 400)];
    /// let flights = from_values(positions)
    ///     .assume_aligned()
    ///     .event_time(|(_, second)| Timestamp::from_seconds(*second))
    ///     .session_windowed(Session::gap(Duration::from_secs(60)).grace(Duration::from_secs(90)))
    ///     .count(StoreHandle::unlogged("flights"))
    ///     .collect_values()
    ///     .await?;
    /// let (flight, positions) = &flights[0];
    /// assert_eq!((flight.key, flight.window.start.as_seconds(), *positions), ("LO281", 0, 3));
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    fn session_windowed<K, T>(self, session: Session) -> SessionWindowed<Self>
    where
        Self: Records<Record = (K, T)> + Sized,
    {
        SessionWindowed::new(self, session)
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
