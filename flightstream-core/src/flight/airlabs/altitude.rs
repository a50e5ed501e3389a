/// Metres above which no aircraft flies that Airlabs reports; anything higher is an error.
const HIGHEST: f64 = 60_000.0;
const LOWEST: f64 = -2_000.0;

/// Removes the stepped offset from a reported altitude; metres in, metres out.
///
/// Airlabs reports `trunc(altitude + k)` with an offset that depends on the true altitude: k = 3 m up to 500 m, 10 m up
/// to 5,000 m, 20 m above, and none at or below 0. No document says so; it shows in the data, where transponders'
/// multiples of 25 ft come out shifted by exactly that. So the reported values 504 to 509 and 5,011 to 5,019 do not
/// occur; they are taken for the step (500 and 5,000 m). The fraction that Airlabs cut off is lost: the result is up to
/// 1 m too low.
///
/// ```
/// use flightstream_core::flight::airlabs::altitude_from_airlabs;
///
/// assert_eq!(altitude_from_airlabs(10_688.0), 10_668.0); // FL350
/// assert_eq!(altitude_from_airlabs(503.0), 500.0);
/// assert_eq!(altitude_from_airlabs(512.0), 502.0);
/// assert_eq!(altitude_from_airlabs(-30.0), -30.0);
/// ```
#[must_use]
pub fn altitude_from_airlabs(reported: f64) -> f64 {
    if reported <= 0.0 {
        reported
    } else if reported < 510.0 {
        // Below 3 m there is no altitude left, only the offset.
        (reported - 3.0).clamp(0.0, 500.0)
    } else if reported < 5_020.0 {
        (reported - 10.0).min(5_000.0)
    } else {
        reported - 20.0
    }
}

/// Adds the stepped offset and cuts the fraction off: what Airlabs reports of an aircraft `metres` high.
///
/// For encoders and simulators; [`altitude_from_airlabs`] undoes it, up to the fraction.
///
/// ```
/// use flightstream_core::flight::airlabs::altitude_to_airlabs;
///
/// assert_eq!(altitude_to_airlabs(10_668.0), 10_688);
/// assert_eq!(altitude_to_airlabs(498.9), 501);
/// assert_eq!(altitude_to_airlabs(-30.48), -30);
/// ```
#[must_use]
pub fn altitude_to_airlabs(metres: f64) -> i32 {
    let offset = if metres <= 0.0 {
        0.0
    } else if metres <= 500.0 {
        3.0
    } else if metres <= 5_000.0 {
        10.0
    } else {
        20.0
    };
    // A cast from a float saturates and makes 0 of NaN.
    (metres + offset) as i32
}

/// Whether a reported altitude is possible.
pub(super) fn is_plausible(reported: f64) -> bool {
    (LOWEST..=HIGHEST).contains(&reported)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reported_of_every_flight_level_comes_back() {
        for feet in (-2_000..60_000).step_by(25) {
            let metres = f64::from(feet) * 0.3048;
            let back = altitude_from_airlabs(f64::from(altitude_to_airlabs(metres)));
            assert!((metres - back).abs() < 1.0, "{feet} ft: {metres} {back}");
        }
    }

    #[test]
    fn every_reported_altitude_comes_back_unless_it_cannot_occur() {
        for reported in -1_000..20_000 {
            let occurs = !matches!(reported, 1..=2 | 504..=509 | 5_011..=5_019);
            // Reported of less than 1 m above a step: without the fraction they are on the step.
            let is_on_step = matches!(reported, 3 | 510 | 5_020);
            let again = altitude_to_airlabs(altitude_from_airlabs(f64::from(reported)));
            assert_eq!(again == reported, occurs && !is_on_step, "{reported}");
        }
    }

    #[test]
    fn it_never_falls() {
        let mut before = f64::MIN;
        for reported in -1_000..20_000 {
            let metres = altitude_from_airlabs(f64::from(reported));
            assert!(metres >= before, "{reported}");
            before = metres;
        }
    }
}
