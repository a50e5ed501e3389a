use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use elasticsearch::Elasticsearch;
use elasticsearch::auth::Credentials as ClientCredentials;
use elasticsearch::cert::{Certificate, CertificateValidation};
use elasticsearch::http::Url;
use elasticsearch::http::transport::{SingleNodeConnectionPool, TransportBuilder};

use super::error::ElasticError;
use super::options::{Credentials, ElasticOptions};

/// A node that failed is left alone at first for this long, each time twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// One node of the cluster. The client's own pool of nodes goes on asking dead ones, so each node has a client.
#[derive(Debug)]
pub(super) struct Node {
    /// Without user and password.
    pub(super) url: String,
    pub(super) client: Elasticsearch,
    health: Mutex<Health>,
}

#[derive(Debug, Default)]
struct Health {
    failures: u32,
    dead_until: Option<Instant>,
}

impl Node {
    pub(super) fn new(text: &str, options: &ElasticOptions) -> Result<Self, ElasticError> {
        let mut url = parse(text)?;
        let own = (!url.username().is_empty()).then(|| Credentials::Basic {
            user: url.username().to_owned(),
            password: url.password().unwrap_or_default().to_owned(),
        });
        // Both fail on URLs without a host only, which were refused.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let mut builder = TransportBuilder::new(SingleNodeConnectionPool::new(url.clone()))
            .timeout(options.timeout)
            .enable_meta_header(false);
        if is_loopback(&url) {
            builder = builder.disable_proxy();
        }
        if let Some(credentials) = options.credentials.clone().or(own) {
            builder = builder.auth(client_credentials(credentials)?);
        }
        if let Some(pem) = &options.certificates {
            let certificates = Certificate::from_pem(pem)
                .map_err(|error| ElasticError::Certificates(error.to_string()))?;
            builder = builder.cert_validation(CertificateValidation::Full(certificates));
        }
        let transport = builder
            .build()
            .map_err(|error| ElasticError::Client(error.to_string()))?;
        Ok(Self {
            url: url.as_str().trim_end_matches('/').to_owned(),
            client: Elasticsearch::new(transport),
            health: Mutex::default(),
        })
    }

    /// Until when it is left alone, if it is.
    pub(super) fn dead_until(&self, now: Instant) -> Option<Instant> {
        let health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        health.dead_until.filter(|until| now < *until)
    }

    pub(super) fn failed(&self, now: Instant) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let factor = 2_u32.saturating_pow(health.failures.min(16));
        health.failures += 1;
        health.dead_until = Some(now + FIRST_PAUSE.saturating_mul(factor).min(LONGEST_PAUSE));
    }

    pub(super) fn answered(&self) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        *health = Health::default();
    }
}

fn parse(text: &str) -> Result<Url, ElasticError> {
    let wrong = |reason: String| {
        let shown = text
            .rsplit_once('@')
            .map_or_else(|| text.to_owned(), |(_, host)| format!("…@{host}"));
        ElasticError::Url { url: shown, reason }
    };
    let url = Url::parse(text).map_err(|error| wrong(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong(
            "it begins neither with http:// nor https://".to_owned(),
        ));
    }
    Ok(url)
}

/// A proxy of the environment is not meant for these.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

/// The client panics on a key that no header can hold.
fn client_credentials(credentials: Credentials) -> Result<ClientCredentials, ElasticError> {
    let is_header = |text: &str| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    match credentials {
        Credentials::Basic { user, password } => Ok(ClientCredentials::Basic(user, password)),
        Credentials::ApiKey(key) if is_header(&key) => Ok(ClientCredentials::EncodedApiKey(key)),
        Credentials::Bearer(token) if is_header(&token) => Ok(ClientCredentials::Bearer(token)),
        Credentials::ApiKey(_) | Credentials::Bearer(_) => Err(ElasticError::Credentials),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node() -> Node {
        Node::new(
            "http://elastic:secret@127.0.0.1:9200",
            &ElasticOptions::new([""]),
        )
        .unwrap()
    }

    #[test]
    fn no_url_shows_its_password() {
        assert_eq!(node().url, "http://127.0.0.1:9200");
        let error = parse("htp://elastic:secret@es:9200").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn a_node_that_fails_again_is_left_alone_for_longer() {
        let (node, now) = (node(), Instant::now());
        assert_eq!(node.dead_until(now), None);
        for seconds in [1, 2, 4] {
            node.failed(now);
            assert_eq!(
                node.dead_until(now),
                Some(now + Duration::from_secs(seconds))
            );
        }
        assert_eq!(node.dead_until(now + Duration::from_secs(4)), None);
        node.answered();
        assert_eq!(node.dead_until(now), None);
    }

    #[test]
    fn what_no_header_can_hold_is_refused() {
        let key = Credentials::ApiKey("a\nb".to_owned());
        assert!(matches!(
            client_credentials(key),
            Err(ElasticError::Credentials)
        ));
    }
}
