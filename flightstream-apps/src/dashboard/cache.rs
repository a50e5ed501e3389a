use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::OnceCell;

use super::answer_memory::hold;
use super::error::ApiError;

/// More questions than pages have, and fewer than fill the memory.
const MOST_ANSWERS: usize = 2_048;
const MOST_BYTES: usize = 64 << 20;
/// What is larger is not kept: it is asked by one program, not by many pages.
const LARGEST: usize = 4 << 20;

/// The answers of one tick. All that ask the same within it get the same answer, computed once.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Answers>);

#[derive(Debug, Default)]
struct Answers {
    tick: u64,
    cells: HashMap<String, Arc<OnceCell<Answer>>>,
    bytes: usize,
}

/// A body with its type and tag.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    content_type: &'static str,
    etag: String,
    link: Option<String>,
    body: Bytes,
}

impl Cache {
    /// The answer to a question, by `make` unless somebody has asked it since the tick began.
    pub(super) async fn get(
        &self,
        tick: u64,
        question: &str,
        make: impl FnOnce() -> Result<Answer, ApiError>,
    ) -> Result<Answer, ApiError> {
        let Some(cell) = self.cell(tick, question) else {
            return make();
        };
        let mut is_new = false;
        let answer = cell
            .get_or_try_init(|| async {
                is_new = true;
                make()
            })
            .await?
            .clone();
        if is_new {
            self.account(tick, question, answer.body.len());
        }
        Ok(answer)
    }

    fn cell(&self, tick: u64, question: &str) -> Option<Arc<OnceCell<Answer>>> {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.tick != tick {
            *answers = Answers {
                tick,
                ..Answers::default()
            };
        }
        if let Some(cell) = answers.cells.get(question) {
            return Some(Arc::clone(cell));
        }
        let has_room = answers.cells.len() < MOST_ANSWERS && answers.bytes < MOST_BYTES;
        has_room.then(|| {
            let cell = Arc::default();
            answers.cells.insert(question.to_owned(), Arc::clone(&cell));
            cell
        })
    }

    fn account(&self, tick: u64, question: &str, size: usize) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.tick != tick {
            return;
        }
        match size > LARGEST {
            true => drop(answers.cells.remove(question)),
            false => answers.bytes += size,
        }
    }
}

impl Answer {
    /// JSON, tagged by what it says.
    pub(super) fn json(value: &impl serde::Serialize) -> Result<Self, ApiError> {
        let body = serde_json::to_vec(value)
            .map_err(|error| ApiError::internal(format!("cannot write the answer: {error}")))?;
        Self::of("application/json", body.into())
    }

    /// Any body, tagged by what it says. Weak, because a proxy may compress it.
    pub(super) fn of(content_type: &'static str, body: Bytes) -> Result<Self, ApiError> {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        Ok(Self {
            content_type,
            etag: format!("W/\"{:016x}\"", hasher.finish()),
            link: None,
            body: hold(body)?,
        })
    }

    /// Positions, tagged by the version of the index.
    pub(super) fn positions(version: u64, body: Bytes) -> Result<Self, ApiError> {
        Ok(Self {
            content_type: "application/octet-stream",
            etag: format!("\"{version}\""),
            link: None,
            body: hold(body)?,
        })
    }

    /// What it says.
    pub(super) fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// With a link to the next page.
    pub(super) fn with_next(mut self, link: Option<String>) -> Self {
        self.link = link;
        self
    }

    /// The response, without the body if the client has it already.
    pub(super) fn respond(self, headers: &HeaderMap) -> Response {
        let known = headers.get(header::IF_NONE_MATCH);
        let is_known = known
            .and_then(|known| known.to_str().ok())
            .is_some_and(|known| {
                let mut tags = known.split(',').map(str::trim);
                tags.any(|tag| tag == self.etag)
            });
        let mut response = if is_known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(header::CONTENT_TYPE, self.content_type)], self.body).into_response()
        };
        let headers = response.headers_mut();
        if let Ok(etag) = self.etag.parse() {
            headers.insert(header::ETAG, etag);
        }
        headers.insert(
            header::CACHE_CONTROL,
            axum::http::HeaderValue::from_static("no-cache"),
        );
        if let Some(link) = self.link.and_then(|link| link.parse().ok()) {
            headers.insert(header::LINK, link);
        }
        response
    }
}
