//! What the schedule promises, in the face of a server that counts: never more calls than the quota, never two closer
//! than the interval, and never a standstill.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are part of them")]

use std::collections::BTreeMap;
use std::time::Duration;

use flightstream_core::flight::airlabs::{Quota, Retry};
use flightstream_core::producer::airlabs::{Failure, Schedule, ScheduleOptions};
use flightstream_core::time::Timestamp;
use proptest::prelude::*;

/// 2024-03-01T00:00:00Z, and the month is 31 days long.
const MARCH: i64 = 1_709_251_200;
const APRIL: i64 = 1_711_929_600;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn quota(remaining: u64, per_minute: u64, per_hour: u64, per_month: u64) -> Quota {
    let mut quota = Quota::default();
    quota.remaining = Some(remaining);
    quota.per_minute = Some(per_minute);
    quota.per_hour = Some(per_hour);
    quota.per_month = Some(per_month);
    quota
}

fn failure(retry: Retry) -> Failure {
    Failure {
        retry,
        retry_after: None,
        has_arrived: true,
    }
}

fn every(seconds: u64) -> Schedule {
    Schedule::new(ScheduleOptions {
        interval: Duration::from_secs(seconds),
        ..ScheduleOptions::default()
    })
}

/// Makes a call at `now` and says in how many seconds the next one is due.
fn after_answer(schedule: &mut Schedule, now: i64, quota: Option<Quota>) -> i64 {
    schedule.called(at(now));
    schedule.answered(quota.as_ref());
    schedule.next_call(at(now)).unwrap().as_seconds() - now
}

fn after_failure(schedule: &mut Schedule, now: i64, failure: Failure) -> i64 {
    schedule.called(at(now));
    schedule.failed(at(now), failure);
    schedule.next_call(at(now)).unwrap().as_seconds() - now
}

#[test]
fn the_plans_give_the_intervals_that_they_afford() {
    for (per_month, seconds) in [
        (1_000, 2_678),
        (10_000, 267),
        (100_000, 26),
        (1_000_000, 10),
    ] {
        let told = quota(per_month, 250, 2_500, per_month);
        assert_eq!(after_answer(&mut every(10), MARCH, Some(told)), seconds);
    }
    // Until an answer tells, the free plan is assumed.
    assert_eq!(after_answer(&mut every(10), MARCH, None), 2_681);
}

#[test]
fn what_is_left_is_spread_to_the_end_of_the_month() {
    let told = |remaining| Some(quota(remaining, 250, 2_500, 1_000));
    let mut schedule = every(10);
    assert_eq!(after_answer(&mut schedule, APRIL - 86_400, told(24)), 3_600);
    assert_eq!(after_answer(&mut schedule, APRIL - 3_600, told(24)), 150);
    // Someone else used the key meanwhile.
    assert_eq!(after_answer(&mut schedule, APRIL - 1_800, told(1)), 1_800);
    assert_eq!(after_answer(&mut schedule, APRIL - 900, told(0)), 960);
    // A new month begins with a full quota.
    assert_eq!(after_answer(&mut schedule, APRIL + 60, None), 2_594);
}

#[test]
fn the_limits_of_the_minute_and_of_the_hour_hold() {
    let mut schedule = every(1);
    assert_eq!(
        after_answer(&mut schedule, MARCH, Some(quota(u64::MAX, 12, 2_500, 1))),
        5
    );
    assert_eq!(
        after_answer(&mut schedule, MARCH, Some(quota(u64::MAX, 250, 120, 1))),
        30
    );
    // Those of the last answer, and 0 is none.
    assert_eq!(
        after_answer(&mut schedule, MARCH, Some(quota(u64::MAX, 0, 0, 1))),
        1
    );
}

#[test]
fn every_failure_has_its_pause() {
    let mut schedule = every(10);
    let now = MARCH + 3_600 + 70;
    assert_eq!(
        after_failure(&mut schedule, now, failure(Retry::NextMinute)),
        52
    );
    assert_eq!(
        after_failure(&mut schedule, now, failure(Retry::NextHour)),
        3_532
    );
    let asked = |seconds| Failure {
        retry_after: Some(Duration::from_secs(seconds)),
        ..failure(Retry::BackOff)
    };
    assert_eq!(after_failure(&mut schedule, now, asked(500)), 500);
    assert_eq!(after_failure(&mut schedule, now, asked(u64::MAX)), 86_400);

    schedule.called(at(now));
    schedule.failed(at(now), failure(Retry::Stop));
    assert_eq!(schedule.next_call(at(now)), None);
    assert_eq!(schedule.next_call(at(APRIL)), None);
}

#[test]
fn pauses_grow_to_five_minutes() {
    let offline = Failure {
        has_arrived: false,
        ..failure(Retry::BackOff)
    };
    let mut longest = 0;
    let mut schedule = every(1);
    let mut now = MARCH;
    for failures in 0..200_u32 {
        let pause = after_failure(&mut schedule, now, offline);
        let ceiling = 2_i64.pow(failures.min(20)).min(300);
        assert!((1..=ceiling.max(1)).contains(&pause), "{failures}: {pause}");
        longest = longest.max(pause);
        now += pause;
    }
    assert!(longest > 200, "{longest}");
    // None of these calls arrived, so all are left.
    assert_eq!(schedule.remaining(), 1_000);
}

#[test]
fn an_outage_does_not_use_up_the_month() {
    let mut schedule = every(10);
    let mut now = at(MARCH);
    let mut calls = 0;
    while now < at(MARCH + 86_400) {
        schedule.called(now);
        schedule.failed(now, failure(Retry::BackOff));
        now = schedule.next_call(now).unwrap();
        calls += 1;
    }
    assert!((30..40).contains(&calls), "{calls}");
}

#[test]
fn a_clock_that_is_set_back_is_made_up_for() {
    let mut schedule = every(10);
    schedule.called(at(MARCH + 7_200));
    schedule.answered(Some(&quota(1_000_000, 0, 0, 1_000_000)));
    let set_back = at(MARCH);
    assert_eq!(schedule.next_call(set_back), Some(at(MARCH + 10)));
    // But not by a call that the month has no more.
    schedule.called(at(APRIL - 100));
    schedule.answered(Some(&quota(0, 0, 0, 1_000_000)));
    assert_eq!(schedule.next_call(at(APRIL - 500)), Some(at(APRIL + 60)));
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Answer,
    AnswerWithoutQuota,
    ServerError { retry_after: u64 },
    TimeOut,
    NoConnection,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Answer),
        1 => Just(Fate::AnswerWithoutQuota),
        2 => (0..4_000_u64).prop_map(|retry_after| Fate::ServerError { retry_after }),
        1 => Just(Fate::TimeOut),
        1 => Just(Fate::NoConnection),
    ]
}

/// Counts calls as the API does.
#[derive(Default)]
struct Server {
    by_minute: BTreeMap<i64, u64>,
    by_hour: BTreeMap<i64, u64>,
    in_march: u64,
    in_april: u64,
}

impl Server {
    fn count(&mut self, now: Timestamp) {
        *self.by_minute.entry(now.as_seconds() / 60).or_default() += 1;
        *self.by_hour.entry(now.as_seconds() / 3_600).or_default() += 1;
        if now < at(APRIL) {
            self.in_march += 1;
        } else {
            self.in_april += 1;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_limit_is_ever_broken_and_it_always_goes_on(
        start in APRIL - 200_000..APRIL,
        interval in 0..600_u64,
        per_month in 2..3_000_u64,
        used in 0..3_000_u64,
        per_minute in 1..20_u64,
        per_hour in 1..400_u64,
        fates in prop::collection::vec((fate(), 0..70_000_i64), 1..50),
    ) {
        let interval = Duration::from_secs(interval);
        let used = used % per_month;
        let mut server = Server { in_march: used, ..Server::default() };
        let mut schedule = Schedule::new(ScheduleOptions {
            interval,
            // Assumed right or too low: too high, the first answer corrects it.
            assumed_per_month: per_month - used,
        });
        let mut now = at(start);
        let mut last: Option<Timestamp> = None;
        for call in 0..600 {
            let due = schedule.next_call(now).unwrap();
            prop_assert!(due.since(now) <= Duration::from_secs(31 * 86_400 + 60));
            now = now.max(due);
            prop_assert!(schedule.next_call(now).unwrap() <= now);
            if let Some(last) = last {
                prop_assert!(now.since(last) >= interval.max(Duration::from_secs(1)));
            }
            last = Some(now);

            let (fate, took) = fates[call % fates.len()];
            schedule.called(now);
            if !matches!(fate, Fate::NoConnection) {
                server.count(now);
            }
            let is_march = now < at(APRIL);
            let remaining = per_month.saturating_sub(if is_march { server.in_march } else { server.in_april });
            now = now.plus(Duration::from_millis(took.unsigned_abs()));
            match fate {
                Fate::Answer => schedule.answered(Some(&quota(remaining, per_minute, per_hour, per_month))),
                Fate::AnswerWithoutQuota => schedule.answered(None),
                Fate::ServerError { retry_after } => schedule.failed(now, Failure {
                    retry_after: Some(Duration::from_secs(retry_after)),
                    ..failure(Retry::BackOff)
                }),
                Fate::TimeOut => schedule.failed(now, failure(Retry::BackOff)),
                Fate::NoConnection => schedule.failed(now, Failure {
                    has_arrived: false,
                    ..failure(Retry::BackOff)
                }),
            }
            prop_assert!(server.in_march <= per_month, "{} in March", server.in_march);
            if now > at(APRIL + 30 * 86_400) {
                break;
            }
            prop_assert!(server.in_april <= per_month, "{} in April", server.in_april);
        }
        // The first answer tells these two, so the calls before it are not held to them.
        if matches!(fates[0].0, Fate::Answer) {
            prop_assert!(server.by_minute.values().all(|calls| *calls <= per_minute));
            prop_assert!(server.by_hour.values().all(|calls| *calls <= per_hour));
        }
    }
}
