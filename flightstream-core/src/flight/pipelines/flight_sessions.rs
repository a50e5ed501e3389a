use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use super::trajectory::Trajectory;
use super::{AirportCode, GRACE, reports};
use crate::Records;
use crate::batch::Raw;
use crate::flight::{Altitude, Flight, FlightCode, Icao24};
use crate::runtime::TaskContext;
use crate::time::Timestamp;
use crate::window::{Session, WindowedKey};

/// A session ends when nothing was heard of its aircraft for longer than this.
pub const SILENCE: Duration = Duration::from_secs(10 * 60);

/// What an aircraft did from the first to the last report of a session.
///
/// A session is what lies between two silences. For most aircraft that is a flight; one whose transponder stays on
/// while it is turned around has several flights in one session, and one that is out of reach for longer than
/// [`SILENCE`] has one flight in several.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FlightSession {
    /// The newest flight code that was reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flight: Option<FlightCode>,
    /// Where it comes from, by the newest report that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub departure: Option<AirportCode>,
    /// Where it goes, by the newest report that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrival: Option<AirportCode>,
    /// Reports, of which not all have a position.
    pub reports: u64,
    /// Metres along its positions, from each to the next on a great circle; kilometres in JSON. Positions that come more
    /// than [`GRACE`] late are left out.
    #[serde(rename = "distance_km", serialize_with = "kilometres")]
    pub distance: f64,
    /// The highest altitude, metres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_altitude: Option<f32>,
}

/// The flights of each aircraft: one result for each session, when it has ended.
///
/// Its window begins with the session's first report and ends with its last. See
/// [`airport_traffic`](super::airport_traffic()) for how to run it.
///
/// ```
/// use flightstream_core::flight::pipelines::flight_sessions;
/// use flightstream_core::testing::TestDriver;
/// use flightstream_core::time::Timestamp;
///
/// let mut driver = TestDriver::new(flight_sessions).starts_at(Timestamp::from_seconds(1_706_720_000));
/// for (second, lng, alt) in [(0, 21.0, 400), (300, 21.5, 9_000), (600, 22.0, 500), (9_000, 22.0, 500)] {
///     let message = format!(
///         r#"{{"hex":"48AE23","lat":52,"lng":{lng},"alt":{alt},"arr_iata":"LHR","updated":{}}}"#, 1_706_705_100 + second
///     );
///     driver.send(0, Timestamp::default(), "48AE23", message)?;
/// }
/// driver.run()?;
/// let (aircraft, session) = &driver.output()?[0];
/// assert_eq!(aircraft.window.end.since(aircraft.window.start).as_secs(), 600);
/// assert_eq!((session.reports, (session.distance / 1_000.0).round()), (3, 68.0));
/// assert_eq!(session.arrival.unwrap().to_string(), "LHR");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn flight_sessions(
    raw: impl Records<Record = Raw>,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<Icao24>, FlightSession)> {
    reports(raw, cx.clone())
        .key_by(|flight| flight.hex)
        .assume_aligned() // the source is partitioned by it
        .session_windowed(Session::gap(SILENCE).grace(GRACE))
        .aggregate(cx.store("sessions"), Heard::add, Heard::append)
        .idle_after(SILENCE + GRACE)
        .map(|(key, heard)| (key, heard.session()))
}

/// What was heard of an aircraft in a session so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Heard {
    flight: Newest<FlightCode>,
    departure: Newest<AirportCode>,
    arrival: Newest<AirportCode>,
    reports: u64,
    trajectory: Trajectory,
    max_altitude: Option<f32>,
}

impl Heard {
    fn add(&mut self, flight: &Flight) {
        let time = flight.updated;
        self.flight
            .hear(time, flight.flight_icao.or(flight.flight_iata));
        let departure = AirportCode::of(flight.departure_iata, flight.departure_icao);
        self.departure.hear(time, departure);
        let arrival = AirportCode::of(flight.arrival_iata, flight.arrival_icao);
        self.arrival.hear(time, arrival);
        self.reports += 1;
        if let Some(position) = flight.position {
            self.trajectory.add(time, position);
        }
        let altitude = flight.altitude.map(Altitude::metres);
        self.max_altitude = highest(self.max_altitude, altitude);
    }

    fn append(&mut self, later: Self) {
        self.flight.append(later.flight);
        self.departure.append(later.departure);
        self.arrival.append(later.arrival);
        self.reports += later.reports;
        self.trajectory.append(later.trajectory);
        self.max_altitude = highest(self.max_altitude, later.max_altitude);
    }

    fn session(&self) -> FlightSession {
        FlightSession {
            flight: self.flight.value(),
            departure: self.departure.value(),
            arrival: self.arrival.value(),
            reports: self.reports,
            distance: self.trajectory.length(),
            max_altitude: self.max_altitude,
        }
    }
}

fn highest(one: Option<f32>, other: Option<f32>) -> Option<f32> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        _ => one.or(other),
    }
}

/// What the newest report that said anything has said. Of several of one time the last to come counts.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Newest<T>(Option<(Timestamp, T)>);

impl<T: Copy> Newest<T> {
    fn hear(&mut self, time: Timestamp, value: Option<T>) {
        if let Some(value) = value
            && self.0.is_none_or(|(newest, _)| newest <= time)
        {
            self.0 = Some((time, value));
        }
    }

    fn append(&mut self, later: Self) {
        self.0 = later.0.or(self.0);
    }

    fn value(&self) -> Option<T> {
        self.0.map(|(_, value)| value)
    }
}

impl<T> Default for Newest<T> {
    fn default() -> Self {
        Self(None)
    }
}

fn kilometres<S: Serializer>(metres: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    ((metres / 100.0).round() / 10.0).serialize(serializer)
}
