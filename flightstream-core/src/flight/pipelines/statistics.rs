use std::fmt::Display;

use serde::{Serialize, Serializer};

use crate::batch::{Record, Rejection};
use crate::runtime::{Encoder, Payload};
use crate::window::WindowedKey;

/// Writes a window's statistics as JSON under a key of their own, for a compacted topic that several pipelines share.
///
/// The key is `<kind>/<key>@<start>`. The value has `kind`, `key`, the window as `start` and `end` (milliseconds since
/// the Unix epoch, the end not in it), and the figures' own fields. See
/// [`airport_traffic`](super::airport_traffic()) for an example.
#[derive(Clone, Copy, Debug)]
pub struct Statistics {
    kind: &'static str,
}

impl Statistics {
    /// Of that kind: a name that no other pipeline of the topic has.
    #[must_use]
    pub const fn of(kind: &'static str) -> Self {
        Self { kind }
    }
}

#[derive(Serialize)]
struct Line<'a, V> {
    kind: &'static str,
    key: Text<'a>,
    start: i64,
    end: i64,
    #[serde(flatten)]
    figures: &'a V,
}

/// A key as its text.
struct Text<'a>(&'a dyn Display);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

impl<K: Display, V: Serialize> Encoder<(WindowedKey<K>, V)> for Statistics {
    fn encode(
        &mut self,
        record: &Record<(WindowedKey<K>, V)>,
        payload: &mut Payload<'_>,
    ) -> Result<(), Rejection> {
        let (key, figures) = &record.value;
        payload.key(format_args!("{}/{key}", self.kind));
        let line = Line {
            kind: self.kind,
            key: Text(&key.key),
            start: key.window.start.as_millis(),
            end: key.window.end.as_millis(),
            figures,
        };
        serde_json::to_writer(payload.value(), &line)
            .map_err(|error| Rejection::new("not_encodable").with_detail(error))
    }
}
