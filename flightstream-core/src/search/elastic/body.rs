//! The body of a bulk.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::super::{BulkAction, BulkItem, BulkOperation};

const MAX_ID: usize = 512;

/// Appends an operation to a bulk's body, unless the node would refuse the whole bulk because of it.
///
/// # Errors
/// The item that the node would answer if it looked at one operation at a time.
pub(super) fn encode(operation: &BulkOperation<'_>, out: &mut Vec<u8>) -> Result<(), BulkItem> {
    check(operation)?;
    let source = match operation.action {
        BulkAction::Index { source } | BulkAction::Create { source } => Some(one_line(source)?),
        BulkAction::Delete => None,
    };
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(operation.action.name().as_bytes());
    out.extend_from_slice(b"\":{\"_id\":");
    id(operation.id, out);
    if let Some(version) = operation.version {
        out.extend_from_slice(b",\"version\":");
        out.extend_from_slice(itoa::Buffer::new().format(version).as_bytes());
        out.extend_from_slice(b",\"version_type\":\"external_gte\"");
    }
    out.extend_from_slice(b"}}\n");
    if let Some(source) = source {
        out.extend_from_slice(&source);
        out.push(b'\n');
    }
    Ok(())
}

/// These the node answers with 400 to the whole bulk.
fn check(operation: &BulkOperation<'_>) -> Result<(), BulkItem> {
    let wrong = |reason| Err(BulkItem::failed(400, "illegal_argument_exception", reason));
    let is_create = matches!(operation.action, BulkAction::Create { .. });
    match (operation.id.len(), operation.version) {
        (0, _) => wrong("if _id is specified it must not be empty".to_owned()),
        (length, _) if length > MAX_ID => wrong(format!(
            "id is too long, must be no longer than {MAX_ID} bytes but was: {length}"
        )),
        (_, Some(_)) if is_create => wrong(
            "create operations only support internal versioning. use index instead".to_owned(),
        ),
        (_, Some(version)) if i64::try_from(version).is_err() => wrong(format!(
            "illegal version value [{version}] for version type [EXTERNAL_GTE]"
        )),
        _ => Ok(()),
    }
}

/// A line feed in a document would end it: between its parts it is a space as well, and within a text it is not allowed.
fn one_line(source: &[u8]) -> Result<Cow<'_, [u8]>, BulkItem> {
    if !source.contains(&b'\n') {
        return Ok(Cow::Borrowed(source));
    }
    match serde_json::from_slice::<&RawValue>(source) {
        Ok(json) => Ok(Cow::Owned(json.get().replace('\n', " ").into_bytes())),
        Err(error) => Err(BulkItem::failed(
            400,
            "document_parsing_exception",
            format!("failed to parse: {error}"),
        )),
    }
}

fn id(id: &str, out: &mut Vec<u8>) {
    if id
        .bytes()
        .all(|byte| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\')
    {
        out.push(b'"');
        out.extend_from_slice(id.as_bytes());
        out.push(b'"');
    } else {
        // Writing a text into a buffer does not fail.
        let _ = serde_json::to_writer(out, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(operation: BulkOperation<'_>) -> Result<String, u16> {
        let mut out = Vec::new();
        let encoded = encode(&operation, &mut out);
        encoded.map_err(|item| item.status)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn operations_are_lines() {
        assert_eq!(
            encoded(BulkOperation::index("4CA123", Some(7), br#"{"a":1}"#)).unwrap(),
            "{\"index\":{\"_id\":\"4CA123\",\"version\":7,\"version_type\":\"external_gte\"}}\n{\"a\":1}\n"
        );
        assert_eq!(
            encoded(BulkOperation::create("a\"\n", b"{}")).unwrap(),
            "{\"create\":{\"_id\":\"a\\\"\\n\"}}\n{}\n"
        );
        assert_eq!(
            encoded(BulkOperation::delete("a", None)).unwrap(),
            "{\"delete\":{\"_id\":\"a\"}}\n"
        );
    }

    #[test]
    fn a_document_of_several_lines_becomes_one() {
        let source = b"\n{\n  \"a\":\n1}\n";
        let body = encoded(BulkOperation::index("a", None, source)).unwrap();
        assert_eq!(body.lines().nth(1), Some("{   \"a\": 1}"));
        assert_eq!(body.lines().count(), 2);
    }

    #[test]
    fn what_would_spoil_the_bulk_is_refused_alone() {
        let long = "x".repeat(513);
        for operation in [
            BulkOperation::index("", None, b"{}"),
            BulkOperation::index(&long, None, b"{}"),
            BulkOperation::index("a", Some(u64::MAX), b"{}"),
            BulkOperation::index("a", None, b"{\"a\":\"line\nfeed\"}"),
            BulkOperation::index("a", None, b"{}\n{\"delete\":{\"_id\":\"b\"}}"),
        ] {
            assert_eq!(encoded(operation).unwrap_err(), 400, "{operation:?}");
        }
    }
}
