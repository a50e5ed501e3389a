//! The fifth law on whole pipelines: whatever happens between batches, under exactly-once delivery the committed output
//! and state are those of an undisturbed run ([`hold`]), and under at-least-once delivery no output of such a run is
//! missing ([`hold_at_least_once`]).
//!
//! ```
//! use flightstream_core::Records;
//! use flightstream_core::batch::{Raw, Rejection};
//! use flightstream_core::testing::{TestDriver, schedule};
//! use flightstream_core::time::Timestamp;
//! use proptest::prelude::*;
//!
//! let input = (0_u32..2, any::<bool>()).prop_map(|(partition, is_long)| schedule::Input {
//!     partition,
//!     time: Timestamp::default(),
//!     key: "k".into(),
//!     value: if is_long { "tower" } else { "t" }.into(),
//! });
//! schedule::check(input, || {
//!     TestDriver::new(|raw, _| raw.decode(|bytes: &[u8]| Ok::<_, Rejection>(bytes.len()))).partitions(2)
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::strategy::{Just, Strategy};
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use proptest::{prop_compose, prop_oneof};
use thiserror::Error;

use super::TestDriver;
use crate::batch::TopicPartition;
use crate::runtime::{AppError, Delivery};
use crate::time::Timestamp;

/// What happens between two batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// So many more records of the input come.
    Arrive(usize),
    /// A task moves a batch.
    Step,
    /// What was processed is committed.
    Commit,
    /// A snapshot is taken of the state, if the driver has a state directory.
    Snapshot,
    /// All partitions are given away and come back.
    Rebalance,
    /// What is not committed is lost.
    Crash,
    /// The task of a partition fails and is started again.
    Fail(u32),
}

/// What happens while a pipeline runs. After the last event the rest of the input comes and is processed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The most records in a batch.
    pub batch_size: usize,
    /// What happens, in order.
    pub events: Vec<Event>,
}

/// A record of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// The partition it comes in.
    pub partition: u32,
    /// Its timestamp in the log.
    pub time: Timestamp,
    /// Its key.
    pub key: Bytes,
    /// Its value.
    pub value: Bytes,
}

/// A pipeline's result depends on what happened while it ran.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Divergence {
    /// Something came out differently.
    #[error("{what}: disturbed {disturbed}, undisturbed {undisturbed}")]
    Differs {
        /// What it is.
        what: String,
        /// How it is after the schedule.
        disturbed: String,
        /// How it is when nothing happens.
        undisturbed: String,
    },
    /// At least once: something of an undisturbed run did not come out.
    #[error("{what}: disturbed {disturbed}, which lacks {missing}")]
    Missing {
        /// What it is.
        what: String,
        /// All there is of it after the schedule.
        disturbed: String,
        /// What is missing.
        missing: String,
    },
    /// The pipeline failed.
    #[error(transparent)]
    Failed(#[from] AppError),
}

/// The smallest input and schedule found on which a pipeline breaks the law.
pub type Counterexample = TestError<(Vec<Input>, Schedule)>;

prop_compose! {
    /// Any schedule: short, with small batches, so that much happens between few records.
    pub fn fuzz_schedule()(
        batch_size in 1_usize..8,
        events in vec(event(), 0..40),
    ) -> Schedule {
        Schedule { batch_size, events }
    }
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => any::<u8>().prop_map(|records| Event::Arrive(usize::from(records % 16))),
        6 => Just(Event::Step),
        2 => Just(Event::Commit),
        1 => Just(Event::Snapshot),
        1 => Just(Event::Rebalance),
        2 => Just(Event::Crash),
        2 => (0_u32..4).prop_map(Event::Fail),
    ]
}

/// Puts a pipeline through random schedules on random input. `driver` makes one that was told nothing yet, always the
/// same.
///
/// # Errors
/// The smallest input and schedule found that make a difference.
pub fn check<T: Clone + Debug>(
    input: impl Strategy<Value = Input>,
    driver: impl Fn() -> TestDriver<T>,
) -> Result<(), Counterexample> {
    let cases = (vec(input, 0..60), fuzz_schedule());
    TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    })
    .run(&cases, |(input, schedule)| {
        hold(&input, &schedule, &driver)
            .map_err(|divergence| TestCaseError::fail(divergence.to_string()))
    })
}

/// Checks one schedule on one input, under exactly-once delivery.
///
/// # Errors
/// The first difference.
pub fn hold<T: Clone + Debug>(
    input: &[Input],
    schedule: &Schedule,
    driver: impl Fn() -> TestDriver<T>,
) -> Result<(), Divergence> {
    let disturbed = result(
        driver().batch_size(schedule.batch_size),
        input,
        &schedule.events,
    )?;
    let undisturbed = result(driver(), input, &[])?;
    let parts: BTreeSet<_> = disturbed.keys().chain(undisturbed.keys()).collect();
    for what in parts {
        let (disturbed, undisturbed) = (disturbed.get(what), undisturbed.get(what));
        if disturbed != undisturbed {
            return Err(Divergence::Differs {
                what: what.clone(),
                disturbed: described(disturbed),
                undisturbed: described(undisturbed),
            });
        }
    }
    Ok(())
}

/// Checks one schedule on one input, under at-least-once delivery: the outputs and rejects are those of an undisturbed
/// run, and perhaps some of them again.
///
/// Behind a [`repartition`](crate::Records::repartition) step that holds only for what a repeated record does not change: the
/// step's topic holds the repetition, and a count behind it counts it.
///
/// # Errors
/// The first thing that is missing.
pub fn hold_at_least_once<T: Clone + Debug>(
    input: &[Input],
    schedule: &Schedule,
    driver: impl Fn() -> TestDriver<T>,
) -> Result<(), Divergence> {
    let driver = || driver().delivery(Delivery::AtLeastOnce);
    let disturbed = result(
        driver().batch_size(schedule.batch_size),
        input,
        &schedule.events,
    )?;
    let undisturbed = result(driver(), input, &[])?;
    let is_output = |what: &&String| !what.starts_with(STATE);
    for what in undisturbed.keys().filter(is_output) {
        let mut left = disturbed.get(what).cloned().unwrap_or_default();
        for entry in undisturbed.get(what).into_iter().flatten() {
            match left.iter().position(|other| other == entry) {
                Some(at) => drop(left.swap_remove(at)),
                None => {
                    return Err(Divergence::Missing {
                        what: what.clone(),
                        disturbed: described(disturbed.get(what)),
                        missing: entry.clone(),
                    });
                }
            }
        }
    }
    Ok(())
}

fn described(entries: Option<&Vec<String>>) -> String {
    entries.map_or_else(|| "nothing".to_owned(), |entries| entries.join("\n"))
}

/// What the names of stores' parts begin with.
const STATE: &str = "state in";

/// What a run leaves behind, each part with a name.
fn result<T: Clone + Debug>(
    driver: TestDriver<T>,
    input: &[Input],
    events: &[Event],
) -> Result<BTreeMap<String, Vec<String>>, AppError> {
    let mut driver = driver.max_restarts(u32::MAX);
    let mut input = input.iter();
    for event in events {
        match *event {
            Event::Arrive(records) => send(&mut driver, input.by_ref().take(records))?,
            Event::Step => driver.step().map(drop)?,
            Event::Commit => driver.commit()?,
            Event::Snapshot => driver.snapshot()?,
            Event::Rebalance => driver.rebalance()?,
            Event::Crash => driver.crash()?,
            Event::Fail(partition) => driver.fail(partition)?,
        }
    }
    send(&mut driver, input)?;
    driver.run()?;

    let mut parts = BTreeMap::<String, Vec<String>>::new();
    let mut note = |what: String, entry| parts.entry(what).or_default().push(entry);
    // Between partitions there is no order.
    for output in driver.outputs()? {
        let what = format!("output of partition {}", output.partition);
        note(what, format!("{:?}", output.record));
    }
    let mut rejects = driver.rejects()?;
    rejects.sort();
    for reject in rejects {
        note(
            format!("rejects of partition {}", reject.partition),
            format!("{reject:?}"),
        );
    }
    for spec in driver.log().topics()? {
        if !spec.name.ends_with("-changelog") {
            continue;
        }
        for partition in 0..spec.partitions {
            let partition = TopicPartition::new(spec.name.as_str(), partition);
            let mut state = BTreeMap::new();
            for record in driver.log().read(&partition, 0, usize::MAX)? {
                state.insert(record.key, record.value);
            }
            state.retain(|_, value| value.0.is_some());
            note(format!("{STATE} {partition}"), format!("{state:?}"));
        }
    }
    Ok(parts)
}

fn send<'a, T>(
    driver: &mut TestDriver<T>,
    records: impl Iterator<Item = &'a Input>,
) -> Result<(), AppError> {
    for record in records {
        let (key, value) = (record.key.clone(), record.value.clone());
        driver.send(record.partition, record.time, key, value)?;
    }
    Ok(())
}
