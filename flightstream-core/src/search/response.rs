use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::GeoPoint;

/// Results of aggregations by their names in the request.
pub type AggregationResults = BTreeMap<String, AggregationResult>;

/// The answer to a search; serialises as Elasticsearch's.
///
/// Read from an Elasticsearch's answer, its aggregations are [`AggregationResult::Raw`].
#[derive(Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SearchResponse {
    /// Milliseconds spent.
    pub took: u64,
    /// Always false here: nothing is cut short.
    pub timed_out: bool,
    /// How many shards answered.
    #[serde(rename = "_shards")]
    pub shards: Shards,
    /// The documents.
    pub hits: Hits,
    /// What was computed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aggregations: AggregationResults,
}

/// How many shards answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shards {
    /// All of them.
    pub total: u32,
    /// Those that answered.
    pub successful: u32,
    /// Those without a matching document that were not asked.
    pub skipped: u32,
    /// Those that failed.
    pub failed: u32,
}

impl Default for Shards {
    fn default() -> Self {
        Self {
            total: 1,
            successful: 1,
            skipped: 0,
            failed: 0,
        }
    }
}

/// The documents of an answer.
#[derive(Debug, Serialize, Deserialize)]
pub struct Hits {
    /// How many documents match; absent with `track_total_hits: false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Total>,
    /// 1.0, or null without hits or with a sort.
    pub max_score: Option<f32>,
    /// The documents asked for.
    pub hits: Vec<Hit>,
}

/// How many documents match.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    /// The number.
    pub value: u64,
    /// `eq`, or `gte` if there are more.
    pub relation: String,
}

/// One document of an answer.
#[derive(Debug, Serialize, Deserialize)]
pub struct Hit {
    /// Its index.
    #[serde(rename = "_index")]
    pub index: String,
    /// Its id.
    #[serde(rename = "_id")]
    pub id: String,
    /// 1.0, or null with a sort: this store ranks nothing.
    #[serde(rename = "_score")]
    pub score: Option<f32>,
    /// Its fields.
    #[serde(rename = "_source", default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Box<RawValue>>,
    /// What it was sorted by; null where it has no value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sort: Vec<Value>,
}

/// The result of one aggregation. Its JSON is written as Elasticsearch writes it.
#[derive(Debug)]
#[non_exhaustive]
pub enum AggregationResult {
    /// Of `terms`.
    Terms {
        /// The documents in buckets that are not answered.
        sum_other_doc_count: u64,
        /// The buckets.
        buckets: Vec<Bucket>,
    },
    /// Of `histogram`, `date_histogram`, `range`, `geotile_grid` and `filters` without names.
    Buckets(Vec<Bucket>),
    /// Of `filters` with names.
    Keyed(Vec<(String, Bucket)>),
    /// Of `filter` and `missing`.
    Single(Bucket),
    /// Of `avg`, `min`, `max`, `sum`.
    Value {
        /// The number, null without values.
        value: Option<f64>,
        /// The same as a date, of a date field.
        as_string: Option<String>,
    },
    /// Of `value_count` and `cardinality`.
    Count(u64),
    /// Of `stats`, and with `extended` of `extended_stats`.
    Stats {
        /// The numbers.
        stats: Stats,
        /// Whether with variance and deviation.
        extended: bool,
        /// Whether of a date field.
        date: bool,
    },
    /// Of `percentiles`: percentage and value, null without values.
    Percentiles(Vec<(f64, Option<f64>)>),
    /// Of `geo_bounds`; absent without points.
    GeoBounds(Option<GeoBounds>),
    /// Of `geo_centroid`.
    GeoCentroid {
        /// The mean point; absent without points.
        location: Option<GeoPoint>,
        /// How many points.
        count: u64,
    },
    /// Of `top_hits`.
    TopHits(Hits),
    /// As another store answered it.
    Raw(Box<RawValue>),
}

impl<'de> Deserialize<'de> for AggregationResult {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self::Raw)
    }
}

/// Numbers over the values of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stats {
    /// How many.
    pub count: u64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The sum.
    pub sum: f64,
    /// The sum of squares.
    pub sum_of_squares: f64,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            count: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            sum: 0.0,
            sum_of_squares: 0.0,
        }
    }
}

impl Stats {
    /// Adds a value.
    #[inline]
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.sum += value;
        self.sum_of_squares += value * value;
    }

    /// The mean, if there are values.
    #[must_use]
    pub fn avg(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }
}

/// The corners of a `geo_bounds`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct GeoBounds {
    /// North-west.
    pub top_left: GeoPoint,
    /// South-east; west of the other where the box spans the antimeridian.
    pub bottom_right: GeoPoint,
}

/// One bucket.
#[derive(Debug)]
pub struct Bucket {
    /// What its documents have in common.
    pub key: BucketKey,
    /// How many they are.
    pub doc_count: u64,
    /// What was computed over them.
    pub aggregations: AggregationResults,
}

/// The key of a [`Bucket`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum BucketKey {
    /// Of a bucket that is the only one or has a name outside.
    None,
    /// A keyword.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// Milliseconds since 1970.
    Date(i64),
    /// The same, written as a number where text is asked for.
    EpochMillis(i64),
    /// A map tile.
    Tile {
        /// Zoom level.
        zoom: u8,
        /// Column from the antimeridian eastwards.
        x: u32,
        /// Row from the north.
        y: u32,
    },
    /// A range.
    Range {
        /// Its name.
        key: String,
        /// The first value that belongs to it.
        from: Option<f64>,
        /// The first value that doesn't.
        to: Option<f64>,
    },
}
