//! The calendar in UTC, by which the API counts: <https://howardhinnant.github.io/date_algorithms.html>.

use std::time::Duration;

use crate::time::Timestamp;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// When the next minute begins: after `now`, never at it.
pub(super) fn next_minute(now: Timestamp) -> Timestamp {
    next(now, MINUTE)
}

/// When the next hour begins.
pub(super) fn next_hour(now: Timestamp) -> Timestamp {
    next(now, HOUR)
}

/// When the next month begins.
pub(super) fn next_month(now: Timestamp) -> Timestamp {
    let (year, month) = year_and_month(now.as_millis().div_euclid(DAY));
    let (year, month) = if month == 12 {
        (year + 1, 1)
    } else {
        (year, month + 1)
    };
    Timestamp::from_millis(days(year, month, 1).saturating_mul(DAY))
}

/// How long a `Retry-After` header asks to wait: seconds, or a date such as `Sun, 06 Nov 1994 08:49:37 GMT`.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let (_, date) = value.split_once(", ")?;
    let mut parts = date.split(' ');
    let day: i64 = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = (1..).zip(MONTHS).find(|(_, month)| *month == name)?.0;
    let year: i64 = parts.next()?.parse().ok()?;
    let mut time = parts.next()?.split(':').map(|part| part.parse().ok());
    let (hour, minute, second): (i64, i64, i64) = (time.next()??, time.next()??, time.next()??);
    let is_possible = (1..=31).contains(&day)
        && (1970..=9999).contains(&year)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if !is_possible || parts.next() != Some("GMT") {
        return None;
    }
    let seconds = ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    Some(Timestamp::from_seconds(seconds).since(now))
}

fn next(now: Timestamp, unit: i64) -> Timestamp {
    let units = now.as_millis().div_euclid(unit) + 1;
    Timestamp::from_millis(units.saturating_mul(unit))
}

/// Days since 1970-01-01. Years begin in March here, so that the leap day is the last of them.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn year_and_month(days: i64) -> (i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn months_end_where_they_do() {
        for (now, next) in [
            (1_706_705_158, 1_706_745_600), // 2024-01-31T12:45:58 → 2024-02-01
            (1_706_745_600, 1_709_251_200), // 2024-02-01 → 2024-03-01, a leap year
            (1_677_628_799, 1_677_628_800), // 2023-02-28T23:59:59 → 2023-03-01
            (1_735_689_599, 1_735_689_600), // 2024-12-31T23:59:59 → 2025-01-01
            (4_105_123_200, 4_107_542_400), // 2100-02-01 → 2100-03-01, no leap year
            (-1, 0),
        ] {
            assert_eq!(next_month(at(now)), at(next), "{now}");
        }
    }

    #[test]
    fn the_header_is_read_in_both_forms() {
        let now = at(784_111_777 - 100); // 1994-11-06T08:49:37Z less 100 s
        for (value, wait) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(100)),
            ("Sun, 06 Nov 1993 08:49:37 GMT", Some(0)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("Sun, 06 Nov 1994 08:49:37 CET", None),
            ("Sun, 06 Nov 1994 08:49 GMT", None),
            ("Sun, 66 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 99999999999999 08:49:37 GMT", None),
        ] {
            assert_eq!(
                retry_after(value, now),
                wait.map(Duration::from_secs),
                "{value:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_next_one_is_after_now_and_within_its_unit(millis in -4_000_000_000_000_i64..8_000_000_000_000) {
            let now = Timestamp::from_millis(millis);
            for (next, longest) in [
                (next_minute(now), MINUTE),
                (next_hour(now), HOUR),
                (next_month(now), 31 * DAY),
            ] {
                let wait = next.as_millis() - millis;
                prop_assert!((1..=longest).contains(&wait));
            }
            let again = next_month(next_month(now)).as_millis() - next_month(now).as_millis();
            prop_assert!((28 * DAY..=31 * DAY).contains(&again));
        }
    }
}
