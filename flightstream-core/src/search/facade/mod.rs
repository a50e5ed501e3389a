#![doc = include_str!("facade.md")]

mod answer;
mod cluster;
mod documents;
mod indices;
mod request;
mod searches;

use std::sync::Arc;

pub use self::answer::FacadeAnswer;
pub use self::request::FacadeRequest;
use self::request::{Parameters, Refusal};
use super::EmbeddedStore;

/// Answers an Elasticsearch client's requests from an [`EmbeddedStore`]; see [the module](self).
#[derive(Clone, Debug)]
pub struct Facade {
    store: Arc<EmbeddedStore>,
}

impl Facade {
    /// All indices of the store can be read.
    #[must_use]
    pub fn new(store: Arc<EmbeddedStore>) -> Self {
        Self { store }
    }

    /// What the request is answered. It is computed on this thread.
    #[must_use]
    pub fn answer(&self, request: &FacadeRequest<'_>) -> FacadeAnswer {
        let answer = self.route(request).unwrap_or_else(FacadeAnswer::from);
        match request.method {
            "HEAD" => answer.without_body(),
            _ => answer,
        }
    }

    fn route(&self, request: &FacadeRequest<'_>) -> Result<FacadeAnswer, Refusal> {
        let parameters = Parameters::of(request);
        let path: Vec<&str> = request
            .path
            .split('/')
            .filter(|part| !part.is_empty())
            .collect();
        let reads = matches!(request.method, "GET" | "HEAD");
        let asks = reads || request.method == "POST";
        match path.as_slice() {
            [] if reads => cluster::root(parameters),
            ["_cluster", "health"] if reads => cluster::health(self, parameters),
            ["_cat", "indices"] if reads => cluster::list(self, parameters),
            ["_search"] if asks => searches::search(self, "_all", parameters, request.body),
            [index, "_search"] if asks => searches::search(self, index, parameters, request.body),
            ["_msearch"] if asks => searches::several(self, "_all", parameters, request.body),
            [index, "_msearch"] if asks => searches::several(self, index, parameters, request.body),
            ["_count"] if asks => searches::count(self, "_all", parameters, request.body),
            [index, "_count"] if asks => searches::count(self, index, parameters, request.body),
            ["_mapping"] if reads => indices::mapping(self, "_all", parameters),
            [index, "_mapping"] if reads => indices::mapping(self, index, parameters),
            ["_field_caps"] if asks => indices::fields(self, "_all", parameters, request.body),
            [index, "_field_caps"] if asks => {
                indices::fields(self, index, parameters, request.body)
            }
            [index, "_refresh"] if asks => indices::refresh(self, index, parameters),
            [index, "_doc", id] if reads => documents::document(self, index, id, parameters),
            [index, "_source", id] if reads => documents::source(self, index, id, parameters),
            [index] if reads && !index.starts_with('_') => indices::index(self, index, parameters),
            path if is_write(request.method, path) => {
                let index = path.first().filter(|index| !index.starts_with('_'));
                Err(Refusal::read_only(index.copied().unwrap_or("_all")))
            }
            _ => Err(parameters.no_handler()),
        }
    }
}

/// Whether it would change something.
fn is_write(method: &str, path: &[&str]) -> bool {
    let changes = |part: &&str| {
        matches!(
            *part,
            "_bulk" | "_create" | "_doc" | "_update" | "_delete_by_query" | "_update_by_query"
        )
    };
    match method {
        "PUT" | "DELETE" => true,
        "POST" => path.iter().any(changes),
        _ => false,
    }
}
