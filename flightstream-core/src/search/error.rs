use std::time::Duration;

use serde_json::{Value, json};
use thiserror::Error;

/// What can go wrong with a search store as a whole; what goes wrong with one document is a
/// [`BulkItem`](super::BulkItem).
///
/// [`status`](Self::status), [`error_type`](Self::error_type) and [`to_json`](Self::to_json) give Elasticsearch's
/// answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The index does not exist. Create it with [`SearchStore::ensure_index`](super::SearchStore::ensure_index).
    #[error("no such index [{index}]")]
    IndexNotFound {
        /// The index asked for.
        index: String,
    },
    /// The index exists with another mapping. Use its mapping, or another index.
    #[error(
        "index [{index}] already exists with another mapping ({difference}); use that one, or another index"
    )]
    MappingDiffers {
        /// The index.
        index: String,
        /// A field whose type differs, with both.
        difference: String,
    },
    /// The request is not JSON, or it names a query, an aggregation or a key that is not supported. Ask for
    /// something in the table of [`search`](super).
    #[error("{reason}")]
    Parsing {
        /// What is wrong, by name.
        reason: String,
    },
    /// A known query or aggregation has an unknown or malformed key.
    #[error("{reason}")]
    XContentParse {
        /// What is wrong, by name.
        reason: String,
    },
    /// A value is out of bounds, or does not go with the field's type.
    #[error("{reason}")]
    IllegalArgument {
        /// What is wrong.
        reason: String,
    },
    /// A query does not go with the type of its field.
    #[error("{reason}")]
    QueryShard {
        /// What is wrong.
        reason: String,
    },
    /// The answer would have too many buckets. Ask for a smaller `size`, a larger `interval`, a lower `precision`.
    #[error(
        "Trying to create too many buckets. Must be less than or equal to: [{limit}] but was [{buckets}]."
    )]
    TooManyBuckets {
        /// How many there may be.
        limit: usize,
        /// How many there would be at least.
        buckets: usize,
    },
    /// Buckets nested in each other, or overlapping, would need too much memory. Ask for fewer.
    #[error(
        "[request] Data too large: buckets in each other would hold [{assignments}] entries, which is larger than \
         the limit of [{limit}]"
    )]
    CircuitBreaking {
        /// How many rows all buckets together would hold.
        assignments: usize,
        /// How many they may hold.
        limit: usize,
    },
    /// The answer would be too large. Ask for fewer hits, buckets or numbers in each, or use shorter names.
    #[error(
        "[request] Data too large, data for the answer would be larger than the limit of [{limit}] bytes"
    )]
    AnswerTooLarge {
        /// How many bytes all answers to one request may have.
        limit: usize,
    },
    /// The store refuses the credentials, or what they allow. Correct the user, the password or the API key, or give that
    /// user the privileges.
    #[error("the search store refuses it with status {status}: {reason}")]
    Denied {
        /// 401 or 403.
        status: u16,
        /// What it says.
        reason: String,
    },
    /// The store has too much to do. Try again later.
    #[error("the search store has too much to do: {reason}")]
    TooManyRequests {
        /// What it says.
        reason: String,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// The request has more bytes than the store takes. Send less at once.
    #[error("the request is too large for the search store: {reason}")]
    TooLarge {
        /// What it says.
        reason: String,
    },
    /// The connection broke while the request was on its way: nobody knows what was done of it. Try again; bulks with
    /// external versions may be sent twice.
    #[error("the connection to the search store broke: {reason}")]
    Interrupted {
        /// What it says.
        reason: String,
    },
    /// The store answers with an error that has no variant of its own.
    #[error("the search store answers with status {status}, {error_type}: {reason}")]
    Remote {
        /// The HTTP status.
        status: u16,
        /// The name that it gives to the error.
        error_type: String,
        /// What it says.
        reason: String,
    },
    /// The store cannot be reached. Try again later.
    #[error("the search store is not available: {reason}")]
    Unavailable {
        /// What it says.
        reason: String,
    },
}

impl SearchError {
    /// The HTTP status Elasticsearch answers with.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::IndexNotFound { .. } => 404,
            Self::CircuitBreaking { .. } | Self::AnswerTooLarge { .. } => 429,
            Self::TooManyRequests { .. } => 429,
            Self::TooLarge { .. } => 413,
            Self::Unavailable { .. } | Self::Interrupted { .. } => 503,
            Self::Denied { status, .. } | Self::Remote { status, .. } => *status,
            Self::MappingDiffers { .. }
            | Self::Parsing { .. }
            | Self::XContentParse { .. }
            | Self::IllegalArgument { .. }
            | Self::QueryShard { .. }
            | Self::TooManyBuckets { .. } => 400,
        }
    }

    /// The name Elasticsearch gives to this error.
    #[must_use]
    pub fn error_type(&self) -> &str {
        match self {
            Self::IndexNotFound { .. } => "index_not_found_exception",
            Self::MappingDiffers { .. } => "resource_already_exists_exception",
            Self::Parsing { .. } => "parsing_exception",
            Self::XContentParse { .. } => "x_content_parse_exception",
            Self::IllegalArgument { .. } => "illegal_argument_exception",
            Self::QueryShard { .. } => "query_shard_exception",
            Self::TooManyBuckets { .. } => "too_many_buckets_exception",
            Self::CircuitBreaking { .. } | Self::AnswerTooLarge { .. } => {
                "circuit_breaking_exception"
            }
            Self::Denied { .. } => "security_exception",
            Self::TooManyRequests { .. } => "es_rejected_execution_exception",
            Self::TooLarge { .. } => "content_too_long_exception",
            Self::Unavailable { .. } | Self::Interrupted { .. } => "unavailable_shards_exception",
            Self::Remote { error_type, .. } => error_type,
        }
    }

    /// The body of Elasticsearch's answer.
    ///
    /// ```
    /// use flightstream_core::search::SearchRequest;
    ///
    /// let error = SearchRequest::from_json(br#"{"query": {"fuzzy": {"flag": "FR"}}}"#).unwrap_err();
    /// assert_eq!(error.to_json()["error"]["reason"], "unknown query [fuzzy]");
    /// assert_eq!(error.to_json()["status"], 400);
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "error": { "type": self.error_type(), "reason": self.to_string() },
            "status": self.status(),
        })
    }

    pub(crate) fn parsing(reason: impl Into<String>) -> Self {
        Self::Parsing {
            reason: reason.into(),
        }
    }

    pub(crate) fn x_content(reason: impl Into<String>) -> Self {
        Self::XContentParse {
            reason: reason.into(),
        }
    }

    pub(crate) fn illegal(reason: impl Into<String>) -> Self {
        Self::IllegalArgument {
            reason: reason.into(),
        }
    }

    pub(crate) fn query_shard(reason: impl Into<String>) -> Self {
        Self::QueryShard {
            reason: reason.into(),
        }
    }
}
