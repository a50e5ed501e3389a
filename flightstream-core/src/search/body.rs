//! Reading a JSON request key by key, so that every key is either understood or refused by its name.

use serde_json::{Map, Value};

use super::SearchError;

const MAX_NAME: usize = 1_000;

/// A JSON object whose keys are taken one by one; [`finish`](Self::finish) refuses what is left.
pub(crate) struct Body<'w> {
    what: &'w str,
    map: Map<String, Value>,
}

impl<'w> Body<'w> {
    pub(crate) fn new(what: &'w str, value: Value) -> Result<Self, SearchError> {
        match value {
            Value::Object(map) => Ok(Self { what, map }),
            other => Err(SearchError::parsing(format!(
                "[{what}] expected an object but found {}",
                kind(&other)
            ))),
        }
    }

    pub(crate) fn take(&mut self, key: &str) -> Option<Value> {
        self.map.remove(key)
    }

    pub(crate) fn malformed(&self, key: &str, expected: &str, found: &Value) -> SearchError {
        SearchError::x_content(format!(
            "[{}] failed to parse field [{key}]: expected {expected} but found {}",
            self.what,
            kind(found)
        ))
    }

    pub(crate) fn missing(&self, key: &str) -> SearchError {
        SearchError::illegal(format!("[{}] requires [{key}]", self.what))
    }

    pub(crate) fn string(&mut self, key: &str) -> Result<Option<String>, SearchError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.malformed(key, "a string", &other)),
        }
    }

    pub(crate) fn need_string(&mut self, key: &str) -> Result<String, SearchError> {
        self.string(key)?.ok_or_else(|| self.missing(key))
    }

    pub(crate) fn integer(&mut self, key: &str) -> Result<Option<u64>, SearchError> {
        match self.take(key) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) => Ok(Some(number)),
                None => Err(self.malformed(key, "a whole number that is not negative", &value)),
            },
        }
    }

    pub(crate) fn f64(&mut self, key: &str) -> Result<Option<f64>, SearchError> {
        match self.take(key) {
            None => Ok(None),
            Some(value) => match value.as_f64() {
                Some(number) => Ok(Some(number)),
                None => Err(self.malformed(key, "a number", &value)),
            },
        }
    }

    pub(crate) fn need_f64(&mut self, key: &str) -> Result<f64, SearchError> {
        self.f64(key)?.ok_or_else(|| self.missing(key))
    }

    pub(crate) fn array(&mut self, key: &str) -> Result<Option<Vec<Value>>, SearchError> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::Array(values)) => Ok(Some(values)),
            Some(other) => Err(self.malformed(key, "an array", &other)),
        }
    }

    /// The only key left with its value, as in `{"term": {"flag": ...}}`.
    pub(crate) fn only(self) -> Result<(String, Value), SearchError> {
        let mut entries = self.map.into_iter();
        match (entries.next(), entries.next()) {
            (Some(entry), None) => Ok(entry),
            (Some((first, _)), Some((second, _))) => Err(SearchError::parsing(format!(
                "[{}] doesn't support multiple fields, found [{first}] and [{second}]",
                self.what
            ))),
            (None, _) => Err(SearchError::parsing(format!(
                "[{}] is empty: a name is expected",
                self.what
            ))),
        }
    }

    pub(crate) fn finish(self) -> Result<(), SearchError> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(key) => Err(SearchError::x_content(format!(
                "[{}] unknown field [{key}]",
                self.what
            ))),
        }
    }
}

/// Refuses more of something than there may be.
pub(crate) fn check_count(what: &str, count: usize, most: usize) -> Result<(), SearchError> {
    if count > most {
        return Err(SearchError::illegal(format!(
            "[{what}] has at most [{most}] entries but had [{count}]"
        )));
    }
    Ok(())
}

/// Refuses a name that is too long to stand in every bucket.
pub(crate) fn check_name(what: &str, name: &str) -> Result<(), SearchError> {
    if name.len() > MAX_NAME {
        return Err(SearchError::illegal(format!(
            "[{what}] has names of at most [{MAX_NAME}] bytes but had one of [{}]",
            name.len()
        )));
    }
    Ok(())
}

pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
