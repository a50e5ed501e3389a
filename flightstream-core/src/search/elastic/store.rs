use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use elasticsearch::http::Method;
use elasticsearch::indices::IndicesRefreshParts;
use elasticsearch::{BulkParts, CountParts, GetSourceParts, SearchParts};
use futures::future::BoxFuture;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::runtime::{Builder, Runtime};

use super::super::{
    BulkItem, BulkOperation, Mapping, Query, SearchError, SearchRequest, SearchResponse,
    SearchStore,
};
use super::answer::{Answer, BULK_PARTS};
use super::body::encode;
use super::buffers::Buffers;
use super::client::{Client, Request};
use super::error::ElasticError;
use super::options::ElasticOptions;

/// What a node takes in one request unless it is told otherwise.
const MAX_CONTENT_LENGTH: usize = 100 << 20;
/// What every node takes.
const SURELY_TAKEN: usize = 64 << 10;

/// An Elasticsearch or OpenSearch as a [`SearchStore`]; see the [module](super).
///
/// Its requests run on a thread of its own, so it may be used from any executor. It is cheap to clone.
#[derive(Clone)]
pub struct ElasticStore {
    pub(super) options: Arc<ElasticOptions>,
    client: Arc<Client>,
    runtime: Arc<Background>,
    buffers: Buffers,
    /// What a node takes in one request, once it has told.
    max_content_length: Arc<OnceLock<usize>>,
}

/// Which product answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Product {
    /// Elasticsearch.
    Elasticsearch,
    /// OpenSearch.
    OpenSearch,
}

/// What a cluster says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterInfo {
    /// Its name.
    pub name: String,
    /// Which product it is.
    pub product: Product,
    /// The version of the node that answered.
    pub version: String,
}

/// The thread that requests run on. It may be dropped anywhere, also on another runtime.
#[derive(Debug)]
struct Background(Option<Runtime>);

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl ElasticStore {
    /// A store on a cluster. Nothing is sent yet; [`info`](Self::info) finds out whether it answers.
    ///
    /// # Errors
    /// [`ElasticError`] if a URL, a certificate or the credentials can't be used.
    pub fn new(options: ElasticOptions) -> Result<Self, ElasticError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("elastic")
            .enable_all()
            .build()
            .map_err(ElasticError::Thread)?;
        // The client looks for a runtime when it is made.
        let client = {
            let _entered = runtime.enter();
            Client::new(&options)?
        };
        Ok(Self {
            options: Arc::new(options),
            client: Arc::new(client),
            runtime: Arc::new(Background(Some(runtime))),
            buffers: Buffers::default(),
            max_content_length: Arc::default(),
        })
    }

    /// Asks the cluster what it is.
    ///
    /// # Errors
    /// [`SearchError`] if it cannot be reached, or refuses the credentials.
    pub async fn info(&self) -> Result<ClusterInfo, SearchError> {
        #[derive(Deserialize)]
        struct Body {
            cluster_name: String,
            version: Version,
        }
        #[derive(Deserialize)]
        struct Version {
            number: String,
            #[serde(default)]
            distribution: Option<String>,
        }
        let answer = self
            .ask(Request::new(Method::Get, "/"))
            .await?
            .success("")?;
        let body: Body = answer.json()?;
        let product = match body.version.distribution.as_deref() {
            Some("opensearch") => Product::OpenSearch,
            _ => Product::Elasticsearch,
        };
        Ok(ClusterInfo {
            name: body.cluster_name,
            product,
            version: body.version.number,
        })
    }

    pub(super) async fn ask(&self, request: Request) -> Result<Answer, SearchError> {
        let client = Arc::clone(&self.client);
        let Some(runtime) = &self.runtime.0 else {
            return Err(unavailable("it is closed"));
        };
        let asking = runtime.spawn(async move { client.ask(request).await });
        asking
            .await
            .map_err(|error| unavailable(&error.to_string()))?
    }

    async fn write(
        &self,
        index: &str,
        operations: &[BulkOperation<'_>],
    ) -> Result<Vec<BulkItem>, SearchError> {
        let mut buffer = self.buffers.take();
        let mut refused = Vec::new();
        for (number, operation) in operations.iter().enumerate() {
            if let Err(item) = encode(operation, &mut buffer) {
                refused.push((number, item));
            }
        }
        let sent = operations.len() - refused.len();
        if buffer.len() > SURELY_TAKEN {
            // At more, nodes close the connection without an answer.
            let most = self.max_content_length().await;
            if buffer.len() > most {
                let reason = format!("{} bytes, and a node takes {most}", buffer.len());
                return Err(SearchError::TooLarge { reason });
            }
        }
        let mut items = match sent {
            0 => Vec::new(),
            _ => self.write_body(index, self.buffers.lend(buffer)).await?,
        };
        if items.len() != sent {
            let answered = items.len();
            return Err(unavailable(&format!(
                "{sent} documents were sent, {answered} answered"
            )));
        }
        for (number, item) in refused {
            items.insert(number, item);
        }
        Ok(items)
    }

    /// Asks once. Who may not ask, or asks a service that has no nodes, gets the default.
    async fn max_content_length(&self) -> usize {
        if let Some(known) = self.max_content_length.get() {
            return *known;
        }
        let request = Request::new(Method::Get, "/_nodes/http")
            .query("filter_path", "nodes.*.http.max_content_length_in_bytes");
        let Ok(answer) = self.ask(request).await else {
            // It is away. The bulk will find out.
            return MAX_CONTENT_LENGTH;
        };
        let told = answer.json::<serde_json::Value>().unwrap_or_default();
        let nodes = told.get("nodes").and_then(serde_json::Value::as_object);
        let told = nodes.into_iter().flat_map(|nodes| nodes.values());
        let least = told
            .filter_map(|node| node.pointer("/http/max_content_length_in_bytes")?.as_u64())
            .filter_map(|bytes| usize::try_from(bytes).ok())
            .min();
        *self
            .max_content_length
            .get_or_init(|| least.unwrap_or(MAX_CONTENT_LENGTH))
    }

    async fn write_body(&self, index: &str, body: Bytes) -> Result<Vec<BulkItem>, SearchError> {
        let mut request = Request::new(Method::Post, BulkParts::Index(index).url())
            .query("filter_path", BULK_PARTS)
            .body(body);
        request.is_bulk = true;
        self.ask(request).await?.success(index)?.bulk_items()
    }
}

fn unavailable(reason: &str) -> SearchError {
    SearchError::Unavailable {
        reason: reason.to_owned(),
    }
}

impl fmt::Debug for ElasticStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ElasticStore")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl SearchStore for ElasticStore {
    fn ensure_index<'a>(
        &'a self,
        index: &'a str,
        mapping: &'a Mapping,
    ) -> BoxFuture<'a, Result<(), SearchError>> {
        Box::pin(async move { self.set_up_index(index, mapping).await.map(drop) })
    }

    fn bulk<'a>(
        &'a self,
        index: &'a str,
        operations: &'a [BulkOperation<'a>],
    ) -> BoxFuture<'a, Result<Vec<BulkItem>, SearchError>> {
        Box::pin(self.write(index, operations))
    }

    fn search<'a>(
        &'a self,
        index: &'a str,
        request: &'a SearchRequest,
    ) -> BoxFuture<'a, Result<SearchResponse, SearchError>> {
        Box::pin(async move {
            let request = Request::new(Method::Post, SearchParts::Index(&[index]).url())
                .json(&json!(request));
            self.ask(request).await?.success(index)?.json()
        })
    }

    fn get<'a>(
        &'a self,
        index: &'a str,
        id: &'a str,
    ) -> BoxFuture<'a, Result<Option<Box<RawValue>>, SearchError>> {
        Box::pin(async move {
            let path = GetSourceParts::IndexId(index, id).url();
            let answer = self.ask(Request::new(Method::Get, path)).await?;
            match (answer.status, answer.error(index)) {
                (404, SearchError::Remote { .. }) => Ok(None),
                _ => answer.success(index)?.json(),
            }
        })
    }

    fn count<'a>(
        &'a self,
        index: &'a str,
        query: &'a Query,
    ) -> BoxFuture<'a, Result<u64, SearchError>> {
        #[derive(Deserialize)]
        struct Body {
            count: u64,
        }
        Box::pin(async move {
            let request = Request::new(Method::Post, CountParts::Index(&[index]).url())
                .json(&json!({ "query": query.to_value() }));
            let body: Body = self.ask(request).await?.success(index)?.json()?;
            Ok(body.count)
        })
    }

    fn refresh<'a>(&'a self, index: &'a str) -> BoxFuture<'a, Result<(), SearchError>> {
        Box::pin(async move {
            let path = IndicesRefreshParts::Index(&[index]).url();
            let answer = self.ask(Request::new(Method::Post, path)).await?;
            answer.success(index).map(drop)
        })
    }
}
