use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::header;
use crate::batch::{Headers, Offset, Raw, Record, TopicPartition};

/// A refused record, as it lies in a dead-letter topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Where it lies.
    pub partition: TopicPartition,
    /// Its offset there.
    pub offset: Offset,
    /// The reason's code, such as `malformed_json`; empty where it has none.
    pub reason: String,
    /// A sentence about this record; may be empty.
    pub message: String,
    /// The operator that refused it, such as `decode`.
    pub stage: String,
    /// Where it was read; `None` if it came from no topic.
    pub origin: Option<(TopicPartition, Offset)>,
    /// How often it was sent once more before.
    pub replays: u32,
    /// The record as it was read, without the headers that say why it is here. Its event time is the one that it had when
    /// it was refused.
    pub original: Record<Raw>,
}

impl DeadLetter {
    /// What a record of a dead-letter topic tells.
    #[must_use]
    pub fn of(partition: &TopicPartition, mut letter: Record<Raw>) -> Self {
        let text = |name| {
            let value = letter.headers.get(name)?;
            Some(String::from_utf8_lossy(value).into_owned())
        };
        let number = |name| text(name)?.parse().ok();
        let origin = || {
            let from = u32::try_from(number(header::PARTITION)?).ok()?;
            Some((
                TopicPartition::new(text(header::TOPIC)?, from),
                number(header::OFFSET)?,
            ))
        };
        let replays = number(header::REPLAYS).and_then(|replays| u32::try_from(replays).ok());
        let (reason, message, stage) = (
            text(header::REASON),
            text(header::MESSAGE),
            text(header::STAGE),
        );
        let origin = origin();
        let mut headers = Headers::default();
        for (name, value) in &letter.headers {
            if !name.starts_with(header::ERRORS) && name != header::REPLAYS {
                headers.push(name.as_str(), value.clone());
            }
        }
        let offset = letter.origin;
        letter.headers = headers;
        Self {
            partition: partition.clone(),
            offset,
            reason: reason.unwrap_or_default(),
            message: message.unwrap_or_default(),
            stage: stage.unwrap_or_default(),
            origin,
            replays: replays.unwrap_or(0),
            original: letter,
        }
    }

    /// The topic that it was read from.
    #[must_use]
    pub fn topic(&self) -> Option<&str> {
        self.origin.as_ref().map(|(partition, _)| partition.topic())
    }
}

/// Text of which nothing commands a terminal: control characters are written as JSON writes them, `\u001b`, but for tabs.
///
/// ```
/// use flightstream_core::runtime::dead_letters::printable;
///
/// assert_eq!(printable("\u{1b}]0;title\u{7}"), r"\u001b]0;title\u0007");
/// ```
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    let is_command = |c: char| c.is_control() && c != '\t';
    if !text.contains(is_command) {
        return text.into();
    }
    let escaped = text.chars().fold(String::new(), |mut escaped, c| {
        match is_command(c) {
            // Writing into a String does not fail.
            true => drop(write!(escaped, "\\u{:04x}", u32::from(c))),
            false => escaped.push(c),
        }
        escaped
    });
    escaped.into()
}

/// Bytes as a reader wants them: JSON indented, other text as it is but for its control characters, anything else in
/// hexadecimal. Lines after the first are indented, so that none looks like a line of the letter.
fn readable(bytes: &[u8]) -> String {
    let text = match (
        serde_json::from_slice::<Value>(bytes),
        std::str::from_utf8(bytes),
    ) {
        (Ok(json), _) => Cow::Owned(format!("{json:#}")),
        (Err(_), Ok(text)) => Cow::Borrowed(text),
        (Err(_), Err(_)) => Cow::Owned(format!("0x{}", hex(bytes))),
    };
    let lines: Vec<_> = text.split('\n').map(printable).collect();
    lines.join("\n           ")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// For a program: JSON as it is, other text as a string, anything else as `{"hex": …}`.
fn machine_readable(bytes: &[u8]) -> Value {
    match (serde_json::from_slice(bytes), std::str::from_utf8(bytes)) {
        (Ok(json), _) => json,
        (Err(_), Ok(text)) => Value::from(text),
        (Err(_), Err(_)) => json!({ "hex": hex(bytes) }),
    }
}

/// Several lines, to be read, also on a terminal: see [`printable`].
impl fmt::Display for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Record {
            key,
            value,
            event_time,
            headers,
            ..
        } = &self.original;
        writeln!(f, "{} offset {}", self.partition, self.offset)?;
        writeln!(f, "  reason   {}", printable(&self.reason))?;
        if !self.message.is_empty() {
            writeln!(f, "  message  {}", printable(&self.message))?;
        }
        writeln!(f, "  stage    {}", printable(&self.stage))?;
        if let Some((partition, offset)) = &self.origin {
            let partition = partition.to_string();
            writeln!(f, "  from     {} offset {offset}", printable(&partition))?;
        }
        writeln!(f, "  time     {event_time}")?;
        writeln!(f, "  replays  {}", self.replays)?;
        if let Some(key) = key {
            writeln!(f, "  key      {}", readable(key))?;
        }
        for (name, value) in headers {
            writeln!(f, "  header   {}: {}", printable(name), readable(value))?;
        }
        let value = value.as_bytes().map_or_else(|| "none".to_owned(), readable);
        write!(f, "  value    {value}")
    }
}

/// One JSON object.
impl Serialize for DeadLetter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Record {
            key,
            value,
            event_time,
            headers,
            ..
        } = &self.original;
        let headers = headers
            .iter()
            .map(|(name, value)| json!([name, machine_readable(value)]));
        let from = self.origin.as_ref().map(|(partition, offset)| {
            json!({ "topic": partition.topic(), "partition": partition.partition(), "offset": offset })
        });
        let letter = json!({
            "partition": self.partition.partition(),
            "offset": self.offset,
            "reason": self.reason,
            "message": self.message,
            "stage": self.stage,
            "from": from,
            "time": event_time.as_millis(),
            "replays": self.replays,
            "key": key.as_deref().map(machine_readable),
            "headers": headers.collect::<Vec<_>>(),
            "value": value.as_bytes().map(machine_readable),
        });
        letter.serialize(serializer)
    }
}
