use serde_json::{Map, Value, json};

use super::super::body::Body;
use super::super::pattern::Pattern;
use super::super::{SearchError, Shards};
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
            let part = if part == "_all" { "*" } else { part };
            let pattern = Pattern::names(part);
            let matching = indices.iter().filter(|index| pattern.matches(index));
            let mut matching = matching.peekable();
            let may_be_missing = part.contains('*') || ignore_unavailable;
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
    let named = parameters.take("fields");
    parameters.take("ignore_unavailable");
    parameters.finish()?;
    let mut body = Body::new("field_caps", json_of(body)?)?;
    // Clients name them here or there.
    let named = match (named, body.take("fields")) {
        (Some(named), _) => named.to_owned(),
        (None, Some(names)) => names_of("fields", &names)?,
        (None, None) => "*".to_owned(),
    };
    body.finish()?;
    let patterns: Vec<Pattern> = named.split(',').map(Pattern::names).collect();
    let index = facade.the_index(expression)?;
    let mapping = facade.store.mapping(&index)?;
    let fields: Map<String, Value> = mapping
        .fields()
        .filter(|(name, _)| patterns.iter().any(|pattern| pattern.matches(name)))
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
