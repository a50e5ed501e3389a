/// What an aircraft is doing on a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Gate,
    TaxiOut,
    TakeOff,
    Climb,
    Cruise,
    Descent,
    Landing,
    TaxiIn,
}

impl Phase {
    const ALL: [Self; 8] = [
        Self::Gate,
        Self::TaxiOut,
        Self::TakeOff,
        Self::Climb,
        Self::Cruise,
        Self::Descent,
        Self::Landing,
        Self::TaxiIn,
    ];

    pub(super) fn is_airborne(self) -> bool {
        matches!(self, Self::Climb | Self::Cruise | Self::Descent)
    }

    pub(super) fn is_before_flight(self) -> bool {
        matches!(self, Self::Gate | Self::TaxiOut)
    }
}

const TAXI_DISTANCE: f64 = 1_500.0;
const TAKE_OFF_SECONDS: f64 = 35.0;
const LANDING_SECONDS: f64 = 40.0;
const FEET_PER_SECOND_UP: f64 = 1_400.0 / 60.0;
const FEET_PER_SECOND_DOWN: f64 = 1_200.0 / 60.0;
const METRES_PER_FOOT: f64 = 0.3048;
/// More than 1: the climb slows down towards its top.
const CLIMB_SHAPE: f64 = 1.5;
/// More than 1: the descent slows down towards the ground.
const DESCENT_SHAPE: f64 = 1.2;

/// What a leg is planned with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Metres from airport to airport; at least [`SHORTEST`].
    pub(super) distance: f64,
    /// Metres a second over ground.
    pub(super) cruise_speed: f64,
    /// Feet.
    pub(super) cruise_level: f64,
    /// Feet at both airports.
    pub(super) elevations: [f64; 2],
    /// Seconds.
    pub(super) gate: f64,
    pub(super) taxi_out: f64,
    pub(super) taxi_in: f64,
}

/// The shortest leg that can be planned, in metres.
pub(super) const SHORTEST: f64 = 80_000.0;

/// Speed and altitude over a leg, by time from its start at the gate. Speed is linear in each phase, so the way
/// flown is a closed formula and any moment can be computed without the ones before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Profile {
    /// Seconds, in the order of [`Phase::ALL`].
    durations: [f32; 8],
    taxi_speeds: [f32; 2],
    slow: f32,
    fast: f32,
    elevations: [f32; 2],
    level: f32,
}

/// An aircraft at one moment of its leg.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) phase: Phase,
    /// Metres from the departure airport.
    pub(super) flown: f64,
    /// Metres a second over ground.
    pub(super) speed: f64,
    /// Feet above mean sea level.
    pub(super) altitude: f64,
    /// Metres a second, up positive.
    pub(super) vertical_speed: f64,
}

impl Profile {
    pub(super) fn new(plan: &Plan) -> Self {
        // A leg too short for the full climb and descent flies lower and slower, by one factor.
        let (mut low, mut high) = (0.0, 1.0);
        if Self::scaled(plan, high).way() > plan.distance {
            for _ in 0..24 {
                let middle = (low + high) / 2.0;
                if Self::scaled(plan, middle).way() > plan.distance {
                    high = middle;
                } else {
                    low = middle;
                }
            }
        } else {
            low = high;
        }
        let mut profile = Self::scaled(plan, low);
        let cruise = (plan.distance - profile.way()) / f64::from(profile.fast);
        let [_, _, _, _, duration, ..] = &mut profile.durations;
        *duration = cruise.max(0.0) as f32;
        profile
    }

    /// Without cruise.
    fn scaled(plan: &Plan, factor: f64) -> Self {
        let slow = (plan.cruise_speed * 0.33).clamp(55.0, 75.0);
        let fast = slow + (plan.cruise_speed - slow) * factor;
        let [from, to] = plan.elevations;
        let base = from.max(to);
        let level = base + (plan.cruise_level - base).max(1_000.0) * factor;
        let level = if factor < 1.0 {
            (level / 1_000.0).ceil() * 1_000.0
        } else {
            level
        };
        let durations = [
            plan.gate,
            plan.taxi_out,
            TAKE_OFF_SECONDS,
            (level - from) / FEET_PER_SECOND_UP,
            0.0,
            (level - to) / FEET_PER_SECOND_DOWN,
            LANDING_SECONDS,
            plan.taxi_in,
        ];
        let taxi_speeds = [plan.taxi_out, plan.taxi_in].map(|taxi| TAXI_DISTANCE / taxi);
        Self {
            durations: durations.map(|seconds| seconds as f32),
            taxi_speeds: taxi_speeds.map(|speed| speed as f32),
            slow: slow as f32,
            fast: fast as f32,
            elevations: plan.elevations.map(|feet| feet as f32),
            level: level as f32,
        }
    }

    /// Seconds from gate to gate.
    pub(super) fn duration(&self) -> f64 {
        self.durations.iter().map(|part| f64::from(*part)).sum()
    }

    /// Metres from airport to airport.
    fn way(&self) -> f64 {
        self.parts()
            .map(|(_, duration, from, to)| (from + to) / 2.0 * duration)
            .sum()
    }

    /// Each phase with its duration and the speeds at its ends.
    fn parts(&self) -> impl Iterator<Item = (Phase, f64, f64, f64)> + use<> {
        let [out, back] = self.taxi_speeds;
        let (slow, fast) = (self.slow, self.fast);
        let speeds = [
            (0.0, 0.0),
            (out, out),
            (out, slow),
            (slow, fast),
            (fast, fast),
            (fast, slow),
            (slow, back),
            (back, back),
        ];
        let parts = Phase::ALL.into_iter().zip(self.durations).zip(speeds);
        parts.map(|((phase, duration), (from, to))| {
            (phase, f64::from(duration), f64::from(from), f64::from(to))
        })
    }

    /// The aircraft after that many seconds; at the arrival airport after the end.
    pub(super) fn at(&self, seconds: f64) -> Moment {
        let mut left = seconds.max(0.0);
        let mut flown = 0.0;
        for (phase, duration, from, to) in self.parts() {
            if left < duration {
                let share = left / duration;
                let (altitude, rate) = self.altitude(phase, share, duration);
                return Moment {
                    phase,
                    flown: flown + from * left + (to - from) * left * share / 2.0,
                    speed: from + (to - from) * share,
                    altitude,
                    vertical_speed: rate * METRES_PER_FOOT,
                };
            }
            left -= duration;
            flown += (from + to) / 2.0 * duration;
        }
        Moment {
            phase: Phase::Gate,
            flown,
            speed: 0.0,
            altitude: f64::from(self.elevations[1]),
            vertical_speed: 0.0,
        }
    }

    /// Feet, and feet a second.
    fn altitude(&self, phase: Phase, share: f64, duration: f64) -> (f64, f64) {
        let [from, to] = self.elevations.map(f64::from);
        let level = f64::from(self.level);
        let left = 1.0 - share;
        match phase {
            Phase::Gate | Phase::TaxiOut | Phase::TakeOff => (from, 0.0),
            Phase::Climb => (
                level - (level - from) * left.powf(CLIMB_SHAPE),
                (level - from) * CLIMB_SHAPE * left.sqrt() / duration,
            ),
            Phase::Cruise => (level, 0.0),
            Phase::Descent => (
                to + (level - to) * left.powf(DESCENT_SHAPE),
                (to - level) * DESCENT_SHAPE * left.powf(DESCENT_SHAPE - 1.0) / duration,
            ),
            Phase::Landing | Phase::TaxiIn => (to, 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legs_of_every_length_end_at_the_airport() {
        for kilometres in [80, 100, 150, 400, 1_000, 3_000, 14_000] {
            let distance = f64::from(kilometres) * 1_000.0;
            let profile = Profile::new(&Plan {
                distance,
                cruise_speed: 230.0,
                cruise_level: 37_000.0,
                elevations: [300.0, 5_400.0],
                gate: 300.0,
                taxi_out: 500.0,
                taxi_in: 300.0,
            });
            let end = profile.at(profile.duration() - 0.001);
            assert!((end.flown - distance).abs() < 30.0, "{kilometres}: {end:?}");
            let mut last = profile.at(0.0);
            for second in 1..profile.duration() as u32 {
                let now = profile.at(f64::from(second));
                assert!(now.flown >= last.flown);
                assert!((now.flown - last.flown) < 240.0);
                assert!(
                    (now.altitude - last.altitude).abs() < 100.0,
                    "{now:?} {last:?}"
                );
                last = now;
            }
        }
    }
}
