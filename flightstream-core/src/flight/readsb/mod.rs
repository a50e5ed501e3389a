//! readsb and its kin (dump1090-fa, tar1090, the `ADSBx` v2 APIs): what receivers hear of aircraft, once a second.
//!
//! `aircraft.json` is a snapshot with one object an aircraft. [`messages`] takes it apart into messages, each with the
//! snapshot's time; a socket opened by `--json-port` sends such messages by itself. [`ReadsbJson`] decodes one. What
//! it means by its values is this:
//!
//! | field | as sent | in [`Flight`](super::Flight) |
//! | --- | --- | --- |
//! | `hex` | six hexadecimal digits, after `~` if the address is not ICAO's | required: [`Icao24`](super::Icao24) |
//! | `now` | Unix time of the snapshot in seconds, of the APIs in milliseconds | required |
//! | `seen_pos`, `seen` | how many seconds before that the position, or else anything, was heard | `updated`: `now` less that |
//! | `lat`, `lon` | degrees | `position`; out of range or exactly (0, 0) is unknown and flagged |
//! | `alt_baro` | feet, or `"ground"` | `altitude` in metres |
//! | `alt_geom` | feet above the ellipsoid | `altitude` where there is no `alt_baro` |
//! | `gs` | knots | `ground_speed` in m/s |
//! | `track` | degrees from true north | `track` |
//! | `baro_rate`, `geom_rate` | feet a minute | `vertical_rate` in m/s |
//! | `squawk` | four octal digits | `squawk` |
//! | `category` | `A0` to `D7` | `category` |
//! | `flight` | callsign, filled with blanks to eight characters | `flight_icao` |
//! | `r`, `t` | from the receiver's own data base | `registration`, `aircraft_type` |
//!
//! No receiver hears where a flight comes from or goes to. A field that is absent, null or blank is unknown; an optional
//! field of another type or form is unknown and flagged [`BAD_FIELD`](super::Quality::BAD_FIELD); other fields are passed
//! over; of a repeated key the last one counts.

mod convert;
mod decoder;
mod fields;
mod snapshot;

pub use self::decoder::ReadsbJson;
pub use self::snapshot::{SnapshotError, messages};
pub use super::json::{DecodeError, Limits};
