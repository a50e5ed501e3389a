use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How a field is stored and searched: Elasticsearch's type names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FieldType {
    /// A text searched as a whole.
    Keyword,
    /// A single-precision number.
    Float,
    /// A signed 32-bit whole number.
    Integer,
    /// A signed 64-bit whole number.
    Long,
    /// An instant: milliseconds since 1970, or ISO-8601.
    Date,
    /// True or false.
    Boolean,
    /// A latitude and a longitude in degrees.
    GeoPoint,
}

impl FieldType {
    /// The name in Elasticsearch's JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Keyword => "keyword",
            Self::Float => "float",
            Self::Integer => "integer",
            Self::Long => "long",
            Self::Date => "date",
            Self::Boolean => "boolean",
            Self::GeoPoint => "geo_point",
        }
    }
}

/// What becomes of a document's field that the mapping doesn't have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dynamic {
    /// The document is refused (`strict_dynamic_mapping_exception`).
    #[serde(rename = "strict")]
    Strict,
    /// The field is ignored.
    #[default]
    #[serde(rename = "false")]
    False,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Property {
    #[serde(rename = "type")]
    field_type: FieldType,
}

/// The fields of an index, as in the `mappings` of Elasticsearch's create-index request.
///
/// ```
/// use flightstream_core::search::{FieldType, Mapping};
///
/// let mapping: Mapping = serde_json::from_str(
///     r#"{"dynamic": "strict", "properties": {"flag": {"type": "keyword"}, "position": {"type": "geo_point"}}}"#,
/// )?;
/// assert_eq!(mapping.field_type("flag"), Some(FieldType::Keyword));
/// assert_eq!(mapping, Mapping::strict([("flag", FieldType::Keyword), ("position", FieldType::GeoPoint)]));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    #[serde(default)]
    dynamic: Dynamic,
    properties: BTreeMap<String, Property>,
}

impl Mapping {
    /// A mapping that ignores unknown fields.
    pub fn new<N: Into<String>>(fields: impl IntoIterator<Item = (N, FieldType)>) -> Self {
        Self {
            dynamic: Dynamic::False,
            properties: fields
                .into_iter()
                .map(|(name, field_type)| (name.into(), Property { field_type }))
                .collect(),
        }
    }

    /// A mapping that refuses documents with unknown fields.
    pub fn strict<N: Into<String>>(fields: impl IntoIterator<Item = (N, FieldType)>) -> Self {
        Self {
            dynamic: Dynamic::Strict,
            ..Self::new(fields)
        }
    }

    /// The index `esflight`: one document an aircraft, its current state.
    ///
    /// Units: `alt` metres, `dir` degrees clockwise from north, `speed` and `v_speed` km/h, `updated` the event time
    /// in milliseconds since 1970.
    #[must_use]
    pub fn flights() -> Self {
        use FieldType::{Boolean, Date, Float, GeoPoint, Integer, Keyword};
        let keywords = [
            "hex",
            "reg_number",
            "flag",
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
            "status",
            "type",
            "Departure",
            "Arrival",
            "squawk",
        ];
        let others = [
            ("position", GeoPoint),
            ("dep_pos", GeoPoint),
            ("arr_pos", GeoPoint),
            ("alt", Float),
            ("dir", Float),
            ("speed", Integer),
            ("v_speed", Integer),
            ("on_ground", Boolean),
            ("updated", Date),
        ];
        Self::new(
            keywords
                .into_iter()
                .map(|name| (name, Keyword))
                .chain(others),
        )
    }

    /// Where this mapping of an index is not the one that is wanted, in words.
    pub(crate) fn difference(&self, wanted: &Self) -> String {
        let name = |field_type: Option<FieldType>| field_type.map_or("nothing", FieldType::name);
        let fields = self.properties.keys().chain(wanted.properties.keys());
        fields
            .map(|field| (field, self.field_type(field), wanted.field_type(field)))
            .find(|(_, there, wanted)| there != wanted)
            .map_or_else(
                || "dynamic".to_owned(),
                |(field, there, wanted)| {
                    format!("[{field}] is {}, not {}", name(there), name(wanted))
                },
            )
    }

    /// The data stream `flight-history`: positions of aircraft as they were, the fields of [`flights`](Self::flights) with
    /// `@timestamp`, the event time.
    #[must_use]
    pub fn history() -> Self {
        let flights = Self::flights();
        let timestamp = ("@timestamp", FieldType::Date);
        Self::new(flights.fields().chain([timestamp]))
    }

    /// The index `flight-statistics`: one document a key and window, as the topic `flight-stats` has them.
    ///
    /// `start` and `end` are the window, in milliseconds since 1970.
    #[must_use]
    pub fn statistics() -> Self {
        use FieldType::{Date, Float, Keyword, Long};
        let keywords = ["kind", "key", "flight", "departure", "arrival"];
        let counts = [
            "arrivals",
            "departures",
            "airborne",
            "aircraft",
            "reports",
            "good",
            "with_speed",
        ];
        let figures = ["mean_speed", "max_speed", "distance_km", "max_altitude"];
        let keywords = keywords.into_iter().map(|name| (name, Keyword));
        let counts = counts.into_iter().map(|name| (name, Long));
        let figures = figures.into_iter().map(|name| (name, Float));
        let window = ["start", "end"].into_iter().map(|name| (name, Date));
        Self::new(keywords.chain(counts).chain(figures).chain(window))
    }

    /// What becomes of unknown fields.
    #[must_use]
    pub fn dynamic(&self) -> Dynamic {
        self.dynamic
    }

    /// The type of a field, if there is such a field.
    #[must_use]
    pub fn field_type(&self, field: &str) -> Option<FieldType> {
        self.properties.get(field).map(|p| p.field_type)
    }

    /// All fields with their types, by name.
    pub fn fields(&self) -> impl Iterator<Item = (&str, FieldType)> {
        self.properties
            .iter()
            .map(|(name, p)| (name.as_str(), p.field_type))
    }
}
