//! Aggregations from and to Elasticsearch's JSON.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::aggregation::{
    Aggregation, AggregationKind, AggregationRange, BucketOrder, DateFormat, GeotileGrid,
    HistogramAggregation, Metric, OrderBy, TermsAggregation, TopHits,
};
use super::body::{Body, check_count, check_name};
use super::query::{Query, Scalar};
use super::request::{SourceFilter, parse_sort, sort_to_value};
use super::{BoundingBox, SearchError};

const MAX_BUCKETS: u64 = 65_536;
const MAX_PERCENTS: usize = 256;

pub(crate) fn parse_kind(name: &str, value: Value) -> Result<AggregationKind, SearchError> {
    match name {
        "filter" => return Ok(AggregationKind::Filter(Box::new(Query::from_value(value)?))),
        "terms" | "histogram" | "date_histogram" | "range" | "filters" | "missing"
        | "geotile_grid" | "percentiles" | "top_hits" => {}
        other if Metric::by_name(other).is_some() => {}
        other => {
            return Err(SearchError::parsing(format!(
                "Unknown aggregation type [{other}]"
            )));
        }
    }
    let mut body = Body::new(name, value)?;
    let kind = match name {
        "terms" => terms(&mut body)?,
        "histogram" => {
            let field = body.need_string("field")?;
            let interval = body.need_f64("interval")?;
            let offset = body.f64("offset")?.unwrap_or(0.0);
            AggregationKind::Histogram(histogram(name, &mut body, field, interval, offset)?)
        }
        "date_histogram" => {
            let field = body.need_string("field")?;
            let interval = duration(name, &body.need_string("fixed_interval")?)?;
            let offset = match body.string("offset")? {
                Some(text) => duration(name, &text)?,
                None => 0.0,
            };
            let format = date_format(&mut body)?;
            utc_only(&mut body)?;
            let histogram = histogram(name, &mut body, field, interval, offset)?;
            AggregationKind::DateHistogram(HistogramAggregation {
                format,
                ..histogram
            })
        }
        "range" => range(&mut body)?,
        "filters" => filters(&mut body)?,
        "missing" => AggregationKind::Missing {
            field: body.need_string("field")?,
        },
        "geotile_grid" => geotile_grid(&mut body)?,
        "percentiles" => percentiles(&mut body)?,
        "top_hits" => top_hits(&mut body)?,
        other => AggregationKind::Metric {
            metric: Metric::by_name(other).unwrap_or(Metric::ValueCount),
            field: body.need_string("field")?,
        },
    };
    body.finish()?;
    Ok(kind)
}

fn size(what: &str, body: &mut Body<'_>, default: u64, max: u64) -> Result<usize, SearchError> {
    let size = body.integer("size")?.unwrap_or(default);
    if size == 0 || size > max {
        return Err(SearchError::illegal(format!(
            "[size] of [{what}] must be from 1 to [{max}] but was [{size}]"
        )));
    }
    usize::try_from(size).map_err(|_| SearchError::illegal("[size] is too large"))
}

fn terms(body: &mut Body<'_>) -> Result<AggregationKind, SearchError> {
    let order = match body.take("order") {
        None => BucketOrder {
            by: OrderBy::Count,
            ascending: false,
        },
        Some(value) => order(value)?,
    };
    let min_doc_count = body.integer("min_doc_count")?.unwrap_or(1);
    if min_doc_count == 0 {
        return Err(SearchError::illegal(
            "[min_doc_count] of [terms] must be at least [1] here",
        ));
    }
    let missing = match body.take("missing") {
        None => None,
        Some(value) => Some(Scalar::from_value("missing", value)?),
    };
    if let Some(Scalar::Text(text)) = &missing {
        check_name("missing", text)?;
    }
    let include = match body.array("include")? {
        None => None,
        Some(values) => Some(
            values
                .into_iter()
                .map(|value| Scalar::from_value("include", value))
                .collect::<Result<_, _>>()?,
        ),
    };
    Ok(AggregationKind::Terms(TermsAggregation {
        field: body.need_string("field")?,
        size: size("terms", body, 10, MAX_BUCKETS)?,
        order,
        min_doc_count,
        missing,
        include,
    }))
}

fn order(value: Value) -> Result<BucketOrder, SearchError> {
    let (key, direction) = Body::new("order", value)?.only()?;
    let ascending = match direction.as_str() {
        Some("asc") => true,
        Some("desc") => false,
        _ => {
            return Err(SearchError::parsing(format!(
                "Unknown order direction [{direction}]"
            )));
        }
    };
    let by = match key.as_str() {
        "_count" => OrderBy::Count,
        "_key" => OrderBy::Key,
        path => match path.split_once('.') {
            Some((name, value)) => OrderBy::Metric {
                name: name.to_owned(),
                value: Some(value.to_owned()),
            },
            None => OrderBy::Metric {
                name: path.to_owned(),
                value: None,
            },
        },
    };
    Ok(BucketOrder { by, ascending })
}

fn histogram(
    what: &str,
    body: &mut Body<'_>,
    field: String,
    interval: f64,
    offset: f64,
) -> Result<HistogramAggregation, SearchError> {
    if !(interval.is_finite() && interval > 0.0 && offset.is_finite()) {
        return Err(SearchError::illegal(format!(
            "[interval] must be >0 for {what} aggregation"
        )));
    }
    Ok(HistogramAggregation {
        field,
        interval,
        offset,
        min_doc_count: body.integer("min_doc_count")?.unwrap_or(0),
        extended_bounds: extended_bounds(body)?,
        format: DateFormat::Iso,
    })
}

fn extended_bounds(body: &mut Body<'_>) -> Result<Option<(f64, f64)>, SearchError> {
    let Some(value) = body.take("extended_bounds") else {
        return Ok(None);
    };
    let mut body = Body::new("extended_bounds", value)?;
    let (min, max) = (body.need_f64("min")?, body.need_f64("max")?);
    body.finish()?;
    match min <= max {
        true => Ok(Some((min, max))),
        false => Err(SearchError::x_content(format!(
            "[extended_bounds.min][{min}] cannot be greater than [extended_bounds.max][{max}]"
        ))),
    }
}

fn date_format(body: &mut Body<'_>) -> Result<DateFormat, SearchError> {
    match body.string("format")?.as_deref() {
        None | Some("strict_date_optional_time") => Ok(DateFormat::Iso),
        Some("epoch_millis") => Ok(DateFormat::EpochMillis),
        Some(other) => Err(SearchError::illegal(format!(
            "[format] is [epoch_millis] or [strict_date_optional_time] here but was [{other}]"
        ))),
    }
}

fn utc_only(body: &mut Body<'_>) -> Result<(), SearchError> {
    match body.string("time_zone")?.as_deref() {
        None | Some("UTC" | "Z" | "+00:00") => Ok(()),
        Some(other) => Err(SearchError::illegal(format!(
            "[time_zone] is [UTC] here but was [{other}]"
        ))),
    }
}

/// Milliseconds of `30s`, `5m`, `1h`, `1d`, `100ms`, with a sign for an offset.
fn duration(what: &str, text: &str) -> Result<f64, SearchError> {
    let units = [
        ("ms", 1),
        ("s", 1000),
        ("m", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
    ];
    units
        .iter()
        .find_map(|(unit, millis)| {
            let count: i32 = text.strip_suffix(unit)?.parse().ok()?;
            Some(f64::from(count) * f64::from(*millis))
        })
        .ok_or_else(|| {
            SearchError::illegal(format!(
                "[{what}] failed to parse [{text}]: expected a number with one of the units ms, s, m, h, d"
            ))
        })
}

fn range(body: &mut Body<'_>) -> Result<AggregationKind, SearchError> {
    let field = body.need_string("field")?;
    let ranges = body
        .array("ranges")?
        .ok_or_else(|| body.missing("ranges"))?;
    let ranges: Vec<AggregationRange> = ranges
        .into_iter()
        .map(|value| {
            let mut body = Body::new("ranges", value)?;
            let range = AggregationRange {
                key: body.string("key")?,
                from: body.f64("from")?,
                to: body.f64("to")?,
            };
            check_name("ranges", range.key.as_deref().unwrap_or_default())?;
            body.finish().map(|()| range)
        })
        .collect::<Result<_, SearchError>>()?;
    if ranges.is_empty() {
        return Err(SearchError::illegal(
            "No [ranges] specified for the [range] aggregation",
        ));
    }
    Ok(AggregationKind::Range { field, ranges })
}

fn filters(body: &mut Body<'_>) -> Result<AggregationKind, SearchError> {
    match body.take("filters") {
        Some(Value::Object(map)) => map
            .into_iter()
            .map(|(name, value)| {
                check_name("filters", &name)?;
                Ok((name, Query::from_value(value)?))
            })
            .collect::<Result<_, _>>()
            .map(AggregationKind::Filters),
        Some(Value::Array(values)) => values
            .into_iter()
            .map(Query::from_value)
            .collect::<Result<_, _>>()
            .map(AggregationKind::AnonymousFilters),
        Some(other) => Err(body.malformed("filters", "an object or an array", &other)),
        None => Err(body.missing("filters")),
    }
}

fn geotile_grid(body: &mut Body<'_>) -> Result<AggregationKind, SearchError> {
    let precision = body.integer("precision")?.unwrap_or(7);
    let precision = u8::try_from(precision)
        .ok()
        .filter(|precision| *precision <= super::geo::FINEST_TILE)
        .ok_or_else(|| {
            SearchError::illegal(format!(
                "Invalid geotile_grid precision of {precision}. Must be between 0 and 29."
            ))
        })?;
    let bounds = match body.take("bounds") {
        None => None,
        Some(value) => Some(BoundingBox::from_value("bounds", value)?),
    };
    Ok(AggregationKind::GeotileGrid(GeotileGrid {
        field: body.need_string("field")?,
        precision,
        size: size("geotile_grid", body, 10_000, MAX_BUCKETS)?,
        bounds,
    }))
}

fn percentiles(body: &mut Body<'_>) -> Result<AggregationKind, SearchError> {
    let field = body.need_string("field")?;
    let percents = match body.array("percents")? {
        None => vec![1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0],
        Some(values) => values
            .iter()
            .map(|value| percent(value).filter(|p| (0.0..=100.0).contains(p)))
            .collect::<Option<Vec<_>>>()
            .filter(|percents| !percents.is_empty())
            .ok_or_else(|| SearchError::illegal("[percents] must be numbers from 0 to 100"))?,
    };
    check_count("percents", percents.len(), MAX_PERCENTS)?;
    Ok(AggregationKind::Percentiles { field, percents })
}

/// Also as text, as Grafana sends it.
fn percent(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

fn top_hits(body: &mut Body<'_>) -> Result<AggregationKind, SearchError> {
    let from = body.integer("from")?.unwrap_or(0);
    let size = body.integer("size")?.unwrap_or(3);
    if from.saturating_add(size) > 100 {
        return Err(SearchError::illegal(format!(
            "Top hits result window is too large, the top hits aggregator's from + size must be less than or equal \
             to: [100] but was [{}]",
            from.saturating_add(size)
        )));
    }
    Ok(AggregationKind::TopHits(TopHits {
        from: usize::try_from(from).unwrap_or(0),
        size: usize::try_from(size).unwrap_or(0),
        sort: parse_sort(body.take("sort"))?,
        source: SourceFilter::from_value(body.take("_source"))?,
    }))
}

impl Serialize for Aggregation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl Aggregation {
    pub(crate) fn to_value(&self) -> Value {
        let mut map = Map::new();
        let (name, value) = self.kind.to_entry();
        map.insert(name.to_owned(), value);
        if !self.aggregations.is_empty() {
            map.insert("aggs".to_owned(), all_to_value(&self.aggregations));
        }
        Value::Object(map)
    }
}

pub(crate) fn all_to_value(aggregations: &super::Aggregations) -> Value {
    aggregations
        .iter()
        .map(|(name, aggregation)| (name.clone(), aggregation.to_value()))
        .collect()
}

impl AggregationKind {
    fn to_entry(&self) -> (&'static str, Value) {
        match self {
            Self::Terms(terms) => ("terms", terms.to_value()),
            Self::Histogram(h) => ("histogram", h.to_value(h.interval.into(), h.offset.into())),
            Self::DateHistogram(h) => {
                let millis = |number: f64| Value::from(format!("{number}ms"));
                (
                    "date_histogram",
                    h.to_value(millis(h.interval), millis(h.offset)),
                )
            }
            Self::Range { field, ranges } => {
                let ranges: Vec<Value> = ranges.iter().map(AggregationRange::to_value).collect();
                ("range", json!({ "field": field, "ranges": ranges }))
            }
            Self::Filter(query) => ("filter", query.to_value()),
            Self::Filters(queries) => {
                let queries: Map<String, Value> = queries
                    .iter()
                    .map(|(name, query)| (name.clone(), query.to_value()))
                    .collect();
                ("filters", json!({ "filters": queries }))
            }
            Self::AnonymousFilters(queries) => {
                let queries: Vec<Value> = queries.iter().map(Query::to_value).collect();
                ("filters", json!({ "filters": queries }))
            }
            Self::Missing { field } => ("missing", json!({ "field": field })),
            Self::GeotileGrid(grid) => {
                let mut value = json!({ "field": grid.field, "precision": grid.precision,
                    "size": grid.size });
                if let (Some(bounds), Value::Object(map)) = (grid.bounds, &mut value) {
                    map.insert("bounds".to_owned(), bounds.to_value());
                }
                ("geotile_grid", value)
            }
            Self::Metric { metric, field } => (metric.name(), json!({ "field": field })),
            Self::Percentiles { field, percents } => (
                "percentiles",
                json!({ "field": field, "percents": percents }),
            ),
            Self::TopHits(top) => {
                let mut value = json!({ "from": top.from, "size": top.size,
                    "_source": top.source.to_value() });
                if let (false, Value::Object(map)) = (top.sort.is_empty(), &mut value) {
                    map.insert("sort".to_owned(), sort_to_value(&top.sort));
                }
                ("top_hits", value)
            }
        }
    }
}

impl TermsAggregation {
    fn to_value(&self) -> Value {
        let by = match &self.order.by {
            OrderBy::Count => "_count".to_owned(),
            OrderBy::Key => "_key".to_owned(),
            OrderBy::Metric { name, value: None } => name.clone(),
            OrderBy::Metric {
                name,
                value: Some(value),
            } => format!("{name}.{value}"),
        };
        let direction = if self.order.ascending { "asc" } else { "desc" };
        let mut value = json!({ "field": self.field, "size": self.size,
            "order": { by: direction }, "min_doc_count": self.min_doc_count });
        if let Value::Object(map) = &mut value {
            if let Some(missing) = &self.missing {
                map.insert("missing".to_owned(), missing.to_value());
            }
            if let Some(include) = &self.include {
                map.insert(
                    "include".to_owned(),
                    include.iter().map(Scalar::to_value).collect(),
                );
            }
        }
        value
    }
}

impl HistogramAggregation {
    fn to_value(&self, interval: Value, offset: Value) -> Value {
        let of_dates = interval.is_string();
        let key = if of_dates {
            "fixed_interval"
        } else {
            "interval"
        };
        let mut value = json!({ "field": self.field, key: interval, "offset": offset,
            "min_doc_count": self.min_doc_count });
        if let Value::Object(map) = &mut value {
            if let Some((min, max)) = self.extended_bounds {
                map.insert(
                    "extended_bounds".to_owned(),
                    json!({ "min": min, "max": max }),
                );
            }
            if self.format == DateFormat::EpochMillis {
                map.insert("format".to_owned(), "epoch_millis".into());
            }
        }
        value
    }
}

impl AggregationRange {
    fn to_value(&self) -> Value {
        let mut map = Map::new();
        if let Some(key) = &self.key {
            map.insert("key".to_owned(), key.as_str().into());
        }
        for (name, bound) in [("from", self.from), ("to", self.to)] {
            if let Some(bound) = bound {
                map.insert(name.to_owned(), bound.into());
            }
        }
        Value::Object(map)
    }
}
