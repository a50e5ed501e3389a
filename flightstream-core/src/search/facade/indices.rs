use serde_json::{Map, Value, json};

use super::super::body::Body;
use super::super::{Mapping, SearchError, Shards};
use super::request::{Parameters, Refusal, json_of, names_of};
use super::{Facade, FacadeAnswer};

impl Facade {
    /// The index that an expression names: names and patterns with commas between. `None` if there may be none and is
    /// none.
    pub(super) fn resolve(
        &self,
        expression: &str,
        ignore_unavailable: bool,
    ) -> Result<Option<String>, SearchError> {
        let indices = self.store.indices();
        let mut found: Option<String> = None;
        for part in expression.split(',') {
            let is_all = part == "_all";
            let mut matching = indices
                .iter()
                .filter(|index| is_all || is_match(part, index))
                .peekable();
            let may_be_missing = is_all || part.contains('*') || ignore_unavailable;
            if matching.peek().is_none() && !may_be_missing {
                return Err(SearchError::IndexNotFound {
                    index: part.to_owned(),
                });
            }
            for index in matching {
                if found.get_or_insert_with(|| index.clone()) != index {
                    return Err(SearchError::illegal(format!(
                        "[{expression}] are several indices; ask for one"
                    )));
                }
            }
        }
        Ok(found)
    }

    /// The index that an expression names, which has to be there.
    pub(super) fn the_index(&self, expression: &str) -> Result<String, SearchError> {
        let found = self.resolve(expression, false)?;
        found.ok_or_else(|| SearchError::IndexNotFound {
            index: expression.to_owned(),
        })
    }
}

/// Whether a text matches a pattern in which `*` is any text.
fn is_match(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(start) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        match text.find(part) {
            Some(at) => text = text.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    text.ends_with(end)
}

pub(super) fn index(
    facade: &Facade,
    expression: &str,
    parameters: Parameters<'_>,
) -> Result<FacadeAnswer, Refusal> {
    parameters.finish()?;
    let index = facade.the_index(expression)?;
    let mapping = facade.store.mapping(&index)?;
    let body = json!({ index: { "aliases": {}, "mappings": mapping, "settings": {} } });
    Ok(FacadeAnswer::json(200, &body))
}

pub(super) fn mapping(
    facade: &Facade,
    expression: &str,
    parameters: Parameters<'_>,
) -> Result<FacadeAnswer, Refusal> {
    parameters.finish()?;
    let index = facade.the_index(expression)?;
    let mapping = facade.store.mapping(&index)?;
    Ok(FacadeAnswer::json(
        200,
        &json!({ index: { "mappings": mapping } }),
    ))
}

pub(super) fn fields(
    facade: &Facade,
    expression: &str,
    mut parameters: Parameters<'_>,
    body: &[u8],
) -> Result<FacadeAnswer, Refusal> {
    let named = parameters.take("fields").map(ToOwned::to_owned);
    parameters.take("ignore_unavailable");
    parameters.finish()?;
    let mut body = Body::new("field_caps", json_of(body)?)?;
    // Clients name them here or there.
    let named = match (named, body.take("fields")) {
        (Some(named), _) => named,
        (None, None) => "*".to_owned(),
        (None, Some(Value::String(named))) => named,
        (None, Some(names)) => names_of("fields", &names)?,
    };
    body.finish()?;
    let patterns: Vec<&str> = named.split(',').collect();
    let index = facade.the_index(expression)?;
    let mapping: Mapping = facade.store.mapping(&index)?;
    let fields: Map<String, Value> = mapping
        .fields()
        .filter(|(name, _)| patterns.iter().any(|pattern| is_match(pattern, name)))
        .map(|(name, field_type)| {
            let kind = field_type.name();
            let capability = json!({ "type": kind, "metadata_field": false,
                "searchable": true, "aggregatable": true });
            (name.to_owned(), json!({ kind: capability }))
        })
        .collect();
    let body = json!({ "indices": [index], "fields": fields });
    Ok(FacadeAnswer::json(200, &body))
}

pub(super) fn refresh(
    facade: &Facade,
    expression: &str,
    parameters: Parameters<'_>,
) -> Result<FacadeAnswer, Refusal> {
    parameters.finish()?;
    facade.the_index(expression)?;
    let shards = Shards::default();
    let body = json!({ "_shards": { "total": shards.total, "successful": shards.successful,
        "failed": shards.failed } });
    Ok(FacadeAnswer::json(200, &body))
}

#[cfg(test)]
mod tests {
    use super::is_match;

    #[test]
    fn a_star_is_any_text() {
        for (pattern, text) in [
            ("esflight", "esflight"),
            ("*", "esflight"),
            ("es*", "esflight"),
            ("*flight", "esflight"),
            ("e*f*t", "esflight"),
            ("esflight*", "esflight"),
        ] {
            assert!(is_match(pattern, text), "{pattern}");
        }
        for pattern in ["es", "*es", "flight*", "esflight**x", "e*x*t", "esflight*t"] {
            assert!(!is_match(pattern, "esflight"), "{pattern}");
        }
    }
}
