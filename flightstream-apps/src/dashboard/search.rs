use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use flightstream_core::search::{SearchRequest, SearchStore};

use super::cache::Answer;
use super::error::ApiError;
use super::parameters::Parameters;
use super::shared::Shared;
use crate::pipeline::INDEX;

/// A longer question than pages have is not kept with its answer.
const LONGEST_KEPT: usize = 4 << 10;

/// The documented subset of Elasticsearch's `_search`. Pages of one view ask the same: like all else it is answered once a tick.
pub(super) async fn search(
    State(shared): State<Shared>,
    uri: Uri,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    Parameters::of(&uri)?.finish()?;
    let body = body.map_err(|error| {
        ApiError::new(
            error.status(),
            "content_too_large_exception",
            error.body_text(),
        )
    })?;
    // What is asked for may take long; the thread is left to other requests.
    let answer = || tokio::task::block_in_place(|| answer(&shared, &body));
    let answer = match std::str::from_utf8(&body) {
        Ok(text) if text.len() <= LONGEST_KEPT => {
            let tick = shared.pulse.borrow().tick.now;
            shared.cached(tick, &format!("search {text}"), answer).await
        }
        _ => answer(),
    };
    // What a client holds is nothing that it can name for a POST.
    Ok(answer?.respond(&HeaderMap::new()))
}

fn answer(shared: &Shared, body: &[u8]) -> Result<Answer, ApiError> {
    let request = SearchRequest::from_json(body)?;
    let response = futures::executor::block_on(shared.sources.store.search(INDEX, &request))?;
    Answer::json(&response)
}
