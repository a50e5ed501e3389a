//! Positions of an aircraft that are too far apart for their times.

use super::alert::AlertKind;
use super::lost_signal::LastHeard;

/// Metres a second that no airliner reaches over ground: Mach 1.5 or so, or Mach 0.9 in a jet stream that never was.
pub const SPEED: f64 = 500.0;
/// Metres that are allowed besides: reports have whole seconds, and positions that are older than they say.
pub const TOLERANCE: f64 = 10_000.0;

/// The jump between two reports, if it is one.
pub(super) fn between(before: &LastHeard, now: &LastHeard) -> Option<AlertKind> {
    let distance = before.position?.distance_to(now.position?);
    let seconds = now.time.since(before.positioned).as_secs_f64();
    (distance > TOLERANCE + SPEED * seconds).then(|| AlertKind::ImplausibleJump {
        distance,
        speed: distance / seconds.max(1.0),
    })
}
