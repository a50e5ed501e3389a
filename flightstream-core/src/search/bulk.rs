use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// One operation of a bulk: index (create or replace), create or delete a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkOperation<'a> {
    /// The document's id, 1 to 512 bytes. In the index `esflight` the aircraft's 24-bit address, as in `hex`.
    pub id: &'a str,
    /// The external version (`version_type=external_gte`): an operation with a version equal to or newer than the
    /// stored one wins, an older one is a conflict. In the index `esflight` the event time in milliseconds.
    /// `None` is Elasticsearch's internal version: the operation always wins.
    pub version: Option<u64>,
    /// What to do.
    pub action: BulkAction<'a>,
}

/// What a [`BulkOperation`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BulkAction<'a> {
    /// Create or replace the document.
    Index {
        /// The document: one JSON object in UTF-8.
        source: &'a [u8],
    },
    /// Create the document; it is a conflict if there is one of that id. It takes no version. Data streams take nothing
    /// else.
    Create {
        /// The document: one JSON object in UTF-8.
        source: &'a [u8],
    },
    /// Remove the document.
    Delete,
}

impl BulkAction<'_> {
    /// Its name in a bulk's body and answer.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Index { .. } => "index",
            Self::Create { .. } => "create",
            Self::Delete => "delete",
        }
    }
}

impl<'a> BulkOperation<'a> {
    /// Creates or replaces a document.
    #[must_use]
    pub fn index(id: &'a str, version: Option<u64>, source: &'a [u8]) -> Self {
        Self {
            id,
            version,
            action: BulkAction::Index { source },
        }
    }

    /// Creates a document.
    #[must_use]
    pub fn create(id: &'a str, source: &'a [u8]) -> Self {
        Self {
            id,
            version: None,
            action: BulkAction::Create { source },
        }
    }

    /// Removes a document.
    #[must_use]
    pub fn delete(id: &'a str, version: Option<u64>) -> Self {
        Self {
            id,
            version,
            action: BulkAction::Delete,
        }
    }
}

/// What became of one [`BulkOperation`], in Elasticsearch's words. Items come in the order of the operations; match
/// them by position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkItem {
    /// 201 created, 200 updated or deleted, 404 nothing to delete, 409 version conflict, 400 not a document of this
    /// mapping; a remote store has others, such as 429.
    pub status: u16,
    /// The document's version after the operation, if it succeeded.
    pub version: Option<u64>,
    /// Why it failed.
    pub error: Option<Box<BulkError>>,
}

/// Why a [`BulkItem`] failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BulkError {
    /// Elasticsearch's name, such as `document_parsing_exception`.
    #[serde(rename = "type")]
    pub error_type: String,
    /// One sentence that names the field.
    pub reason: String,
}

impl BulkItem {
    /// Whether the document is now as the operation wanted it.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn done(status: u16, version: u64) -> Self {
        Self {
            status,
            version: Some(version),
            error: None,
        }
    }

    pub(crate) fn failed(status: u16, error_type: &str, reason: impl Into<String>) -> Self {
        Self {
            status,
            version: None,
            error: Some(Box::new(BulkError {
                error_type: error_type.to_owned(),
                reason: reason.into(),
            })),
        }
    }
}

/// The answer to `POST /<index>/_bulk`, serialised as Elasticsearch's.
///
/// ```
/// use flightstream_core::search::{BulkItem, BulkOperation, BulkResponse};
///
/// let operations = [BulkOperation::delete("4ca123", None)];
/// let items = [BulkItem { status: 200, version: Some(2), error: None }];
/// let response = BulkResponse { took: 1, index: "esflight", operations: &operations, items: &items };
/// assert_eq!(
///     serde_json::to_string(&response)?,
///     r#"{"took":1,"errors":false,"items":[{"delete":{"_index":"esflight","_id":"4ca123","status":200,"_version":2,"result":"deleted"}}]}"#
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct BulkResponse<'a> {
    /// Milliseconds spent.
    pub took: u64,
    /// The index written to.
    pub index: &'a str,
    /// What was asked for.
    pub operations: &'a [BulkOperation<'a>],
    /// What became of it.
    pub items: &'a [BulkItem],
}

impl Serialize for BulkResponse<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let items: Vec<Item<'_>> = self
            .operations
            .iter()
            .zip(self.items)
            .map(|(operation, item)| Item {
                index: self.index,
                operation,
                item,
            })
            .collect();
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("took", &self.took)?;
        map.serialize_entry("errors", &self.items.iter().any(|i| i.error.is_some()))?;
        map.serialize_entry("items", &items)?;
        map.end()
    }
}

struct Item<'a> {
    index: &'a str,
    operation: &'a BulkOperation<'a>,
    item: &'a BulkItem,
}

#[derive(Serialize)]
struct ItemBody<'a> {
    #[serde(rename = "_index")]
    index: &'a str,
    #[serde(rename = "_id")]
    id: &'a str,
    status: u16,
    #[serde(rename = "_version", skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a BulkError>,
}

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let delete = matches!(self.operation.action, BulkAction::Delete);
        let result = match (self.item.status, delete) {
            (404, true) => Some("not_found"),
            (200, true) => Some("deleted"),
            (200, false) => Some("updated"),
            (201, _) => Some("created"),
            _ => None,
        };
        let body = ItemBody {
            index: self.index,
            id: self.operation.id,
            status: self.item.status,
            version: self.item.version,
            result,
            error: self.item.error.as_deref(),
        };
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.operation.action.name(), &body)?;
        map.end()
    }
}
