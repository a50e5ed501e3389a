use std::collections::BTreeMap;

use serde_json::Value;

use super::body::{Body, check_name};
use super::query::{Query, Scalar};
use super::request::{Sort, SourceFilter};
use super::{BoundingBox, SearchError};

/// Aggregations by their name in the request and in the response.
pub type Aggregations = BTreeMap<String, Aggregation>;

/// One aggregation with those nested in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregation {
    /// What it computes.
    pub kind: AggregationKind,
    /// What it computes within each of its buckets; empty for a metric.
    pub aggregations: Aggregations,
}

/// What an [`Aggregation`] computes: Elasticsearch's names, the part of them in the table of [`search`](super).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum AggregationKind {
    /// A bucket for each value.
    Terms(TermsAggregation),
    /// A bucket for each interval of a number.
    Histogram(HistogramAggregation),
    /// A bucket for each interval of time; interval and offset in milliseconds.
    DateHistogram(HistogramAggregation),
    /// A bucket for each of some ranges of a number, `from` included, `to` not.
    Range {
        /// The field.
        field: String,
        /// The ranges; they may overlap.
        ranges: Vec<AggregationRange>,
    },
    /// One bucket for the documents of a query.
    Filter(Box<Query>),
    /// A bucket for each of some queries, by name.
    Filters(Vec<(String, Query)>),
    /// A bucket for each of some queries, in order.
    AnonymousFilters(Vec<Query>),
    /// One bucket for the documents without a value.
    Missing {
        /// The field.
        field: String,
    },
    /// A bucket for each map tile.
    GeotileGrid(GeotileGrid),
    /// A number over all values of a field.
    Metric {
        /// Which number.
        metric: Metric,
        /// The field.
        field: String,
    },
    /// Values below which a given percentage of all values is; exact, interpolated linearly.
    Percentiles {
        /// The field.
        field: String,
        /// The percentages, 0 to 100; at most 256.
        percents: Vec<f64>,
    },
    /// Some documents of each bucket.
    TopHits(TopHits),
}

/// The aggregations that need nothing but a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Metric {
    /// The mean.
    Avg,
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
    /// The sum.
    Sum,
    /// How many values there are.
    ValueCount,
    /// All of the above.
    Stats,
    /// `stats` with variance and deviation.
    ExtendedStats,
    /// How many different values there are; exact.
    Cardinality,
    /// The smallest box around all points.
    GeoBounds,
    /// The mean of all points.
    GeoCentroid,
}

impl Metric {
    const ALL: [(&'static str, Self); 10] = [
        ("avg", Self::Avg),
        ("min", Self::Min),
        ("max", Self::Max),
        ("sum", Self::Sum),
        ("value_count", Self::ValueCount),
        ("stats", Self::Stats),
        ("extended_stats", Self::ExtendedStats),
        ("cardinality", Self::Cardinality),
        ("geo_bounds", Self::GeoBounds),
        ("geo_centroid", Self::GeoCentroid),
    ];

    /// The name in Elasticsearch's JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, metric)| *metric == self)
            .map_or("", |(name, _)| name)
    }

    pub(crate) fn by_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(candidate, _)| *candidate == name)
            .map(|(_, metric)| *metric)
    }
}

/// The `terms` aggregation.
#[derive(Debug, Clone, PartialEq)]
pub struct TermsAggregation {
    /// The field.
    pub field: String,
    /// How many buckets, by default 10, at most 65,536.
    pub size: usize,
    /// By what the buckets are chosen and ordered; by default `_count` descending.
    pub order: BucketOrder,
    /// Buckets with fewer documents are left out; at least 1.
    pub min_doc_count: u64,
    /// Counts documents without a value as if they had this one.
    pub missing: Option<Scalar>,
    /// Only these values.
    pub include: Option<Vec<Scalar>>,
}

/// What buckets are ordered by. Equal ones are ordered by key, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketOrder {
    /// Which property.
    pub by: OrderBy,
    /// The smallest first.
    pub ascending: bool,
}

/// See [`BucketOrder`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OrderBy {
    /// `_count`: the number of documents.
    Count,
    /// `_key`: the value.
    Key,
    /// A metric nested in the aggregation.
    Metric {
        /// Its name in the request.
        name: String,
        /// Which of its values, for `stats`: `avg`, `min`, `max`, `sum`, `count`.
        value: Option<String>,
    },
}

/// The `histogram` and `date_histogram` aggregations.
#[derive(Debug, Clone, PartialEq)]
pub struct HistogramAggregation {
    /// The field.
    pub field: String,
    /// The width of a bucket; positive.
    pub interval: f64,
    /// Where a bucket begins, modulo the interval.
    pub offset: f64,
    /// Buckets with fewer documents are left out; by default 0: also the empty ones in between are answered.
    pub min_doc_count: u64,
    /// Empty buckets are answered from the first of these values to the last, too, if `min_doc_count` is 0.
    pub extended_bounds: Option<(f64, f64)>,
    /// How the keys of a `date_histogram` are written beside their number.
    pub format: DateFormat,
}

/// How an instant is written as text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DateFormat {
    /// ISO-8601 in UTC.
    #[default]
    Iso,
    /// `epoch_millis`: milliseconds since 1970.
    EpochMillis,
}

/// One range of the `range` aggregation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AggregationRange {
    /// Its name; by default `from-to`.
    pub key: Option<String>,
    /// The first value that belongs to it.
    pub from: Option<f64>,
    /// The first value that doesn't.
    pub to: Option<f64>,
}

/// The `geotile_grid` aggregation.
#[derive(Debug, Clone, PartialEq)]
pub struct GeotileGrid {
    /// The field.
    pub field: String,
    /// The zoom level, 0 to 29; by default 7.
    pub precision: u8,
    /// How many buckets, the fullest first; by default 10,000.
    pub size: usize,
    /// Only points inside.
    pub bounds: Option<BoundingBox>,
}

/// The `top_hits` aggregation.
#[derive(Debug, Clone, PartialEq)]
pub struct TopHits {
    /// How many to skip.
    pub from: usize,
    /// How many, by default 3; `from` and `size` together at most 100.
    pub size: usize,
    /// In which order.
    pub sort: Vec<Sort>,
    /// Which fields.
    pub source: SourceFilter,
}

const MAX_DEPTH: usize = 16;

/// Reads the value of `aggs`.
pub(crate) fn parse_all(value: Value, depth: usize) -> Result<Aggregations, SearchError> {
    if depth > MAX_DEPTH {
        return Err(SearchError::illegal(format!(
            "The nesting of the aggregations is deeper than [{MAX_DEPTH}]"
        )));
    }
    let Value::Object(map) = value else {
        return Err(SearchError::parsing("[aggs] expected an object"));
    };
    map.into_iter()
        .map(|(name, value)| {
            if name.is_empty() || name.contains(['[', ']', '>']) {
                return Err(SearchError::parsing(format!(
                    "Invalid aggregation name [{name}]. Aggregation names cannot contain '[', ']' or '>'"
                )));
            }
            check_name("aggs", &name)?;
            let aggregation = parse_one(&name, value, depth)?;
            Ok((name, aggregation))
        })
        .collect()
}

fn parse_one(name: &str, value: Value, depth: usize) -> Result<Aggregation, SearchError> {
    let mut body = Body::new(name, value)?;
    let nested = match (body.take("aggs"), body.take("aggregations")) {
        (None, None) => None,
        (Some(value), None) | (None, Some(value)) => Some(value),
        (Some(_), Some(_)) => {
            return Err(SearchError::parsing(format!(
                "Found two sub aggregation definitions under [{name}]"
            )));
        }
    };
    let (kind_name, value) = body.only().map_err(|_| {
        SearchError::parsing(format!(
            "Expected exactly one aggregation type under [{name}]"
        ))
    })?;
    let kind = super::aggregation_json::parse_kind(&kind_name, value)?;
    let aggregations = match nested {
        None => Aggregations::new(),
        Some(value) => parse_all(value, depth + 1)?,
    };
    if kind.is_metric() && !aggregations.is_empty() {
        return Err(SearchError::illegal(format!(
            "Aggregator [{name}] of type [{kind_name}] cannot accept sub-aggregations"
        )));
    }
    let aggregation = Aggregation { kind, aggregations };
    aggregation.check_order()?;
    Ok(aggregation)
}

impl AggregationKind {
    pub(crate) fn is_metric(&self) -> bool {
        matches!(
            self,
            Self::Metric { .. } | Self::Percentiles { .. } | Self::TopHits(_)
        )
    }
}

impl Aggregation {
    fn check_order(&self) -> Result<(), SearchError> {
        let AggregationKind::Terms(TermsAggregation {
            order:
                BucketOrder {
                    by: OrderBy::Metric { name, value },
                    ..
                },
            ..
        }) = &self.kind
        else {
            return Ok(());
        };
        let metric = match self.aggregations.get(name).map(|a| &a.kind) {
            Some(AggregationKind::Metric { metric, .. }) => *metric,
            _ => {
                return Err(SearchError::illegal(format!(
                    "Invalid aggregation order path [{name}]. The metric [{name}] is not a direct sub-aggregation"
                )));
            }
        };
        let fits = match value.as_deref() {
            None | Some("value") => !matches!(
                metric,
                Metric::Stats | Metric::ExtendedStats | Metric::GeoBounds | Metric::GeoCentroid
            ),
            Some("avg" | "min" | "max" | "sum" | "count") => {
                matches!(metric, Metric::Stats | Metric::ExtendedStats)
            }
            Some(_) => false,
        };
        if fits {
            return Ok(());
        }
        Err(SearchError::illegal(format!(
            "Invalid aggregation order path [{name}]. [{}] has no such single value",
            metric.name()
        )))
    }
}
