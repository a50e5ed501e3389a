//! Documents of the index `esflight`: one flat JSON object an aircraft.
//!
//! | field | value |
//! | --- | --- |
//! | `hex` | the aircraft's address; also the document's id |
//! | `reg_number`, `aircraft_icao`, `squawk` | text |
//! | `flag` | country of the airline |
//! | `position`, `dep_pos`, `arr_pos` | `{"lat": .., "lon": ..}`, degrees |
//! | `alt` | metres, fractions possible; 0 on the ground |
//! | `dir` | degrees, 0 ≤ dir < 360 |
//! | `speed` | km/h, whole |
//! | `v_speed` | m/s, whole |
//! | `flight_number`, `flight_icao`, `flight_iata` | text |
//! | `dep_icao`, `dep_iata`, `arr_icao`, `arr_iata`, `airline_icao`, `airline_iata` | codes as the source sent them |
//! | `status` | `scheduled`, `en-route`, `landed`, `cancelled`, `diverted` |
//! | `type` | `Domestic`, `International`, `Unknown`: always there |
//! | `on_ground` | true or false |
//! | `Departure`, `Arrival` | names of the airports |
//! | `updated` | event time, milliseconds since the Unix epoch; also the document's version |
//!
//! What is unknown is absent.

mod decode;
mod encode;

pub use self::decode::{Document, decode};
pub use self::encode::encode;
