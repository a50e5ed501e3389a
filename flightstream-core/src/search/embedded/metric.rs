use super::super::{AggregationResult, FieldType, GeoBounds, GeoPoint, Metric, SearchError, Stats};
use super::aggregate::{Context, unfit};
use super::column::{Column, Field, NO_BOOL, NO_WHOLE};
use super::group::{NO_KEY, Rows};
use super::terms::group;
use crate::date;

/// A column of numbers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Numeric<'a> {
    Float(&'a [f32]),
    Whole(&'a [i64]),
    Boolean(&'a [u8]),
}

/// The column as numbers, if it has such.
pub(super) fn numeric<'a>(field: &'a Field, what: &str) -> Result<Numeric<'a>, SearchError> {
    match &field.column {
        Column::Float(values) => Ok(Numeric::Float(values)),
        Column::Whole(values) => Ok(Numeric::Whole(values)),
        Column::Boolean(values) => Ok(Numeric::Boolean(values)),
        Column::Keyword { .. } | Column::Point { .. } => Err(unfit(field, what)),
    }
}

fn float(value: f32) -> Option<f64> {
    (!value.is_nan()).then_some(f64::from(value))
}

fn whole(value: i64) -> Option<f64> {
    (value != NO_WHOLE).then_some(value as f64)
}

fn boolean(value: u8) -> Option<f64> {
    (value != NO_BOOL).then_some(f64::from(value))
}

impl Numeric<'_> {
    pub(super) fn get(&self, row: u32) -> Option<f64> {
        match self {
            Self::Float(values) => values.get(row as usize).and_then(|v| float(*v)),
            Self::Whole(values) => values.get(row as usize).and_then(|v| whole(*v)),
            Self::Boolean(values) => values.get(row as usize).and_then(|v| boolean(*v)),
        }
    }

    /// Calls with each owner and value.
    fn each(&self, rows: Rows<'_>, visit: impl FnMut(u32, f64)) {
        match self {
            Self::Float(values) => each(rows, values, float, visit),
            Self::Whole(values) => each(rows, values, whole, visit),
            Self::Boolean(values) => each(rows, values, boolean, visit),
        }
    }
}

#[inline]
fn each<T: Copy>(
    rows: Rows<'_>,
    values: &[T],
    number: impl Fn(T) -> Option<f64>,
    mut visit: impl FnMut(u32, f64),
) {
    rows.each(|row, owner| {
        if let Some(value) = values.get(row as usize).and_then(|value| number(*value)) {
            visit(owner, value);
        }
    });
}

fn stats(
    cx: &Context<'_>,
    field: &str,
    what: &str,
    rows: Rows<'_>,
) -> Result<(Vec<Stats>, bool), SearchError> {
    let mut stats = vec![Stats::default(); rows.owner_count];
    let Some(field) = cx.index.field(field) else {
        return Ok((stats, false));
    };
    let column = numeric(field, what)?;
    if rows.owners.is_none() {
        let mut one = Stats::default();
        column.each(rows, |_, value| one.add(value));
        stats.fill(one);
    } else {
        column.each(rows, |owner, value| {
            if let Some(stats) = stats.get_mut(owner as usize) {
                stats.add(value);
            }
        });
    }
    Ok((stats, field.field_type == FieldType::Date))
}

pub(super) fn run(
    cx: &Context<'_>,
    metric: Metric,
    field: &str,
    rows: Rows<'_>,
) -> Result<Vec<AggregationResult>, SearchError> {
    match metric {
        Metric::Avg | Metric::Min | Metric::Max | Metric::Sum => {
            let (stats, dates) = stats(cx, field, metric.name(), rows)?;
            let result = |stats: &Stats| {
                let value = pick(stats, metric);
                AggregationResult::Value {
                    value,
                    as_string: value.filter(|_| dates).map(|v| date::format(v as i64)),
                }
            };
            Ok(stats.iter().map(result).collect())
        }
        Metric::Stats | Metric::ExtendedStats => {
            let (stats, date) = stats(cx, field, metric.name(), rows)?;
            let result = |stats| AggregationResult::Stats {
                stats,
                extended: metric == Metric::ExtendedStats,
                date,
            };
            Ok(stats.into_iter().map(result).collect())
        }
        Metric::ValueCount | Metric::Cardinality => Ok(counts(cx, metric, field, rows)?
            .into_iter()
            .map(AggregationResult::Count)
            .collect()),
        Metric::GeoBounds | Metric::GeoCentroid => geo(cx, metric, field, rows),
    }
}

fn pick(stats: &Stats, metric: Metric) -> Option<f64> {
    let some = stats.count > 0;
    match metric {
        Metric::Min => some.then_some(stats.min),
        Metric::Max => some.then_some(stats.max),
        Metric::Sum => Some(stats.sum),
        _ => stats.avg(),
    }
}

/// One number for each owner, NaN where there is none, to order buckets by.
pub(super) fn values(
    cx: &Context<'_>,
    metric: Metric,
    field: &str,
    value: Option<&str>,
    rows: Rows<'_>,
) -> Result<Vec<f64>, SearchError> {
    if matches!(metric, Metric::ValueCount | Metric::Cardinality) {
        let counts = counts(cx, metric, field, rows)?;
        return Ok(counts.into_iter().map(|count| count as f64).collect());
    }
    let (stats, _) = stats(cx, field, metric.name(), rows)?;
    let number = |stats: &Stats| match value {
        None | Some("value") => pick(stats, metric),
        Some("min") => pick(stats, Metric::Min),
        Some("max") => pick(stats, Metric::Max),
        Some("sum") => Some(stats.sum),
        Some("count") => Some(stats.count as f64),
        Some(_) => stats.avg(),
    };
    Ok(stats
        .iter()
        .map(|s| number(s).unwrap_or(f64::NAN))
        .collect())
}

fn counts(
    cx: &Context<'_>,
    metric: Metric,
    field: &str,
    rows: Rows<'_>,
) -> Result<Vec<u64>, SearchError> {
    let mut counts = vec![0_u64; rows.owner_count];
    let Some(field) = cx.index.field(field) else {
        return Ok(counts);
    };
    let mut add = |owner: u32| {
        if let Some(count) = counts.get_mut(owner as usize) {
            *count += 1;
        }
    };
    if metric == Metric::ValueCount {
        rows.each(|row, owner| {
            if field.column.has(row as usize) {
                add(owner);
            }
        });
    } else {
        let groups = group(field, metric.name(), NO_KEY, rows, false, |_| true)?;
        groups.groups.iter().for_each(|group| add(group.owner));
    }
    Ok(counts)
}

/// What `geo_bounds` and `geo_centroid` need of an owner's points.
#[derive(Debug, Clone, Copy)]
struct Extent {
    count: u64,
    lat_sum: f64,
    lon_sum: f64,
    top: f64,
    bottom: f64,
    /// Of the eastern hemisphere.
    east: (f64, f64),
    /// Of the western hemisphere.
    west: (f64, f64),
}

const NOTHING: (f64, f64) = (f64::INFINITY, f64::NEG_INFINITY);

impl Extent {
    const EMPTY: Self = Self {
        count: 0,
        lat_sum: 0.0,
        lon_sum: 0.0,
        top: f64::NEG_INFINITY,
        bottom: f64::INFINITY,
        east: NOTHING,
        west: NOTHING,
    };

    fn add(&mut self, point: GeoPoint) {
        self.count += 1;
        self.lat_sum += point.lat;
        self.lon_sum += point.lon;
        self.top = self.top.max(point.lat);
        self.bottom = self.bottom.min(point.lat);
        let half = if point.lon >= 0.0 {
            &mut self.east
        } else {
            &mut self.west
        };
        *half = (half.0.min(point.lon), half.1.max(point.lon));
    }

    /// The narrower of the box that spans the prime meridian and the one that spans the antimeridian.
    fn bounds(&self) -> Option<GeoBounds> {
        let (left, right) = match (self.east == NOTHING, self.west == NOTHING) {
            (true, true) => return None,
            (false, true) => self.east,
            (true, false) => self.west,
            (false, false) => {
                let prime = self.east.1 - self.west.0;
                let anti = 360.0 - self.east.0 + self.west.1;
                if prime <= anti {
                    (self.west.0, self.east.1)
                } else {
                    (self.east.0, self.west.1)
                }
            }
        };
        Some(GeoBounds {
            top_left: GeoPoint {
                lat: self.top,
                lon: left,
            },
            bottom_right: GeoPoint {
                lat: self.bottom,
                lon: right,
            },
        })
    }
}

fn geo(
    cx: &Context<'_>,
    metric: Metric,
    name: &str,
    rows: Rows<'_>,
) -> Result<Vec<AggregationResult>, SearchError> {
    let mut extents = vec![Extent::EMPTY; rows.owner_count];
    if let Some(field) = cx.index.field(name) {
        let Column::Point { points, .. } = &field.column else {
            return Err(unfit(field, metric.name()));
        };
        rows.each(|row, owner| {
            if let (Some(point), Some(extent)) =
                (points.get(row as usize), extents.get_mut(owner as usize))
                && !point.lat.is_nan()
            {
                extent.add(*point);
            }
        });
    }
    let result = |extent: &Extent| {
        if metric == Metric::GeoBounds {
            return AggregationResult::GeoBounds(extent.bounds());
        }
        AggregationResult::GeoCentroid {
            location: (extent.count > 0).then(|| GeoPoint {
                lat: extent.lat_sum / extent.count as f64,
                lon: extent.lon_sum / extent.count as f64,
            }),
            count: extent.count,
        }
    };
    Ok(extents.iter().map(result).collect())
}

pub(super) fn percentiles(
    cx: &Context<'_>,
    field: &str,
    percents: &[f64],
    rows: Rows<'_>,
) -> Result<Vec<AggregationResult>, SearchError> {
    let mut values: Vec<Vec<f64>> = vec![Vec::new(); rows.owner_count];
    if let Some(field) = cx.index.field(field) {
        numeric(field, "percentiles")?.each(rows, |owner, value| {
            if let Some(values) = values.get_mut(owner as usize) {
                values.push(value);
            }
        });
    }
    let result = |mut values: Vec<f64>| {
        values.sort_unstable_by(f64::total_cmp);
        let at = |percent: &f64| (*percent, percentile(&values, *percent));
        AggregationResult::Percentiles(percents.iter().map(at).collect())
    };
    Ok(values.into_iter().map(result).collect())
}

fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = percent / 100.0 * last as f64;
    let low = *sorted.get(place.floor() as usize)?;
    let high = *sorted.get(place.ceil() as usize)?;
    Some(low + (high - low) * place.fract())
}
