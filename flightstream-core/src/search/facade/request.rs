use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::SearchError;

/// A request as HTTP has it.
#[derive(Clone, Copy, Debug)]
pub struct FacadeRequest<'a> {
    /// `GET`, `HEAD`, `POST` and so on.
    pub method: &'a str,
    /// The path, percent-decoded.
    pub path: &'a str,
    /// The parameters of the query, decoded.
    pub parameters: &'a [(String, String)],
    /// The body; bound its size before.
    pub body: &'a [u8],
}

impl<'a> FacadeRequest<'a> {
    /// A request without parameters and body.
    #[must_use]
    pub fn new(method: &'a str, path: &'a str) -> Self {
        Self {
            method,
            path,
            parameters: &[],
            body: &[],
        }
    }
}

/// They change nothing that is answered here.
const WITHOUT_EFFECT: [&str; 17] = [
    "allow_no_indices",
    "allow_partial_search_results",
    "batched_reduce_size",
    "ccs_minimize_roundtrips",
    "error_trace",
    "expand_wildcards",
    "human",
    "ignore_throttled",
    "include_unmapped",
    "local",
    "master_timeout",
    "max_concurrent_searches",
    "max_concurrent_shard_requests",
    "preference",
    "pretty",
    "request_cache",
    "search_type",
];

/// A request's parameters, of which every one has to be taken.
pub(super) struct Parameters<'a> {
    method: &'a str,
    path: &'a str,
    values: BTreeMap<&'a str, &'a str>,
}

impl<'a> Parameters<'a> {
    pub(super) fn of(request: &FacadeRequest<'a>) -> Self {
        let values = request.parameters.iter();
        let values = values.map(|(name, value)| (name.as_str(), value.as_str()));
        Self {
            method: request.method,
            path: request.path,
            values: values
                .filter(|(name, _)| !WITHOUT_EFFECT.contains(name))
                .collect(),
        }
    }

    pub(super) fn take(&mut self, name: &str) -> Option<&'a str> {
        self.values.remove(name)
    }

    /// A parameter that is false unless it is there: without a value, or with `true`.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        self.take(name).is_some_and(|value| value != "false")
    }

    /// Refuses what nobody took.
    pub(super) fn finish(self) -> Result<(), Refusal> {
        let Some(name) = self.values.into_keys().next() else {
            return Ok(());
        };
        let reason = format!(
            "request [{}] contains unrecognized parameter: [{name}]",
            self.path
        );
        Err(SearchError::illegal(reason).into())
    }

    /// Nothing is at this path.
    pub(super) fn no_handler(self) -> Refusal {
        let reason = format!(
            "no handler found for uri [{}] and method [{}]",
            self.path, self.method
        );
        Refusal {
            status: 400,
            body: json!({ "error": reason }),
        }
    }
}

/// An answer that is none.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Refusal {
    /// Nothing is written by this way.
    pub(super) fn read_only(index: &str) -> Self {
        let reason = format!("index [{index}] blocked by: [FORBIDDEN/5/index read-only (api)];");
        Self::new(403, "cluster_block_exception", &reason)
    }

    pub(super) fn new(status: u16, error_type: &str, reason: &str) -> Self {
        let error = json!({ "type": error_type, "reason": reason });
        Self {
            status,
            body: json!({
                "error": { "root_cause": [error], "type": error_type, "reason": reason },
                "status": status,
            }),
        }
    }
}

impl From<SearchError> for Refusal {
    fn from(error: SearchError) -> Self {
        Self::new(error.status(), error.error_type(), &error.to_string())
    }
}

/// An empty body is an empty object.
pub(super) fn json_of(body: &[u8]) -> Result<Value, SearchError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(json!({}));
    }
    serde_json::from_slice(body)
        .map_err(|error| SearchError::parsing(format!("the request is not JSON: {error}")))
}

/// Names, with commas between: in one text, or in an array.
pub(super) fn names_of(what: &str, names: &Value) -> Result<String, SearchError> {
    let wrong =
        || SearchError::parsing(format!("[{what}] expected a string or an array of strings"));
    if let Some(names) = names.as_str() {
        return Ok(names.to_owned());
    }
    let names = names.as_array().ok_or_else(wrong)?.iter();
    let names: Option<Vec<&str>> = names.map(Value::as_str).collect();
    Ok(names.ok_or_else(wrong)?.join(","))
}
