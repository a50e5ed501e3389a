use simd_json::Node;

use super::DecodeError;
use crate::flight::json::{Value, for_each_field};

/// The values of one object by field. Filling the slots first and reading them afterwards makes the last of repeated
/// keys win without any further care.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) hex: Value<'a>,
    pub(super) updated: Value<'a>,
    pub(super) reg_number: Value<'a>,
    pub(super) flag: Value<'a>,
    pub(super) lat: Value<'a>,
    pub(super) lng: Value<'a>,
    pub(super) alt: Value<'a>,
    pub(super) dir: Value<'a>,
    pub(super) speed: Value<'a>,
    pub(super) v_speed: Value<'a>,
    pub(super) squawk: Value<'a>,
    pub(super) flight_number: Value<'a>,
    pub(super) flight_icao: Value<'a>,
    pub(super) flight_iata: Value<'a>,
    pub(super) dep_icao: Value<'a>,
    pub(super) dep_iata: Value<'a>,
    pub(super) arr_icao: Value<'a>,
    pub(super) arr_iata: Value<'a>,
    pub(super) airline_icao: Value<'a>,
    pub(super) airline_iata: Value<'a>,
    pub(super) aircraft_icao: Value<'a>,
    pub(super) status: Value<'a>,
    pub(super) unknown: u32,
}

impl<'a> Fields<'a> {
    /// Reads the object that a tape holds.
    pub(super) fn from_tape(tape: &[Node<'a>]) -> Result<Self, DecodeError> {
        let mut fields = Self::default();
        for_each_field(tape, |name, value| match fields.slot(name) {
            Slot::Field(slot) => *slot = value,
            Slot::Ignored => {}
            Slot::Unknown => fields.unknown += 1,
        })?;
        Ok(fields)
    }

    fn slot(&mut self, name: &str) -> Slot<'_, 'a> {
        Slot::Field(match name.as_bytes() {
            b"hex" => &mut self.hex,
            b"reg_number" => &mut self.reg_number,
            b"flag" => &mut self.flag,
            b"lat" => &mut self.lat,
            b"lng" => &mut self.lng,
            b"alt" => &mut self.alt,
            b"dir" => &mut self.dir,
            b"speed" => &mut self.speed,
            b"v_speed" => &mut self.v_speed,
            b"squawk" => &mut self.squawk,
            b"flight_number" => &mut self.flight_number,
            b"flight_icao" => &mut self.flight_icao,
            b"flight_iata" => &mut self.flight_iata,
            b"dep_icao" => &mut self.dep_icao,
            b"dep_iata" => &mut self.dep_iata,
            b"arr_icao" => &mut self.arr_icao,
            b"arr_iata" => &mut self.arr_iata,
            b"airline_icao" => &mut self.airline_icao,
            b"airline_iata" => &mut self.airline_iata,
            b"aircraft_icao" => &mut self.aircraft_icao,
            b"updated" => &mut self.updated,
            b"status" => &mut self.status,
            // How the signal was received, and the codeshare's codes: nothing a flight is told by.
            b"type" | b"cs_airline_iata" | b"cs_flight_iata" | b"cs_flight_number" => {
                return Slot::Ignored;
            }
            _ => return Slot::Unknown,
        })
    }
}

enum Slot<'f, 'a> {
    Field(&'f mut Value<'a>),
    Ignored,
    Unknown,
}
