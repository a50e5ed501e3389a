//! Where the current state of all aircraft is searched and aggregated: a subset of Elasticsearch's JSON.
//!
//! [`SearchStore`] is what an indexer writes to and a dashboard reads from. The [`embedded`] store keeps everything
//! in memory in this process; `elastic` (feature `elastic`) is a real Elasticsearch or OpenSearch. Requests and responses are Elasticsearch's JSON, so one set of queries runs on both.
//!
//! # It takes
//!
//! What is not in this table is refused by its name with status 400, never ignored.
//!
//! | part | supported |
//! | --- | --- |
//! | field types | `keyword`, `float`, `integer`, `long`, `date` (milliseconds or ISO-8601), `boolean`, `geo_point`; one value a field |
//! | mapping | `dynamic`: `false` or `"strict"`; `properties` with `type` |
//! | bulk | index, delete; external versions (`external_gte`) or internal ones |
//! | queries | `match_all`, `match_none`, `query_string` (`*`, and `field:value` with `AND` between and `NOT` before), `bool` (`must`, `filter`, `should`, `minimum_should_match` as a number, `must_not`), `term`, `terms`, `match` (as `term`), `range` (`gt`, `gte`, `lt`, `lte`), `exists`, `ids`, `prefix`, `wildcard`, `geo_bounding_box`, `geo_distance` |
//! | bucket aggregations | `terms` (`size`, `order`, `min_doc_count` ≥ 1, `missing`, `include` as a list), `histogram`, `date_histogram` (`fixed_interval`, `format`), both with `min_doc_count` and `extended_bounds`, `range`, `filter`, `filters`, `missing`, `geotile_grid` (`precision`, `size`, `bounds`); nested up to 16 deep |
//! | metric aggregations | `avg`, `min`, `max`, `sum`, `value_count`, `stats`, `extended_stats`, `cardinality`, `percentiles`, `geo_bounds`, `geo_centroid`, `top_hits` |
//! | search | `from`, `size`, `sort` (fields, `_doc`; missing last), `search_after`, `_source` (boolean or full names), `track_total_hits` |
//!
//! # It differs
//!
//! - Nothing is ranked: `_score` is 1.0, or null with a `sort`.
//! - Counts, `cardinality` and `percentiles` are exact, so `doc_count_error_upper_bound` is 0.
//! - `_source` is rebuilt from the columns: fields the mapping doesn't have are gone, keywords are texts, a
//!   `float` has single precision, a `date` is milliseconds, and a `geo_point` is an object.
//! - What is written is visible at once; [`refresh`](SearchStore::refresh) does nothing.
//! - A missing value is null in a hit's `sort`.
//!
//! # Limits
//!
//! `from` + `size` ≤ 10,000; 65,536 buckets an answer; 65,536 terms a query; patterns of 1,000 bytes; ids of 512 bytes;
//! keywords of 32,766 bytes. Names of aggregations, `filters` and ranges, and `missing`, of 1,000 bytes; 256 `percents`;
//! 32 fields of a `sort`; 1,000 names in `_source`. Bound the size of a request's body before you parse it.
//!
//! The embedded store answers a request with at most 32 MiB, for which every hit, bucket and number is counted at its
//! largest; its nested aggregations hold at most 2,097,152 documents at a time, or 16 times those of the index if that is
//! more. What needs more is refused with `circuit_breaking_exception` and status 429, as by Elasticsearch's breaker: ask for
//! less, as it would be refused again.

mod aggregation;
mod aggregation_json;
mod body;
mod bulk;
#[cfg(feature = "elastic")]
pub mod elastic;
pub mod embedded;
mod error;
pub mod facade;
mod geo;
mod mapping;
mod pattern;
mod query;
mod query_string;
mod request;
mod response;
mod response_json;
mod sink;

use std::fmt::Debug;

use futures::future::BoxFuture;
use serde_json::value::RawValue;

pub use self::aggregation::{
    Aggregation, AggregationKind, AggregationRange, Aggregations, BucketOrder, DateFormat,
    GeotileGrid, HistogramAggregation, Metric, OrderBy, TermsAggregation, TopHits,
};
pub use self::bulk::{BulkAction, BulkError, BulkItem, BulkOperation, BulkResponse};
pub use self::embedded::EmbeddedStore;
pub use self::error::SearchError;
pub use self::geo::{BoundingBox, GeoPoint};
pub use self::mapping::{Dynamic, FieldType, Mapping};
pub use self::query::{BoolQuery, Query, RangeQuery, Scalar};
pub use self::request::{MAX_RESULT_WINDOW, SearchRequest, Sort, SourceFilter, TrackTotalHits};
pub use self::response::{
    AggregationResult, AggregationResults, Bucket, BucketKey, GeoBounds, Hit, Hits, SearchResponse,
    Shards, Stats, Total,
};
pub use self::sink::{BulkOptions, IndexSink, IndexTask};

/// A store of JSON documents by id that is written in bulks and searched.
///
/// ```
/// use flightstream_core::search::{BulkOperation, EmbeddedStore, Mapping, SearchRequest, SearchStore};
///
/// # futures::executor::block_on(async {
/// let store: Box<dyn SearchStore> = Box::new(EmbeddedStore::new());
/// store.ensure_index("esflight", &Mapping::flights()).await?;
/// let source = br#"{"hex": "4ca123", "flag": "IE", "position": {"lat": 53.4, "lon": -6.3}, "speed": 820}"#;
/// let items = store.bulk("esflight", &[BulkOperation::index("4ca123", Some(1_706_705_158_000), source)]).await?;
/// assert_eq!(items[0].status, 201);
///
/// let request = SearchRequest::from_json(br#"{"size": 0, "aggs": {"speed": {"avg": {"field": "speed"}}}}"#)?;
/// let response = serde_json::to_value(store.search("esflight", &request).await?).unwrap();
/// assert_eq!(response["aggregations"]["speed"]["value"], 820.0);
/// # Ok::<(), flightstream_core::search::SearchError>(())
/// # }).unwrap();
/// ```
pub trait SearchStore: Send + Sync + Debug {
    /// Creates the index unless it exists.
    ///
    /// # Errors
    /// [`SearchError::MappingDiffers`] if it exists with another mapping.
    fn ensure_index<'a>(
        &'a self,
        index: &'a str,
        mapping: &'a Mapping,
    ) -> BoxFuture<'a, Result<(), SearchError>>;

    /// Writes documents. There is one item for each operation, in their order, whatever becomes of them.
    ///
    /// # Errors
    /// [`SearchError::IndexNotFound`], or what befalls the bulk as a whole; then some operations may have been done,
    /// and the bulk should be sent again with the same versions.
    fn bulk<'a>(
        &'a self,
        index: &'a str,
        operations: &'a [BulkOperation<'a>],
    ) -> BoxFuture<'a, Result<Vec<BulkItem>, SearchError>>;

    /// Searches and aggregates.
    ///
    /// # Errors
    /// [`SearchError`] with the status and the type Elasticsearch would answer.
    fn search<'a>(
        &'a self,
        index: &'a str,
        request: &'a SearchRequest,
    ) -> BoxFuture<'a, Result<SearchResponse, SearchError>>;

    /// One document's JSON, if there is such a document.
    ///
    /// # Errors
    /// [`SearchError::IndexNotFound`].
    fn get<'a>(
        &'a self,
        index: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Box<RawValue>>, SearchError>>;

    /// How many documents match.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    fn count<'a>(
        &'a self,
        index: &'a str,
        query: &'a Query,
    ) -> BoxFuture<'a, Result<u64, SearchError>>;

    /// Makes what is written visible to searches.
    ///
    /// # Errors
    /// [`SearchError::IndexNotFound`].
    fn refresh<'a>(&'a self, index: &'a str) -> BoxFuture<'a, Result<(), SearchError>>;
}
