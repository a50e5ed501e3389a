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
    parameters.finish()?;
    let index = facade.the_index(index)?;
    Ok(match facade.store.document(&index, id)? {
        Some(source) => FacadeAnswer::json(
            200,
            &Found {
                index: &index,
                id,
                found: true,
                source,
            },
        ),
        None => FacadeAnswer::json(404, &json!({ "_index": index, "_id": id, "found": false })),
    })
}

pub(super) fn source(
    facade: &Facade,
    index: &str,
    id: &str,
    parameters: Parameters<'_>,
) -> Result<FacadeAnswer, Refusal> {
    parameters.finish()?;
    let index = facade.the_index(index)?;
    match facade.store.document(&index, id)? {
        Some(source) => Ok(FacadeAnswer::json(200, &source)),
        None => {
            let reason = format!("Document not found [{index}]/[{id}]");
            Err(Refusal::new(404, "resource_not_found_exception", &reason))
        }
    }
}
