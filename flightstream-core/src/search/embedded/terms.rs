use std::cmp::Ordering;

use super::super::{
    AggregationKind, AggregationResult, Aggregations, BucketKey, FieldType, OrderBy, Scalar,
    SearchError, TermsAggregation,
};
use super::aggregate::{Context, buckets_of, unfit};
use super::column::{Column, Field, NO_BOOL, NO_WHOLE};
use super::dictionary::NO_CODE;
use super::filter::boolean;
use super::group::{Groups, NO_KEY, Rows};
use super::metric;

/// A whole number as a key of the same order.
pub(super) fn whole_key(value: i64) -> u64 {
    // The smallest i64 stands for a missing value, so nothing wraps.
    ((value as u64) ^ (1 << 63)).wrapping_sub(1)
}

pub(super) fn whole_of(key: u64) -> i64 {
    (key.wrapping_add(1) ^ (1 << 63)) as i64
}

fn float_key(value: f32) -> u64 {
    // Adding zero makes -0.0 the same value as 0.0.
    let bits = (value + 0.0).to_bits();
    u64::from(if bits >> 31 == 1 {
        !bits
    } else {
        bits | 1 << 31
    })
}

fn float_of(key: u64) -> f32 {
    let bits = key as u32;
    f32::from_bits(if bits >> 31 == 1 {
        bits & !(1 << 31)
    } else {
        !bits
    })
}

/// Groups rows by the value of a field; those without one are in no group, or in that of the `missing` key.
pub(super) fn group(
    field: &Field,
    what: &str,
    missing: u64,
    rows: Rows<'_>,
    keep: bool,
    allow: impl Fn(u64) -> bool,
) -> Result<Groups, SearchError> {
    let filtered = |key: u64| if allow(key) { key } else { NO_KEY };
    Ok(match &field.column {
        Column::Keyword { codes, dictionary } => {
            // A missing value that no document has is the key after the last.
            let range = 0..dictionary.len() as u64 + 1;
            Groups::within(rows, keep, range, |row| match codes.get(row as usize) {
                Some(code) if *code != NO_CODE => filtered(u64::from(*code)),
                _ => filtered(missing),
            })
        }
        Column::Float(values) => Groups::new(rows, keep, |row| match values.get(row as usize) {
            Some(value) if !value.is_nan() => filtered(float_key(*value)),
            _ => filtered(missing),
        }),
        Column::Whole(values) => Groups::new(rows, keep, |row| match values.get(row as usize) {
            Some(value) if *value != NO_WHOLE => filtered(whole_key(*value)),
            _ => filtered(missing),
        }),
        Column::Boolean(values) => Groups::new(rows, keep, |row| match values.get(row as usize) {
            Some(value) if *value != NO_BOOL => filtered(u64::from(*value)),
            _ => filtered(missing),
        }),
        Column::Point { .. } => return Err(unfit(field, what)),
    })
}

pub(super) fn run(
    cx: &Context<'_>,
    request: &TermsAggregation,
    nested: &Aggregations,
    rows: Rows<'_>,
) -> Result<Vec<AggregationResult>, SearchError> {
    let Some(field) = cx.index.field(&request.field) else {
        let none = || AggregationResult::Terms {
            sum_other_doc_count: 0,
            buckets: Vec::new(),
        };
        return Ok(std::iter::repeat_with(none)
            .take(rows.owner_count)
            .collect());
    };
    let missing = match &request.missing {
        None => NO_KEY,
        Some(value) => key_of(field, value, true)?.unwrap_or(NO_KEY),
    };
    let keep = !nested.is_empty();
    let groups = match &request.include {
        None => group(field, "terms", missing, rows, keep, |_| true)?,
        Some(values) => {
            let mut include = Vec::with_capacity(values.len());
            for value in values {
                include.extend(key_of(field, value, false)?);
            }
            // A missing value's own text may be included without being in the dictionary.
            let includes_missing = request.missing.as_ref().is_some_and(|m| values.contains(m));
            include.extend(includes_missing.then_some(missing));
            include.sort_unstable();
            group(field, "terms", missing, rows, keep, |key| {
                include.binary_search(&key).is_ok()
            })?
        }
    };
    let metrics = order_values(cx, request, nested, &groups, rows)?;
    let order = |a: &u32, b: &u32| {
        let by = match &request.order.by {
            OrderBy::Count => groups.count(*a).cmp(&groups.count(*b)),
            OrderBy::Key => compare_keys(field, groups.key(*a), groups.key(*b), request),
            OrderBy::Metric { .. } => {
                let value = |n: &u32| metrics.get(*n as usize).copied().unwrap_or(f64::NAN);
                let (a, b) = (value(a), value(b));
                // Without a value is last, whichever way.
                match (a.is_nan(), b.is_nan()) {
                    (false, false) => a.total_cmp(&b),
                    (a, b) if request.order.ascending => a.cmp(&b),
                    (a, b) => b.cmp(&a),
                }
            }
        };
        let by = if request.order.ascending {
            by
        } else {
            by.reverse()
        };
        by.then_with(|| compare_keys(field, groups.key(*a), groups.key(*b), request))
    };
    let mut others = Vec::with_capacity(rows.owner_count);
    let mut chosen = Vec::with_capacity(rows.owner_count);
    for mut numbers in groups.by_owner(rows.owner_count) {
        numbers.retain(|number| groups.count(*number) >= request.min_doc_count);
        let total: u64 = numbers.iter().map(|number| groups.count(*number)).sum();
        if numbers.len() > request.size && request.size > 0 {
            if request.order.by == OrderBy::Count && !request.order.ascending {
                // Counts alone leave out most, before texts are compared.
                let mut counts: Vec<u64> = numbers.iter().map(|n| groups.count(*n)).collect();
                let (_, least, _) =
                    counts.select_nth_unstable_by(request.size - 1, |a, b| b.cmp(a));
                numbers.retain(|number| groups.count(*number) >= *least);
            }
            numbers.select_nth_unstable_by(request.size - 1, order);
        }
        numbers.truncate(request.size);
        numbers.sort_unstable_by(order);
        cx.spend.buckets(numbers.len())?;
        for number in &numbers {
            let text = text_of(field, groups.key(*number), request);
            text.map_or(Ok(()), |text| cx.spend.key(text))?;
        }
        let answered: u64 = numbers.iter().map(|number| groups.count(*number)).sum();
        others.push(total - answered);
        chosen.push(
            numbers
                .into_iter()
                .map(|number| (number, groups.key(number)))
                .collect(),
        );
    }
    let key = |key: u64| bucket_key(field, key, request);
    let buckets = buckets_of(cx, &groups, chosen, nested, rows, key)?;
    Ok(others
        .into_iter()
        .zip(buckets)
        .map(|(sum_other_doc_count, buckets)| AggregationResult::Terms {
            sum_other_doc_count,
            buckets,
        })
        .collect())
}

/// The metric that buckets are ordered by, for each group; empty if they are not ordered by one.
fn order_values(
    cx: &Context<'_>,
    request: &TermsAggregation,
    nested: &Aggregations,
    groups: &Groups,
    rows: Rows<'_>,
) -> Result<Vec<f64>, SearchError> {
    let OrderBy::Metric { name, value } = &request.order.by else {
        return Ok(Vec::new());
    };
    match nested.get(name).map(|aggregation| &aggregation.kind) {
        Some(AggregationKind::Metric { metric, field }) => {
            cx.spend.holding(rows.rows.len(), || {
                let all = groups.all(rows);
                metric::values(cx, *metric, field, value.as_deref(), all.view())
            })
        }
        _ => Err(SearchError::illegal(format!(
            "Invalid aggregation order path [{name}]. The metric [{name}] is not a direct sub-aggregation"
        ))),
    }
}

/// A value's key; of a keyword that no document has, a new one if asked for.
fn key_of(field: &Field, value: &Scalar, create: bool) -> Result<Option<u64>, SearchError> {
    let wrong = || {
        SearchError::illegal(format!(
            "[{}] does not go with field [{}] of type [{}]",
            value.text(),
            field.name,
            field.field_type.name()
        ))
    };
    match &field.column {
        Column::Keyword { dictionary, .. } => Ok(dictionary
            .code(&value.text())
            .map(u64::from)
            .or_else(|| create.then_some(dictionary.len() as u64))),
        Column::Float(_) => {
            let number: f32 = value.text().parse().map_err(|_| wrong())?;
            Ok((!number.is_nan()).then(|| float_key(number)))
        }
        Column::Whole(_) => {
            let number: Option<i64> = match field.field_type {
                FieldType::Date => crate::date::parse(&value.text(), false),
                _ => value.text().parse().ok(),
            };
            number
                .map(|number| Some(whole_key(number)))
                .ok_or_else(wrong)
        }
        Column::Boolean(_) => boolean(value).map(|value| Some(u64::from(value))),
        Column::Point { .. } => Err(unfit(field, "terms")),
    }
}

fn text_of<'a>(field: &'a Field, key: u64, request: &'a TermsAggregation) -> Option<&'a str> {
    let Column::Keyword { dictionary, .. } = &field.column else {
        return None;
    };
    match &request.missing {
        Some(Scalar::Text(text)) if key == dictionary.len() as u64 => Some(text),
        _ => Some(dictionary.text(key as u32).as_str()),
    }
}

fn compare_keys(field: &Field, a: u64, b: u64, request: &TermsAggregation) -> Ordering {
    match (text_of(field, a, request), text_of(field, b, request)) {
        (Some(a), Some(b)) => a.cmp(b),
        _ => a.cmp(&b),
    }
}

fn bucket_key(field: &Field, key: u64, request: &TermsAggregation) -> BucketKey {
    match field.field_type {
        FieldType::Keyword => {
            let beyond = matches!(&field.column, Column::Keyword { dictionary, .. }
                if key == dictionary.len() as u64);
            match &request.missing {
                Some(missing) if beyond => BucketKey::Text(missing.text()),
                _ => BucketKey::Text(text_of(field, key, request).unwrap_or_default().to_owned()),
            }
        }
        FieldType::Float => BucketKey::Float(f64::from(float_of(key))),
        FieldType::Date => BucketKey::Date(whole_of(key)),
        FieldType::Boolean => BucketKey::Bool(key == 1),
        FieldType::Integer | FieldType::Long | FieldType::GeoPoint => {
            BucketKey::Integer(whole_of(key))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{float_key, float_of, whole_key, whole_of};

    #[test]
    fn keys_keep_order_and_come_back() {
        let floats = [f32::MIN, -1.5, 0.0, 1e-9, 272.6, f32::MAX];
        assert!(floats.map(float_key).is_sorted());
        assert_eq!(floats.map(|f| float_of(float_key(f))), floats);
        assert_eq!(float_key(-0.0), float_key(0.0));
        let wholes = [i64::MIN + 1, -1, 0, 1, i64::MAX];
        assert!(wholes.map(whole_key).is_sorted());
        assert_eq!(wholes.map(|w| whole_of(whole_key(w))), wholes);
        assert!(whole_key(i64::MAX) < super::NO_KEY);
    }
}
