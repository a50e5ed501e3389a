use super::varint::{self, Cursor, Malformed};
use crate::batch::{Headers, Offset, Raw, Record};
use crate::time::Timestamp;

const HAS_KEY: u8 = 1;
const HAS_VALUE: u8 = 2;
const HAS_HEADERS: u8 = 4;

/// The most bytes that a record takes when stored.
pub(super) fn stored_size(record: &Record<Raw>) -> usize {
    let slice = |length: usize| length.saturating_add(varint::MAX_LEN);
    let key = record.key.as_ref().map_or(0, |key| slice(key.len()));
    let value = record
        .value
        .0
        .as_ref()
        .map_or(0, |value| slice(value.len()));
    let headers = record.headers.iter();
    headers
        .map(|(name, value)| slice(name.len()).saturating_add(slice(value.len())))
        .fold(1 + 3 * varint::MAX_LEN, usize::saturating_add)
        .saturating_add(key)
        .saturating_add(value)
}

pub(super) fn put_record(
    bytes: &mut Vec<u8>,
    delta: u64,
    reference: Timestamp,
    record: &Record<Raw>,
) {
    let key = record.key.as_deref();
    let value = record.value.as_bytes();
    let headers = &record.headers;
    bytes.push(
        key.map_or(0, |_| HAS_KEY)
            | value.map_or(0, |_| HAS_VALUE)
            | if headers.is_empty() { 0 } else { HAS_HEADERS },
    );
    varint::put(bytes, delta);
    // Wrapping: the difference of two timestamps need not fit, but adding it back wraps to the same value.
    let time = record.event_time.as_millis();
    let time = time.wrapping_sub(reference.as_millis());
    varint::put(bytes, varint::zigzag(time));
    if let Some(key) = key {
        varint::put_slice(bytes, key);
    }
    if let Some(value) = value {
        varint::put_slice(bytes, value);
    }
    if !headers.is_empty() {
        varint::put(bytes, headers.len() as u64);
        for (name, value) in headers {
            varint::put_slice(bytes, name.as_bytes());
            varint::put_slice(bytes, value);
        }
    }
}

pub(super) fn take_record(
    cursor: &mut Cursor<'_>,
    flags: u8,
    offset: Offset,
    reference: Timestamp,
) -> Result<Record<Raw>, Malformed> {
    let time = varint::unzigzag(cursor.varint()?);
    let time = reference.as_millis().wrapping_add(time);
    let key = (flags & HAS_KEY != 0).then(|| cursor.slice()).transpose()?;
    let value = (flags & HAS_VALUE != 0)
        .then(|| cursor.slice())
        .transpose()?;
    let mut headers = Headers::default();
    if flags & HAS_HEADERS != 0 {
        for _ in 0..cursor.varint()? {
            let name = String::from_utf8(cursor.slice()?.into()).map_err(|_| Malformed)?;
            headers.push(name, cursor.slice()?);
        }
    }
    Ok(Record {
        key,
        value: Raw(value),
        event_time: Timestamp::from_millis(time),
        headers,
        origin: offset,
    })
}

pub(super) fn skip_record(cursor: &mut Cursor<'_>, flags: u8) -> Result<(), Malformed> {
    cursor.varint()?;
    if flags & HAS_KEY != 0 {
        cursor.skip_slice()?;
    }
    if flags & HAS_VALUE != 0 {
        cursor.skip_slice()?;
    }
    if flags & HAS_HEADERS != 0 {
        for _ in 0..cursor.varint()? {
            cursor.skip_slice()?;
            cursor.skip_slice()?;
        }
    }
    Ok(())
}
