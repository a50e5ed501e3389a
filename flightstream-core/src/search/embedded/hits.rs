use std::cmp::Ordering;
use std::fmt::Write;

use rustc_hash::FxHashSet;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::{
    AggregationResult, FieldType, Hit, Hits, Scalar, SearchError, SearchRequest, Sort,
    SourceFilter, TopHits, Total, TrackTotalHits,
};
use super::aggregate::Context;
use super::column::{Column, Field, NO_BOOL, NO_WHOLE};
use super::dictionary::NO_CODE;
use super::group::Rows;
use super::index::Index;
use crate::date;

/// One key to sort by, of a row or of `search_after`. A missing one comes last, in both directions.
#[derive(Debug, PartialEq)]
enum Key<'a> {
    Text(&'a str),
    Number(f64),
    Whole(i64),
    Missing,
}

impl Key<'_> {
    fn compare(&self, other: &Self, ascending: bool) -> Ordering {
        let order = match (self, other) {
            (Self::Missing, Self::Missing) => return Ordering::Equal,
            (Self::Missing, _) => return Ordering::Greater,
            (_, Self::Missing) => return Ordering::Less,
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
            (Self::Whole(a), Self::Whole(b)) => a.cmp(b),
            _ => Ordering::Equal,
        };
        if ascending { order } else { order.reverse() }
    }

    fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => (*text).into(),
            Self::Number(number) => (*number).into(),
            Self::Whole(number) => (*number).into(),
            Self::Missing => Value::Null,
        }
    }
}

/// A field to sort by: `None` is `_doc`.
struct SortField<'a> {
    field: Option<&'a Field>,
    ascending: bool,
}

fn sort_fields<'a>(index: &'a Index, sort: &[Sort]) -> Result<Vec<SortField<'a>>, SearchError> {
    sort.iter()
        .map(|sort| {
            let ascending = sort.ascending;
            if sort.field == "_doc" {
                return Ok(SortField {
                    field: None,
                    ascending,
                });
            }
            let field = index.field(&sort.field).ok_or_else(|| {
                SearchError::query_shard(format!(
                    "No mapping found for [{}] in order to sort on",
                    sort.field
                ))
            })?;
            if field.field_type == FieldType::GeoPoint {
                return Err(SearchError::illegal(format!(
                    "can't sort on geo_point field [{}]",
                    sort.field
                )));
            }
            Ok(SortField {
                field: Some(field),
                ascending,
            })
        })
        .collect()
}

impl<'a> SortField<'a> {
    fn key(&self, row: u32) -> Key<'a> {
        let Some(field) = self.field else {
            return Key::Whole(i64::from(row));
        };
        let at = row as usize;
        let key = match &field.column {
            Column::Keyword { codes, dictionary } => codes
                .get(at)
                .filter(|code| **code != NO_CODE)
                .map(|code| Key::Text(dictionary.text(*code).as_str())),
            Column::Float(values) => values
                .get(at)
                .filter(|value| !value.is_nan())
                .map(|value| Key::Number(f64::from(*value))),
            Column::Whole(values) => values
                .get(at)
                .filter(|value| **value != NO_WHOLE)
                .map(|value| Key::Whole(*value)),
            Column::Boolean(values) => values
                .get(at)
                .filter(|value| **value != NO_BOOL)
                .map(|value| Key::Whole(i64::from(*value))),
            Column::Point { .. } => None,
        };
        key.unwrap_or(Key::Missing)
    }

    fn after<'v>(&self, value: &'v Value) -> Result<Key<'v>, SearchError> {
        let kind = self.field.map_or(FieldType::Long, |field| field.field_type);
        let key = match (value, kind) {
            (Value::Null, _) => Some(Key::Missing),
            (Value::String(text), FieldType::Keyword) => Some(Key::Text(text)),
            (Value::String(text), FieldType::Date) => date::parse(text, false).map(Key::Whole),
            (Value::Bool(value), FieldType::Boolean) => Some(Key::Whole(i64::from(*value))),
            (Value::Number(number), FieldType::Float) => number.as_f64().map(Key::Number),
            (Value::Number(number), FieldType::Keyword) if number.is_f64() => None,
            (Value::Number(number), _) => number.as_i64().map(Key::Whole),
            _ => None,
        };
        key.filter(|key| kind != FieldType::Keyword || !matches!(key, Key::Whole(_)))
            .ok_or_else(|| {
                SearchError::illegal(format!("Failed to parse search_after value [{value}]"))
            })
    }
}

/// The fields that hits have of their documents; `None` if hits have no `_source`.
fn source_fields<'a>(index: &'a Index, filter: &SourceFilter) -> Option<Vec<&'a Field>> {
    let all = index.fields.iter();
    match filter {
        SourceFilter::All => Some(all.collect()),
        SourceFilter::None => None,
        SourceFilter::Fields(names) => {
            let names: FxHashSet<&str> = names.iter().map(String::as_str).collect();
            Some(
                all.filter(|field| names.contains(field.name.as_str()))
                    .collect(),
            )
        }
    }
}

fn compare(fields: &[SortField<'_>], a: u32, b: u32) -> Ordering {
    for field in fields {
        let order = field.key(a).compare(&field.key(b), field.ascending);
        if order != Ordering::Equal {
            return order;
        }
    }
    a.cmp(&b)
}

/// The `from`th to (`from` + `size`)th row in this order.
fn page(mut rows: Vec<u32>, fields: &[SortField<'_>], from: usize, size: usize) -> Vec<u32> {
    let end = from.saturating_add(size);
    if !fields.is_empty() {
        if end > 0 && end < rows.len() {
            rows.select_nth_unstable_by(end - 1, |a, b| compare(fields, *a, *b));
            rows.truncate(end);
        }
        rows.sort_unstable_by(|a, b| compare(fields, *a, *b));
    }
    rows.into_iter().skip(from).take(size).collect()
}

/// The hits of a search among its matching rows.
pub(super) fn search_hits(
    cx: &Context<'_>,
    request: &SearchRequest,
    rows: &[u32],
) -> Result<Hits, SearchError> {
    let matching = rows.len() as u64;
    let limited = |limit: u64| Total {
        value: matching.min(limit),
        relation: if matching > limit { "gte" } else { "eq" }.to_owned(),
    };
    let total = match request.track_total_hits {
        TrackTotalHits::Off => None,
        TrackTotalHits::Default => Some(limited(10_000)),
        TrackTotalHits::UpTo(limit) => Some(limited(limit)),
        TrackTotalHits::Exact => Some(limited(u64::MAX)),
    };
    let fields = sort_fields(cx.index, &request.sort)?;
    let source = source_fields(cx.index, &request.source);
    if request.size == 0 {
        return Ok(Hits {
            total,
            max_score: None,
            hits: Vec::new(),
        });
    }
    let candidates = match &request.search_after {
        None if fields.is_empty() => {
            let page = rows.iter().skip(request.from).take(request.size);
            let page: Vec<u32> = page.copied().collect();
            return collect(cx, &page, &fields, source.as_deref(), total);
        }
        None => rows.to_vec(),
        Some(values) => {
            let after = fields
                .iter()
                .zip(values)
                .map(|(field, value)| field.after(value))
                .collect::<Result<Vec<_>, _>>()?;
            let later = |row: u32| {
                let mut orders = fields
                    .iter()
                    .zip(&after)
                    .map(|(field, after)| field.key(row).compare(after, field.ascending));
                orders.find(|order| *order != Ordering::Equal) == Some(Ordering::Greater)
            };
            rows.iter().copied().filter(|row| later(*row)).collect()
        }
    };
    let page = page(candidates, &fields, request.from, request.size);
    collect(cx, &page, &fields, source.as_deref(), total)
}

pub(super) fn top_hits(
    cx: &Context<'_>,
    request: &TopHits,
    rows: Rows<'_>,
) -> Result<Vec<AggregationResult>, SearchError> {
    let fields = sort_fields(cx.index, &request.sort)?;
    let source = source_fields(cx.index, &request.source);
    let mut owned: Vec<Vec<u32>> = vec![Vec::new(); rows.owner_count];
    rows.each(|row, owner| {
        if let Some(rows) = owned.get_mut(owner as usize) {
            rows.push(row);
        }
    });
    owned
        .into_iter()
        .map(|rows| {
            let total = Some(Total {
                value: rows.len() as u64,
                relation: "eq".to_owned(),
            });
            let page = page(rows, &fields, request.from, request.size);
            cx.spend.buckets(page.len())?;
            collect(cx, &page, &fields, source.as_deref(), total).map(AggregationResult::TopHits)
        })
        .collect()
}

fn collect(
    cx: &Context<'_>,
    rows: &[u32],
    fields: &[SortField<'_>],
    source: Option<&[&Field]>,
    total: Option<Total>,
) -> Result<Hits, SearchError> {
    let score = fields.is_empty().then_some(1.0);
    let hits = rows
        .iter()
        .map(|row| {
            let id = cx.index.ids.get(*row as usize);
            let hit = Hit {
                index: cx.index_name.to_owned(),
                id: id.map_or("", |id| id.as_str()).to_owned(),
                score,
                source: source.and_then(|fields| self::source(fields, *row)),
                sort: fields.iter().map(|f| f.key(*row).to_value()).collect(),
            };
            cx.spend.hit(&hit).map(|()| hit)
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Hits {
        total,
        max_score: score.filter(|_| !hits.is_empty()),
        hits,
    })
}

/// These fields of a row's document.
pub(super) fn source(fields: &[&Field], row: u32) -> Option<Box<RawValue>> {
    let mut json = String::with_capacity(512);
    json.push('{');
    for field in fields {
        if !field.column.has(row as usize) {
            continue;
        }
        if json.len() > 1 {
            json.push(',');
        }
        text(&mut json, &field.name);
        json.push(':');
        value(&mut json, &field.column, row as usize);
    }
    json.push('}');
    RawValue::from_string(json).ok()
}

fn value(json: &mut String, column: &Column, row: usize) {
    // Writing to a `String` never fails.
    let _ = match column {
        Column::Keyword { codes, dictionary } => {
            let code = codes.get(row).copied().unwrap_or(NO_CODE);
            text(json, dictionary.text(code).as_str());
            Ok(())
        }
        Column::Float(values) => write!(json, "{}", values.get(row).copied().unwrap_or(0.0)),
        Column::Whole(values) => write!(json, "{}", values.get(row).copied().unwrap_or(0)),
        Column::Boolean(values) => write!(json, "{}", values.get(row) == Some(&1)),
        Column::Point { points, .. } => match points.get(row) {
            Some(point) => write!(json, "{{\"lat\":{},\"lon\":{}}}", point.lat, point.lon),
            None => Ok(()),
        },
    };
}

fn text(json: &mut String, text: &str) {
    if text.bytes().any(|b| b < 0x20 || b == b'"' || b == b'\\') {
        json.push_str(&Scalar::from(text).to_value().to_string());
        return;
    }
    json.push('"');
    json.push_str(text);
    json.push('"');
}
