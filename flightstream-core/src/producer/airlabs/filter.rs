use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::BoundingBox;
use crate::flight::{
    AirlineIata, AirlineIcao, AirportIata, AirportIcao, Country, FlightCode, FlightNumber, Icao24,
    Registration,
};

/// Which flights to ask for: all of the filters that are set must match. None is set by default: the whole world.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Inside this box.
    pub bbox: Option<BoundingBox>,
    /// This aircraft, by its address.
    pub hex: Option<Icao24>,
    /// This aircraft, by its registration.
    pub reg_number: Option<Registration>,
    /// Airlines of this country (not aircraft registered there).
    pub flag: Option<Country>,
    /// This airline, by its ICAO code.
    pub airline_icao: Option<AirlineIcao>,
    /// This airline, by its IATA code, which several airlines may share.
    pub airline_iata: Option<AirlineIata>,
    /// This flight, such as `LOT281`.
    pub flight_icao: Option<FlightCode>,
    /// This flight, such as `LO281`.
    pub flight_iata: Option<FlightCode>,
    /// This flight number, of any airline.
    pub flight_number: Option<FlightNumber>,
    /// From this airport, by its ICAO code.
    pub dep_icao: Option<AirportIcao>,
    /// From this airport, by its IATA code.
    pub dep_iata: Option<AirportIata>,
    /// To this airport, by its ICAO code.
    pub arr_icao: Option<AirportIcao>,
    /// To this airport, by its IATA code.
    pub arr_iata: Option<AirportIata>,
}

impl Filter {
    /// The query parameters, by the API's names.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&'static str, String)> {
        fn text<T: fmt::Display>(value: Option<&T>) -> Option<String> {
            value.map(ToString::to_string)
        }

        let Self {
            bbox,
            hex,
            reg_number,
            flag,
            airline_icao,
            airline_iata,
            flight_icao,
            flight_iata,
            flight_number,
            dep_icao,
            dep_iata,
            arr_icao,
            arr_iata,
        } = self;
        [
            ("bbox", text(bbox.as_ref())),
            ("hex", text(hex.as_ref())),
            ("reg_number", text(reg_number.as_ref())),
            ("flag", text(flag.as_ref())),
            ("airline_icao", text(airline_icao.as_ref())),
            ("airline_iata", text(airline_iata.as_ref())),
            ("flight_icao", text(flight_icao.as_ref())),
            ("flight_iata", text(flight_iata.as_ref())),
            ("flight_number", text(flight_number.as_ref())),
            ("dep_icao", text(dep_icao.as_ref())),
            ("dep_iata", text(dep_iata.as_ref())),
            ("arr_icao", text(arr_icao.as_ref())),
            ("arr_iata", text(arr_iata.as_ref())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

/// Which fields of a flight to ask for.
///
/// `hex` and `updated` are always among them: without the one nothing tells whose record it is, without the other not
/// when it was true.
///
/// ```
/// use flightstream_core::producer::airlabs::FieldList;
///
/// let fields: FieldList = "lat, lng,alt".parse()?;
/// assert_eq!(fields.to_string(), "lat,lng,alt,hex,updated");
/// # Ok::<(), flightstream_core::producer::airlabs::FieldListError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldList(Vec<String>);

/// Why a text is no list of fields.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FieldListError {
    /// One is empty or has a character that no field's name has.
    #[error("{name:?} is no field's name: lower-case letters, digits and _, commas between them")]
    Name {
        /// The one.
        name: String,
    },
}

impl FieldList {
    /// Every field that the decoder reads, and `type` (how the signal was received).
    pub(crate) const ALL: [&'static str; 23] = [
        "hex",
        "reg_number",
        "flag",
        "lat",
        "lng",
        "alt",
        "dir",
        "speed",
        "v_speed",
        "squawk",
        "flight_number",
        "flight_icao",
        "flight_iata",
        "dep_icao",
        "dep_iata",
        "arr_icao",
        "arr_iata",
        "airline_icao",
        "airline_iata",
        "aircraft_icao",
        "updated",
        "status",
        "type",
    ];
}

impl Default for FieldList {
    /// All the fields there are.
    fn default() -> Self {
        Self(Self::ALL.map(str::to_owned).to_vec())
    }
}

impl FromStr for FieldList {
    type Err = FieldListError;

    fn from_str(text: &str) -> Result<Self, FieldListError> {
        let mut names: Vec<String> = Vec::new();
        for name in text.split(',').map(str::trim).chain(["hex", "updated"]) {
            let is_name =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
            if name.is_empty() || !name.bytes().all(is_name) {
                return Err(FieldListError::Name {
                    name: name.to_owned(),
                });
            }
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        Ok(Self(names))
    }
}

impl fmt::Display for FieldList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_no_blanks_and_no_repetitions() {
        let fields: FieldList = " updated ,lat,\n lat".parse().unwrap();
        assert_eq!(fields.to_string(), "updated,lat,hex");
        let all = FieldList::default().to_string();
        assert!(!all.contains(char::is_whitespace));
        assert_eq!(all.parse(), Ok(FieldList::default()));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "lat,,lng", "Lat", "lat lng", "lat&api_key", "lat;lng"] {
            assert!(text.parse::<FieldList>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn only_what_is_set_is_asked_for() {
        assert_eq!(Filter::default().parameters().count(), 0);
        let filter = Filter {
            bbox: "49,14,55,24".parse().ok(),
            airline_icao: "LOT".parse().ok(),
            ..Filter::default()
        };
        let parameters: Vec<_> = filter.parameters().collect();
        assert_eq!(
            parameters,
            [
                ("bbox", "49,14,55,24".to_owned()),
                ("airline_icao", "LOT".to_owned())
            ]
        );
    }
}
