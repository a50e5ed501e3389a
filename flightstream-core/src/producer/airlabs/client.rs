use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use reqwest::blocking::{Client, Response};
use reqwest::header::{ACCEPT, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{StatusCode, Url};
use tracing::{debug_span, field};

use super::calendar;
use super::error::root_cause;
use super::{ApiKey, ClientError, FieldList, Filter, RequestError, Snapshot};
use crate::flight::airlabs::{AirlabsError, Answer, AnswerError};
use crate::time::{Clock, SystemClock};

/// The API's own address.
pub const BASE_URL: &str = "https://airlabs.co/api/v9";
const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// How to call the API.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// The key.
    pub key: ApiKey,
    /// Where the API is, by default [`BASE_URL`]. It must be HTTPS, since the key travels in the query; HTTP is allowed
    /// to this machine only (`localhost`, 127.0.0.0/8, `[::1]`).
    pub base_url: String,
    /// How long connecting may take, by default 10 s.
    pub connect_timeout: Duration,
    /// How long the whole call may take, up to the last byte of the answer, by default 60 s.
    pub timeout: Duration,
    /// How large the answer may be in bytes once decompressed, by default and at most 64 MiB; the largest ones seen have 3.
    pub max_body: usize,
    /// Which flights.
    pub filter: Filter,
    /// Which of their fields.
    pub fields: FieldList,
}

impl ClientOptions {
    /// Everything, with the default limits.
    #[must_use]
    pub fn new(key: ApiKey) -> Self {
        Self {
            key,
            base_url: BASE_URL.to_owned(),
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(60),
            max_body: LARGEST_BODY,
            filter: Filter::default(),
            fields: FieldList::default(),
        }
    }
}

/// Calls the method `flights` of Airlabs v9.
///
/// It blocks, and must not be made, used or dropped on a thread of an async runtime. One client keeps one connection
/// open between calls. Redirects are never followed. Without a proxy in the environment it talks to the host of
/// [`ClientOptions::base_url`] and no other.
pub struct AirlabsClient {
    http: Client,
    url: Url,
    options: ClientOptions,
    clock: Arc<dyn Clock>,
}

impl AirlabsClient {
    /// Checks the options; makes no call.
    ///
    /// # Errors
    /// If the base URL cannot be used or the HTTP client does not start.
    pub fn new(options: ClientOptions) -> Result<Self, ClientError> {
        let (url, is_local) = url(&options)?;
        let builder = Client::builder()
            .connect_timeout(options.connect_timeout)
            .timeout(options.timeout)
            .redirect(Policy::none())
            .referer(false)
            .user_agent(concat!("flightstream/", env!("CARGO_PKG_VERSION")));
        let builder = if is_local {
            builder.no_proxy()
        } else {
            builder
        };
        let http = builder.build().map_err(|error| ClientError::Start {
            cause: root_cause(&error.without_url()),
        })?;
        Ok(Self {
            http,
            url,
            options,
            clock: Arc::new(SystemClock),
        })
    }

    /// Takes the time of day from `clock`: for [`Snapshot::received`] and for `Retry-After`, not for the timeouts.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Makes one call, which counts against the quota.
    ///
    /// # Errors
    /// See [`RequestError`]; an error of the API counts before the HTTP status does. Nothing is retried here.
    pub fn snapshot(&self) -> Result<Snapshot, RequestError> {
        let span = debug_span!("airlabs", status = field::Empty).entered();
        let response = self
            .http
            .get(self.url.clone())
            .header(ACCEPT, "application/json")
            // The client's timeout starts anew with each read; the request's covers the whole of the call.
            .timeout(self.options.timeout)
            .send()
            .map_err(|error| self.failed(&error.without_url()))?;
        let status = response.status();
        span.record("status", i32::from(status.as_u16()));
        if status.is_redirection() {
            return Err(RequestError::Redirected {
                status: status.as_u16(),
            });
        }
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| calendar::retry_after(value.to_str().ok()?, self.clock.now()));
        let body = self.body(response);
        if !status.is_success() {
            let answer = body.as_ref().map(|body| Answer::parse(body));
            return Err(match answer {
                Ok(Err(AnswerError::Airlabs(error))) if error != AirlabsError::Other => {
                    RequestError::Airlabs { error, retry_after }
                }
                _ => refused(status, retry_after),
            });
        }
        let body = body?;
        let text = String::from_utf8_lossy(&body);
        let answer = Answer::parse(text.as_bytes()).map_err(|error| match error {
            AnswerError::Airlabs(error) => RequestError::Airlabs { error, retry_after },
            AnswerError::Malformed => RequestError::Malformed,
            AnswerError::Unexpected => RequestError::Unexpected,
            AnswerError::TooLarge => RequestError::TooLarge {
                limit: LARGEST_BODY,
            },
            AnswerError::TooMany => RequestError::TooMany,
        })?;
        let is_repaired = matches!(text, Cow::Owned(_));
        Ok(Snapshot::new(&answer, self.clock.now(), is_repaired))
    }

    fn body(&self, response: Response) -> Result<Vec<u8>, RequestError> {
        let limit = self.options.max_body.min(LARGEST_BODY);
        let mut body = Vec::new();
        response
            .take((limit as u64).saturating_add(1))
            .read_to_end(&mut body)
            .map_err(|error| self.broke(&error))?;
        if body.len() > limit {
            return Err(RequestError::TooLarge { limit });
        }
        Ok(body)
    }

    fn failed(&self, error: &reqwest::Error) -> RequestError {
        let cause = self.redacted(root_cause(error));
        if error.is_connect() {
            RequestError::Connect { cause }
        } else if error.is_timeout() {
            self.timed_out()
        } else {
            RequestError::Interrupted { cause }
        }
    }

    fn broke(&self, error: &io::Error) -> RequestError {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        if error.kind() == io::ErrorKind::TimedOut || inner.is_some_and(reqwest::Error::is_timeout)
        {
            return self.timed_out();
        }
        RequestError::Interrupted {
            cause: self.redacted(root_cause(error)),
        }
    }

    fn timed_out(&self) -> RequestError {
        RequestError::TimedOut {
            timeout: self.options.timeout,
        }
    }

    // No system is known to quote a URL in its messages; should one begin to, the key stays out of them.
    fn redacted(&self, cause: String) -> String {
        let key = self.options.key.expose();
        if cause.contains(key) {
            cause.replace(key, "***")
        } else {
            cause
        }
    }
}

impl fmt::Debug for AirlabsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the URL: the key is in it.
        f.debug_struct("AirlabsClient")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

fn refused(status: StatusCode, retry_after: Option<Duration>) -> RequestError {
    match status.as_u16() {
        429 => RequestError::TooManyRequests { retry_after },
        // A slow or early request is as much a passing trouble as a failure of the server.
        status @ (408 | 425 | 500..) => RequestError::Server {
            status,
            retry_after,
        },
        status => RequestError::Refused { status },
    }
}

/// The URL of every call, and whether it stays on this machine.
fn url(options: &ClientOptions) -> Result<(Url, bool), ClientError> {
    let wrong = |why| ClientError::BaseUrl { why };
    let mut url = Url::parse(&options.base_url)
        .map_err(|_| wrong("is no URL; the usual one is https://airlabs.co/api/v9"))?;
    let is_local = match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host
            .parse()
            .is_ok_and(|address: std::net::Ipv4Addr| address.is_loopback()),
        None => return Err(wrong("names no host")),
    };
    match url.scheme() {
        "https" => {}
        "http" if is_local => {}
        _ => {
            return Err(wrong(
                "must begin with https://, since the API key travels in the URL",
            ));
        }
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("must hold no user name and no password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong(
            "must end with its path: parameters are options of their own",
        ));
    }
    url.path_segments_mut()
        .map_err(|()| wrong("cannot have a path"))?
        .pop_if_empty()
        .push("flights");
    url.query_pairs_mut()
        .append_pair("api_key", options.key.expose())
        .append_pair("_fields", &options.fields.to_string())
        .extend_pairs(options.filter.parameters());
    Ok((url, is_local))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(base_url: &str) -> ClientOptions {
        ClientOptions {
            base_url: base_url.to_owned(),
            ..ClientOptions::new(ApiKey::new("invented&key").unwrap())
        }
    }

    #[test]
    fn the_key_goes_over_https_or_stays_here() {
        for good in [
            "https://airlabs.co/api/v9",
            "https://airlabs.co/api/v9/",
            "http://127.0.0.1:8080",
            "http://localhost/x",
            "http://[::1]:1/",
        ] {
            assert!(url(&options(good)).is_ok(), "{good}");
        }
        for bad in [
            "",
            "airlabs.co",
            "http://airlabs.co/api/v9",
            "http://localhost.example.org/",
            "http://127.0.0.1.example.org/",
            "ftp://127.0.0.1/",
            "https://user:password@airlabs.co/",
            "https://airlabs.co/api/v9?_view=array",
            "https://airlabs.co/#x",
            "data:text/plain,x",
        ] {
            assert!(url(&options(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_cannot_add_parameters() {
        let (url, is_local) = url(&options(BASE_URL)).unwrap();
        assert!(!is_local);
        assert_eq!(url.path(), "/api/v9/flights");
        let pairs: Vec<_> = url.query_pairs().map(|(name, _)| name).collect();
        assert_eq!(pairs, ["api_key", "_fields"]);
    }

    #[test]
    fn nothing_shows_the_key() {
        let client = AirlabsClient::new(options(BASE_URL)).unwrap();
        assert!(!format!("{client:?}").contains("invented"));
        let cause = client.redacted("GET /flights?api_key=invented&key failed".to_owned());
        assert_eq!(cause, "GET /flights?api_key=*** failed");
    }
}
