use simd_json::Node;

use super::DecodeError;
use crate::flight::json::{Value, for_each_field};

/// The values of one object by field.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) hex: Value<'a>,
    pub(super) now: Value<'a>,
    pub(super) seen: Value<'a>,
    pub(super) seen_pos: Value<'a>,
    pub(super) lat: Value<'a>,
    pub(super) lon: Value<'a>,
    pub(super) alt_baro: Value<'a>,
    pub(super) alt_geom: Value<'a>,
    pub(super) gs: Value<'a>,
    pub(super) track: Value<'a>,
    pub(super) baro_rate: Value<'a>,
    pub(super) geom_rate: Value<'a>,
    pub(super) squawk: Value<'a>,
    pub(super) category: Value<'a>,
    pub(super) flight: Value<'a>,
    pub(super) registration: Value<'a>,
    pub(super) aircraft_type: Value<'a>,
}

impl<'a> Fields<'a> {
    /// Reads the object that a tape holds.
    pub(super) fn from_tape(tape: &[Node<'a>]) -> Result<Self, DecodeError> {
        let mut fields = Self::default();
        for_each_field(tape, |name, value| {
            if let Some(slot) = fields.slot(name) {
                *slot = value;
            }
        })?;
        Ok(fields)
    }

    fn slot(&mut self, name: &str) -> Option<&mut Value<'a>> {
        Some(match name.as_bytes() {
            b"hex" => &mut self.hex,
            b"now" => &mut self.now,
            b"seen" => &mut self.seen,
            b"seen_pos" => &mut self.seen_pos,
            b"lat" => &mut self.lat,
            b"lon" => &mut self.lon,
            b"alt_baro" => &mut self.alt_baro,
            b"alt_geom" => &mut self.alt_geom,
            b"gs" => &mut self.gs,
            b"track" => &mut self.track,
            b"baro_rate" => &mut self.baro_rate,
            b"geom_rate" => &mut self.geom_rate,
            b"squawk" => &mut self.squawk,
            b"category" => &mut self.category,
            b"flight" => &mut self.flight,
            b"r" => &mut self.registration,
            b"t" => &mut self.aircraft_type,
            _ => return None,
        })
    }
}
