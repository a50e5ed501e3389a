use std::fmt;
use std::time::Duration;

use super::set_up::Manage;

/// Where an Elasticsearch or OpenSearch is, and how to talk to it.
///
/// ```
/// use flightstream_core::search::elastic::{Credentials, ElasticOptions};
///
/// let options = ElasticOptions::new(["https://es-1:9200", "https://es-2:9200"])
///     .credentials(Credentials::ApiKey("VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw==".to_owned()));
/// assert!(!format!("{options:?}").contains("VnVh"));
/// let options = ElasticOptions::new(["https://user:secret@es-1:9200"]);
/// assert!(!format!("{options:?}").contains("secret"));
/// ```
#[derive(Clone)]
pub struct ElasticOptions {
    pub(super) urls: Vec<String>,
    pub(super) credentials: Option<Credentials>,
    pub(super) certificates: Option<Vec<u8>>,
    pub(super) timeout: Duration,
    pub(super) gzip: bool,
    pub(super) manage: Manage,
    pub(super) retention: Option<String>,
}

/// How to log in. What it holds is never shown.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credentials {
    /// A user and a password.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// An API key, as Elasticsearch gives it out: encoded, in one piece.
    ApiKey(String),
    /// A token, as service accounts have it.
    Bearer(String),
}

impl fmt::Debug for ElasticOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A log-in may stand before an address.
        let without_login = |url: &String| match url.split_once("://") {
            Some((scheme, rest)) => {
                let address = rest.rsplit_once('@').map_or(rest, |(_, address)| address);
                format!("{scheme}://{address}")
            }
            None => "…".to_owned(),
        };
        f.debug_struct("ElasticOptions")
            .field(
                "urls",
                &self.urls.iter().map(without_login).collect::<Vec<_>>(),
            )
            .field("credentials", &self.credentials)
            .field("timeout", &self.timeout)
            .field("gzip", &self.gzip)
            .field("manage", &self.manage)
            .field("retention", &self.retention)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic(…)",
            Self::ApiKey(_) => "ApiKey(…)",
            Self::Bearer(_) => "Bearer(…)",
        })
    }
}

impl ElasticOptions {
    /// The nodes of one cluster by their URLs. A user and a password in a URL are used as credentials.
    #[must_use]
    pub fn new<U: Into<String>>(urls: impl IntoIterator<Item = U>) -> Self {
        Self {
            urls: urls.into_iter().map(Into::into).collect(),
            credentials: None,
            certificates: None,
            timeout: Duration::from_secs(60),
            gzip: false,
            manage: Manage::default(),
            retention: None,
        }
    }

    /// How to log in.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Certificates in PEM to trust beside the public ones, such as the `http_ca.crt` of a cluster. The system's own
    /// store is not looked into.
    #[must_use]
    pub fn certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificates = Some(pem.into());
        self
    }

    /// How long a request may take, from the connection to the answer's last byte, by default a minute.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Whether bulks are compressed: about a quarter of the bytes for about four times the client's CPU time. By default
    /// they are not.
    #[must_use]
    pub fn gzip(mut self, gzip: bool) -> Self {
        self.gzip = gzip;
        self
    }

    /// Whether what is missing is created, by default it is.
    #[must_use]
    pub fn manage(mut self, manage: Manage) -> Self {
        self.manage = manage;
        self
    }

    /// How long a data stream that is created keeps its documents, as Elasticsearch writes it (`30d`). By default for
    /// ever. OpenSearch has no such setting: there a policy of yours does it.
    #[must_use]
    pub fn history_retention(mut self, retention: impl Into<String>) -> Self {
        self.retention = Some(retention.into());
        self
    }
}
