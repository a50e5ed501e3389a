use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::aggregation::parse_all;
use super::aggregation_json::all_to_value;
use super::body::{Body, check_count, kind};
use super::query::Scalar;
use super::{Aggregations, Query, SearchError};

/// `from` and `size` together may be at most this many.
pub const MAX_RESULT_WINDOW: usize = 10_000;
const MAX_SORT_FIELDS: usize = 32;
const MAX_SOURCE_FIELDS: usize = 1_000;

/// The body of `POST /<index>/_search`.
///
/// Serde reads and writes Elasticsearch's JSON; [`from_json`](Self::from_json) tells Elasticsearch's error besides.
///
/// ```
/// use flightstream_core::search::SearchRequest;
///
/// let request = SearchRequest::from_json(br#"{
///     "size": 0,
///     "query": {"bool": {"filter": [{"term": {"status": "en-route"}}, {"range": {"alt": {"gte": 3000}}}]}},
///     "aggs": {"airports": {"terms": {"field": "Arrival", "size": 5}, "aggs": {"speed": {"avg": {"field": "speed"}}}}}
/// }"#)?;
/// assert_eq!(request.size, 0);
///
/// let error = SearchRequest::from_json(br#"{"aggs": {"a": {"geohex_grid": {"field": "position"}}}}"#).unwrap_err();
/// assert_eq!(error.to_string(), "Unknown aggregation type [geohex_grid]");
/// # Ok::<(), flightstream_core::search::SearchError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SearchRequest {
    /// Which documents; all by default.
    pub query: Query,
    /// How many hits to skip.
    pub from: usize,
    /// How many hits, by default 10.
    pub size: usize,
    /// The order of the hits; by default that of the store, which is stable only while nothing is written.
    pub sort: Vec<Sort>,
    /// Only hits after the one with these sort values, as answered in its `sort`; as many as `sort` has fields.
    pub search_after: Option<Vec<Value>>,
    /// Which fields the hits have.
    pub source: SourceFilter,
    /// Whether, and up to what number, all matching documents are counted. The embedded store always counts all.
    pub track_total_hits: TrackTotalHits,
    /// What to compute over all matching documents.
    pub aggregations: Aggregations,
}

impl Default for SearchRequest {
    fn default() -> Self {
        Self {
            query: Query::MatchAll,
            from: 0,
            size: 10,
            sort: Vec::new(),
            search_after: None,
            source: SourceFilter::All,
            track_total_hits: TrackTotalHits::default(),
            aggregations: Aggregations::new(),
        }
    }
}

/// One field to sort by. Documents without a value come last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The field, or `_doc` for the order of the store.
    pub field: String,
    /// The smallest first.
    pub ascending: bool,
}

/// The `_source` of a search.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceFilter {
    /// The whole document.
    #[default]
    All,
    /// No `_source` at all.
    None,
    /// Only these fields, by their full names.
    Fields(Vec<String>),
}

/// The `track_total_hits` of a search.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrackTotalHits {
    /// Elasticsearch's default: exact up to 10,000.
    #[default]
    Default,
    /// `true`: exact.
    Exact,
    /// `false`: no total.
    Off,
    /// Exact up to this number.
    UpTo(u64),
}

impl SearchRequest {
    /// Reads a request. An empty body asks for everything.
    ///
    /// # Errors
    /// [`SearchError`] with status 400 that names what is unknown, malformed or too large.
    pub fn from_json(json: &[u8]) -> Result<Self, SearchError> {
        if json.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self::default());
        }
        let value = serde_json::from_slice(json)
            .map_err(|error| SearchError::parsing(format!("the request is not JSON: {error}")))?;
        Self::from_value(value)
    }

    /// Reads a request.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json).
    pub fn from_value(value: Value) -> Result<Self, SearchError> {
        let mut body = Body::new("search", value)?;
        let mut whole = |key: &str, default: usize| -> Result<usize, SearchError> {
            let number = body.integer(key)?;
            Ok(number.map_or(default, |n| usize::try_from(n).unwrap_or(usize::MAX)))
        };
        let (from, size) = (whole("from", 0)?, whole("size", 10)?);
        let query = match body.take("query") {
            None => Query::MatchAll,
            Some(query) => Query::from_value(query)?,
        };
        let aggregations = match (body.take("aggs"), body.take("aggregations")) {
            (None, None) => Aggregations::new(),
            (Some(value), None) | (None, Some(value)) => parse_all(value, 1)?,
            (Some(_), Some(_)) => {
                return Err(SearchError::parsing(
                    "found both [aggs] and [aggregations]; use one",
                ));
            }
        };
        let track_total_hits = match body.take("track_total_hits") {
            None => TrackTotalHits::Default,
            Some(Value::Bool(true)) => TrackTotalHits::Exact,
            Some(Value::Bool(false)) => TrackTotalHits::Off,
            Some(value) => match value.as_u64() {
                Some(limit) => TrackTotalHits::UpTo(limit),
                None => {
                    return Err(body.malformed("track_total_hits", "a boolean or number", &value));
                }
            },
        };
        let request = Self {
            query,
            from,
            size,
            sort: parse_sort(body.take("sort"))?,
            search_after: body.array("search_after")?,
            source: SourceFilter::from_value(body.take("_source"))?,
            track_total_hits,
            aggregations,
        };
        body.finish().map_err(|error| match error {
            SearchError::XContentParse { reason } => SearchError::parsing(reason),
            other => other,
        })?;
        request.check()?;
        Ok(request)
    }

    /// Checks what no parser has checked in a request built by hand.
    pub(crate) fn check(&self) -> Result<(), SearchError> {
        let window = self.from.saturating_add(self.size);
        if window > MAX_RESULT_WINDOW {
            return Err(SearchError::illegal(format!(
                "Result window is too large, from + size must be less than or equal to: [{MAX_RESULT_WINDOW}] but \
                 was [{window}]. Use [search_after] to page further"
            )));
        }
        if let Some(after) = &self.search_after {
            if after.len() != self.sort.len() {
                return Err(SearchError::illegal(format!(
                    "search_after has {} value(s) but sort has {}.",
                    after.len(),
                    self.sort.len()
                )));
            }
            if self.from > 0 {
                return Err(SearchError::illegal(
                    "`from` parameter must be set to 0 when `search_after` is used",
                ));
            }
        }
        Ok(())
    }

    fn to_value(&self) -> Value {
        let mut map = Map::new();
        map.insert("query".to_owned(), self.query.to_value());
        map.insert("from".to_owned(), self.from.into());
        map.insert("size".to_owned(), self.size.into());
        map.insert("_source".to_owned(), self.source.to_value());
        if !self.sort.is_empty() {
            map.insert("sort".to_owned(), sort_to_value(&self.sort));
        }
        if let Some(after) = &self.search_after {
            map.insert("search_after".to_owned(), after.as_slice().into());
        }
        let track = match self.track_total_hits {
            TrackTotalHits::Default => None,
            TrackTotalHits::Exact => Some(Value::Bool(true)),
            TrackTotalHits::Off => Some(Value::Bool(false)),
            TrackTotalHits::UpTo(limit) => Some(limit.into()),
        };
        if let Some(track) = track {
            map.insert("track_total_hits".to_owned(), track);
        }
        if !self.aggregations.is_empty() {
            map.insert("aggs".to_owned(), all_to_value(&self.aggregations));
        }
        Value::Object(map)
    }
}

impl Serialize for SearchRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SearchRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_value(value).map_err(serde::de::Error::custom)
    }
}

impl SourceFilter {
    pub(crate) fn from_value(value: Option<Value>) -> Result<Self, SearchError> {
        match value {
            None | Some(Value::Bool(true)) => Ok(Self::All),
            Some(Value::Bool(false)) => Ok(Self::None),
            Some(Value::String(field)) => Self::of(vec![field]),
            Some(Value::Array(fields)) => Self::of(
                fields
                    .into_iter()
                    .map(|field| Scalar::from_value("_source", field).map(|field| field.text()))
                    .collect::<Result<_, _>>()?,
            ),
            Some(other) => Err(SearchError::parsing(format!(
                "[_source] expected a boolean, a field or an array of fields but found {}",
                kind(&other)
            ))),
        }
    }

    fn of(fields: Vec<String>) -> Result<Self, SearchError> {
        check_count("_source", fields.len(), MAX_SOURCE_FIELDS)?;
        match fields.iter().find(|field| field.contains('*')) {
            Some(pattern) => Err(SearchError::illegal(format!(
                "[_source] patterns are not supported: [{pattern}]"
            ))),
            None => Ok(Self::Fields(fields)),
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::All => Value::Bool(true),
            Self::None => Value::Bool(false),
            Self::Fields(fields) => fields.as_slice().into(),
        }
    }
}

/// `"alt"`, `{"alt": "desc"}`, `{"alt": {"order": "desc"}}`, or an array of those.
pub(crate) fn parse_sort(value: Option<Value>) -> Result<Vec<Sort>, SearchError> {
    match value {
        None => Ok(Vec::new()),
        Some(Value::Array(values)) => {
            check_count("sort", values.len(), MAX_SORT_FIELDS)?;
            values.into_iter().map(one_sort).collect()
        }
        Some(value) => Ok(vec![one_sort(value)?]),
    }
}

fn one_sort(value: Value) -> Result<Sort, SearchError> {
    let (field, direction) = match value {
        Value::String(field) => (field, Value::from("asc")),
        value => Body::new("sort", value)?.only()?,
    };
    let direction = if direction.is_object() {
        let mut body = Body::new("sort", direction)?;
        let order = body.string("order")?;
        if let Some(missing) = body.string("missing")?
            && missing != "_last"
        {
            return Err(SearchError::illegal(format!(
                "[sort] supports only [_last] for [missing] but found [{missing}]"
            )));
        }
        body.finish()?;
        Value::from(order.unwrap_or_else(|| "asc".to_owned()))
    } else {
        direction
    };
    match direction.as_str() {
        Some("asc") => Ok(Sort {
            field,
            ascending: true,
        }),
        Some("desc") => Ok(Sort {
            field,
            ascending: false,
        }),
        _ => Err(SearchError::illegal(format!(
            "Unknown sort order [{direction}] for [{field}]"
        ))),
    }
}

pub(crate) fn sort_to_value(sort: &[Sort]) -> Value {
    sort.iter()
        .map(|sort| {
            let order = if sort.ascending { "asc" } else { "desc" };
            json!({ sort.field.as_str(): { "order": order } })
        })
        .collect()
}
