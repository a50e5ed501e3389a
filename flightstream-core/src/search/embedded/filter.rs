//! Queries as sets of rows: each leaf is one sweep over its column.

use super::super::pattern::Pattern;
use super::super::{BoolQuery, FieldType, GeoPoint, Query, RangeQuery, Scalar, SearchError};
use super::bitset::Bitset;
use super::column::{Column, Field, NO_BOOL, NO_WHOLE};
use super::dictionary::{Dictionary, NO_CODE};
use super::index::Index;
use crate::date;

/// The documents of a query.
pub(super) fn matching(index: &Index, query: &Query) -> Result<Bitset, SearchError> {
    Ok(evaluate(index, query)?.and(&index.live))
}

/// May hold rows without a document.
fn evaluate(index: &Index, query: &Query) -> Result<Bitset, SearchError> {
    let height = index.height();
    let none = Bitset::empty(height);
    Ok(match query {
        Query::MatchAll => Bitset::full(height),
        Query::MatchNone => none,
        Query::Bool(query) => bool_query(index, query)?,
        Query::Term { field, value } => match index.field(field) {
            None => none,
            Some(field) => terms(field, std::slice::from_ref(value))?,
        },
        Query::Terms { field, values } => match index.field(field) {
            None => none,
            Some(field) => terms(field, values)?,
        },
        Query::Range(query) => match index.field(&query.field) {
            None => none,
            Some(field) => range(field, query)?,
        },
        Query::Exists { field } => match index.field(field) {
            None => none,
            Some(field) => exists(&field.column),
        },
        Query::Ids { values } => {
            let mut rows = none;
            for row in values.iter().filter_map(|id| index.row(id)) {
                rows.set(row as usize);
            }
            rows
        }
        Query::Prefix { field, value } => match index.field(field) {
            None => none,
            Some(field) => texts(field, "prefix", |text| text.starts_with(value.as_str()))?,
        },
        Query::Wildcard { field, value } => match index.field(field) {
            None => none,
            Some(field) => {
                let pattern = Pattern::wildcard(value);
                texts(field, "wildcard", |text| pattern.matches(text))?
            }
        },
        Query::GeoBoundingBox { field, bounds } => {
            points(index, field, |point| bounds.contains(point))?
        }
        Query::GeoDistance {
            field,
            point,
            metres,
        } => points(index, field, |other| point.distance(other) <= *metres)?,
    })
}

fn bool_query(index: &Index, query: &BoolQuery) -> Result<Bitset, SearchError> {
    let mut rows = Bitset::full(index.height());
    for clause in query.must.iter().chain(&query.filter) {
        rows = rows.and(&evaluate(index, clause)?);
    }
    for clause in &query.must_not {
        rows = rows.and(&evaluate(index, clause)?.not());
    }
    let alone = query.must.is_empty() && query.filter.is_empty() && !query.should.is_empty();
    let minimum = match query.minimum_should_match {
        Some(minimum) if alone => minimum.max(1),
        Some(minimum) => minimum,
        None => u32::from(alone),
    };
    // One clause after another: a set has a bit for each document, and clauses may be many.
    let should = query.should.iter().map(|clause| evaluate(index, clause));
    if minimum > 1 {
        let mut counts = vec![0_u32; index.height()];
        for clause in should {
            for row in clause?.rows() {
                if let Some(count) = counts.get_mut(row as usize) {
                    *count += 1;
                }
            }
        }
        return Ok(rows.and(&Bitset::of(&counts, |count| count >= minimum)));
    }
    let mut any = Bitset::empty(index.height());
    for clause in should {
        any = any.or(&clause?);
    }
    Ok(match minimum {
        0 => rows,
        _ => rows.and(&any),
    })
}

fn exists(column: &Column) -> Bitset {
    match column {
        Column::Keyword { codes, .. } => Bitset::of(codes, |code| code != NO_CODE),
        Column::Float(values) => Bitset::of(values, |value| !value.is_nan()),
        Column::Whole(values) => Bitset::of(values, |value| value != NO_WHOLE),
        Column::Boolean(values) => Bitset::of(values, |value| value != NO_BOOL),
        Column::Point { points, .. } => Bitset::of(points, |point| !point.lat.is_nan()),
    }
}

fn terms(field: &Field, values: &[Scalar]) -> Result<Bitset, SearchError> {
    match &field.column {
        Column::Keyword { codes, dictionary } => {
            let wanted: Vec<u32> = values
                .iter()
                .filter_map(|value| dictionary.code(&value.text()))
                .collect();
            Ok(match wanted.as_slice() {
                [] => Bitset::empty(codes.len()),
                [only] => Bitset::of(codes, |code| code == *only),
                _ => {
                    let table = code_table(dictionary, &wanted);
                    Bitset::of(codes, |code| {
                        table.get(code as usize).copied().unwrap_or(false)
                    })
                }
            })
        }
        Column::Float(column) => {
            let mut wanted = Vec::with_capacity(values.len());
            for value in values {
                wanted.push(number(field, value)? as f32);
            }
            wanted.sort_by(f32::total_cmp);
            Ok(Bitset::of(column, |value| one_of(&wanted, value)))
        }
        Column::Whole(column) => {
            let mut wanted = Vec::with_capacity(values.len());
            for value in values {
                if field.field_type == FieldType::Date {
                    wanted.push(instant(field, value, false)?);
                } else {
                    let (low, high) = (lowest(field, value)?, highest(field, value)?);
                    wanted.extend((low == high).then_some(low));
                }
            }
            wanted.sort_unstable();
            wanted.dedup();
            Ok(match wanted.as_slice() {
                [only] => Bitset::of(column, |value| value == *only && value != NO_WHOLE),
                _ => Bitset::of(column, |value| {
                    value != NO_WHOLE && wanted.binary_search(&value).is_ok()
                }),
            })
        }
        Column::Boolean(column) => {
            let mut wanted = [false; 2];
            for value in values {
                let [no, yes] = &mut wanted;
                *(if boolean(value)? { yes } else { no }) = true;
            }
            Ok(Bitset::of(column, |value| {
                wanted.get(usize::from(value)).copied().unwrap_or(false)
            }))
        }
        Column::Point { .. } => Err(SearchError::query_shard(format!(
            "Geometry fields do not support exact searching, use dedicated geometry queries instead: [{}]",
            field.name
        ))),
    }
}

fn one_of(sorted: &[f32], value: f32) -> bool {
    match sorted {
        [only] => value == *only,
        // -0.0 equals 0.0 but is sorted before it.
        _ => sorted
            .binary_search_by(|probe| (probe + 0.0).total_cmp(&(value + 0.0)))
            .is_ok(),
    }
}

pub(super) fn code_table(dictionary: &Dictionary, wanted: &[u32]) -> Vec<bool> {
    let mut table = vec![false; dictionary.len()];
    for code in wanted {
        if let Some(entry) = table.get_mut(*code as usize) {
            *entry = true;
        }
    }
    table
}

fn texts(field: &Field, what: &str, test: impl Fn(&str) -> bool) -> Result<Bitset, SearchError> {
    let Column::Keyword { codes, dictionary } = &field.column else {
        return Err(SearchError::query_shard(format!(
            "Can only use {what} queries on keyword fields - not on [{}] which is of type [{}]",
            field.name,
            field.field_type.name()
        )));
    };
    let table = dictionary.table(test);
    Ok(Bitset::of(codes, |code| {
        table.get(code as usize).copied().unwrap_or(false)
    }))
}

fn points(
    index: &Index,
    name: &str,
    test: impl Fn(GeoPoint) -> bool,
) -> Result<Bitset, SearchError> {
    match index.field(name).map(|field| &field.column) {
        Some(Column::Point { points, .. }) => Ok(Bitset::of(points, test)),
        Some(_) => Err(SearchError::query_shard(format!(
            "Field [{name}] is not of type [geo_point]"
        ))),
        None => Err(SearchError::query_shard(format!(
            "failed to find geo field [{name}]"
        ))),
    }
}

fn range(field: &Field, query: &RangeQuery) -> Result<Bitset, SearchError> {
    match &field.column {
        Column::Keyword { .. } => {
            let text = |bound: &Option<Scalar>| bound.as_ref().map(Scalar::text);
            let (gt, gte) = (text(&query.gt), text(&query.gte));
            let (lt, lte) = (text(&query.lt), text(&query.lte));
            texts(field, "range", |value| {
                gt.as_deref().is_none_or(|bound| value > bound)
                    && gte.as_deref().is_none_or(|bound| value >= bound)
                    && lt.as_deref().is_none_or(|bound| value < bound)
                    && lte.as_deref().is_none_or(|bound| value <= bound)
            })
        }
        Column::Float(values) => {
            let bound = |bound: &Option<Scalar>, open: f32| match bound {
                None => Ok(open),
                Some(bound) => number(field, bound).map(|bound| bound as f32),
            };
            let low = bound(&query.gte, f32::NEG_INFINITY)?;
            let high = bound(&query.lte, f32::INFINITY)?;
            // NaN, the missing value, is in no range: each of these comparisons is then false.
            let within = |value: f32| (value >= low) & (value <= high);
            match (&query.gt, &query.lt) {
                (None, None) => Ok(Bitset::of(values, within)),
                _ => {
                    let low = bound(&query.gt, f32::NEG_INFINITY)?;
                    let high = bound(&query.lt, f32::INFINITY)?;
                    Ok(Bitset::of(values, |value| {
                        within(value) & (value > low) & (value < high)
                    }))
                }
            }
        }
        Column::Whole(values) => {
            let (mut low, mut high) = (NO_WHOLE + 1, i64::MAX);
            if let Some(bound) = &query.gte {
                low = low.max(lowest(field, bound)?);
            }
            if let Some(bound) = &query.gt {
                low = low.max(above(highest(field, bound)?));
            }
            if let Some(bound) = &query.lte {
                high = high.min(highest(field, bound)?);
            }
            if let Some(bound) = &query.lt {
                high = high.min(lowest(field, bound)?.saturating_sub(1));
            }
            Ok(Bitset::of(values, |value| (value >= low) & (value <= high)))
        }
        Column::Boolean(_) | Column::Point { .. } => Err(SearchError::query_shard(format!(
            "Field [{}] of type [{}] does not support range queries",
            field.name,
            field.field_type.name()
        ))),
    }
}

fn above(value: i64) -> i64 {
    value.saturating_add(1)
}

/// The smallest whole number that is not below the value; of a date its first millisecond.
fn lowest(field: &Field, value: &Scalar) -> Result<i64, SearchError> {
    if field.field_type == FieldType::Date {
        return instant(field, value, false);
    }
    match value.text().parse::<i64>() {
        Ok(whole) => Ok(whole),
        Err(_) => number(field, value).map(|number| number.ceil() as i64),
    }
}

/// The largest whole number that is not above the value; of a date its last millisecond.
fn highest(field: &Field, value: &Scalar) -> Result<i64, SearchError> {
    if field.field_type == FieldType::Date {
        return instant(field, value, true);
    }
    match value.text().parse::<i64>() {
        Ok(whole) => Ok(whole),
        Err(_) => number(field, value).map(|number| number.floor() as i64),
    }
}

fn instant(field: &Field, value: &Scalar, round_up: bool) -> Result<i64, SearchError> {
    let found = match value {
        Scalar::Number(number) => number
            .as_i64()
            .or_else(|| number.as_f64().map(|n| n as i64)),
        Scalar::Text(text) => date::parse(text, round_up),
        Scalar::Bool(_) => None,
    };
    found.ok_or_else(|| {
        SearchError::query_shard(format!(
            "failed to parse date field [{}] of [{}] with format [strict_date_optional_time||epoch_millis]",
            value.text(),
            field.name
        ))
    })
}

fn number(field: &Field, value: &Scalar) -> Result<f64, SearchError> {
    let found = match value {
        Scalar::Number(number) => number.as_f64(),
        Scalar::Text(text) => text.trim().parse().ok(),
        Scalar::Bool(_) => None,
    };
    found
        .filter(|number: &f64| !number.is_nan())
        .ok_or_else(|| {
            SearchError::query_shard(format!(
                "failed to create query: For input string: \"{}\" of field [{}]",
                value.text(),
                field.name
            ))
        })
}

pub(super) fn boolean(value: &Scalar) -> Result<bool, SearchError> {
    match value.text().as_str() {
        "true" => Ok(true),
        "false" | "" => Ok(false),
        other => Err(SearchError::query_shard(format!(
            "Can't parse boolean value [{other}], expected [true] or [false]"
        ))),
    }
}
