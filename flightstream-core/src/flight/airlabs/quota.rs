use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::flight::Text;

/// What an answer's envelope says about the caller's plan. The key itself and the caller's address, which the envelope
/// repeats, are not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quota {
    /// Name of the plan, such as `free`.
    pub plan: Option<Text<24>>,
    /// When the key expires, as sent: an ISO 8601 time.
    pub expired: Option<Text<32>>,
    /// Calls allowed a minute.
    pub per_minute: Option<u64>,
    /// Calls allowed an hour.
    pub per_hour: Option<u64>,
    /// Calls allowed a month.
    pub per_month: Option<u64>,
    /// Calls left this month: plan the next call by it.
    pub remaining: Option<u64>,
}

impl Quota {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// `request`, of which only `key` matters.
pub(super) struct Request(pub(super) Quota);

struct Key(Quota);

impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RequestVisitor;

        impl<'de> Visitor<'de> for RequestVisitor {
            type Value = Request;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the request part of an answer")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Request, A::Error> {
                let mut quota = Quota::default();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "key" {
                        quota = map.next_value::<Key>()?.0;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Request(quota))
            }
        }

        deserializer.deserialize_map(RequestVisitor)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the key part of a request")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Key, A::Error> {
                let mut quota = Quota::default();
                while let Some(name) = map.next_key::<String>()? {
                    match name.as_str() {
                        "type" => quota.plan = text(&map.next_value()?),
                        "expired" => quota.expired = text(&map.next_value()?),
                        "limits_by_minute" => quota.per_minute = count(&map.next_value()?),
                        "limits_by_hour" => quota.per_hour = count(&map.next_value()?),
                        "limits_by_month" => quota.per_month = count(&map.next_value()?),
                        "limits_total" => quota.remaining = count(&map.next_value()?),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(Key(quota))
            }
        }

        deserializer.deserialize_map(KeyVisitor)
    }
}

fn text<const N: usize>(value: &Value) -> Option<Text<N>> {
    Text::new(value.as_str()?).ok()
}

fn count(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.trim_ascii().parse().ok(),
        value => value.as_u64(),
    }
}
