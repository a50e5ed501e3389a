//! The figures of panels, each a function of the filters.

pub(super) mod airports;
pub(super) mod by_type;
pub(super) mod speeds;
pub(super) mod summary;
pub(super) mod throughput;
pub(super) mod treemap;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::{Map, Value};

use super::error::ApiError;
use super::parameters::Parameters;
use super::shared::Shared;

const PANELS: [&str; 6] = [
    "summary",
    "airports",
    "speeds",
    "treemap_aircraft",
    "treemap_flag",
    "throughput",
];

/// Several panels in one answer.
pub(super) async fn all(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| {
        let mut parameters = Parameters::of(&uri)?;
        let mut panels = parameters.list("panels")?;
        // Each is computed once, however often it is named.
        panels.sort_unstable();
        panels.dedup();
        let query = shared.filters(&mut parameters)?;
        parameters.finish()?;
        if panels.is_empty() {
            panels = PANELS.map(ToOwned::to_owned).to_vec();
        }
        let mut answer = Map::new();
        for panel in panels {
            let figures = match panel.as_str() {
                "summary" => summary::figures(shared, &query),
                "airports" => airports::figures(shared, &query, airports::TOP),
                "speeds" => speeds::figures(shared, &query, speeds::TOP, 1),
                "treemap_aircraft" => treemap::figures(shared, &query, &treemap::AIRCRAFT),
                "treemap_flag" => treemap::figures(shared, &query, &treemap::FLAG),
                "throughput" => throughput::of_all(shared, throughput::WINDOWS),
                _ => {
                    let reason = format!("[panels] takes: {}", PANELS.join(", "));
                    return Err(ApiError::argument(reason));
                }
            };
            answer.insert(panel, figures?);
        }
        Ok(Value::Object(answer))
    };
    shared.answer_json(&uri, &headers, answer).await
}
