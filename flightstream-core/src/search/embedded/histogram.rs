use super::super::{
    AggregationResult, Aggregations, BucketKey, DateFormat, FieldType, HistogramAggregation,
    SearchError,
};
use super::aggregate::{Context, buckets_of, unfit};
use super::column::{Column, NO_WHOLE};
use super::group::{Groups, NO_KEY, NONE, Rows};
use super::terms::{whole_key, whole_of};

pub(super) fn run(
    cx: &Context<'_>,
    request: &HistogramAggregation,
    dates: bool,
    nested: &Aggregations,
    rows: Rows<'_>,
) -> Result<Vec<AggregationResult>, SearchError> {
    let (interval, offset) = (request.interval, request.offset);
    // Written this way, NaN is refused too.
    if !(interval > 0.0 && interval.is_finite() && offset.is_finite()) {
        return Err(SearchError::illegal("[interval] must be >0"));
    }
    let keep = !nested.is_empty();
    let number = |value: f64| whole_key(floor((value - offset) / interval));
    let groups = match cx.index.field(&request.field) {
        None => Groups::new(rows, keep, |_| NO_KEY),
        Some(field) => match (&field.column, field.field_type == FieldType::Date) {
            (Column::Float(values), false) if !dates => {
                Groups::new(rows, keep, |row| match values.get(row as usize) {
                    Some(value) if !value.is_nan() => number(f64::from(*value)),
                    _ => NO_KEY,
                })
            }
            (Column::Whole(values), true) if dates => {
                let (interval, offset) = (interval.max(1.0) as i64, offset as i64);
                Groups::new(rows, keep, |row| match values.get(row as usize) {
                    Some(value) if *value != NO_WHOLE => {
                        whole_key(value.saturating_sub(offset).div_euclid(interval))
                    }
                    _ => NO_KEY,
                })
            }
            (Column::Whole(values), _) if !dates => {
                Groups::new(rows, keep, |row| match values.get(row as usize) {
                    Some(value) if *value != NO_WHOLE => number(*value as f64),
                    _ => NO_KEY,
                })
            }
            _ => {
                let what = if dates { "date_histogram" } else { "histogram" };
                return Err(unfit(field, what));
            }
        },
    };
    let bounds = request.extended_bounds.map(|(min, max)| {
        let number = |value: f64| floor((value - offset) / interval);
        (number(min), number(max))
    });
    let mut chosen = Vec::with_capacity(rows.owner_count);
    for numbers in groups.by_owner(rows.owner_count) {
        let min_doc_count = request.min_doc_count;
        chosen.push(in_order(cx, &groups, numbers, min_doc_count, bounds)?);
    }
    let key = |number: i64| {
        if dates {
            let start = number.saturating_mul(interval.max(1.0) as i64);
            let start = start.saturating_add(offset as i64);
            match request.format {
                DateFormat::Iso => BucketKey::Date(start),
                DateFormat::EpochMillis => BucketKey::EpochMillis(start),
            }
        } else {
            BucketKey::Float(number as f64 * interval + offset)
        }
    };
    let buckets = buckets_of(cx, &groups, chosen, nested, rows, key)?;
    Ok(buckets
        .into_iter()
        .map(AggregationResult::Buckets)
        .collect())
}

/// One owner's groups by key, with empty ones in between, and up to the bounds, if those are wanted.
fn in_order(
    cx: &Context<'_>,
    groups: &Groups,
    numbers: Vec<u32>,
    min_doc_count: u64,
    bounds: Option<(i64, i64)>,
) -> Result<Vec<(u32, i64)>, SearchError> {
    let mut found: Vec<(u32, i64)> = numbers
        .into_iter()
        .filter(|number| groups.count(*number) >= min_doc_count)
        .map(|number| (number, whole_of(groups.key(number))))
        .collect();
    found.sort_unstable_by_key(|(_, key)| *key);
    if min_doc_count > 0 {
        cx.spend.buckets(found.len())?;
        return Ok(found);
    }
    let ends = |pair: &(u32, i64)| pair.1;
    let firsts = found.first().map(ends).into_iter();
    let lasts = found.last().map(ends).into_iter();
    let first = firsts.chain(bounds.map(|(first, _)| first)).min();
    let last = lasts.chain(bounds.map(|(_, last)| last)).max();
    let (Some(first), Some(last)) = (first, last) else {
        return Ok(found);
    };
    cx.spend.buckets(
        usize::try_from(last.abs_diff(first))
            .unwrap_or(usize::MAX)
            .saturating_add(1),
    )?;
    let mut found = found.into_iter().peekable();
    Ok((first..=last)
        .map(|key| {
            let here = found.next_if(|(_, next)| *next == key);
            here.unwrap_or((NONE, key))
        })
        .collect())
}

/// The whole number not above, never the smallest, which is no key: `f64::floor` is a library call on the machines most binaries are built for.
#[inline]
fn floor(value: f64) -> i64 {
    let whole = value as i64;
    if whole as f64 > value {
        whole.saturating_sub(1).max(i64::MIN + 1)
    } else {
        whole.max(i64::MIN + 1)
    }
}
