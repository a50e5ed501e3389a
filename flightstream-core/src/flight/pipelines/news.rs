use rustc_hash::FxHashMap;

use super::windows::QUARTER;
use crate::flight::{Flight, Icao24};

/// A filter for what is counted once an aircraft and window: passes a report only if it tells what its aircraft has not
/// told just before in the same 15 minutes, or begins a minute, so that time goes on behind it.
///
/// Most reports tell nothing new, and cost no more than a look. What was told is not kept over a restart: it is told
/// again then, which changes no set.
pub(super) fn news<T: PartialEq>(
    mut tell: impl FnMut(&Flight) -> T,
) -> impl FnMut(&Flight) -> bool {
    let quarter = i64::try_from(QUARTER.as_secs()).unwrap_or(i64::MAX);
    let mut told = FxHashMap::<Icao24, (i64, T)>::default();
    let (mut newest_quarter, mut newest_minute) = (i64::MIN, i64::MIN);
    move |flight| {
        let second = flight.updated.as_seconds();
        let (quarter, minute) = (second.div_euclid(quarter), second.div_euclid(60));
        if quarter > newest_quarter {
            // Aircraft that are gone.
            told.retain(|_, (last, _)| *last >= newest_quarter);
            newest_quarter = quarter;
        }
        let news = (quarter, tell(flight));
        let begins_minute = minute > newest_minute;
        newest_minute = newest_minute.max(minute);
        if told.get(&flight.hex) == Some(&news) {
            return begins_minute;
        }
        told.insert(flight.hex, news);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flight::Squawk;
    use crate::time::Timestamp;

    #[test]
    fn a_report_passes_if_it_is_new_or_begins_a_minute() {
        let mut is_news = news(|flight: &Flight| flight.squawk);
        let mut passes = |second, squawk: &str| {
            let hex = Icao24::new(1).unwrap();
            let mut flight = Flight::new(hex, Timestamp::from_seconds(second));
            flight.squawk = Squawk::new(squawk).ok();
            is_news(&flight)
        };
        assert!(passes(900, "1000"));
        assert!(!passes(905, "1000"));
        assert!(passes(910, "7700"));
        assert!(passes(960, "7700"));
        assert!(!passes(961, "7700"));
        assert!(passes(1_800, "7700"));
        assert!(passes(1_799, "7700"));
    }
}
