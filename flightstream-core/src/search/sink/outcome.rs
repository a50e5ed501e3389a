//! What an answer means for what was sent.

use std::time::Duration;

use super::super::{BulkItem, SearchError};
use crate::batch::Rejection;

/// What an item's status means.
#[derive(Debug)]
pub(super) enum ItemOutcome {
    Delivered,
    Late,
    /// The store has no room for it now.
    Again,
    /// The index takes nothing now.
    Blocked,
    Refused(Rejection),
    /// Nothing of the kind will ever succeed.
    Hopeless,
}

/// What an error of the whole request means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BulkFailure {
    /// Something in it is too large or malformed.
    Split,
    /// Try again, after this pause if it is told.
    Again(Option<Duration>),
    /// The same; if it goes on, the bulk may be what is too much.
    AgainSmaller(Option<Duration>),
    Hopeless,
}

impl ItemOutcome {
    pub(super) fn of(item: &BulkItem, id: &str, is_delete: bool) -> Self {
        let error_type = item
            .error
            .as_ref()
            .map_or("", |error| error.error_type.as_str());
        match (item.status, error_type) {
            // A full disk blocks by 429, an administrator by 403; both last, and neither is the document's fault.
            (_, "cluster_block_exception" | "index_closed_exception") => Self::Blocked,
            (200..300, _) => Self::Delivered,
            (409, _) => Self::Late,
            (404, "index_not_found_exception") | (401 | 403, _) => Self::Hopeless,
            (404, _) if is_delete => Self::Delivered,
            (429 | 500.., _) => Self::Again,
            _ => Self::Refused(rejection(item, id)),
        }
    }
}

impl BulkFailure {
    pub(super) fn of(error: &SearchError) -> Self {
        match error {
            SearchError::IndexNotFound { .. } | SearchError::Denied { .. } => Self::Hopeless,
            SearchError::TooManyRequests { retry_after, .. } => Self::AgainSmaller(*retry_after),
            SearchError::Interrupted { .. } => Self::AgainSmaller(None),
            _ => match error.status() {
                413 | 400 => Self::Split,
                _ => Self::Again(None),
            },
        }
    }
}

/// The dead letter's reason: the store's name for it, and a sentence with the id and the status.
pub(super) fn rejection(item: &BulkItem, id: &str) -> Rejection {
    let status = item.status;
    match &item.error {
        Some(error) => Rejection::new(error.error_type.clone())
            .with_detail(format_args!("id [{id}], status {status}: {}", error.reason)),
        None => Rejection::new("refused").with_detail(format_args!("id [{id}], status {status}")),
    }
}
