use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use flightstream_core::search::{Hit, MAX_RESULT_WINDOW, Query, SearchRequest, SearchStore, Sort};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::cache::Answer;
use super::error::ApiError;
use super::parameters::Parameters;
use super::shared::Shared;
use super::{csv, geojson};
use crate::pipeline::INDEX;

const MOST: usize = 100_000;
const FIELDS: [&str; 18] = [
    "hex",
    "reg_number",
    "flight_icao",
    "flight_iata",
    "aircraft_icao",
    "airline_icao",
    "dep_iata",
    "arr_iata",
    "Departure",
    "Arrival",
    "flag",
    "status",
    "type",
    "alt",
    "speed",
    "v_speed",
    "dir",
    "updated",
];

/// Some flights, in an order.
struct Page {
    total: u64,
    hits: Vec<Hit>,
    /// Where the next page begins.
    next: Option<String>,
}

#[derive(Serialize)]
struct Flights<'a> {
    as_of: Option<i64>,
    total: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<&'a str>,
    flights: Vec<&'a RawValue>,
}

/// Flights that match, sorted, in pages.
pub(super) async fn list(
    State(shared): State<Shared>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let answer = |shared: &Shared| tokio::task::block_in_place(|| answer(shared, &uri));
    shared.answer(&uri, &headers, answer).await
}

fn answer(shared: &Shared, uri: &Uri) -> Result<Answer, ApiError> {
    let mut parameters = Parameters::of(uri)?;
    let query = shared.filters(&mut parameters)?;
    let sort = sort(parameters.text("sort")?.as_deref())?;
    let limit = parameters.number("limit", 1..=MOST)?.unwrap_or(100);
    let after = after(parameters.text("after")?.as_deref(), &sort)?;
    let format = parameters.word("format", &["json", "geojson", "csv"])?;
    parameters.finish()?;
    let page = page(shared, query, sort, limit, after)?;
    let sources = page.hits.iter().filter_map(|hit| hit.source.as_deref());
    let sources: Vec<&RawValue> = sources.collect();
    let link = || page.next.as_deref().map(|next| link(uri, next));
    match format {
        Some("geojson") => Ok(geojson::answer(&sources)?.with_next(link())),
        Some("csv") => Ok(csv::answer(&sources)?.with_next(link())),
        _ => Answer::json(&Flights {
            as_of: shared.as_of()?,
            total: page.total,
            next: page.next.as_deref(),
            flights: sources,
        }),
    }
}

/// `alt`, or `-alt` for the largest first; the address decides between equals.
fn sort(text: Option<&str>) -> Result<Vec<Sort>, ApiError> {
    let text = text.unwrap_or("hex");
    let (name, ascending) = match text.strip_prefix('-') {
        Some(name) => (name, false),
        None => (text, true),
    };
    if !FIELDS.contains(&name) {
        let reason = format!(
            "[sort] is one of these, perhaps with - in front: {}",
            FIELDS.join(", ")
        );
        return Err(ApiError::argument(reason));
    }
    let by = |field: &str, ascending| Sort {
        field: field.to_owned(),
        ascending,
    };
    Ok(match name {
        "hex" => vec![by("hex", ascending)],
        name => vec![by(name, ascending), by("hex", true)],
    })
}

/// What a page before gave as `next`: the sort values of its last flight.
fn after(text: Option<&str>, sort: &[Sort]) -> Result<Option<Vec<Value>>, ApiError> {
    let wrong = || ApiError::argument("[after] is the `next` of a page with the same parameters");
    let Some(text) = text else {
        return Ok(None);
    };
    let values: Vec<Value> = serde_json::from_str(text).map_err(|_| wrong())?;
    let are_plain = values
        .iter()
        .all(|value| !value.is_array() && !value.is_object());
    match values.len() == sort.len() && are_plain {
        true => Ok(Some(values)),
        false => Err(wrong()),
    }
}

fn page(
    shared: &Shared,
    query: Query,
    sort: Vec<Sort>,
    limit: usize,
    after: Option<Vec<Value>>,
) -> Result<Page, ApiError> {
    let mut request = SearchRequest::default();
    request.query = query;
    request.sort = sort;
    request.search_after = after;
    let mut page = Page {
        total: 0,
        hits: Vec::new(),
        next: None,
    };
    let mut is_first = true;
    loop {
        request.size = (limit - page.hits.len()).min(MAX_RESULT_WINDOW);
        let search = shared.sources.store.search(INDEX, &request);
        let response = futures::executor::block_on(search)?;
        if is_first {
            page.total = response.hits.total.map_or(0, |total| total.value);
            is_first = false;
        }
        let is_last = response.hits.hits.len() < request.size;
        page.hits.extend(response.hits.hits);
        let last = page.hits.last().map(|hit| hit.sort.clone());
        if is_last || last.is_none() {
            return Ok(page);
        }
        if page.hits.len() >= limit {
            page.next = last.and_then(|sort| serde_json::to_string(&sort).ok());
            return Ok(page);
        }
        request.search_after = last;
    }
}

/// `Link` to the next page, with the other parameters as they were.
fn link(uri: &Uri, next: &str) -> String {
    let query = uri.query().unwrap_or_default().split('&');
    let others = query.filter(|pair| !pair.is_empty() && !pair.starts_with("after="));
    let mut pairs: Vec<String> = others.map(ToOwned::to_owned).collect();
    let encoded = next.bytes().map(|byte| match byte {
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    pairs.push(format!("after={}", encoded.collect::<String>()));
    format!("<{}?{}>; rel=\"next\"", uri.path(), pairs.join("&"))
}
