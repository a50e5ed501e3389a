use std::time::Instant;

use serde::Serialize;
use serde_json::{Value, json};

use super::super::body::Body;
use super::super::embedded::Budget;
use super::super::{
    AggregationResults, Hits, Query, SearchError, SearchRequest, SearchResponse, Shards, Total,
};
use super::request::{Parameters, Refusal, json_of, names_of};
use super::{Facade, FacadeAnswer};

/// More than clients have panels in a request.
const MAX_SEARCHES: usize = 100;

pub(super) fn search(
    facade: &Facade,
    index: &str,
    mut parameters: Parameters<'_>,
    body: &[u8],
) -> Result<FacadeAnswer, Refusal> {
    let numbers = ["from", "size"].map(|name| (name, parameters.take(name)));
    let total = parameters.take("track_total_hits");
    let ignore_unavailable = parameters.flag("ignore_unavailable");
    parameters.finish()?;
    let mut request = json_of(body)?;
    if let Some(fields) = request.as_object_mut() {
        for (name, text) in numbers {
            let Some(text) = text else { continue };
            let number: u64 = text.parse().map_err(|_| {
                SearchError::illegal(format!(
                    "Failed to parse int parameter [{name}] with value [{text}]"
                ))
            })?;
            fields.insert(name.to_owned(), number.into());
        }
        if let Some(total) = total {
            let value = serde_json::from_str(total).unwrap_or_else(|_| total.into());
            fields.insert("track_total_hits".to_owned(), value);
        }
    }
    let request = SearchRequest::from_value(request)?;
    let budget = &mut Budget::default();
    let response = facade.search(index, &request, ignore_unavailable, budget)?;
    Ok(FacadeAnswer::json(200, &response))
}

/// An answer among several.
#[derive(Serialize)]
#[serde(untagged)]
enum One {
    Found {
        #[serde(flatten)]
        response: Box<SearchResponse>,
        status: u16,
    },
    Refused(Value),
}

#[derive(Serialize)]
struct Several {
    took: u64,
    responses: Vec<One>,
}

pub(super) fn several(
    facade: &Facade,
    index: &str,
    parameters: Parameters<'_>,
    body: &[u8],
) -> Result<FacadeAnswer, Refusal> {
    parameters.finish()?;
    let start = Instant::now();
    let Some(body) = body.strip_suffix(b"\n").filter(|body| !body.is_empty()) else {
        return Err(match body {
            b"" => Refusal::new(400, "parse_exception", "request body is required"),
            b"\n" => Refusal::new(
                400,
                "action_request_validation_exception",
                "Validation Failed: 1: no requests added;",
            ),
            _ => {
                let reason = "The msearch request must be terminated by a newline [\n]";
                SearchError::illegal(reason).into()
            }
        });
    };
    let mut lines = body.split(|byte| *byte == b'\n');
    let searches = lines.clone().count().div_ceil(2);
    if searches > MAX_SEARCHES {
        let reason = format!(
            "an msearch request has at most [{MAX_SEARCHES}] searches but had [{searches}]"
        );
        return Err(SearchError::illegal(reason).into());
    }
    let mut budget = Budget::default();
    let mut responses = Vec::new();
    while let Some(header) = lines.next() {
        let Some(request) = lines.next() else {
            let reason = "a line of the msearch request has no search behind it";
            return Err(SearchError::illegal(reason).into());
        };
        let (index, ignore_unavailable) = header_of(header, index)?;
        // One that cannot be read spoils all of them, as with Elasticsearch.
        let request = SearchRequest::from_value(json_of(request)?)?;
        let answer = facade.search(&index, &request, ignore_unavailable, &mut budget);
        responses.push(match answer {
            Ok(response) => One::Found {
                response: Box::new(response),
                status: 200,
            },
            Err(error) => One::Refused(Refusal::from(error).body),
        });
    }
    let took = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(FacadeAnswer::json(200, &Several { took, responses }))
}

/// Which index is searched, and whether it may be missing.
fn header_of(line: &[u8], index: &str) -> Result<(String, bool), SearchError> {
    let mut header = Body::new("msearch", json_of(line)?)?;
    let index = match header.take("index") {
        None => index.to_owned(),
        Some(names) => names_of("index", &names)?,
    };
    let ignore_unavailable = header.take("ignore_unavailable") == Some(Value::Bool(true));
    for without_effect in [
        "allow_no_indices",
        "expand_wildcards",
        "preference",
        "search_type",
    ] {
        header.take(without_effect);
    }
    header.finish()?;
    Ok((index, ignore_unavailable))
}

pub(super) fn count(
    facade: &Facade,
    index: &str,
    mut parameters: Parameters<'_>,
    body: &[u8],
) -> Result<FacadeAnswer, Refusal> {
    let ignore_unavailable = parameters.flag("ignore_unavailable");
    parameters.finish()?;
    let mut body = Body::new("count", json_of(body)?)?;
    let query = match body.take("query") {
        None => Query::MatchAll,
        Some(query) => Query::from_value(query)?,
    };
    body.finish()?;
    let (count, shards) = match facade.resolve(index, ignore_unavailable)? {
        Some(index) => (facade.store.number(&index, &query)?, Shards::default()),
        None => (0, NO_SHARD),
    };
    Ok(FacadeAnswer::json(
        200,
        &json!({ "count": count, "_shards": shards }),
    ))
}

const NO_SHARD: Shards = Shards {
    total: 0,
    successful: 0,
    skipped: 0,
    failed: 0,
};

impl Facade {
    fn search(
        &self,
        index: &str,
        request: &SearchRequest,
        ignore_unavailable: bool,
        budget: &mut Budget,
    ) -> Result<SearchResponse, SearchError> {
        match self.resolve(index, ignore_unavailable)? {
            Some(index) => self.store.answer(&index, request, budget),
            None => Ok(SearchResponse {
                took: 0,
                timed_out: false,
                shards: NO_SHARD,
                hits: Hits {
                    total: Some(Total {
                        value: 0,
                        relation: "eq".to_owned(),
                    }),
                    max_score: Some(0.0),
                    hits: Vec::new(),
                },
                aggregations: AggregationResults::new(),
            }),
        }
    }
}
