use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::cache::Answer;
use super::error::ApiError;
use super::parameters::{LARGEST, Parameters};
use super::shared::Shared;
use crate::pipeline::INDEX;

/// More aircraft than are in the air at once.
const MOST_POSITIONS: usize = 200_000;

/// Positions for the map, in the binary form of `Positions::encode`.
pub(super) async fn positions(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| {
        let mut parameters = Parameters::of(&uri)?;
        let since = parameters.number("since", 0..=LARGEST.cast_unsigned())?;
        let query = shared.filters(&mut parameters)?;
        parameters.finish()?;
        let store = &shared.sources.store;
        let positions = store.positions(INDEX, since, &query, MOST_POSITIONS)?;
        Answer::positions(positions.version, positions.encode())
    };
    shared.answer(&uri, &headers, answer).await
}
