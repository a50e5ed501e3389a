//! Dates as text, without a calendar crate: Elasticsearch's default format,
//! `strict_date_optional_time||epoch_millis`, which is ISO 8601 or milliseconds since 1970.

/// Milliseconds since 1970 of an ISO-8601 date, or of a text of digits.
///
/// `round_up` completes what is left out with its last instant instead of its first, as Elasticsearch does for
/// `lte` and `gt`.
pub(crate) fn parse(text: &str, round_up: bool) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() != 4 && !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4)?;
    let month = parts.next().map(|p| number(p, 2));
    let day = parts.next().map(|p| number(p, 2));
    if parts.next().is_some() || (time.is_some() && day.is_none()) {
        return None;
    }
    let month = match month {
        Some(month) => month?,
        None => {
            if round_up {
                12
            } else {
                1
            }
        }
    };
    if !(1..=12).contains(&month) {
        return None;
    }
    let last = days_in_month(year, month);
    let day = match day {
        Some(day) => day?,
        None => {
            if round_up {
                last
            } else {
                1
            }
        }
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    let millis = match time {
        Some("") | None => {
            if round_up {
                86_399_999
            } else {
                0
            }
        }
        Some(time) => time_of_day(time, round_up)?,
    };
    Some(days_from_civil(year, month, day) * 86_400_000 + millis)
}

fn time_of_day(time: &str, round_up: bool) -> Option<i64> {
    let (clock, zone) = match time.find(['Z', '+', '-']) {
        Some(at) => time.split_at_checked(at)?,
        None => (time, ""),
    };
    let zone_minutes = match zone {
        "" | "Z" => 0,
        _ => {
            let (sign, rest) = zone.split_at_checked(1)?;
            let (hours, minutes) = rest.split_once(':').or_else(|| rest.split_at_checked(2))?;
            let minutes = number(hours, 2)? * 60
                + if minutes.is_empty() {
                    0
                } else {
                    number(minutes, 2)?
                };
            if minutes > 18 * 60 {
                return None;
            }
            if sign == "-" { -minutes } else { minutes }
        }
    };
    let mut parts = clock.split(':');
    let hour = number(parts.next()?, 2)?;
    let minute = parts.next().map(|p| number(p, 2));
    let second = parts.next();
    if parts.next().is_some() || hour > 23 {
        return None;
    }
    let up = |value: i64| if round_up { value } else { 0 };
    let minute = match minute {
        Some(minute) => minute?,
        None => up(59),
    };
    let (second, millis) = match second {
        None => (up(59), up(999)),
        Some(text) => match text.split_once('.') {
            None => (number(text, 2)?, up(999)),
            Some((second, fraction)) => (number(second, 2)?, millis_of(fraction)?),
        },
    };
    if minute > 59 || second > 59 {
        return None;
    }
    Some(((hour * 60 + minute - zone_minutes) * 60 + second) * 1000 + millis)
}

fn millis_of(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let digits = number(fraction, fraction.len())?;
    let exponent = i32::try_from(fraction.len()).ok()? - 3;
    let scale = 10_i64.pow(exponent.unsigned_abs());
    Some(if exponent >= 0 {
        digits / scale
    } else {
        digits * scale
    })
}

fn number(text: &str, width: usize) -> Option<i64> {
    (text.len() == width && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 of the proleptic Gregorian calendar (Howard Hinnant's `days_from_civil`).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// `2024-01-31T12:00:00.000Z`.
pub(crate) fn format(millis: i64) -> String {
    let days = millis.div_euclid(86_400_000);
    let time = millis.rem_euclid(86_400_000);
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        time / 3_600_000,
        time / 60_000 % 60,
        time / 1000 % 60,
        time % 1000
    )
}

#[cfg(test)]
mod tests {
    use super::{format, parse};

    #[test]
    fn dates_read_as_elasticsearch_reads_them() {
        assert_eq!(parse("1706705158000", false), Some(1_706_705_158_000));
        assert_eq!(
            parse("2024-01-31T12:45:58Z", false),
            Some(1_706_705_158_000)
        );
        assert_eq!(
            parse("2024-01-31T13:45:58.250+01:00", true),
            Some(1_706_705_158_250)
        );
        assert_eq!(parse("2024-01-31", false), Some(1_706_659_200_000));
        assert_eq!(parse("2024-01-31", true), Some(1_706_745_599_999));
        assert_eq!(parse("1970", false), Some(0));
        for bad in [
            "2024-13-01",
            "2023-02-29",
            "yesterday",
            "",
            "2024-01-31T25",
            "now-5m",
        ] {
            assert_eq!(parse(bad, false), None, "{bad}");
        }
    }

    #[test]
    fn formatting_inverts_parsing() {
        for millis in [
            0,
            -1,
            951_782_400_000,
            1_709_164_800_123,
            -62_135_596_800_000,
        ] {
            assert_eq!(parse(&format(millis), false), Some(millis));
        }
        assert_eq!(format(1_706_705_158_000), "2024-01-31T12:45:58.000Z");
    }
}
