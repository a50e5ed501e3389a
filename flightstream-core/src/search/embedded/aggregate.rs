//! Aggregations level by level: each is computed for all buckets of the level above in one pass over the rows.

use super::super::{
    Aggregation, AggregationKind, AggregationRange, AggregationResult, AggregationResults,
    Aggregations, Bucket, BucketKey, Query, SearchError,
};
use super::budget::Spending;
use super::column::Field;
use super::filter::matching;
use super::group::{Groups, OwnedRows, Rows};
use super::index::Index;
use super::{grid, histogram, hits, metric, terms};

/// What one search's aggregations and hits share.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) index: &'a Index,
    pub(super) index_name: &'a str,
    pub(super) spend: Spending,
}

/// The results for each owner; none at all if nothing is asked for.
pub(super) fn run(
    cx: &Context<'_>,
    aggregations: &Aggregations,
    rows: Rows<'_>,
) -> Result<Vec<AggregationResults>, SearchError> {
    if aggregations.is_empty() {
        return Ok(Vec::new());
    }
    let mut results: Vec<AggregationResults> = Vec::new();
    results.resize_with(rows.owner_count, AggregationResults::new);
    for (name, aggregation) in aggregations {
        cx.spend
            .results(rows.owner_count, name, &aggregation.kind)?;
        let values = one(cx, aggregation, rows)?;
        for (results, value) in results.iter_mut().zip(values) {
            results.insert(name.clone(), value);
        }
    }
    Ok(results)
}

fn one(
    cx: &Context<'_>,
    aggregation: &Aggregation,
    rows: Rows<'_>,
) -> Result<Vec<AggregationResult>, SearchError> {
    let nested = &aggregation.aggregations;
    match &aggregation.kind {
        AggregationKind::Terms(request) => terms::run(cx, request, nested, rows),
        AggregationKind::Histogram(request) => histogram::run(cx, request, false, nested, rows),
        AggregationKind::DateHistogram(request) => histogram::run(cx, request, true, nested, rows),
        AggregationKind::GeotileGrid(request) => grid::run(cx, request, nested, rows),
        AggregationKind::Range { field, ranges } => range(cx, field, ranges, nested, rows),
        AggregationKind::Filter(query) => {
            let buckets = by_queries(cx, &[query], nested, rows)?;
            Ok(buckets.into_iter().filter_map(single).collect())
        }
        AggregationKind::Filters(queries) => {
            let list: Vec<&Query> = queries.iter().map(|(_, query)| query).collect();
            let buckets = by_queries(cx, &list, nested, rows)?;
            let named = |buckets: Vec<Bucket>| {
                let names = queries.iter().map(|(name, _)| name.clone());
                AggregationResult::Keyed(names.zip(buckets).collect())
            };
            Ok(buckets.into_iter().map(named).collect())
        }
        AggregationKind::AnonymousFilters(queries) => {
            let list: Vec<&Query> = queries.iter().collect();
            let buckets = by_queries(cx, &list, nested, rows)?;
            Ok(buckets
                .into_iter()
                .map(AggregationResult::Buckets)
                .collect())
        }
        AggregationKind::Missing { field } => {
            let field = cx.index.field(field);
            let lacks = |row: u32| !field.is_some_and(|field| field.column.has(row as usize));
            let buckets = split(cx, 1, nested, rows, |_| Ok(lacks))?;
            Ok(buckets.into_iter().filter_map(single).collect())
        }
        AggregationKind::Metric { metric, field } => metric::run(cx, *metric, field, rows),
        AggregationKind::Percentiles { field, percents } => {
            metric::percentiles(cx, field, percents, rows)
        }
        AggregationKind::TopHits(request) => hits::top_hits(cx, request, rows),
    }
}

fn single(buckets: Vec<Bucket>) -> Option<AggregationResult> {
    buckets.into_iter().next().map(AggregationResult::Single)
}

fn by_queries(
    cx: &Context<'_>,
    queries: &[&Query],
    nested: &Aggregations,
    rows: Rows<'_>,
) -> Result<Vec<Vec<Bucket>>, SearchError> {
    // One after another: a set has a bit for each document, and queries may be many.
    split(cx, queries.len(), nested, rows, |at| {
        let set = queries.get(at).map(|query| matching(cx.index, query));
        let set = set.transpose()?.unwrap_or_default();
        Ok(move |row: u32| set.has(row as usize))
    })
}

fn range(
    cx: &Context<'_>,
    field: &str,
    ranges: &[AggregationRange],
    nested: &Aggregations,
    rows: Rows<'_>,
) -> Result<Vec<AggregationResult>, SearchError> {
    let mut ranges = ranges.to_vec();
    let from = |range: &AggregationRange| range.from.unwrap_or(f64::NEG_INFINITY);
    let to = |range: &AggregationRange| range.to.unwrap_or(f64::INFINITY);
    ranges.sort_by(|a, b| from(a).total_cmp(&from(b)).then(to(a).total_cmp(&to(b))));
    let field = cx.index.field(field);
    let column = field
        .map(|field| metric::numeric(field, "range"))
        .transpose()?;
    let mut buckets = split(cx, ranges.len(), nested, rows, |at| {
        let range = ranges.get(at);
        Ok(move |row: u32| {
            let value = column.and_then(|column| column.get(row));
            match (value, range) {
                (Some(value), Some(range)) => value >= from(range) && value < to(range),
                _ => false,
            }
        })
    })?;
    let text = |bound: Option<f64>| bound.map_or("*".to_owned(), |bound| format!("{bound:?}"));
    for (bucket, range) in buckets.iter_mut().flat_map(|b| b.iter_mut().zip(&ranges)) {
        bucket.key = BucketKey::Range {
            key: range
                .key
                .clone()
                .unwrap_or_else(|| format!("{}-{}", text(range.from), text(range.to))),
            from: range.from,
            to: range.to,
        };
    }
    Ok(buckets
        .into_iter()
        .map(AggregationResult::Buckets)
        .collect())
}

/// `count` buckets for each owner, which may overlap.
fn split<B: Fn(u32) -> bool>(
    cx: &Context<'_>,
    count: usize,
    nested: &Aggregations,
    rows: Rows<'_>,
    belonging: impl Fn(usize) -> Result<B, SearchError>,
) -> Result<Vec<Vec<Bucket>>, SearchError> {
    let total = count.saturating_mul(rows.owner_count);
    cx.spend.buckets(total)?;
    let room = cx.spend.room();
    let mut counts = vec![0_u64; total];
    let mut owned = OwnedRows {
        owner_count: total,
        ..OwnedRows::default()
    };
    for at in 0..count {
        let belongs = belonging(at)?;
        rows.each(|row, owner| {
            if !belongs(row) {
                return;
            }
            let place = owner as usize * count + at;
            if let Some(count) = counts.get_mut(place) {
                *count += 1;
            }
            if !nested.is_empty() && owned.rows.len() <= room {
                owned.rows.push(row);
                owned.owners.push(place as u32);
            }
        });
        if owned.rows.len() > room {
            break;
        }
    }
    let results = || run(cx, nested, owned.view());
    let mut results = cx.spend.holding(owned.rows.len(), results)?.into_iter();
    let mut buckets = counts.into_iter().map(|doc_count| Bucket {
        key: BucketKey::None,
        doc_count,
        aggregations: results.next().unwrap_or_default(),
    });
    Ok((0..rows.owner_count)
        .map(|_| buckets.by_ref().take(count).collect())
        .collect())
}

/// Buckets of chosen groups, in the order chosen, for each owner. A group that doesn't exist is an empty bucket.
pub(super) fn buckets_of<T: Copy>(
    cx: &Context<'_>,
    groups: &Groups,
    chosen: Vec<Vec<(u32, T)>>,
    nested: &Aggregations,
    rows: Rows<'_>,
    key: impl Fn(T) -> BucketKey,
) -> Result<Vec<Vec<Bucket>>, SearchError> {
    let mut results = if nested.is_empty() {
        Vec::new()
    } else {
        let numbers = chosen.iter().flatten().map(|(number, _)| *number);
        let held: u64 = numbers.clone().map(|number| groups.count(number)).sum();
        let results = || run(cx, nested, groups.chosen(rows, numbers).view());
        cx.spend.holding(held as usize, results)?
    }
    .into_iter();
    let mut bucket = |(number, about): (u32, T)| Bucket {
        key: key(about),
        doc_count: groups.count(number),
        aggregations: results.next().unwrap_or_default(),
    };
    Ok(chosen
        .into_iter()
        .map(|owner| owner.into_iter().map(&mut bucket).collect())
        .collect())
}

/// The refusal of an aggregation on a field of a type it is not for.
pub(super) fn unfit(field: &Field, what: &str) -> SearchError {
    SearchError::illegal(format!(
        "Field [{}] of type [{}] is not supported for aggregation [{what}]",
        field.name,
        field.field_type.name()
    ))
}
