//! What a node answers.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::super::{BulkError, BulkItem, SearchError};

/// A node's answer, whatever its status.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Bytes,
}

/// The parts of an answer to a bulk that are asked for.
pub(super) const BULK_PARTS: &str =
    "items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by.reason";

impl Answer {
    /// The answer, if it is one of success.
    pub(super) fn success(self, index: &str) -> Result<Self, SearchError> {
        if (200..300).contains(&self.status) {
            Ok(self)
        } else {
            Err(self.error(index))
        }
    }

    /// The body as JSON.
    pub(super) fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, SearchError> {
        serde_json::from_slice(&self.body).map_err(|error| SearchError::Unavailable {
            reason: format!("its answer is not understood: {error}"),
        })
    }

    /// What an answer that is not one of success means.
    pub(super) fn error(&self, index: &str) -> SearchError {
        let (error_type, reason) = self.reason();
        let status = self.status;
        match (status, error_type.as_str()) {
            (_, "cluster_block_exception") => SearchError::TooManyRequests {
                reason,
                retry_after: self.retry_after,
            },
            (404, "index_not_found_exception") => SearchError::IndexNotFound {
                index: index.to_owned(),
            },
            (401 | 403, _) => SearchError::Denied { status, reason },
            (413, _) => SearchError::TooLarge { reason },
            (429, _) => SearchError::TooManyRequests {
                reason,
                retry_after: self.retry_after,
            },
            (503, _) if self.retry_after.is_some() => SearchError::TooManyRequests {
                reason,
                retry_after: self.retry_after,
            },
            (500.., _) => SearchError::Unavailable {
                reason: format!("status {status}, {error_type}: {reason}"),
            },
            _ => SearchError::Remote {
                status,
                error_type,
                reason,
            },
        }
    }

    /// The error's name and sentence; of what is no JSON, as proxies answer, its beginning.
    fn reason(&self) -> (String, String) {
        #[derive(Deserialize)]
        struct Body {
            error: Error,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Error {
            Object {
                #[serde(rename = "type", default)]
                error_type: String,
                #[serde(default)]
                reason: Option<String>,
            },
            Text(String),
        }
        match serde_json::from_slice::<Body>(&self.body) {
            Ok(Body {
                error: Error::Object { error_type, reason },
            }) => (error_type, shortened(&reason.unwrap_or_default())),
            Ok(Body {
                error: Error::Text(text),
            }) => ("error".to_owned(), shortened(&text)),
            Err(_) => {
                let text = String::from_utf8_lossy(&self.body);
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                ("error".to_owned(), shortened(&text))
            }
        }
    }

    /// The items of an answer to a bulk.
    pub(super) fn bulk_items(&self) -> Result<Vec<BulkItem>, SearchError> {
        #[derive(Deserialize)]
        struct Body {
            #[serde(default)]
            items: Vec<Item>,
        }
        let body: Body = self.json()?;
        Ok(body.items.into_iter().map(|item| item.0).collect())
    }
}

/// Reasons may quote a whole document.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 500;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// `{"index": {"status": 201}}`, whatever the operation's name.
struct Item(BulkItem);

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemVisitor;
        impl<'de> Visitor<'de> for ItemVisitor {
            type Value = Item;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an item of a bulk")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Item, A::Error> {
                let entry = map.next_entry::<IgnoredAny, Outcome>()?;
                let (_, outcome) = entry.ok_or_else(|| {
                    serde::de::Error::custom("an item of the bulk's answer is empty")
                })?;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Item(outcome.into()))
            }
        }
        deserializer.deserialize_map(ItemVisitor)
    }
}

#[derive(Deserialize)]
struct Outcome {
    status: u16,
    #[serde(default)]
    error: Option<Failure>,
}

#[derive(Deserialize)]
struct Failure {
    #[serde(rename = "type")]
    error_type: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    caused_by: Option<Cause>,
}

#[derive(Deserialize)]
struct Cause {
    #[serde(default)]
    reason: Option<String>,
}

impl From<Outcome> for BulkItem {
    fn from(outcome: Outcome) -> Self {
        let error = outcome.error.map(|failure| {
            let mut reason = failure.reason.unwrap_or_default();
            let cause = failure.caused_by.and_then(|cause| cause.reason);
            if let Some(cause) = cause
                && !reason.contains(&cause)
            {
                reason = format!("{reason}: {cause}");
            }
            Box::new(BulkError {
                error_type: failure.error_type,
                reason: shortened(&reason),
            })
        });
        Self {
            status: outcome.status,
            version: None,
            error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &'static str) -> Answer {
        Answer {
            status,
            retry_after: None,
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[test]
    fn items_are_read_whatever_the_operation() {
        let body = r#"{"items":[{"index":{"status":201}},{"delete":{"status":404}},{"create":{"status":400,
            "error":{"type":"document_parsing_exception","reason":"failed","caused_by":{"reason":"NaN"}}}}]}"#;
        let items = answer(200, body).bulk_items().unwrap();
        let statuses: Vec<_> = items.iter().map(|item| item.status).collect();
        assert_eq!(statuses, [201, 404, 400]);
        assert_eq!(items[2].error.as_ref().unwrap().reason, "failed: NaN");
        assert!(answer(200, "{}").bulk_items().unwrap().is_empty());
        assert!(answer(200, "<html>").bulk_items().is_err());
        assert!(answer(200, r#"{"items":[{}]}"#).bulk_items().is_err());
    }

    #[test]
    fn errors_are_told_apart() {
        let body =
            r#"{"error":{"type":"cluster_block_exception","reason":"read-only"},"status":403}"#;
        assert_eq!(answer(403, body).error("i").status(), 429);
        let body = r#"{"error":"no handler found for uri","status":400}"#;
        assert_eq!(answer(400, body).error("i").status(), 400);
        assert_eq!(
            answer(413, "<html>too large</html>").error("i").status(),
            413
        );
        assert_eq!(answer(502, "").error("i").status(), 503);
        assert!(matches!(
            answer(401, "").error("i"),
            SearchError::Denied { status: 401, .. }
        ));
        let body = r#"{"error":{"type":"index_not_found_exception","reason":"no such index [i]"}}"#;
        assert!(matches!(
            answer(404, body).error("i"),
            SearchError::IndexNotFound { .. }
        ));
    }
}
