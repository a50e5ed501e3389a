use crate::flight::{Flight, FlightStatus, FlightType, Position};
use crate::time::Timestamp;

/// One point of a [`Trail`](super::Trail). Places are kept to a ten-millionth of a degree, about a centimetre.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrailPoint {
    /// Event time, to a second.
    pub time: Timestamp,
    /// Where.
    pub position: Position,
    /// Metres, whole.
    pub altitude: Option<f32>,
    /// Degrees clockwise from true north, to a hundredth.
    pub track: Option<f32>,
    /// Metres a second over ground; kept as whole km/h.
    pub ground_speed: Option<f32>,
    /// Whether it was on the ground; unknown where the altitude is.
    pub on_ground: Option<bool>,
    /// Whether both of its airports were in one country.
    pub flight_type: FlightType,
    /// As the source said.
    pub status: FlightStatus,
}

/// The same in 20 bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed {
    /// Seconds since 1970.
    pub(super) time: u32,
    lat: i32,
    lon: i32,
    altitude: i16,
    track: u16,
    speed: u16,
    /// Bit 0 on the ground, bits 1–2 type, bits 3–5 status.
    flags: u8,
}

const DEGREE: f64 = 1e7;
const NO_ALTITUDE: i16 = i16::MIN;
const UNKNOWN: u16 = u16::MAX;

impl Packed {
    /// `None` without a position.
    pub(super) fn of(flight: &Flight, flight_type: FlightType) -> Option<Self> {
        let position = flight.position?;
        let kind = match flight_type {
            FlightType::Unknown => 0,
            FlightType::Domestic => 1,
            FlightType::International => 2,
        };
        let status = match flight.status {
            FlightStatus::Unknown => 0,
            FlightStatus::Scheduled => 1,
            FlightStatus::EnRoute => 2,
            FlightStatus::Landed => 3,
            FlightStatus::Cancelled => 4,
            FlightStatus::Diverted => 5,
        };
        // Casts of floats saturate, and what is unknown lies outside of what is left.
        Some(Self {
            time: seconds(flight.updated),
            lat: (position.lat() * DEGREE).round() as i32,
            lon: (position.lon() * DEGREE).round() as i32,
            altitude: flight.altitude.map_or(NO_ALTITUDE, |altitude| {
                altitude.metres().round().max(-32_767.0) as i16
            }),
            track: flight.track.map_or(UNKNOWN, |track| {
                ((track * 100.0).round() as u16).min(36_000) % 36_000
            }),
            speed: flight
                .ground_speed
                .map_or(UNKNOWN, |speed| (speed * 3.6).round().min(65_534.0) as u16),
            flags: u8::from(flight.is_on_ground()) | kind << 1 | status << 3,
        })
    }

    pub(super) fn open(self) -> Option<TrailPoint> {
        let altitude = (self.altitude != NO_ALTITUDE).then_some(f32::from(self.altitude));
        Some(TrailPoint {
            time: Timestamp::from_seconds(self.time.into()),
            position: Position::new(f64::from(self.lat) / DEGREE, f64::from(self.lon) / DEGREE)
                .ok()?,
            altitude,
            track: (self.track != UNKNOWN).then_some(f32::from(self.track) / 100.0),
            ground_speed: (self.speed != UNKNOWN).then_some(f32::from(self.speed) / 3.6),
            on_ground: altitude.map(|_| self.flags & 1 == 1),
            flight_type: match self.flags >> 1 & 3 {
                1 => FlightType::Domestic,
                2 => FlightType::International,
                _ => FlightType::Unknown,
            },
            status: match self.flags >> 3 & 7 {
                1 => FlightStatus::Scheduled,
                2 => FlightStatus::EnRoute,
                3 => FlightStatus::Landed,
                4 => FlightStatus::Cancelled,
                5 => FlightStatus::Diverted,
                _ => FlightStatus::Unknown,
            },
        })
    }
}

/// Seconds since 1970, up to the year 2106.
pub(super) fn seconds(time: Timestamp) -> u32 {
    u32::try_from(time.as_seconds().max(0)).unwrap_or(u32::MAX)
}
