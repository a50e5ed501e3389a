use std::error::Error;
use std::io::Read as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::redirect::Policy;

/// What is told of spans that were not taken is short.
const LONGEST_ANSWER: u64 = 64 << 10;

/// Sends spans with the HTTP client that the Airlabs API is asked by, and tells once when nobody takes them.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::blocking::Client,
    has_failed: AtomicBool,
}

impl Client {
    pub(super) fn new(timeout: Duration) -> Result<Self, reqwest::Error> {
        let http = reqwest::blocking::Client::builder()
            .timeout(timeout)
            // Headers that log in are for the collector that was named.
            .redirect(Policy::none())
            .no_gzip()
            .build()?;
        Ok(Self {
            http,
            has_failed: AtomicBool::new(false),
        })
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.http.execute(request.try_into()?)?;
        let response = Response::builder().status(answer.status());
        let mut body = Vec::new();
        answer.take(LONGEST_ANSWER).read_to_end(&mut body)?;
        Ok(response.body(body.into())?)
    }
}

#[async_trait]
impl HttpClient for Client {
    /// Called on the exporter's own thread, which may block.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.send(request);
        let failure = match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers {}", answer.status())),
            Err(error) => Some(root_cause(&**error)),
        };
        let had_failed = self.has_failed.swap(failure.is_some(), Ordering::Relaxed);
        match failure {
            Some(reason) if !had_failed => tracing::warn!(reason, "no collector takes traces"),
            None if had_failed => tracing::info!("the collector takes traces again"),
            _ => {}
        }
        answer
    }
}

fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
