use std::error::Error as _;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use elasticsearch::http::Method;
use elasticsearch::http::headers::{CONTENT_ENCODING, HeaderMap, HeaderValue, RETRY_AFTER};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::super::SearchError;
use super::answer::Answer;
use super::error::ElasticError;
use super::node::Node;
use super::options::ElasticOptions;

/// Asks one of the cluster's nodes: in turns, but those that have failed only after a while.
#[derive(Debug)]
pub(super) struct Client {
    nodes: Vec<Arc<Node>>,
    turn: AtomicUsize,
    gzip: bool,
}

/// What to ask.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Bytes>,
    /// Whether the body is large.
    pub(super) is_bulk: bool,
}

impl Request {
    pub(super) fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            is_bulk: false,
        }
    }

    pub(super) fn json(mut self, body: &serde_json::Value) -> Self {
        self.body = Some(body.to_string().into());
        self
    }

    pub(super) fn body(mut self, body: Bytes) -> Self {
        self.body = Some(body);
        self
    }

    pub(super) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }
}

impl Client {
    pub(super) fn new(options: &ElasticOptions) -> Result<Self, ElasticError> {
        let nodes = options.urls.iter().map(|url| Node::new(url, options));
        let nodes = nodes
            .map(|node| node.map(Arc::new))
            .collect::<Result<Vec<_>, _>>()?;
        if nodes.is_empty() {
            return Err(ElasticError::NoUrl);
        }
        Ok(Self {
            nodes,
            turn: AtomicUsize::new(0),
            gzip: options.gzip,
        })
    }

    /// Asks a node, and the next one if that cannot be reached.
    ///
    /// # Errors
    /// [`SearchError::Unavailable`] if no node can be reached, [`SearchError::Interrupted`] if one does not answer.
    pub(super) async fn ask(&self, mut request: Request) -> Result<Answer, SearchError> {
        let mut headers = HeaderMap::new();
        if self.gzip
            && request.is_bulk
            && let Some(body) = request.body.take()
        {
            request.body = Some(compressed(body).await?);
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let mut last = None;
        for node in self.in_turn() {
            match ask_node(&node, &request, headers.clone()).await {
                Ok(answer) if matches!(answer.status, 502..=504) => {
                    node.failed(Instant::now());
                    last = Some(Ok(answer));
                }
                Ok(answer) => {
                    node.answered();
                    return Ok(answer);
                }
                Err(failure) => {
                    node.failed(Instant::now());
                    let reason = format!("{}: {}", node.url, failure.reason);
                    if failure.was_sent {
                        // It may be at work on it, or too large for it: another node would fare the same.
                        return Err(SearchError::Interrupted { reason });
                    }
                    last = Some(Err(SearchError::Unavailable { reason }));
                }
            }
        }
        last.unwrap_or_else(|| {
            Err(SearchError::Unavailable {
                reason: "there is no node".to_owned(),
            })
        })
    }

    /// The nodes that are alive, beginning with the one whose turn it is; without any, the one that has been left alone for
    /// the longest.
    fn in_turn(&self) -> Vec<Arc<Node>> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let count = self.nodes.len();
        let now = Instant::now();
        let order = self.nodes.iter().cycle().skip(turn % count).take(count);
        let alive: Vec<_> = order
            .filter(|node| node.dead_until(now).is_none())
            .cloned()
            .collect();
        if alive.is_empty() {
            let next = self.nodes.iter().min_by_key(|node| node.dead_until(now));
            return next.cloned().into_iter().collect();
        }
        alive
    }
}

struct Failure {
    reason: String,
    /// Whether there was a connection.
    was_sent: bool,
}

impl From<elasticsearch::Error> for Failure {
    fn from(error: elasticsearch::Error) -> Self {
        // The outermost error says that sending failed, the innermost why.
        let mut reason = "no answer".to_owned();
        let mut source = error.source();
        while let Some(cause) = source {
            reason = cause.to_string();
            source = cause.source();
        }
        if error.is_timeout() {
            "no answer in time".clone_into(&mut reason);
        }
        let http = error.source().and_then(|cause| cause.downcast_ref());
        Self {
            reason,
            was_sent: !http.is_some_and(reqwest::Error::is_connect),
        }
    }
}

async fn ask_node(node: &Node, request: &Request, headers: HeaderMap) -> Result<Answer, Failure> {
    let query = (!request.query.is_empty()).then_some(&request.query);
    let response = node
        .client
        .send(
            request.method,
            &request.path,
            headers,
            query,
            request.body.clone(),
            None,
        )
        .await?;
    let seconds = response.headers().get(RETRY_AFTER);
    let seconds = seconds.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    Ok(Answer {
        status: response.status_code().as_u16(),
        retry_after: seconds.map(Duration::from_secs),
        body: response.bytes().await?,
    })
}

/// On a thread that may take its time: others wait for their answers.
async fn compressed(body: Bytes) -> Result<Bytes, SearchError> {
    let compressing = tokio::task::spawn_blocking(move || {
        let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 3), Compression::fast());
        encoder.write_all(&body)?;
        encoder.finish()
    });
    let failed = |error: String| SearchError::Unavailable {
        reason: format!("the bulk cannot be compressed: {error}"),
    };
    let compressed = compressing
        .await
        .map_err(|error| failed(error.to_string()))?;
    Ok(compressed
        .map_err(|error| failed(error.to_string()))?
        .into())
}
