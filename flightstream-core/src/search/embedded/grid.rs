use std::cmp::Reverse;

use super::super::geo::FINEST_TILE;
use super::super::{AggregationResult, Aggregations, BucketKey, GeotileGrid, SearchError};
use super::aggregate::{Context, buckets_of, unfit};
use super::column::Column;
use super::group::{Groups, NO_KEY, Rows};

pub(super) fn run(
    cx: &Context<'_>,
    request: &GeotileGrid,
    nested: &Aggregations,
    rows: Rows<'_>,
) -> Result<Vec<AggregationResult>, SearchError> {
    let zoom = request.precision.min(FINEST_TILE);
    let shift = FINEST_TILE - zoom;
    let keep = !nested.is_empty();
    let groups = match cx.index.field(&request.field) {
        None => Groups::new(rows, keep, |_| NO_KEY),
        Some(field) => {
            let Column::Point { points, tiles } = &field.column else {
                return Err(unfit(field, "geotile_grid"));
            };
            Groups::new(rows, keep, |row| {
                let (Some(point), Some((x, y))) =
                    (points.get(row as usize), tiles.get(row as usize))
                else {
                    return NO_KEY;
                };
                let outside = request
                    .bounds
                    .is_some_and(|bounds| !bounds.contains(*point));
                if point.lat.is_nan() || outside {
                    return NO_KEY;
                }
                u64::from(x >> shift) << zoom | u64::from(y >> shift)
            })
        }
    };
    let mut chosen = Vec::with_capacity(rows.owner_count);
    for mut numbers in groups.by_owner(rows.owner_count) {
        let order = |number: &u32| Reverse((groups.count(*number), groups.key(*number)));
        if numbers.len() > request.size && request.size > 0 {
            numbers.select_nth_unstable_by_key(request.size - 1, order);
        }
        numbers.truncate(request.size);
        numbers.sort_unstable_by_key(order);
        cx.spend.buckets(numbers.len())?;
        chosen.push(
            numbers
                .into_iter()
                .map(|number| (number, groups.key(number)))
                .collect(),
        );
    }
    let key = |key: u64| BucketKey::Tile {
        zoom,
        x: (key >> zoom) as u32,
        y: (key & ((1 << zoom) - 1)) as u32,
    };
    let buckets = buckets_of(cx, &groups, chosen, nested, rows, key)?;
    Ok(buckets
        .into_iter()
        .map(AggregationResult::Buckets)
        .collect())
}
