//! The five laws of [`Records`], as checks that any operator can be put through.
//!
//! ```
//! use flightstream_core::Records;
//! use flightstream_core::testing::laws;
//! use proptest::prelude::*;
//!
//! laws::check(&any::<u8>(), |records| records.filter(|n| n % 3 == 0))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt::Debug;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use proptest::collection::vec;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use thiserror::Error;

use super::feed::{Feed, feed};
use crate::batch::{Ack, AckState, Batch, Record, Rejected, Span, TopicPartition};
use crate::time::Timestamp;
use crate::{Fatal, Records};

/// A law that an operator breaks.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Violation {
    /// The operator kept a batch, or made two of one: laws 1 and 3.
    #[error("conservation: {0}")]
    Conservation(String),
    /// The output depends on where the input was cut into batches: law 5.
    #[error("cut anywhere: cut at {cuts:?} the output is {cut}, uncut it is {whole}")]
    CutAnywhere {
        /// Where the input was cut.
        cuts: Vec<usize>,
        /// What came out then.
        cut: String,
        /// What came out of the uncut input.
        whole: String,
    },
    /// A second run over the same input gave another output: law 2.
    #[error("purity of time: the first run gave {first}, the second {second}")]
    Purity {
        /// What came out first.
        first: String,
        /// What came out then.
        second: String,
    },
    /// A rejected record is not one of the batch that it left with: law 4.
    #[error("rejects before ack: a record of offset {0} left with a batch that it is not part of")]
    StrayReject(u64),
    /// The stream failed.
    #[error(transparent)]
    Failed(#[from] Fatal),
}

/// The smallest input, with the places where it was cut, on which an operator breaks a law.
pub type Counterexample<T> = TestError<(Vec<T>, Vec<usize>)>;

/// Puts an operator through all laws on random input, cut at random places.
///
/// # Errors
/// The smallest input found on which a law is broken.
pub fn check<S, P, R>(values: &S, pipeline: P) -> Result<(), Counterexample<S::Value>>
where
    S: Strategy,
    S::Value: Clone + Debug,
    P: Fn(Feed<S::Value>) -> R,
    R: Records,
    R::Record: Debug,
{
    let input = (vec(values, 0..40), vec(0_usize..40, 0..6));
    TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    })
    .run(&input, |(values, cuts)| {
        hold(&values, &cuts, &pipeline)
            .map_err(|violation| TestCaseError::fail(violation.to_string()))
    })
}

/// Checks the laws on one input, cut into batches before the given positions.
///
/// # Errors
/// The first law that is broken.
pub fn hold<T, P, R>(values: &[T], cuts: &[usize], pipeline: P) -> Result<(), Violation>
where
    T: Clone,
    P: Fn(Feed<T>) -> R,
    R: Records,
    R::Record: Debug,
{
    let whole = run(values, &[], &pipeline)?;
    let cut = run(values, cuts, &pipeline)?;
    if cut != whole {
        return Err(Violation::CutAnywhere {
            cuts: cuts.to_vec(),
            cut,
            whole,
        });
    }
    let again = run(values, cuts, &pipeline)?;
    if again != cut {
        return Err(Violation::Purity {
            first: cut,
            second: again,
        });
    }
    Ok(())
}

/// Runs the pipeline over the input a batch at a time and describes all that came out.
fn run<T, R: Records>(
    values: &[T],
    cuts: &[usize],
    pipeline: impl Fn(Feed<T>) -> R,
) -> Result<String, Violation>
where
    T: Clone,
    R::Record: Debug,
{
    let (feeder, input) = feed();
    let mut output = pin!(pipeline(input));
    let mut cx = Context::from_waker(Waker::noop());
    let (mut records_out, mut rejected_out) = (Vec::new(), Vec::new());

    for (batch, span) in batches(values, cuts) {
        let (ack, handle) = Ack::pending();
        feeder.push(Batch::new(batch).with_ack(span.clone(), ack));
        let mut batch = match output.as_mut().poll_next(&mut cx) {
            Poll::Ready(Some(batch)) => batch?,
            Poll::Ready(None) => {
                return Err(Violation::Conservation(format!(
                    "the stream ended before {span}"
                )));
            }
            Poll::Pending => {
                return Err(Violation::Conservation(format!(
                    "{span} went in and did not come out"
                )));
            }
        };
        if batch.span() != Some(&span) {
            let got = batch.span().map(ToString::to_string);
            return Err(Violation::Conservation(format!(
                "{span} went in, {got:?} came out"
            )));
        }
        if handle.state() != AckState::Pending {
            let state = handle.state();
            return Err(Violation::Conservation(format!(
                "the ack of {span} is {state:?} too early"
            )));
        }
        let rejected = batch.take_rejected();
        if let Some(stray) = rejected.iter().find(|reject| !contains(&span, reject)) {
            return Err(Violation::StrayReject(stray.origin));
        }
        rejected_out.extend(rejected);
        let (records, ack) = batch.into_parts();
        records_out.extend(records);
        ack.resolve();
        if handle.state() != AckState::Delivered {
            return Err(Violation::Conservation(format!(
                "{span} came out with another batch's ack"
            )));
        }
    }
    feeder.end();
    match output.as_mut().poll_next(&mut cx) {
        Poll::Ready(None) => {
            // Two stages of one batch refuse in turn, so only the order within an offset is a promise.
            rejected_out.sort_by_key(|reject: &Rejected| reject.origin);
            Ok(format!("{records_out:?} rejected {rejected_out:?}"))
        }
        other => {
            let what = if other.is_pending() {
                "did not end"
            } else {
                "went on"
            };
            Err(Violation::Conservation(format!(
                "after its input had ended the stream {what}"
            )))
        }
    }
}

fn contains(span: &Span, reject: &Rejected) -> bool {
    (span.first..=span.last).contains(&reject.origin)
}

pub(super) fn batches<T: Clone>(values: &[T], cuts: &[usize]) -> Vec<(Vec<Record<T>>, Span)> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (values.len() + 1)).collect();
    cuts.extend([0, values.len()]);
    cuts.sort_unstable();
    cuts.dedup();
    let topic_partition = TopicPartition::new("laws", 0);
    let span = |from: usize, to: usize| Span {
        topic_partition: topic_partition.clone(),
        first: from as u64,
        last: (to as u64).saturating_sub(1),
        count: (to - from) as u64,
    };
    let record = |(offset, value): (usize, &T)| Record {
        origin: offset as u64,
        ..Record::new(value.clone(), Timestamp::from_seconds(offset as i64))
    };
    let batch = |pair: &[usize]| match *pair {
        [from, to] => {
            let records = values
                .iter()
                .enumerate()
                .take(to)
                .skip(from)
                .map(record)
                .collect();
            Some((records, span(from, to)))
        }
        _ => None,
    };
    cuts.windows(2).filter_map(batch).collect()
}
