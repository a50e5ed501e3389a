use std::any::{Any, type_name};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::Hash;
use std::rc::Rc;
use std::str::FromStr;
use std::sync::Arc;

use super::inlet::Inlet;
use crate::batch::{Raw, Record, TopicPartition};
use crate::operator::Decoder;
use crate::store::{AnyStore, StateFailure, StateStore, StoreHandle};
use crate::table::{DecodedFeed, SharedTable, TableFeed, TableReader, TopicTable};
use crate::time::{Clock, Timers, Timestamp};

pub(crate) type Tables = BTreeMap<&'static str, Arc<dyn Any + Send + Sync>>;

/// What a pipeline function gets beside its records: the task's partition, its clock and the app's tables.
///
/// It is handed over by value, and is cheap to clone, so that closures can keep it and the pipeline's type borrows
/// from nothing.
#[derive(Clone)]
pub struct TaskContext {
    topic_partition: TopicPartition,
    tables: Arc<Tables>,
    timers: Timers,
    stores: Rc<RefCell<Vec<TaskStore>>>,
    repartitions: Rc<RefCell<Vec<(Inlet, Outbox)>>>,
    topic_tables: Rc<RefCell<Vec<TaskTable>>>,
    failure: StateFailure,
}

/// A table that is fed from a topic.
#[derive(Clone)]
pub(crate) struct TaskTable {
    pub(crate) topic: &'static str,
    /// Whether it is fed from all partitions, and not from the task's own.
    pub(crate) is_global: bool,
    pub(crate) feed: Rc<RefCell<dyn TableFeed>>,
}

/// Records on their way to an internal topic, until the task takes them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox(Rc<RefCell<Vec<Record<Raw>>>>);

impl Outbox {
    pub(crate) fn push(&self, mut records: Vec<Record<Raw>>) {
        self.0.borrow_mut().append(&mut records);
    }

    pub(crate) fn take(&self) -> Vec<Record<Raw>> {
        self.0.take()
    }
}

/// A store that a pipeline has asked for.
#[derive(Clone)]
pub(crate) struct TaskStore {
    pub(crate) name: &'static str,
    pub(crate) schema: String,
    pub(crate) store: Rc<RefCell<dyn AnyStore>>,
}

impl TaskContext {
    pub(crate) fn new(
        topic_partition: TopicPartition,
        clock: Arc<dyn Clock>,
        tables: Arc<Tables>,
    ) -> Self {
        Self {
            topic_partition,
            tables,
            timers: Timers::new(clock),
            stores: Rc::default(),
            repartitions: Rc::default(),
            topic_tables: Rc::default(),
            failure: StateFailure::default(),
        }
    }

    /// The partition whose records this task gets.
    #[must_use]
    pub fn topic_partition(&self) -> &TopicPartition {
        &self.topic_partition
    }

    /// The present time on the app's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.timers.now()
    }

    /// The task's timers.
    #[must_use]
    pub fn timers(&self) -> &Timers {
        &self.timers
    }

    /// The task's store of that name, which is filled from its changelog before the first record comes. The name is
    /// part of the changelog's: `<app>-<store>-changelog`.
    ///
    /// # Panics
    /// If the pipeline has asked for that name before: two operators would write into one store. It shows at start.
    #[must_use]
    pub fn store<S: StateStore>(&self, name: &'static str) -> StoreHandle<S> {
        let handle = StoreHandle::<S>::new(name, self.timers.clone());
        let mut stores = self.stores.borrow_mut();
        assert!(
            stores.iter().all(|store| store.name != name),
            "two stores of one pipeline have the name {name:?}",
        );
        stores.push(TaskStore {
            name,
            schema: S::schema(),
            store: handle.shared(),
        });
        handle
    }

    /// The table of the newest values of a topic, which is read to its end before the first record comes. Keys are text.
    /// Entries that cannot be read are left out and counted as `unusable_table_entries`.
    #[must_use]
    pub fn topic_table<K, D>(&self, topic: &'static str, decoder: D) -> TopicTable<K, D::Output>
    where
        K: FromStr + Hash + Eq + 'static,
        D: Decoder + 'static,
        D::Output: 'static,
    {
        self.feed_table(topic, decoder, false)
    }

    /// The same of all partitions of a topic, so that it can be looked into by any key, whatever the source is partitioned
    /// by: a `GlobalKTable`. Every task holds all of it; [`TopicTable::get`] looks a key up.
    ///
    /// ```
    /// use flightstream_core::Records;
    /// use flightstream_core::batch::{Raw, Record, Rejection};
    /// use flightstream_core::flight::AirlineIcao;
    /// use flightstream_core::flight::airlabs::AirlabsJson;
    /// use flightstream_core::runtime::TaskContext;
    /// use flightstream_core::testing::TestDriver;
    /// use flightstream_core::time::Timestamp;
    ///
    /// /// The name of each flight's airline, from a topic that is keyed by airline.
    /// fn airlines(raw: impl Records<Record = Raw>, cx: TaskContext) -> impl Records<Record = Option<String>> {
    ///     let name = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| Rejection::new("not_utf8"));
    ///     let names = cx.global_table::<AirlineIcao, _>("airlines", name);
    ///     raw.decode(AirlabsJson::default())
    ///         .map(move |flight| names.get(&flight.airline_icao?).map(|name| name.clone()))
    /// }
    ///
    /// let mut driver = TestDriver::new(airlines).partitions(2).topic_table("airlines");
    /// let lot = Record { key: Some("LOT".into()), ..Record::new(Raw::from("LOT Polish"), Timestamp::default()) };
    /// driver.send_to("airlines", 1, lot)?;
    /// let flight = r#"{"hex":"48AE23","airline_icao":"LOT","updated":1706705158}"#;
    /// driver.send(0, Timestamp::default(), "48AE23", flight)?;
    /// driver.run()?;
    /// assert_eq!(driver.output()?, [Some("LOT Polish".to_owned())]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn global_table<K, D>(&self, topic: &'static str, decoder: D) -> TopicTable<K, D::Output>
    where
        K: FromStr + Hash + Eq + 'static,
        D: Decoder + 'static,
        D::Output: 'static,
    {
        self.feed_table(topic, decoder, true)
    }

    fn feed_table<K, D>(
        &self,
        topic: &'static str,
        decoder: D,
        is_global: bool,
    ) -> TopicTable<K, D::Output>
    where
        K: FromStr + Hash + Eq + 'static,
        D: Decoder + 'static,
        D::Output: 'static,
    {
        let table = TopicTable::default();
        let feed = Rc::new(RefCell::new(DecodedFeed::new(table.clone(), decoder)));
        self.topic_tables.borrow_mut().push(TaskTable {
            topic,
            is_global,
            feed,
        });
        table
    }

    pub(crate) fn topic_tables(&self) -> Vec<TaskTable> {
        self.topic_tables.borrow().clone()
    }

    /// Declares a repartition step and hands out its two ends.
    pub(crate) fn repartition(&self, name: &'static str) -> (Inlet, Outbox) {
        let ends = (Inlet::new(name), Outbox::default());
        let mut repartitions = self.repartitions.borrow_mut();
        assert!(
            repartitions.iter().all(|(inlet, _)| inlet.name() != name),
            "two repartition steps of one pipeline have the name {name:?}",
        );
        repartitions.push(ends.clone());
        ends
    }

    pub(crate) fn repartitions(&self) -> Vec<(Inlet, Outbox)> {
        self.repartitions.borrow().clone()
    }

    /// What the task's stores could not read.
    pub(crate) fn failure(&self) -> StateFailure {
        self.failure.clone()
    }

    pub(crate) fn stores(&self) -> Vec<TaskStore> {
        self.stores.borrow().clone()
    }

    /// A table that was registered with [`App::table`](super::App::table). Whoever looks into it once a record sees each
    /// new version as soon as it is there.
    ///
    /// # Panics
    /// If the app has no table of that name and type: a mistake in the program, which shows when its first task
    /// starts.
    #[must_use]
    #[allow(clippy::panic, reason = "documented; there is no table to go on with")]
    pub fn table<T: Send + Sync + 'static>(&self, name: &str) -> TableReader<T> {
        let table = self.tables.get(name);
        match table.map(|table| table.downcast_ref::<SharedTable<T>>()) {
            Some(Some(table)) => table.reader(),
            Some(None) => panic!("table {name:?} is not a {}", type_name::<T>()),
            None => panic!("there is no table {name:?}; add it with App::table"),
        }
    }
}

impl fmt::Debug for TaskContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskContext")
            .field("topic_partition", &self.topic_partition)
            .field("tables", &self.tables.keys())
            .finish_non_exhaustive()
    }
}
