use thiserror::Error;

/// Why an [`ElasticStore`](super::ElasticStore) cannot be made. Nothing was sent yet.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ElasticError {
    /// No URL is given.
    #[error("name at least one node of the cluster, such as http://localhost:9200")]
    NoUrl,
    /// A URL is none. Write it with the scheme and the port.
    #[error("{url:?} is no URL of a node: {reason}; write it as https://host:9200")]
    Url {
        /// What was given, without a password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The certificates are not PEM.
    #[error("the certificates to trust cannot be read: {0}; they are to be in PEM")]
    Certificates(String),
    /// Credentials hold what no header can, such as a line feed.
    #[error("the credentials hold a character that no HTTP header may have")]
    Credentials,
    /// The HTTP client cannot be made.
    #[error("cannot make an HTTP client: {0}")]
    Client(String),
    /// The system gave no more threads.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] std::io::Error),
}
