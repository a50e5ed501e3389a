use std::time::Duration;

use bytes::Bytes;
use rustc_hash::FxHashMap;

use crate::batch::{Raw, Record};

/// Keys that were not heard of for so many intervals are forgotten.
const REMEMBERED: i64 = 2;

/// Which records are added to a data stream, and as what.
#[derive(Debug)]
pub(super) struct Appended {
    interval: i64,
    /// The interval of each key's last record.
    last: FxHashMap<Bytes, i64>,
    newest: i64,
    /// When keys were last forgotten.
    swept: i64,
}

impl Appended {
    pub(super) fn new(interval: Duration) -> Self {
        Self {
            interval: i64::try_from(interval.as_millis())
                .unwrap_or(i64::MAX)
                .max(1),
            last: FxHashMap::default(),
            newest: i64::MIN,
            swept: i64::MIN,
        }
    }

    /// The id and the document, unless its key has one in this interval.
    pub(super) fn add(&mut self, record: &Record<Raw>) -> Option<(Bytes, Bytes)> {
        let source = record.value.0.as_ref()?;
        let key = record.key.as_ref()?;
        let millis = record.event_time.as_millis();
        let interval = millis.div_euclid(self.interval);
        match self.last.get_mut(key) {
            Some(last) if *last >= interval => return None,
            Some(last) => *last = interval,
            None => {
                self.last.insert(key.clone(), interval);
            }
        }
        self.forget(interval);
        let mut id = key.to_vec();
        let begin = interval.saturating_mul(self.interval);
        id.push(b'@');
        id.extend_from_slice(itoa::Buffer::new().format(begin).as_bytes());
        Some((id.into(), timed(source, millis)))
    }

    fn forget(&mut self, interval: i64) {
        self.newest = self.newest.max(interval);
        if self.newest.saturating_sub(self.swept) > REMEMBERED {
            let oldest = self.newest.saturating_sub(REMEMBERED);
            self.last.retain(|_, last| *last >= oldest);
            self.swept = self.newest;
        }
    }
}

/// The document with its time as first field. What is no object stays as it is, for the store to refuse.
fn timed(source: &Bytes, millis: i64) -> Bytes {
    let Some(rest) = source.trim_ascii_start().strip_prefix(b"{") else {
        return source.clone();
    };
    let mut document = Vec::with_capacity(source.len() + 32);
    document.extend_from_slice(b"{\"@timestamp\":");
    document.extend_from_slice(itoa::Buffer::new().format(millis).as_bytes());
    if rest.trim_ascii_start() != b"}" {
        document.push(b',');
    }
    document.extend_from_slice(rest);
    document.into()
}
