use std::time::Duration;

use super::TrailPoint;
use crate::flight::{Movement, Phase, Position};
use crate::time::Timestamp;

/// A phase that lasts shorter belongs to the one before it.
const SHORTEST: Duration = Duration::from_secs(60);
/// The vertical rate is that over at least so long …
const BASE: Duration = Duration::from_secs(30);
/// … and unknown where points are further apart.
const GAP: Duration = Duration::from_secs(300);

/// A phase from one time to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhaseSpan {
    /// Which.
    pub phase: Phase,
    /// From when on.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// The phases of a trail: each from the time of a point to that of the next phase's first one.
#[must_use]
pub fn phases(points: &[TrailPoint], arrival: Option<Position>) -> Vec<PhaseSpan> {
    let mut spans: Vec<PhaseSpan> = Vec::new();
    for (at, point) in points.iter().enumerate() {
        let phase = Phase::of(Movement {
            on_ground: point.on_ground,
            altitude: point.altitude,
            vertical_rate: points
                .get(..at)
                .and_then(|before| vertical_rate(before, point)),
            to_arrival: arrival.map(|arrival| point.position.distance_to(arrival)),
        });
        let Some(last) = spans.last_mut() else {
            spans.push(span(phase, point.time));
            continue;
        };
        last.until = point.time;
        if last.phase == phase {
            continue;
        }
        let is_short = last.until.since(last.from) < SHORTEST;
        if is_short && at > 1 {
            // What came before it goes on, or what comes after it has begun earlier.
            let gone = spans.pop();
            match spans.last_mut() {
                Some(before) if before.phase == phase => before.until = point.time,
                Some(before) => {
                    before.until = point.time;
                    spans.push(span(phase, point.time));
                }
                None => spans.push(PhaseSpan {
                    until: point.time,
                    ..span(phase, gone.map_or(point.time, |gone| gone.from))
                }),
            }
        } else {
            spans.push(span(phase, point.time));
        }
    }
    spans
}

fn span(phase: Phase, time: Timestamp) -> PhaseSpan {
    PhaseSpan {
        phase,
        from: time,
        until: time,
    }
}

/// Metres a second since the newest point that is old enough to tell.
fn vertical_rate(before: &[TrailPoint], point: &TrailPoint) -> Option<f32> {
    let age = |earlier: &TrailPoint| point.time.since(earlier.time);
    let base = before.iter().rev().find(|earlier| age(earlier) >= BASE);
    let base = base.or(before.first())?;
    let seconds = age(base).as_secs_f32();
    let is_usable = seconds >= 5.0 && age(base) <= GAP;
    let climbed = point.altitude? - base.altitude?;
    is_usable.then(|| climbed / seconds)
}
