use std::str::FromStr;

use simd_json::{Node, StaticNode};

use super::DecodeError;
use crate::flight::Text;
use crate::time::Timestamp;

const LAST_SECOND_OF_YEAR_9999: f64 = 253_402_300_799.0;

/// One value of an object: null counts as absent, nested values as wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::flight) enum Value<'a> {
    #[default]
    Absent,
    Text(&'a str),
    Number(f64),
    Wrong,
}

impl Value<'_> {
    /// Whether it is nothing, or text with nothing in it.
    pub(in crate::flight) fn is_blank(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::Text(text) => text.trim_ascii().is_empty(),
            Self::Number(_) | Self::Wrong => false,
        }
    }
}

/// Hands out each field of the object that a tape holds, in its order.
pub(in crate::flight) fn for_each_field<'a>(
    tape: &[Node<'a>],
    mut field: impl FnMut(&'a str, Value<'a>),
) -> Result<(), DecodeError> {
    let mut nodes = tape.iter();
    let Some(Node::Object { len, .. }) = nodes.next() else {
        return Err(DecodeError::NotAnObject);
    };
    for _ in 0..*len {
        // A tape is complete; were it not, the rest would be absent.
        let (Some(Node::String(name)), Some(node)) = (nodes.next(), nodes.next()) else {
            break;
        };
        let value = match *node {
            Node::String(text) => Value::Text(text),
            Node::Static(value) => from_static(value),
            Node::Object { count, .. } | Node::Array { count, .. } => {
                if let Some(last) = count.checked_sub(1) {
                    nodes.nth(last);
                }
                Value::Wrong
            }
        };
        field(name, value);
    }
    Ok(())
}

fn from_static<'a>(value: StaticNode) -> Value<'a> {
    match value {
        StaticNode::Null => Value::Absent,
        StaticNode::Bool(_) => Value::Wrong,
        // No field needs more than the 53 bits that a float keeps.
        StaticNode::I64(number) => Value::Number(number as f64),
        StaticNode::U64(number) => Value::Number(number as f64),
        StaticNode::F64(number) => Value::Number(number),
    }
}

/// Seconds since the Unix epoch, if they are a time after it and before the year 10,000.
pub(in crate::flight) fn unix_time(seconds: f64) -> Option<Timestamp> {
    // Below it is no time at all once it is in milliseconds.
    (0.001..=LAST_SECOND_OF_YEAR_9999)
        .contains(&seconds)
        .then(|| Timestamp::from_millis((seconds * 1000.0).round() as i64))
}

/// Counts the optional fields that are wrong while it reads them.
pub(in crate::flight) struct Wrong(pub(in crate::flight) u32);

impl Wrong {
    pub(in crate::flight) fn number(&mut self, value: Value<'_>) -> Option<f64> {
        let number = match value {
            Value::Absent => return None,
            Value::Number(number) => Some(number),
            Value::Text(text) => {
                let text = text.trim_ascii();
                if text.is_empty() {
                    return None;
                }
                text.parse().ok()
            }
            Value::Wrong => None,
        };
        let number = number.filter(|number: &f64| number.is_finite());
        self.0 += u32::from(number.is_none());
        number
    }

    pub(in crate::flight) fn number_within(
        &mut self,
        value: Value<'_>,
        min: f64,
        max: f64,
    ) -> Option<f64> {
        self.number(value).filter(|number| {
            let within = (min..=max).contains(number);
            self.0 += u32::from(!within);
            within
        })
    }

    /// Degrees clockwise from north, 0 ≤ track < 360.
    pub(in crate::flight) fn track(&mut self, value: Value<'_>) -> Option<f32> {
        self.number_within(value, 0.0, 360.0)
            .map(|degrees| degrees as f32)
            // The largest numbers below 360 round to it too. Adding 0 takes the sign off -0.
            .map(|degrees| if degrees == 360.0 { 0.0 } else { degrees + 0.0 })
    }

    pub(in crate::flight) fn code<T: FromStr>(&mut self, value: Value<'_>) -> Option<T> {
        let code = match value {
            Value::Absent => return None,
            Value::Text(text) if text.trim_ascii().is_empty() => return None,
            Value::Text(text) => text.parse().ok(),
            Value::Number(number) => whole(number).and_then(|text| text.as_str().parse().ok()),
            Value::Wrong => None,
        };
        self.0 += u32::from(code.is_none());
        code
    }
}

/// The digits of a whole number: flight numbers and squawks that came without quotes.
fn whole(number: f64) -> Option<Text<9>> {
    if number.fract() != 0.0 || !(0.0..1e9).contains(&number) {
        return None;
    }
    Text::new(itoa::Buffer::new().format(number as u32)).ok()
}
