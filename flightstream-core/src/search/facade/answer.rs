use serde::Serialize;

use super::request::Refusal;

/// What a [`FacadeRequest`](super::FacadeRequest) is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FacadeAnswer {
    /// HTTP's status.
    pub status: u16,
    /// `application/json`, or `text/plain; charset=UTF-8`.
    pub content_type: &'static str,
    /// Empty for `HEAD`.
    pub body: String,
}

impl FacadeAnswer {
    pub(super) fn json(status: u16, body: &impl Serialize) -> Self {
        // Nothing that is answered can fail to be written: all keys are texts.
        let body = serde_json::to_string(body).unwrap_or_default();
        Self {
            status,
            content_type: "application/json",
            body,
        }
    }

    pub(super) fn text(body: String) -> Self {
        Self {
            status: 200,
            content_type: "text/plain; charset=UTF-8",
            body,
        }
    }

    pub(super) fn without_body(mut self) -> Self {
        self.body.clear();
        self
    }
}

impl From<Refusal> for FacadeAnswer {
    fn from(refusal: Refusal) -> Self {
        Self::json(refusal.status, &refusal.body)
    }
}
