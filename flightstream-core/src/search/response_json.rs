//! Elasticsearch's JSON of aggregation results.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::response::{AggregationResult, Bucket, BucketKey, Stats};
use crate::date;

/// Text straight into the serialiser, without a `String`.
struct Shown<'a>(fmt::Arguments<'a>);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Serialize for AggregationResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Self::Raw(raw) = self {
            return raw.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Terms {
                sum_other_doc_count,
                buckets,
            } => {
                map.serialize_entry("doc_count_error_upper_bound", &0)?;
                map.serialize_entry("sum_other_doc_count", sum_other_doc_count)?;
                map.serialize_entry("buckets", buckets)?;
            }
            Self::Buckets(buckets) => map.serialize_entry("buckets", buckets)?,
            Self::Keyed(buckets) => map.serialize_entry("buckets", &Keyed(buckets))?,
            Self::Single(bucket) => bucket.write(&mut map)?,
            Self::Value { value, as_string } => {
                map.serialize_entry("value", value)?;
                if let Some(text) = as_string {
                    map.serialize_entry("value_as_string", text)?;
                }
            }
            Self::Count(count) => map.serialize_entry("value", count)?,
            Self::Stats {
                stats,
                extended,
                date,
            } => stats.write(&mut map, *extended, *date)?,
            Self::Percentiles(values) => map.serialize_entry("values", &Percentiles(values))?,
            Self::GeoBounds(bounds) => {
                if let Some(bounds) = bounds {
                    map.serialize_entry("bounds", bounds)?;
                }
            }
            Self::GeoCentroid { location, count } => {
                if let Some(location) = location {
                    map.serialize_entry("location", location)?;
                }
                map.serialize_entry("count", count)?;
            }
            Self::TopHits(hits) => map.serialize_entry("hits", hits)?,
            Self::Raw(_) => {}
        }
        map.end()
    }
}

struct Keyed<'a>(&'a [(String, Bucket)]);

impl Serialize for Keyed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, bucket)| (name, bucket)))
    }
}

struct Percentiles<'a>(&'a [(f64, Option<f64>)]);

impl Serialize for Percentiles<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            self.0
                .iter()
                .map(|(percent, value)| (format!("{percent:?}"), value)),
        )
    }
}

impl Serialize for Bucket {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write(&mut map)?;
        map.end()
    }
}

impl Bucket {
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match &self.key {
            BucketKey::None => {}
            BucketKey::Text(text) => map.serialize_entry("key", text)?,
            BucketKey::Integer(number) => map.serialize_entry("key", number)?,
            BucketKey::Float(number) => map.serialize_entry("key", number)?,
            BucketKey::Bool(value) => {
                map.serialize_entry("key", &u8::from(*value))?;
                map.serialize_entry("key_as_string", if *value { "true" } else { "false" })?;
            }
            BucketKey::Date(millis) => {
                map.serialize_entry("key_as_string", &date::format(*millis))?;
                map.serialize_entry("key", millis)?;
            }
            BucketKey::EpochMillis(millis) => {
                map.serialize_entry("key_as_string", &Shown(format_args!("{millis}")))?;
                map.serialize_entry("key", millis)?;
            }
            BucketKey::Tile { zoom, x, y } => {
                map.serialize_entry("key", &Shown(format_args!("{zoom}/{x}/{y}")))?;
            }
            BucketKey::Range { key, from, to } => {
                map.serialize_entry("key", key)?;
                if let Some(from) = from {
                    map.serialize_entry("from", from)?;
                }
                if let Some(to) = to {
                    map.serialize_entry("to", to)?;
                }
            }
        }
        map.serialize_entry("doc_count", &self.doc_count)?;
        for (name, result) in &self.aggregations {
            map.serialize_entry(name, result)?;
        }
        Ok(())
    }
}

impl Stats {
    /// Mean of squares minus square of the mean, not below 0.
    fn variance(&self) -> Option<f64> {
        let avg = self.avg()?;
        Some((self.sum_of_squares / self.count as f64 - avg * avg).max(0.0))
    }

    /// Two deviations above and below the mean.
    fn bounds(&self, population: Option<f64>, sampling: Option<f64>) -> serde_json::Value {
        let at = |deviation: Option<f64>, sign: f64| Some(self.avg()? + sign * 2.0 * deviation?);
        serde_json::json!({
            "upper": at(population, 1.0),
            "lower": at(population, -1.0),
            "upper_population": at(population, 1.0),
            "lower_population": at(population, -1.0),
            "upper_sampling": at(sampling, 1.0),
            "lower_sampling": at(sampling, -1.0),
        })
    }

    fn write<M: SerializeMap>(
        &self,
        map: &mut M,
        extended: bool,
        date: bool,
    ) -> Result<(), M::Error> {
        let some = self.count > 0;
        let (min, max) = (some.then_some(self.min), some.then_some(self.max));
        map.serialize_entry("count", &self.count)?;
        map.serialize_entry("min", &min)?;
        map.serialize_entry("max", &max)?;
        map.serialize_entry("avg", &self.avg())?;
        map.serialize_entry("sum", &self.sum)?;
        if date && some {
            for (name, value) in [
                ("min_as_string", min),
                ("max_as_string", max),
                ("avg_as_string", self.avg()),
                ("sum_as_string", Some(self.sum)),
            ] {
                if let Some(value) = value {
                    map.serialize_entry(name, &date::format(value as i64))?;
                }
            }
        }
        if extended {
            let population = self.variance();
            let count = self.count as f64;
            let sampling = population
                .filter(|_| self.count > 1)
                .map(|v| v * count / (count - 1.0));
            map.serialize_entry("sum_of_squares", &some.then_some(self.sum_of_squares))?;
            map.serialize_entry("variance", &population)?;
            map.serialize_entry("variance_population", &population)?;
            map.serialize_entry("variance_sampling", &sampling)?;
            map.serialize_entry("std_deviation", &population.map(f64::sqrt))?;
            map.serialize_entry("std_deviation_population", &population.map(f64::sqrt))?;
            map.serialize_entry("std_deviation_sampling", &sampling.map(f64::sqrt))?;
            let bounds = self.bounds(population.map(f64::sqrt), sampling.map(f64::sqrt));
            map.serialize_entry("std_deviation_bounds", &bounds)?;
        }
        Ok(())
    }
}
