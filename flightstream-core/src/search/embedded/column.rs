use std::borrow::Cow;

use super::super::{FieldType, GeoPoint};
use super::dictionary::{Dictionary, NO_CODE};

/// A whole-number column's value of a row without one; no document can have it.
pub(super) const NO_WHOLE: i64 = i64::MIN;
/// A boolean column's value of a row without one.
pub(super) const NO_BOOL: u8 = 2;
/// A point column's value of a row without one.
pub(super) const NO_POINT: GeoPoint = GeoPoint {
    lat: f64::NAN,
    lon: f64::NAN,
};

/// One field of a parsed document.
#[derive(Debug, Clone)]
pub(super) enum Slot<'a> {
    Missing,
    Text(Cow<'a, str>),
    Float(f32),
    Whole(i64),
    Bool(bool),
    Point(GeoPoint),
}

/// The values of one field, one for each row.
#[derive(Debug)]
pub(super) enum Column {
    Keyword {
        codes: Vec<u32>,
        dictionary: Dictionary,
    },
    /// NaN where there is none.
    Float(Vec<f32>),
    /// Integers, longs and dates.
    Whole(Vec<i64>),
    /// 0, 1 or [`NO_BOOL`].
    Boolean(Vec<u8>),
    /// With each point its finest tile, because a tile costs a logarithm.
    Point {
        points: Vec<GeoPoint>,
        tiles: Vec<(u32, u32)>,
    },
}

/// A field of the mapping with its column.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) field_type: FieldType,
    pub(super) column: Column,
}

impl Field {
    pub(super) fn new(name: &str, field_type: FieldType) -> Self {
        let column = match field_type {
            FieldType::Keyword => Column::Keyword {
                codes: Vec::new(),
                dictionary: Dictionary::default(),
            },
            FieldType::Float => Column::Float(Vec::new()),
            FieldType::Integer | FieldType::Long | FieldType::Date => Column::Whole(Vec::new()),
            FieldType::Boolean => Column::Boolean(Vec::new()),
            FieldType::GeoPoint => Column::Point {
                points: Vec::new(),
                tiles: Vec::new(),
            },
        };
        Self {
            name: name.to_owned(),
            field_type,
            column,
        }
    }
}

impl Column {
    /// Adds a row without a value.
    pub(super) fn push(&mut self) {
        match self {
            Self::Keyword { codes, .. } => codes.push(NO_CODE),
            Self::Float(values) => values.push(f32::NAN),
            Self::Whole(values) => values.push(NO_WHOLE),
            Self::Boolean(values) => values.push(NO_BOOL),
            Self::Point { points, tiles } => {
                points.push(NO_POINT);
                tiles.push((0, 0));
            }
        }
    }

    /// Sets a row's value; what does not fit the column's type counts as none (the parser lets nothing of that kind
    /// through).
    pub(super) fn set(&mut self, row: usize, slot: &Slot<'_>) {
        match self {
            Self::Keyword { codes, dictionary } => {
                let Some(code) = codes.get_mut(row) else {
                    return;
                };
                if let Slot::Text(text) = slot {
                    if !dictionary.is(*code, text) {
                        let new = dictionary.acquire(text);
                        dictionary.release(std::mem::replace(code, new));
                    }
                } else if *code != NO_CODE {
                    dictionary.release(std::mem::replace(code, NO_CODE));
                }
            }
            Self::Float(values) => {
                if let Some(value) = values.get_mut(row) {
                    *value = if let Slot::Float(new) = slot {
                        *new
                    } else {
                        f32::NAN
                    };
                }
            }
            Self::Whole(values) => {
                if let Some(value) = values.get_mut(row) {
                    *value = if let Slot::Whole(new) = slot {
                        *new
                    } else {
                        NO_WHOLE
                    };
                }
            }
            Self::Boolean(values) => {
                if let Some(value) = values.get_mut(row) {
                    *value = if let Slot::Bool(new) = slot {
                        u8::from(*new)
                    } else {
                        NO_BOOL
                    };
                }
            }
            Self::Point { points, tiles } => {
                let new = if let Slot::Point(new) = slot {
                    *new
                } else {
                    NO_POINT
                };
                if let (Some(point), Some(tile)) = (points.get_mut(row), tiles.get_mut(row))
                    && *point != new
                {
                    *point = new;
                    *tile = if new.lat.is_nan() { (0, 0) } else { new.tile() };
                }
            }
        }
    }

    pub(super) fn has(&self, row: usize) -> bool {
        match self {
            Self::Keyword { codes, .. } => codes.get(row).is_some_and(|c| *c != NO_CODE),
            Self::Float(values) => values.get(row).is_some_and(|v| !v.is_nan()),
            Self::Whole(values) => values.get(row).is_some_and(|v| *v != NO_WHOLE),
            Self::Boolean(values) => values.get(row).is_some_and(|v| *v != NO_BOOL),
            Self::Point { points, .. } => points.get(row).is_some_and(|p| !p.lat.is_nan()),
        }
    }
}
