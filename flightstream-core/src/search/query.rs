use serde::{Serialize, Serializer};
use serde_json::{Map, Number, Value, json};

use super::body::{Body, kind};
use super::query_string;
use super::{BoundingBox, GeoPoint, SearchError};

const MAX_DEPTH: usize = 30;
const MAX_TERMS: usize = 65_536;

/// A value to compare a field with.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Scalar {
    /// A text; for a date also ISO-8601.
    Text(String),
    /// A number.
    Number(Number),
    /// True or false.
    Bool(bool),
}

impl Scalar {
    pub(crate) fn from_value(what: &str, value: Value) -> Result<Self, SearchError> {
        match value {
            Value::String(text) => Ok(Self::Text(text)),
            Value::Number(number) => Ok(Self::Number(number)),
            Value::Bool(value) => Ok(Self::Bool(value)),
            other => Err(SearchError::parsing(format!(
                "[{what}] expected a single value but found {}",
                kind(&other)
            ))),
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.clone()),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Bool(value) => Value::Bool(*value),
        }
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Bool(value) => value.to_string(),
        }
    }
}

impl From<&str> for Scalar {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Scalar {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

/// Which documents: Elasticsearch's query DSL, the part of it in the table of [`search`](super).
///
/// A field that the mapping doesn't have matches nothing.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub enum Query {
    /// All documents.
    #[default]
    MatchAll,
    /// No document.
    MatchNone,
    /// Combines queries.
    Bool(BoolQuery),
    /// The field has this value. Also read from `match`, which is the same on all of this store's types.
    Term {
        /// The field.
        field: String,
        /// Its value.
        value: Scalar,
    },
    /// The field has one of these values.
    Terms {
        /// The field.
        field: String,
        /// At most 65,536 values.
        values: Vec<Scalar>,
    },
    /// The field is within bounds.
    Range(RangeQuery),
    /// The field has a value.
    Exists {
        /// The field.
        field: String,
    },
    /// Documents by id.
    Ids {
        /// The ids.
        values: Vec<String>,
    },
    /// A keyword that starts with a text.
    Prefix {
        /// The field.
        field: String,
        /// The text.
        value: String,
    },
    /// A keyword that matches a pattern: `*` is any text, `?` any character, a backslash takes the next as it is.
    Wildcard {
        /// The field.
        field: String,
        /// The pattern.
        value: String,
    },
    /// A point inside a box.
    GeoBoundingBox {
        /// The field.
        field: String,
        /// The box.
        bounds: BoundingBox,
    },
    /// A point within a distance of another.
    GeoDistance {
        /// The field.
        field: String,
        /// The other point.
        point: GeoPoint,
        /// The distance in metres.
        metres: f64,
    },
}

/// The `bool` query.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BoolQuery {
    /// All of these match.
    pub must: Vec<Query>,
    /// All of these match too.
    pub filter: Vec<Query>,
    /// At least [`minimum_should_match`](Self::minimum_should_match) of these match.
    pub should: Vec<Query>,
    /// None of these matches.
    pub must_not: Vec<Query>,
    /// By default 1 if there is neither `must` nor `filter`, else 0.
    pub minimum_should_match: Option<u32>,
}

/// The `range` query. Bounds that are absent are open.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RangeQuery {
    /// The field.
    pub field: String,
    /// Greater than.
    pub gt: Option<Scalar>,
    /// Greater than or equal to.
    pub gte: Option<Scalar>,
    /// Less than.
    pub lt: Option<Scalar>,
    /// Less than or equal to.
    pub lte: Option<Scalar>,
}

impl Query {
    /// Reads a query from Elasticsearch's JSON.
    ///
    /// # Errors
    /// [`SearchError`] with status 400 that names what is unknown.
    pub fn from_value(value: Value) -> Result<Self, SearchError> {
        parse(value, 0)
    }
}

fn parse(value: Value, depth: usize) -> Result<Query, SearchError> {
    if depth > MAX_DEPTH {
        return Err(SearchError::illegal(format!(
            "The nesting of the query is deeper than [{MAX_DEPTH}]"
        )));
    }
    let (name, value) = Body::new("query", value)?.only()?;
    match name.as_str() {
        "match_all" => Body::new("match_all", value)?
            .finish()
            .map(|()| Query::MatchAll),
        "match_none" => Body::new("match_none", value)?
            .finish()
            .map(|()| Query::MatchNone),
        "bool" => parse_bool(value, depth),
        "term" => {
            let (field, value) = field_value("term", "value", value)?;
            let value = Scalar::from_value("term", value)?;
            Ok(Query::Term { field, value })
        }
        "match" => {
            let (field, value) = field_value("match", "query", value)?;
            let value = Scalar::from_value("match", value)?;
            Ok(Query::Term { field, value })
        }
        "terms" => {
            let (field, values) = Body::new("terms", value)?.only()?;
            let Value::Array(values) = values else {
                return Err(SearchError::parsing(format!(
                    "[terms] query requires an array of values for field [{field}]"
                )));
            };
            check_terms(values.len())?;
            let values = values
                .into_iter()
                .map(|v| Scalar::from_value("terms", v))
                .collect::<Result<_, _>>()?;
            Ok(Query::Terms { field, values })
        }
        "range" => parse_range(value),
        "exists" => {
            let mut body = Body::new("exists", value)?;
            let field = body.need_string("field")?;
            body.finish()?;
            Ok(Query::Exists { field })
        }
        "ids" => {
            let mut body = Body::new("ids", value)?;
            let values = body
                .array("values")?
                .ok_or_else(|| body.missing("values"))?;
            body.finish()?;
            check_terms(values.len())?;
            let values = values
                .into_iter()
                .map(|v| Scalar::from_value("ids", v).map(|v| v.text()))
                .collect::<Result<_, _>>()?;
            Ok(Query::Ids { values })
        }
        "prefix" => {
            let (field, value) = field_value("prefix", "value", value)?;
            let value = pattern("prefix", value)?;
            Ok(Query::Prefix { field, value })
        }
        "wildcard" => {
            let (field, value) = field_value("wildcard", "value", value)?;
            let value = pattern("wildcard", value)?;
            Ok(Query::Wildcard { field, value })
        }
        "geo_bounding_box" => {
            let (field, value) = Body::new("geo_bounding_box", value)?.only()?;
            let bounds = BoundingBox::from_value("geo_bounding_box", value)?;
            Ok(Query::GeoBoundingBox { field, bounds })
        }
        "geo_distance" => parse_geo_distance(value),
        "query_string" => query_string::parse(value),
        unknown => Err(SearchError::parsing(format!("unknown query [{unknown}]"))),
    }
}

fn check_terms(count: usize) -> Result<(), SearchError> {
    if count > MAX_TERMS {
        return Err(SearchError::illegal(format!(
            "The number of terms [{count}] used in the Terms Query request has exceeded the allowed maximum of \
             [{MAX_TERMS}]"
        )));
    }
    Ok(())
}

/// `{"field": value}` or `{"field": {"value": value}}`.
fn field_value(what: &str, key: &str, value: Value) -> Result<(String, Value), SearchError> {
    let (field, value) = Body::new(what, value)?.only()?;
    if !value.is_object() {
        return Ok((field, value));
    }
    let mut body = Body::new(what, value)?;
    let value = body.take(key).ok_or_else(|| body.missing(key))?;
    body.finish()?;
    Ok((field, value))
}

fn pattern(what: &str, value: Value) -> Result<String, SearchError> {
    match value {
        Value::String(text) if text.len() <= 1000 => Ok(text),
        Value::String(text) => Err(SearchError::illegal(format!(
            "[{what}] pattern of length [{}] is longer than [1000]",
            text.len()
        ))),
        other => Err(SearchError::parsing(format!(
            "[{what}] expected a string but found {}",
            kind(&other)
        ))),
    }
}

fn parse_bool(value: Value, depth: usize) -> Result<Query, SearchError> {
    let mut body = Body::new("bool", value)?;
    let mut clauses = |key: &str| -> Result<Vec<Query>, SearchError> {
        match body.take(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(queries)) => {
                queries.into_iter().map(|q| parse(q, depth + 1)).collect()
            }
            Some(query) => Ok(vec![parse(query, depth + 1)?]),
        }
    };
    let (must, filter) = (clauses("must")?, clauses("filter")?);
    let (should, must_not) = (clauses("should")?, clauses("must_not")?);
    let minimum_should_match = match body.take("minimum_should_match") {
        None => None,
        Some(value) => {
            let number = match &value {
                Value::String(text) => text.parse().ok(),
                other => other.as_u64().and_then(|n| u32::try_from(n).ok()),
            };
            Some(number.ok_or_else(|| {
                body.malformed("minimum_should_match", "a whole number of clauses", &value)
            })?)
        }
    };
    body.finish()?;
    Ok(Query::Bool(BoolQuery {
        must,
        filter,
        should,
        must_not,
        minimum_should_match,
    }))
}

fn parse_range(value: Value) -> Result<Query, SearchError> {
    let (field, value) = Body::new("range", value)?.only()?;
    let mut body = Body::new("range", value)?;
    let mut bound = |key: &str| match body.take(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => Scalar::from_value("range", value).map(Some),
    };
    let range = RangeQuery {
        field,
        gt: bound("gt")?,
        gte: bound("gte")?,
        lt: bound("lt")?,
        lte: bound("lte")?,
    };
    // Numbers are milliseconds, and texts ISO-8601, whatever is said.
    let format = body.string("format")?.unwrap_or_default();
    let known = |name: &str| {
        matches!(
            name,
            "epoch_millis" | "date_optional_time" | "strict_date_optional_time"
        )
    };
    if !format.is_empty() && !format.split("||").all(known) {
        return Err(SearchError::illegal(format!(
            "[format] is [epoch_millis] or [strict_date_optional_time] here but was [{format}]"
        )));
    }
    body.finish()?;
    Ok(Query::Range(range))
}

fn parse_geo_distance(value: Value) -> Result<Query, SearchError> {
    let mut body = Body::new("geo_distance", value)?;
    let distance = body
        .take("distance")
        .ok_or_else(|| body.missing("distance"))?;
    let metres = match &distance {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => parse_distance(text),
        _ => None,
    }
    .filter(|metres| metres.is_finite() && *metres >= 0.0)
    .ok_or_else(|| body.malformed("distance", "a distance such as \"200km\"", &distance))?;
    let (field, point) = body.only()?;
    let point = GeoPoint::from_value(&point).ok_or_else(|| {
        SearchError::parsing(format!("[geo_distance] failed to parse point [{field}]"))
    })?;
    Ok(Query::GeoDistance {
        field,
        point,
        metres,
    })
}

fn parse_distance(text: &str) -> Option<f64> {
    let units = [
        ("km", 1000.0),
        ("nmi", 1852.0),
        ("NM", 1852.0),
        ("mi", 1609.344),
        ("ft", 0.3048),
        ("m", 1.0),
    ];
    let (number, unit) = units
        .iter()
        .find_map(|(name, metres)| Some((text.strip_suffix(name)?, *metres)))
        .unwrap_or((text, 1.0));
    Some(number.trim().parse::<f64>().ok()? * unit)
}

impl Serialize for Query {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl Query {
    pub(crate) fn to_value(&self) -> Value {
        let one = |name: &str, field: &str, value: Value| json!({ name: { field: value } });
        match self {
            Self::MatchAll => json!({ "match_all": {} }),
            Self::MatchNone => json!({ "match_none": {} }),
            Self::Bool(query) => query.to_value(),
            Self::Term { field, value } => one("term", field, value.to_value()),
            Self::Terms { field, values } => one(
                "terms",
                field,
                values.iter().map(Scalar::to_value).collect(),
            ),
            Self::Range(range) => range.to_value(),
            Self::Exists { field } => json!({ "exists": { "field": field } }),
            Self::Ids { values } => json!({ "ids": { "values": values } }),
            Self::Prefix { field, value } => one("prefix", field, value.as_str().into()),
            Self::Wildcard { field, value } => one("wildcard", field, json!({ "value": value })),
            Self::GeoBoundingBox { field, bounds } => {
                one("geo_bounding_box", field, bounds.to_value())
            }
            Self::GeoDistance {
                field,
                point,
                metres,
            } => json!({
                "geo_distance": { "distance": format!("{metres}m"), field.as_str(): point }
            }),
        }
    }
}

impl BoolQuery {
    fn to_value(&self) -> Value {
        let mut body = Map::new();
        for (key, queries) in [
            ("must", &self.must),
            ("filter", &self.filter),
            ("should", &self.should),
            ("must_not", &self.must_not),
        ] {
            if !queries.is_empty() {
                let queries = queries.iter().map(Query::to_value).collect();
                body.insert(key.to_owned(), queries);
            }
        }
        if let Some(minimum) = self.minimum_should_match {
            body.insert("minimum_should_match".to_owned(), minimum.into());
        }
        json!({ "bool": body })
    }
}

impl RangeQuery {
    fn to_value(&self) -> Value {
        let body: Map<String, Value> = [
            ("gt", &self.gt),
            ("gte", &self.gte),
            ("lt", &self.lt),
            ("lte", &self.lte),
        ]
        .into_iter()
        .filter_map(|(key, bound)| Some((key.to_owned(), bound.as_ref()?.to_value())))
        .collect();
        json!({ "range": { self.field.as_str(): body } })
    }
}
