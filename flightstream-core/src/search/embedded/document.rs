use rustc_hash::FxHashMap;

use super::super::bulk::BulkError;
use super::super::{Dynamic, FieldType, GeoPoint, Mapping};
use super::column::{NO_WHOLE, Slot};
use super::scanner::{Malformed, Scanner, Token};
use crate::date;

const MAX_KEYWORD: usize = 32_766;

/// Parses documents of one mapping straight into values of its columns.
#[derive(Debug)]
pub(super) struct DocumentParser {
    dynamic: Dynamic,
    fields: Vec<(String, FieldType)>,
    by_name: FxHashMap<String, usize>,
}

/// Where in the document each field was last time: documents of one source have their fields in one order.
#[derive(Debug, Default)]
pub(super) struct FieldOrder(Vec<usize>);

impl DocumentParser {
    pub(super) fn new(mapping: &Mapping) -> Self {
        let fields: Vec<(String, FieldType)> = mapping
            .fields()
            .map(|(name, field_type)| (name.to_owned(), field_type))
            .collect();
        let by_name = fields
            .iter()
            .enumerate()
            .map(|(at, (name, _))| (name.clone(), at))
            .collect();
        Self {
            dynamic: mapping.dynamic(),
            fields,
            by_name,
        }
    }

    /// How many slots a document fills.
    pub(super) fn width(&self) -> usize {
        self.fields.len()
    }

    /// Parses one document into its slots, which must all be missing.
    pub(super) fn parse<'a>(
        &self,
        id: &str,
        source: &'a [u8],
        order: &mut FieldOrder,
        slots: &mut [Slot<'a>],
    ) -> Result<(), Box<BulkError>> {
        let text = std::str::from_utf8(source)
            .map_err(|error| document_error(format!("the document is not UTF-8: {error}")))?;
        let mut scanner = Scanner::new(text);
        self.object(id, &mut scanner, order, slots)
    }

    fn object<'a>(
        &self,
        id: &str,
        scanner: &mut Scanner<'a>,
        order: &mut FieldOrder,
        slots: &mut [Slot<'a>],
    ) -> Result<(), Box<BulkError>> {
        scanner.expect(b'{')?;
        let mut nth = 0;
        if !scanner.take(b'}') {
            loop {
                let key = scanner.string()?;
                scanner.expect(b':')?;
                match self.find(&key, nth, order) {
                    Some((at, field_type)) => {
                        let slot = slots.get_mut(at).ok_or_else(|| document_error("no slot"))?;
                        if !matches!(slot, Slot::Missing) {
                            return Err(document_error(format!("Duplicate field '{key}'")));
                        }
                        *slot = read(scanner, field_type, &key, id)?;
                    }
                    None if self.dynamic == Dynamic::Strict => {
                        return Err(strict_error(&key));
                    }
                    None => scanner.skip()?,
                }
                nth += 1;
                if scanner.take(b'}') {
                    break;
                }
                scanner.expect(b',')?;
            }
        }
        match scanner.peek() {
            None => Ok(()),
            Some(_) => Err(scanner
                .malformed("the document goes on after its object")
                .into()),
        }
    }

    #[inline]
    fn find(&self, key: &str, nth: usize, order: &mut FieldOrder) -> Option<(usize, FieldType)> {
        if let Some(at) = order.0.get(nth)
            && let Some((name, field_type)) = self.fields.get(*at)
            && name == key
        {
            return Some((*at, *field_type));
        }
        let at = *self.by_name.get(key)?;
        if nth < self.fields.len() {
            if order.0.len() <= nth {
                order.0.resize(nth + 1, usize::MAX);
            }
            if let Some(known) = order.0.get_mut(nth) {
                *known = at;
            }
        }
        self.fields.get(at).map(|(_, field_type)| (at, *field_type))
    }
}

#[inline]
fn read<'a>(
    scanner: &mut Scanner<'a>,
    field_type: FieldType,
    key: &str,
    id: &str,
) -> Result<Slot<'a>, Box<BulkError>> {
    if field_type == FieldType::GeoPoint && scanner.peek() == Some(b'{') {
        let at = scanner.at();
        if let Some(point) = plain_point(scanner) {
            return Ok(Slot::Point(point));
        }
        scanner.rewind(at);
    }
    let token = scanner.value()?;
    if matches!(token, Token::Null) {
        return Ok(Slot::Missing);
    }
    convert(token, field_type).map_err(|(why, preview)| {
        document_error(format!(
            "failed to parse field [{key}] of type [{}] in document with id '{id}': {why}. Preview of field's value: \
             '{preview}'",
            field_type.name()
        ))
    })
}

/// `{"lat": 1, "lon": 2}`, the form our own documents have.
fn plain_point(scanner: &mut Scanner<'_>) -> Option<GeoPoint> {
    let mut point = GeoPoint {
        lat: f64::NAN,
        lon: f64::NAN,
    };
    scanner.take(b'{').then_some(())?;
    for end in [b',', b'}'] {
        let key = scanner.string().ok()?;
        scanner.take(b':').then_some(())?;
        let number = scanner.number().ok()?.parse().ok()?;
        match key.as_ref() {
            "lat" => point.lat = number,
            "lon" => point.lon = number,
            _ => return None,
        }
        scanner.take(end).then_some(())?;
    }
    point.checked()
}

type Unfit = (&'static str, String);

fn convert(token: Token<'_>, field_type: FieldType) -> Result<Slot<'_>, Unfit> {
    let token = match (token, field_type) {
        (Token::Nested(value), FieldType::GeoPoint) => {
            return GeoPoint::from_value(&value)
                .map(Slot::Point)
                .ok_or_else(|| ("not a point on the globe", value.to_string()));
        }
        (Token::Nested(value), _) => {
            return Err(("one plain value is expected", value.to_string()));
        }
        (token, _) => token,
    };
    match field_type {
        FieldType::Keyword => match token {
            Token::Text(text) if text.len() > MAX_KEYWORD => {
                Err(("longer than 32766 bytes", text.chars().take(30).collect()))
            }
            Token::Text(text) => Ok(Slot::Text(text)),
            Token::Number(number) => Ok(Slot::Text(number.into())),
            other => Ok(Slot::Text(other.preview().into())),
        },
        FieldType::Float => token
            .number_text()
            .and_then(|text| text.parse::<f32>().ok())
            .filter(|number| number.is_finite())
            .map(Slot::Float)
            .ok_or_else(|| ("not a finite number", token.preview())),
        FieldType::Integer => token
            .number_text()
            .and_then(whole)
            .filter(|number| i32::try_from(*number).is_ok())
            .map(Slot::Whole)
            .ok_or_else(|| ("not a number in the range of an integer", token.preview())),
        FieldType::Long => token
            .number_text()
            .and_then(whole)
            .filter(|number| *number != NO_WHOLE)
            .map(Slot::Whole)
            .ok_or_else(|| ("not a number in the range of a long", token.preview())),
        FieldType::Date => match &token {
            Token::Number(text) => whole(text),
            Token::Text(text) => date::parse(text, false),
            _ => None,
        }
        .filter(|number| *number != NO_WHOLE)
        .map(Slot::Whole)
        .ok_or_else(|| {
            (
                "not a date with format [strict_date_optional_time||epoch_millis]",
                token.preview(),
            )
        }),
        FieldType::Boolean => match &token {
            Token::Bool(value) => Some(*value),
            Token::Text(text) => match text.as_ref() {
                "true" => Some(true),
                "false" | "" => Some(false),
                _ => None,
            },
            _ => None,
        }
        .map(Slot::Bool)
        .ok_or_else(|| ("only [true] or [false] are allowed", token.preview())),
        FieldType::GeoPoint => match &token {
            Token::Text(text) => GeoPoint::from_text(text).and_then(GeoPoint::checked),
            _ => None,
        }
        .map(Slot::Point)
        .ok_or_else(|| ("not a point on the globe", token.preview())),
    }
}

/// A whole number; a fraction is cut off, as Elasticsearch's `coerce` does.
fn whole(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse::<i64>() {
        return Some(number);
    }
    let number: f64 = text.parse().ok()?;
    // 2^63 is the first float that doesn't fit.
    (number.abs() < 9_223_372_036_854_775_808.0).then_some(number as i64)
}

impl Token<'_> {
    /// The number's text, also from a string.
    fn number_text(&self) -> Option<&str> {
        match self {
            Self::Number(text) => Some(text),
            Self::Text(text) => Some(text.trim()),
            Self::Null | Self::Bool(_) | Self::Nested(_) => None,
        }
    }

    fn preview(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(text) => (*text).to_owned(),
            Self::Text(text) => text.chars().take(100).collect(),
            Self::Nested(value) => value.to_string().chars().take(100).collect(),
        }
    }
}

fn document_error(reason: impl Into<String>) -> Box<BulkError> {
    Box::new(BulkError {
        error_type: "document_parsing_exception".to_owned(),
        reason: reason.into(),
    })
}

fn strict_error(field: &str) -> Box<BulkError> {
    Box::new(BulkError {
        error_type: "strict_dynamic_mapping_exception".to_owned(),
        reason: format!(
            "mapping set to strict, dynamic introduction of [{field}] within [_doc] is not allowed"
        ),
    })
}

impl From<Malformed> for Box<BulkError> {
    fn from(malformed: Malformed) -> Self {
        document_error(format!("failed to parse: {}", malformed.0))
    }
}
