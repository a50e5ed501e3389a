use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Deserialize;

/// Milliseconds of a window.
pub(super) const QUARTER: i64 = 15 * 60 * 1_000;
/// Windows that are kept: a day's.
const MOST_WINDOWS: usize = 96;
/// What the topic calls them.
const KIND: &str = "airport";

/// The airports' statistics by window, the newest of each.
#[derive(Debug, Default)]
pub(crate) struct Windows(Mutex<BTreeMap<i64, BTreeMap<Box<str>, Figures>>>);

/// Aircraft of an airport, or of several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Figures {
    pub(super) arrivals: u64,
    pub(super) departures: u64,
    pub(super) airborne: u64,
}

/// One result of the topic.
#[derive(Deserialize)]
struct Line<'a> {
    kind: &'a str,
    key: Box<str>,
    start: i64,
    #[serde(flatten)]
    figures: Option<Figures>,
}

impl Windows {
    /// Takes a result; one of another kind is left out.
    pub(super) fn take(&self, json: &[u8]) {
        let Ok(line) = serde_json::from_slice::<Line<'_>>(json) else {
            return;
        };
        let (KIND, Some(figures)) = (line.kind, line.figures) else {
            return;
        };
        let mut windows = self.lock();
        windows
            .entry(line.start)
            .or_default()
            .insert(line.key, figures);
        while windows.len() > MOST_WINDOWS {
            windows.pop_first();
        }
    }

    /// Whether there are any.
    pub(super) fn is_kept(&self) -> bool {
        !self.lock().is_empty()
    }

    /// The newest windows of all airports together, the oldest first.
    pub(super) fn all(&self, most: usize) -> Vec<(i64, Figures)> {
        self.newest(most, |airports| Some(sum(airports.values())))
    }

    /// The newest windows of an airport with these codes.
    pub(super) fn of(&self, codes: &[String], most: usize) -> Vec<(i64, Figures)> {
        self.newest(most, |airports| {
            let found: Vec<&Figures> = codes
                .iter()
                .filter_map(|code| airports.get(code.as_str()))
                .collect();
            (!found.is_empty()).then(|| sum(found.into_iter()))
        })
    }

    fn newest(
        &self,
        most: usize,
        figures: impl Fn(&BTreeMap<Box<str>, Figures>) -> Option<Figures>,
    ) -> Vec<(i64, Figures)> {
        let windows = self.lock();
        let newest = windows.iter().rev();
        let newest = newest.filter_map(|(start, airports)| Some((*start, figures(airports)?)));
        let mut newest: Vec<_> = newest.take(most).collect();
        newest.reverse();
        newest
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<i64, BTreeMap<Box<str>, Figures>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sum<'a>(figures: impl Iterator<Item = &'a Figures>) -> Figures {
    figures.fold(Figures::default(), |sum, figures| Figures {
        arrivals: sum.arrivals + figures.arrivals,
        departures: sum.departures + figures.departures,
        airborne: sum.airborne + figures.airborne,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: &str, key: &str, start: i64, arrivals: u64) -> Vec<u8> {
        let end = start + QUARTER;
        let json = serde_json::json!({ "kind": kind, "key": key, "start": start, "end": end,
            "arrivals": arrivals, "departures": 1, "airborne": 2 });
        json.to_string().into_bytes()
    }

    #[test]
    fn the_newest_result_of_an_airport_and_window_counts() {
        let windows = Windows::default();
        assert!(!windows.is_kept());
        for (kind, key, start, arrivals) in [
            ("airport", "WAW", 0, 3),
            ("airport", "WAW", 0, 5),
            ("airport", "LHR", 0, 7),
            ("airport", "WAW", QUARTER, 9),
            ("route", "WAW-LHR", 0, 100),
        ] {
            windows.take(&line(kind, key, start, arrivals));
        }
        windows.take(b"{");
        windows.take(br#"{"kind":"airport","key":"X","start":0}"#);
        let arrivals = |windows: Vec<(i64, Figures)>| -> Vec<(i64, u64)> {
            windows
                .iter()
                .map(|(start, figures)| (*start, figures.arrivals))
                .collect()
        };
        assert_eq!(arrivals(windows.all(9)), [(0, 12), (QUARTER, 9)]);
        assert_eq!(arrivals(windows.all(1)), [(QUARTER, 9)]);
        assert_eq!(arrivals(windows.of(&["LHR".to_owned()], 9)), [(0, 7)]);
    }

    #[test]
    fn a_day_is_kept() {
        let windows = Windows::default();
        for window in 0..200 {
            windows.take(&line("airport", "WAW", window * QUARTER, 1));
        }
        assert_eq!(windows.all(usize::MAX).len(), MOST_WINDOWS);
    }
}
