//! Every operator keeps the five laws, and the harness notices when one does not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what goes wrong in a test should end it"
)]

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use flightstream_core::batch::{Ack, Batch, Raw, Record, Rejection};
use flightstream_core::operator::PunctuationType;
use flightstream_core::store::StoreHandle;
use flightstream_core::testing::Feed;
use flightstream_core::testing::laws::{self, Violation};
use flightstream_core::time::{ManualClock, Timestamp};
use flightstream_core::window::{Emit, Session, Tumbling};
use flightstream_core::{Fatal, Records};
use futures::stream::{self, Stream};
use proptest::prelude::*;

fn odd(n: u8) -> Result<u8, Rejection> {
    if n % 2 == 1 {
        Ok(n)
    } else {
        Err(Rejection::new("even").with_detail(n))
    }
}

#[test]
fn decode_keeps_the_laws() {
    let messages = prop::option::of("[0-9]{0,3}|x").prop_map(|text| Raw(text.map(Into::into)));
    laws::check(&messages, |records| {
        records.decode(|bytes: &[u8]| {
            let text = std::str::from_utf8(bytes).map_err(|_| Rejection::new("not_utf8"))?;
            text.parse::<u8>()
                .map_err(|error| Rejection::new("number").with_detail(error))
        })
    })
    .unwrap();
}

#[test]
fn filter_keeps_the_laws() {
    laws::check(&any::<u8>(), |records| records.filter(|n| *n < 100)).unwrap();
}

#[test]
fn map_keeps_the_laws() {
    laws::check(&any::<u8>(), |records| records.map(|n| n.to_string())).unwrap();
}

#[test]
fn flat_map_keeps_the_laws() {
    laws::check(&any::<u8>(), |records| records.flat_map(|n| 0..n % 4)).unwrap();
}

#[test]
fn inspect_keeps_the_laws() {
    laws::check(&any::<u8>(), |records| records.inspect(|_| ())).unwrap();
}

#[test]
fn event_time_keeps_the_laws() {
    let seconds = |n: &u8| Timestamp::from_seconds(i64::from(*n));
    laws::check(&any::<u8>(), |records| records.event_time(seconds)).unwrap();
}

#[test]
fn enrich_keeps_the_laws() {
    laws::check(&any::<u8>(), |records| records.enrich(odd)).unwrap();
}

#[test]
fn key_by_keeps_the_laws() {
    laws::check(&any::<u8>(), |records| records.key_by(|n| n % 4)).unwrap();
}

#[test]
fn punctuate_keeps_the_laws() {
    let seconds = |n: &u8| Timestamp::from_seconds(i64::from(*n));
    for by in [PunctuationType::StreamTime, PunctuationType::WallClockTime] {
        laws::check(&any::<u8>(), |records| {
            records.event_time(seconds).punctuate(
                StoreHandle::unlogged_with_clock("times", Arc::new(ManualClock::default())),
                by,
                Duration::from_secs(10),
                |record, output| output.push(record),
                |time, output| output.push(Record::new(0, time)),
            )
        })
        .unwrap();
    }
}

#[test]
fn a_composition_keeps_the_laws() {
    laws::check(&any::<u8>(), |records| {
        records
            .filter(|n| *n != 7)
            .enrich(odd)
            .flat_map(|n| [n, n / 2])
            .enrich(odd)
            .key_by(|n| *n)
    })
    .unwrap();
}

#[test]
fn a_composition_of_stateful_operators_keeps_the_laws() {
    let seconds = Duration::from_secs;
    laws::check(&(0_i64..60), |records| {
        records
            .assume_aligned()
            .event_time(|n| Timestamp::from_seconds(*n))
            .dedupe(StoreHandle::unlogged("seen"), |n| *n, seconds(3))
            .rejecting()
            .key_by(|n| n % 3)
            .assume_aligned()
            .to_table(StoreHandle::unlogged("newest"))
            .enrich_async(4, async |(key, n)| {
                odd((n % 50) as u8).map(|odd| (key, odd))
            })
            .throttle_latest(StoreHandle::unlogged("held"), seconds(5))
            .count(StoreHandle::unlogged("counts"))
            .session_windowed(Session::gap(seconds(4)).grace(seconds(2)))
            .count(StoreHandle::unlogged("sessions"))
            .key_by(|(session, _)| session.key)
            .assume_aligned()
            .windowed(Tumbling::of(seconds(20)).grace(seconds(10)))
            .reduce(StoreHandle::unlogged("last"), |last, one| *last = *one)
            .emit(Emit::on_update())
    })
    .unwrap();
}

/// An operator that forgets empty batches, the classic mistake.
fn drops_empty_batches(records: Feed<u8>) -> impl Records<Record = u8> {
    records.filter(|n| *n > 9).filter_map_batches()
}

trait FilterMapBatches: Records + Sized {
    fn filter_map_batches(self) -> impl Records<Record = Self::Record> {
        futures::StreamExt::filter(self, |batch| {
            std::future::ready(!batch.as_ref().is_ok_and(Batch::is_empty))
        })
    }
}

impl<R: Records> FilterMapBatches for R {}

#[test]
fn a_dropped_batch_is_a_violation() {
    let violation = laws::hold(&[1, 2, 3], &[1], drops_empty_batches).unwrap_err();
    assert!(
        matches!(violation, Violation::Conservation(_)),
        "{violation}"
    );
}

/// An operator that resolves the ack before its output was delivered.
struct AcksTooEarly<R>(R);

impl<R: Records<Record = u8> + Unpin> Stream for AcksTooEarly<R> {
    type Item = Result<Batch<u8>, Fatal>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(cx).map_ok(|batch| {
            let span = batch.span().cloned();
            let (records, ack) = batch.into_parts();
            ack.resolve();
            let batch = Batch::new(records);
            match span {
                Some(span) => batch.with_ack(span, Ack::none()),
                None => batch,
            }
        })
    }
}

#[test]
fn an_early_ack_is_a_violation() {
    let violation = laws::hold(&[1], &[], AcksTooEarly).unwrap_err();
    assert!(
        matches!(violation, Violation::Conservation(_)),
        "{violation}"
    );
}

#[test]
fn output_that_depends_on_the_cuts_is_a_violation() {
    let first_of_batch = |records: Feed<u8>| {
        futures::StreamExt::map(records, |batch: Result<Batch<u8>, Fatal>| {
            batch.map(|mut batch| {
                batch.records_mut().truncate(1);
                batch
            })
        })
    };
    let violation = laws::hold(&[1, 2, 3], &[1], first_of_batch).unwrap_err();
    assert!(
        matches!(violation, Violation::CutAnywhere { .. }),
        "{violation}"
    );
}

#[test]
fn output_after_the_end_is_a_violation() {
    let extra = |records: Feed<u8>| {
        futures::StreamExt::chain(records, stream::iter([Ok(Batch::new(Vec::new()))]))
    };
    let violation = laws::hold(&[1], &[], extra).unwrap_err();
    assert!(
        matches!(violation, Violation::Conservation(_)),
        "{violation}"
    );
}
