use serde::{Deserialize, Serialize};

use super::GRACE;
use crate::flight::Position;
use crate::time::Timestamp;

/// The way along an aircraft's positions in the order of their times, whatever order they come in.
///
/// A position that comes up to [`GRACE`] late finds its place. What lies further back is kept as a length alone, so that
/// a long flight takes no more memory than a short one; a position for that part comes too late and is left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Trajectory(Vec<Point>);

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Point {
    time: Timestamp,
    position: Position,
    /// Metres from the point before.
    way: f64,
    /// Whether points between the two are forgotten.
    is_folded: bool,
}

impl Trajectory {
    /// Adds a position. Of several of one time the first to come counts.
    pub(super) fn add(&mut self, time: Timestamp, position: Position) {
        let points = &mut self.0;
        let Err(index) = points.binary_search_by_key(&time, |point| point.time) else {
            return;
        };
        if points.get(index).is_some_and(|next| next.is_folded) {
            return;
        }
        let way = index.checked_sub(1).and_then(|before| points.get(before));
        let point = Point {
            time,
            position,
            way: way.map_or(0.0, |before| before.position.distance_to(position)),
            is_folded: false,
        };
        points.insert(index, point);
        if let Some(next) = points.get_mut(index + 1) {
            next.way = position.distance_to(next.position);
        }
        self.fold();
    }

    /// Goes on with another one, all of which is later.
    pub(super) fn append(&mut self, mut later: Self) {
        if let (Some(last), Some(first)) = (self.0.last(), later.0.first_mut()) {
            first.way = last.position.distance_to(first.position);
        }
        self.0.append(&mut later.0);
        self.fold();
    }

    /// Metres.
    pub(super) fn length(&self) -> f64 {
        self.0.iter().map(|point| point.way).sum()
    }

    /// Keeps of what is older than the grace the first point and the last.
    fn fold(&mut self) {
        let points = &mut self.0;
        let Some(newest) = points.last() else {
            return;
        };
        let settled = newest.time.minus(GRACE);
        let settled = points.partition_point(|point| point.time <= settled);
        let Some(last) = settled.checked_sub(1).filter(|last| *last >= 2) else {
            return;
        };
        let way = points.drain(1..last).map(|point| point.way).sum::<f64>();
        if let Some(last) = points.get_mut(1) {
            last.way += way;
            last.is_folded = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> (Timestamp, Position) {
        let position = Position::new(0.0, second as f64 / 1_000.0).unwrap();
        (Timestamp::from_seconds(second), position)
    }

    fn of(seconds: impl IntoIterator<Item = i64>) -> Trajectory {
        let mut trajectory = Trajectory::default();
        for (time, position) in seconds.into_iter().map(at) {
            trajectory.add(time, position);
        }
        trajectory
    }

    fn metres(from: i64, to: i64) -> f64 {
        at(from).1.distance_to(at(to).1)
    }

    #[test]
    fn its_length_is_that_of_the_way_not_of_the_order_of_arrival() {
        let way = metres(0, 100);
        for order in [[0, 50, 100], [100, 0, 50], [50, 100, 0]] {
            assert!((of(order).length() - way).abs() < 1e-6, "{order:?}");
        }
    }

    #[test]
    fn a_long_flight_takes_no_more_memory_than_a_short_one() {
        let trajectory = of((0..10_000).map(|n| n * 10));
        assert!(trajectory.0.len() < 25, "{}", trajectory.0.len());
        assert!((trajectory.length() / metres(0, 99_990) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_comes_too_late_for_its_place_is_left_out() {
        let mut trajectory = of((0..100).map(|n| n * 10));
        let before = trajectory.length();
        trajectory.add(at(305).0, at(90_000).1);
        assert_eq!(trajectory.length(), before);
        trajectory.add(at(-5).0, at(-5).1);
        assert!(trajectory.length() > before);
    }

    #[test]
    fn a_later_one_goes_on_from_its_last_point() {
        let mut trajectory = of([0, 10, 20]);
        trajectory.append(of([400, 410]));
        trajectory.append(Trajectory::default());
        assert!((trajectory.length() - metres(0, 410)).abs() < 1e-6);
    }
}
