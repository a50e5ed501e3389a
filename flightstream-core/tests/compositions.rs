//! Operators keep their laws in whatever order they are put together.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::pin::Pin;
use std::time::Duration;

use flightstream_core::batch::{Batch, Rejection};
use flightstream_core::operator::{Either, Retry};
use flightstream_core::runtime::TaskContext;
use flightstream_core::store::{StateStore, StoreHandle};
use flightstream_core::testing::{TestDriver, fuzz_schedule, laws, schedule};
use flightstream_core::time::Timestamp;
use flightstream_core::window::{Emit, Hopping, Session, Tumbling};
use flightstream_core::{Fatal, OnFailure, Records};
use proptest::collection::vec;
use proptest::prelude::*;

type Item = (u8, i64);
type Boxed = Pin<Box<dyn Records<Record = Item, Item = Result<Batch<Item>, Fatal>>>>;

#[derive(Clone, Copy, Debug)]
enum Operator {
    Filter,
    Map,
    FlatMap,
    Inspect,
    Enrich,
    EnrichOrSkip,
    EnrichAsync,
    EventTime,
    Rekey,
    Dedupe,
    Throttle,
    ToTable,
    Aggregate,
    Tumbling,
    Hopping,
    Session,
    SplitMerge,
}

/// Those of which one batch comes out for each that goes in.
const OPERATORS: [Operator; 16] = [
    Operator::Filter,
    Operator::Map,
    Operator::FlatMap,
    Operator::Inspect,
    Operator::Enrich,
    Operator::EnrichOrSkip,
    Operator::EnrichAsync,
    Operator::EventTime,
    Operator::Rekey,
    Operator::Dedupe,
    Operator::Throttle,
    Operator::ToTable,
    Operator::Aggregate,
    Operator::Tumbling,
    Operator::Hopping,
    Operator::Session,
];

/// The stores of a composition, by the place of their operator.
const NAMES: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

/// Where operators get their stores from.
trait Stores {
    fn store<S: StateStore>(&self, name: &'static str) -> StoreHandle<S>;
}

/// Stores that nobody reads back.
struct Unlogged;

impl Stores for Unlogged {
    fn store<S: StateStore>(&self, name: &'static str) -> StoreHandle<S> {
        StoreHandle::unlogged(name)
    }
}

impl Stores for TaskContext {
    fn store<S: StateStore>(&self, name: &'static str) -> StoreHandle<S> {
        TaskContext::store(self, name)
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn not_fifth((key, n): Item) -> Result<Item, Rejection> {
    if n % 5 == 0 {
        Err(Rejection::new("fifth").with_detail(n))
    } else {
        Ok((key, n))
    }
}

impl Operator {
    fn apply(self, records: Boxed, stores: &impl Stores, name: &'static str) -> Boxed {
        match self {
            Self::Filter => Box::pin(records.filter(|(_, n)| n % 3 != 0)),
            Self::Map => Box::pin(records.map(|(key, n)| (key, (n * 7) % 101))),
            Self::FlatMap => {
                Box::pin(records.flat_map(|(key, n)| (0..n % 3).map(move |more| (key, n + more))))
            }
            Self::Inspect => Box::pin(records.inspect(|_| ())),
            Self::Enrich => Box::pin(records.enrich(not_fifth)),
            Self::EnrichOrSkip => Box::pin(records.enrich(not_fifth).on_failure(OnFailure::Skip)),
            Self::EnrichAsync => {
                let look_up = async |item| not_fifth(item);
                Box::pin(records.enrich_async(3, look_up).retry(Retry::times(1)))
            }
            Self::EventTime => Box::pin(
                records
                    .event_time(|(_, n)| (n % 7 != 0).then(|| Timestamp::from_seconds(n % 90)))
                    .or_partition_time(stores.store(name)),
            ),
            Self::Rekey => Box::pin(records.map(|(_, n)| ((n % 4) as u8, n))),
            Self::Dedupe => Box::pin(
                records
                    .assume_aligned()
                    .dedupe(stores.store(name), |item| *item, seconds(9))
                    .rejecting(),
            ),
            Self::Throttle => Box::pin(
                records
                    .assume_aligned()
                    .throttle_latest(stores.store(name), seconds(5)),
            ),
            Self::ToTable => Box::pin(records.assume_aligned().to_table(stores.store(name))),
            Self::Aggregate => Box::pin(records.assume_aligned().aggregate(
                stores.store(name),
                |sum: &mut i64, n| {
                    *sum = (*sum + n) % 97;
                },
            )),
            Self::Tumbling => Box::pin(
                records
                    .assume_aligned()
                    .windowed(Tumbling::of(seconds(20)).grace(seconds(5)))
                    .reduce(stores.store(name), |sum, n| *sum = (*sum + n) % 97)
                    .emit(Emit::on_close())
                    .map(|(key, n)| (key.key, n)),
            ),
            Self::Hopping => Box::pin(
                records
                    .assume_aligned()
                    .windowed(
                        Hopping::of(seconds(20))
                            .every(seconds(10))
                            .grace(seconds(5)),
                    )
                    .reduce(stores.store(name), |last, n| *last = *n)
                    .emit(Emit::on_update())
                    .on_failure(OnFailure::Skip)
                    .map(|(key, n)| (key.key, n)),
            ),
            Self::Session => Box::pin(
                records
                    .assume_aligned()
                    .session_windowed(Session::gap(seconds(4)).grace(seconds(3)))
                    .count(stores.store(name))
                    .map(|(key, count)| (key.key, count as i64)),
            ),
            Self::SplitMerge => {
                let (left, right) = records.split(|(key, n)| match n % 2 {
                    0 => Either::Left((key, n)),
                    _ => Either::Right((key, n)),
                });
                Box::pin(left.merge(right))
            }
        }
    }
}

fn compose(operators: &[Operator], records: Boxed, stores: &impl Stores) -> Boxed {
    let named = operators.iter().zip(NAMES);
    named.fold(records, |records, (operator, name)| {
        operator.apply(records, stores, name)
    })
}

fn operators() -> impl Strategy<Value = Vec<Operator>> {
    vec(prop::sample::select(&OPERATORS[..]), 0..=NAMES.len())
}

/// With a split that is merged again: at the end, since behind it the order of records depends on the batches.
fn operators_of_a_task() -> impl Strategy<Value = Vec<Operator>> {
    (
        vec(prop::sample::select(&OPERATORS[..]), 0..NAMES.len()),
        any::<bool>(),
    )
        .prop_map(|(mut operators, is_split)| {
            operators.extend(is_split.then_some(Operator::SplitMerge));
            operators
        })
}

fn decode(bytes: &[u8]) -> Result<Item, Rejection> {
    let text = std::str::from_utf8(bytes).map_err(|_| Rejection::new("not_utf8"))?;
    let n: i64 = text.parse().map_err(|_| Rejection::new("not_a_number"))?;
    Ok(((n % 4) as u8, n))
}

fn input() -> impl Strategy<Value = Vec<schedule::Input>> {
    let record =
        (0_u32..2, 0_i64..120, 0_i64..100).prop_map(|(partition, second, n)| schedule::Input {
            partition,
            time: Timestamp::from_seconds(second),
            key: "key".into(),
            value: n.to_string().into(),
        });
    vec(record, 0..40)
}

fn driver(operators: Vec<Operator>) -> TestDriver<Item> {
    TestDriver::new(move |raw, cx| compose(&operators, Box::pin(raw.decode(decode)), &cx))
        .partitions(2)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn compositions_keep_the_laws(
        operators in operators(),
        values in vec((0_u8..4, 0_i64..100), 0..40),
        cuts in vec(0_usize..40, 0..6),
    ) {
        let pipeline = |records| compose(&operators, Box::pin(records), &Unlogged);
        if let Err(violation) = laws::hold(&values, &cuts, pipeline) {
            prop_assert!(false, "{operators:?}: {violation}");
        }
    }

    #[test]
    fn exactly_once_a_schedule_changes_nothing(
        operators in operators(),
        input in input(),
        schedule in fuzz_schedule(),
    ) {
        if let Err(divergence) = schedule::hold(&input, &schedule, || driver(operators.clone())) {
            prop_assert!(false, "{operators:?}: {divergence}");
        }
    }

    #[test]
    fn at_least_once_a_schedule_takes_nothing_away(
        operators in operators_of_a_task(),
        input in input(),
        schedule in fuzz_schedule(),
    ) {
        if let Err(divergence) = schedule::hold_at_least_once(&input, &schedule, || driver(operators.clone())) {
            prop_assert!(false, "{operators:?}: {divergence}");
        }
    }
}
