use serde_json::json;
use serde_json::value::RawValue;

use super::request::{Parameters, Refusal};
use super::{Facade, FacadeAnswer};

#[derive(serde::Serialize)]
struct Found<'a> {
    #[serde(rename = "_index")]
    index: &'a str,
    #[serde(rename = "_id")]
    id: &'a str,
    found: bool,
    #[serde(rename = "_source")]
    source: Box<RawValue>,
}

pub(super) fn document(
    facade: &Facade,
    index: &str,
    id: &str,
    parameters: Parameters<'_>,
) -> Result<FacadeAnswer, Refusal> {
    let (index, source) = find(facade, index, id, parameters)?;
    let index = index.as_str();
    Ok(match source {
        Some(source) => {
            let found = Found {
                index,
                id,
                found: true,
                source,
            };
            FacadeAnswer::json(200, &found)
        }
        None => FacadeAnswer::json(404, &json!({ "_index": index, "_id": id, "found": false })),
    })
}

pub(super) fn source(
    facade: &Facade,
    index: &str,
    id: &str,
    parameters: Parameters<'_>,
) -> Result<FacadeAnswer, Refusal> {
    let (index, source) = find(facade, index, id, parameters)?;
    let source = source.ok_or_else(|| {
        let reason = format!("Document not found [{index}]/[{id}]");
        Refusal::new(404, "resource_not_found_exception", &reason)
    })?;
    Ok(FacadeAnswer::json(200, &source))
}

/// The index that is meant, and the document if there is one.
fn find(
    facade: &Facade,
    index: &str,
    id: &str,
    parameters: Parameters<'_>,
) -> Result<(String, Option<Box<RawValue>>), Refusal> {
    parameters.finish()?;
    let index = facade.the_index(index)?;
    let source = facade.store.document(&index, id)?;
    Ok((index, source))
}
