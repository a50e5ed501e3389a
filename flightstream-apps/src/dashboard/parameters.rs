use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::str::FromStr;

use axum::extract::Query;
use axum::http::Uri;

use super::error::ApiError;

/// The longest text that a parameter may have, in characters.
const LONGEST: usize = 1_024;
/// The largest number that every reader of JSON holds exactly.
pub(super) const LARGEST: i64 = (1 << 53) - 1;

/// A request's query, of which every parameter has to be taken: one that is not known is refused by its name.
#[derive(Debug)]
pub(super) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    pub(super) fn of(uri: &Uri) -> Result<Self, ApiError> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|error| ApiError::argument(error.body_text()))?;
        let mut values = BTreeMap::new();
        for (name, value) in pairs.0 {
            if value.chars().count() > LONGEST {
                let reason = format!("[{name}] has at most {LONGEST} characters");
                return Err(ApiError::argument(reason));
            }
            if values.insert(name.clone(), value).is_some() {
                return Err(ApiError::argument(format!("[{name}] is given twice")));
            }
        }
        Ok(Self(values))
    }

    /// The text of a parameter; an empty one is refused.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        match self.0.remove(name) {
            Some(text) if text.is_empty() => Err(ApiError::argument(format!("[{name}] is empty"))),
            text => Ok(text),
        }
    }

    /// The text of a parameter that may be empty.
    pub(super) fn text_or_empty(&mut self, name: &str) -> String {
        self.0.remove(name).unwrap_or_default()
    }

    /// The values of a parameter, which commas separate.
    pub(super) fn list(&mut self, name: &str) -> Result<Vec<String>, ApiError> {
        let Some(text) = self.text(name)? else {
            return Ok(Vec::new());
        };
        let values = text.split(',').map(str::trim);
        let values: Vec<String> = values
            .filter(|value| !value.is_empty())
            .map(ToOwned::to_owned)
            .collect();
        match values.is_empty() {
            true => Err(ApiError::argument(format!("[{name}] is empty"))),
            false => Ok(values),
        }
    }

    /// A whole number in a range.
    pub(super) fn number<N>(
        &mut self,
        name: &str,
        range: RangeInclusive<N>,
    ) -> Result<Option<N>, ApiError>
    where
        N: FromStr + PartialOrd + std::fmt::Display,
    {
        let Some(text) = self.0.remove(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => Err(ApiError::argument(format!(
                "[{name}] is a whole number from {} to {}",
                range.start(),
                range.end()
            ))),
        }
    }

    /// One of some words.
    pub(super) fn word(
        &mut self,
        name: &str,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, ApiError> {
        let Some(text) = self.0.remove(name) else {
            return Ok(None);
        };
        let word = words.iter().find(|word| **word == text);
        word.copied()
            .map(Some)
            .ok_or_else(|| ApiError::argument(format!("[{name}] is one of: {}", words.join(", "))))
    }

    /// Refuses what nobody took.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        match self.0.into_keys().next() {
            None => Ok(()),
            Some(name) => Err(ApiError::argument(format!(
                "there is no parameter [{name}] here; see /api/openapi.json"
            ))),
        }
    }
}
