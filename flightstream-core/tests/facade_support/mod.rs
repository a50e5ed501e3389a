//! Requests of Elasticsearch's clients, and what a real node has answered to them.
//!
//! `tests/facade_pairs.json` holds both; `{index}` stands for the index's name. The documents are in
//! `tests/facade_documents.ndjson`.
#![allow(dead_code, unreachable_pub)]

use flightstream_core::search::BulkOperation;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const PAIRS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/facade_pairs.json");
const DOCUMENTS: &str = include_str!("../facade_documents.ndjson");

/// A request, and its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    pub what: String,
    pub method: String,
    pub path: String,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// One object a line; none is an empty body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<Value>,
    /// Only which fields there are, and of what kind, can be the same: the values are of the node.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shape: bool,
    #[serde(default)]
    pub status: u16,
    #[serde(default)]
    pub answer: Value,
}

impl Pair {
    pub fn path_of(&self, index: &str) -> String {
        self.path.replace("{index}", index)
    }

    /// As HTTP carries it.
    pub fn body_of(&self, index: &str) -> String {
        let lines = self.body.iter().map(|line| format!("{line}\n"));
        lines.collect::<String>().replace("{index}", index)
    }

    pub fn parameters(&self) -> Vec<(String, String)> {
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        let pairs = self.parameters.iter();
        pairs
            .map(|(name, value)| (name.clone(), text(value)))
            .collect()
    }
}

pub fn pairs() -> Vec<Pair> {
    let text = std::fs::read_to_string(PAIRS).unwrap();
    serde_json::from_str(&text).unwrap()
}

pub fn write(pairs: &[Pair]) {
    let mut text = serde_json::to_string_pretty(pairs).unwrap();
    text.push('\n');
    std::fs::write(PAIRS, text).unwrap();
}

/// The documents, by the aircraft's address.
pub fn documents() -> Vec<(String, u64, &'static [u8])> {
    let documents = DOCUMENTS.lines().map(|line| {
        let document: Value = serde_json::from_str(line).unwrap();
        let id = document["hex"].as_str().unwrap().to_owned();
        (id, document["updated"].as_u64().unwrap(), line.as_bytes())
    });
    documents.collect()
}

pub fn operations<'a>(documents: &'a [(String, u64, &'static [u8])]) -> Vec<BulkOperation<'a>> {
    let operations = documents.iter();
    operations
        .map(|(id, version, source)| BulkOperation::index(id, Some(*version), source))
        .collect()
}

/// An answer without what the documentation says is different, with `{index}` for the index's name.
pub fn comparable(answer: &str, index: &str) -> Value {
    let answer = answer.replace(index, "{index}");
    match serde_json::from_str(&answer) {
        Ok(mut value) => {
            reduce(&mut value);
            value
        }
        Err(_) => Value::String(answer),
    }
}

fn reduce(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for differs in [
                "took",
                "_version",
                "_seq_no",
                "_primary_term",
                "settings",
                "inference",
                "doc_count_error_upper_bound",
            ] {
                fields.remove(differs);
            }
            // Of an error, the kind of its cause; the words are others.
            if let Some(Value::Object(error)) = fields.get_mut("error") {
                let cause = error.get("root_cause").and_then(|causes| causes.get(0));
                let kind = cause.and_then(|cause| cause.get("type")).cloned();
                let kind = kind.or_else(|| error.get("type").cloned());
                fields.insert("error".to_owned(), kind.unwrap_or_default());
            }
            fields.values_mut().for_each(reduce);
        }
        Value::Array(values) => values.iter_mut().for_each(reduce),
        _ => {}
    }
}

/// Whether an answer is what was recorded. Numbers are printed with other last digits, and `percentiles` are estimated there.
pub fn is_same(answer: &Value, recorded: &Value) -> bool {
    match (answer, recorded) {
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            (one - other).abs() <= 1e-3 * one.abs().max(other.abs()).max(1e-3)
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let is_there = |(key, value): (&String, &Value)| {
                other.get(key).is_some_and(|other| is_same(value, other))
            };
            one.len() == other.len() && one.iter().all(is_there)
        }
        _ => answer == recorded,
    }
}

/// Whether all fields of an answer are in what was recorded, and of the same kind.
pub fn is_of_shape(answer: &Value, recorded: &Value) -> bool {
    match (answer, recorded) {
        (Value::Object(one), Value::Object(other)) => one.iter().all(|(key, value)| {
            other
                .get(key)
                .is_some_and(|other| is_of_shape(value, other))
        }),
        (Value::Array(one), Value::Array(other)) => match (one.first(), other.first()) {
            (Some(one), Some(other)) => is_of_shape(one, other),
            _ => true,
        },
        (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

/// How an answer differs from what was recorded, if it does.
pub fn difference(pair: &Pair, status: u16, answer: &Value) -> Option<String> {
    let is_well = match pair.shape {
        true => is_of_shape(answer, &pair.answer),
        false => is_same(answer, &pair.answer),
    };
    (status != pair.status || !is_well).then(|| {
        format!(
            "{}: {} {}\nanswered {status}: {answer}\nrecorded {}: {}\n",
            pair.what, pair.method, pair.path, pair.status, pair.answer
        )
    })
}
