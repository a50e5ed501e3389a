use bytes::{BufMut, Bytes, BytesMut};
use rustc_hash::FxHashSet;

use super::super::{GeoPoint, Query, SearchError};
use super::column::{Column, NO_POINT, NO_WHOLE};
use super::filter::matching;
use super::index::{Index, NO_ADDRESS};
use crate::flight::Airframe;

const HEADER: usize = 40;
const ROW: usize = 24;
const ADDRESS: usize = 4;

/// The positions of aircraft, all of them or what changed since a version, for a map.
///
/// An aircraft is a document with a `position` whose id, or else whose `hex`, is a 24-bit address.
///
/// To follow the traffic, ask without `since` once; then ask with the `version` of the last answer, drop the `removed`
/// and put the `rows` in place. With a `full` answer begin anew. With `since` and a query, aircraft that match no more
/// count as removed. The same query must be asked for each time. While an answer's `matching` is more than the rows held
/// (a limit cut it), ask without `since`.
///
/// # Encoding
///
/// [`encode`](Self::encode) writes little endian:
///
/// | bytes | header |
/// | --- | --- |
/// | 0..4 | ASCII `FSP1` |
/// | 4..8 | u32 number of rows |
/// | 8..16 | u64 version of the index |
/// | 16..24 | i64 newest event time, milliseconds since 1970, 0 if there is none |
/// | 24..28 | u32 aircraft that match, before any limit |
/// | 28..32 | u32 number of removed addresses |
/// | 32..36 | u32 flags; bit 0: full, replace everything |
/// | 36..40 | 0 |
///
/// | bytes | each row |
/// | --- | --- |
/// | 0..4 | u32 address; bit 31: not an ICAO address (`~` in front of the id) |
/// | 4..8 | f32 latitude |
/// | 8..12 | f32 longitude |
/// | 12..14 | i16 altitude in metres, −32768 unknown |
/// | 14..16 | u16 track in hundredths of a degree, 65535 unknown |
/// | 16..18 | u16 speed in km/h, 65535 unknown |
/// | 18 | bits 0–1 type (0 unknown, 1 domestic, 2 international), bit 2 on the ground, bits 3–5 status (0 unknown, 1 scheduled, 2 en-route, 3 landed) |
/// | 19 | [`Airframe`](crate::flight::Airframe): 0 unknown, 1 light, 2 turboprop, 3 business jet, 4 narrow-body, 5 wide-body, 6 helicopter |
/// | 20..24 | u32 event time, seconds since 1970, 0 unknown |
///
/// After the rows the removed addresses, u32 each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Positions {
    /// The version of the index, for the next `since`.
    pub version: u64,
    /// The newest `updated` of all documents, milliseconds since 1970, 0 if there is none.
    pub newest: i64,
    /// How many aircraft match now, before any limit.
    pub matching: u32,
    /// Whether this replaces everything.
    pub full: bool,
    /// The aircraft.
    pub rows: Vec<Position>,
    /// The addresses of those that are gone, or match no more.
    pub removed: Vec<u32>,
}

/// One aircraft of [`Positions`], in the units of its encoding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// The 24-bit address; bit 31 is set if it is not an ICAO address.
    pub address: u32,
    /// Latitude in degrees.
    pub lat: f32,
    /// Longitude in degrees.
    pub lon: f32,
    /// Altitude in metres, −32768 unknown.
    pub altitude: i16,
    /// Track in hundredths of a degree, 65535 unknown.
    pub track: u16,
    /// Speed in km/h, 65535 unknown.
    pub speed: u16,
    /// Type, ground and status.
    pub flags: u8,
    /// The number of its [`Airframe`](crate::flight::Airframe).
    pub airframe: u8,
    /// Event time in seconds since 1970, 0 unknown.
    pub time: u32,
}

impl Positions {
    /// The binary form, see [`Positions`].
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let size = HEADER + self.rows.len() * ROW + self.removed.len() * ADDRESS;
        let mut out = BytesMut::with_capacity(size);
        out.put_slice(b"FSP1");
        out.put_u32_le(self.rows.len() as u32);
        out.put_u64_le(self.version);
        out.put_i64_le(self.newest);
        out.put_u32_le(self.matching);
        out.put_u32_le(self.removed.len() as u32);
        out.put_u32_le(u32::from(self.full));
        out.put_u32_le(0);
        for row in &self.rows {
            out.put_slice(&row.encode());
        }
        for address in &self.removed {
            out.put_u32_le(*address);
        }
        out.freeze()
    }
}

impl Position {
    #[inline]
    fn encode(&self) -> [u8; ROW] {
        let low = u128::from(self.address)
            | u128::from(self.lat.to_bits()) << 32
            | u128::from(self.lon.to_bits()) << 64
            | u128::from(self.altitude.cast_unsigned()) << 96
            | u128::from(self.track) << 112;
        let high = u64::from(self.speed)
            | u64::from(self.flags) << 16
            | u64::from(self.airframe) << 24
            | u64::from(self.time) << 32;
        let mut bytes = [0; ROW];
        let (first, second) = bytes.split_at_mut(16);
        first.copy_from_slice(&low.to_le_bytes());
        second.copy_from_slice(&high.to_le_bytes());
        bytes
    }
}

pub(super) fn positions(
    index: &Index,
    since: Option<u64>,
    query: &Query,
    limit: usize,
) -> Result<Positions, SearchError> {
    let columns = Columns::new(index);
    let matching = match query {
        Query::MatchAll => None,
        query => Some(matching(index, query)?),
    };
    let shown = |row: usize| {
        !columns.point(row).lat.is_nan() && matching.as_ref().is_none_or(|rows| rows.has(row))
    };
    let mut answer = Positions {
        version: index.version,
        newest: columns.newest().unwrap_or(0),
        ..Positions::default()
    };
    let since = since.filter(|since| (index.forgotten..=index.version).contains(since));
    let Some(since) = since else {
        return Ok(full(index, &columns, shown, limit, answer));
    };
    let mut changed = Vec::new();
    for row in index.live.rows() {
        let at = row as usize;
        let address = index.addresses.get(at).copied().unwrap_or(NO_ADDRESS);
        if address == NO_ADDRESS {
            continue;
        }
        let new = index
            .changed
            .get(at)
            .is_some_and(|changed| *changed > since);
        if shown(at) {
            answer.matching += 1;
            if new {
                changed.push((row, address));
            }
        } else if new {
            answer.removed.push(address);
        }
    }
    if answer.matching as usize > limit {
        return Ok(full(index, &columns, shown, limit, answer));
    }
    // One that was removed and came back is in the rows, whatever its row is now.
    let mut gone = FxHashSet::default();
    for removed in index.removed.iter().rev() {
        if removed.changed <= since {
            break;
        }
        if removed.address != NO_ADDRESS && index.row(removed.id.as_str()).is_none() {
            gone.insert(removed.address);
        }
    }
    answer.removed.extend(gone);
    answer.rows = changed
        .into_iter()
        .map(|(row, address)| columns.position(row as usize, address))
        .collect();
    Ok(answer)
}

fn full(
    index: &Index,
    columns: &Columns<'_>,
    shown: impl Fn(usize) -> bool,
    limit: usize,
    mut answer: Positions,
) -> Positions {
    answer.full = true;
    answer.matching = 0;
    answer.removed.clear();
    answer.rows.reserve_exact(limit.min(index.len()));
    for row in index.live.rows() {
        let at = row as usize;
        let address = index.addresses.get(at).copied().unwrap_or(NO_ADDRESS);
        if address == NO_ADDRESS || !shown(at) {
            continue;
        }
        answer.matching += 1;
        if answer.rows.len() < limit {
            answer.rows.push(columns.position(at, address));
        }
    }
    answer
}

/// The columns a map needs, found by name once.
struct Columns<'a> {
    points: &'a [GeoPoint],
    altitude: &'a [f32],
    track: &'a [f32],
    speed: &'a [i64],
    updated: &'a [i64],
    on_ground: &'a [u8],
    kind: Codes<'a>,
    status: Codes<'a>,
    airframe: Codes<'a>,
}

/// A keyword column with the number of each text.
struct Codes<'a> {
    codes: &'a [u32],
    numbers: Vec<u8>,
}

impl<'a> Codes<'a> {
    /// `number` of each text that the column has.
    fn new(index: &'a Index, field: &str, number: impl Fn(&str) -> u8) -> Self {
        match column(index, field) {
            Some(Column::Keyword { codes, dictionary }) => Self {
                codes,
                numbers: dictionary.numbers(number),
            },
            _ => Self {
                codes: &[],
                numbers: Vec::new(),
            },
        }
    }

    fn get(&self, row: usize) -> u8 {
        let code = self.codes.get(row).copied().unwrap_or(u32::MAX);
        self.numbers.get(code as usize).copied().unwrap_or(0)
    }
}

/// The place of a text among some, from 1 on, 0 for any other.
fn place_in(names: &'static [&'static str]) -> impl Fn(&str) -> u8 {
    move |text| {
        (1..)
            .zip(names)
            .find(|(_, name)| **name == text)
            .map_or(0, |(place, _)| place)
    }
}

fn column<'a>(index: &'a Index, field: &str) -> Option<&'a Column> {
    index.field(field).map(|field| &field.column)
}

fn floats<'a>(index: &'a Index, field: &str) -> &'a [f32] {
    match column(index, field) {
        Some(Column::Float(values)) => values,
        _ => &[],
    }
}

fn wholes<'a>(index: &'a Index, field: &str) -> &'a [i64] {
    match column(index, field) {
        Some(Column::Whole(values)) => values,
        _ => &[],
    }
}

impl<'a> Columns<'a> {
    fn new(index: &'a Index) -> Self {
        Self {
            points: match column(index, "position") {
                Some(Column::Point { points, .. }) => points,
                _ => &[],
            },
            altitude: floats(index, "alt"),
            track: floats(index, "dir"),
            speed: wholes(index, "speed"),
            updated: wholes(index, "updated"),
            on_ground: match column(index, "on_ground") {
                Some(Column::Boolean(values)) => values,
                _ => &[],
            },
            kind: Codes::new(index, "type", place_in(&["Domestic", "International"])),
            status: Codes::new(
                index,
                "status",
                place_in(&["scheduled", "en-route", "landed"]),
            ),
            airframe: Codes::new(index, "aircraft_icao", |text| {
                Airframe::of_type(text).number()
            }),
        }
    }

    fn newest(&self) -> Option<i64> {
        let newest = self.updated.iter().copied().max();
        newest.filter(|millis| *millis != NO_WHOLE)
    }

    #[inline]
    fn point(&self, row: usize) -> GeoPoint {
        self.points.get(row).copied().unwrap_or(NO_POINT)
    }

    #[inline]
    fn position(&self, row: usize, address: u32) -> Position {
        let point = self.point(row);
        let altitude = self.altitude.get(row).copied().unwrap_or(f32::NAN);
        let track = self.track.get(row).copied().unwrap_or(f32::NAN);
        let updated = self.updated.get(row).copied().unwrap_or(NO_WHOLE);
        let ground = u8::from(self.on_ground.get(row) == Some(&1));
        Position {
            address,
            lat: point.lat as f32,
            lon: point.lon as f32,
            altitude: if altitude.is_nan() {
                i16::MIN
            } else {
                // The smallest i16 means unknown, so the lowest altitude is one above it.
                nearest(altitude).max(-32_767.0) as i16
            },
            track: if track.is_nan() {
                u16::MAX
            } else {
                nearest(circle(track) * 100.0) as u16 % 36_000
            },
            speed: self
                .speed
                .get(row)
                .filter(|speed| **speed >= 0)
                .map_or(u16::MAX, |speed| u16::try_from(*speed).unwrap_or(u16::MAX)),
            flags: self.kind.get(row) | ground << 2 | self.status.get(row) << 3,
            airframe: self.airframe.get(row),
            time: u32::try_from(updated.div_euclid(1000)).unwrap_or(0),
        }
    }
}

/// To be cut off to the nearest whole number: `round` is a library call on the machines most binaries are built for.
#[inline]
fn nearest(value: f32) -> f32 {
    value + 0.5_f32.copysign(value)
}

/// A direction from 0 to 360 degrees.
#[inline]
fn circle(degrees: f32) -> f32 {
    if (0.0..=360.0).contains(&degrees) {
        degrees
    } else {
        degrees.rem_euclid(360.0)
    }
}
