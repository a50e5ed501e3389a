use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use flightstream_core::Fatal;
use flightstream_core::log::LogError;
use flightstream_core::log::archive::ArchiveError;
use flightstream_core::producer::files::FileError;
use flightstream_core::runtime::AppError;
use flightstream_core::search::SearchError;
use flightstream_core::search::elastic::ElasticError;
use flightstream_core::table::TableError;
use thiserror::Error;

/// What ends a command, each as one sentence that says what to change.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum CommandError {
    /// The topics cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The data directory cannot be used.
    #[error("--data: {0}")]
    Data(#[source] LogError),
    /// The Kafka cluster cannot be used.
    #[error("--kafka: {0}")]
    Kafka(#[source] LogError),
    /// Topics of the cluster are not as they have to be.
    #[error(
        "{0}; `flightstream topics plan` shows everything, `flightstream topics apply` does it"
    )]
    Topics(String),
    /// A stage did not start, or failed for good.
    #[error(transparent)]
    App(#[from] AppError),
    /// The table of airports cannot be used.
    #[error("--airports: {0}")]
    Airports(#[from] TableError),
    /// A recorded file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The index cannot be used.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// The Elasticsearch or OpenSearch cannot be used.
    #[error("--elastic: {0}")]
    Elastic(#[source] SearchError),
    /// The options for Elasticsearch cannot be used.
    #[error("--elastic: {0}")]
    ElasticOptions(#[from] ElasticError),
    /// Traces cannot be sent.
    #[cfg(feature = "opentelemetry")]
    #[error("--traces: {0}")]
    Traces(String),
    /// The Airlabs API cannot be used.
    #[error("{0}")]
    Api(String),
    /// The dashboard's address is taken or not this machine's.
    #[error(
        "--listen: cannot serve on {address}: {source}; choose another address, such as 127.0.0.1:0 for any free port"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The metrics' address is taken or not this machine's.
    #[error(
        "--metrics: cannot serve on {address}: {source}; choose another address, such as 127.0.0.1:0 for any free port"
    )]
    Metrics {
        /// The address.
        address: SocketAddr,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The search API's address is taken.
    #[error(
        "--search-api: cannot serve on {address}: {source}; choose another address, such as 127.0.0.1:0 for any free port"
    )]
    SearchApi {
        /// The address.
        address: SocketAddr,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A stage is not well, or does not answer.
    #[error("not well: {0}")]
    NotWell(String),
    /// An option is missing or does not go with another.
    #[error("{0}")]
    Usage(String),
    /// No place for data is known.
    #[error("the platform names no data directory; choose one with --data DIR")]
    NoDataDirectory,
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A file of a topic cannot be used.
    #[error("{}: {source}", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: ArchiveError,
    },
    /// A thread or the network runtime cannot be started.
    #[error("cannot start: {0}")]
    Start(#[source] std::io::Error),
    /// The doctor found something.
    #[error("{0} of the checks failed")]
    Unhealthy(usize),
}

impl CommandError {
    /// Whether something else that failed before tells why.
    pub(crate) fn is_consequence(&self) -> bool {
        let log = match self {
            Self::Log(error)
            | Self::File(FileError::Log(error))
            | Self::App(AppError::Log(error) | AppError::Task(Fatal::Log(error))) => error,
            Self::App(AppError::Ended) => return true,
            _ => return false,
        };
        matches!(log, LogError::Poisoned | LogError::Closed)
    }

    /// 2 for a mistake in the call, as shells expect; 1 for everything else.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_)
            | Self::ElasticOptions(_)
            | Self::Listen { .. }
            | Self::Metrics { .. }
            | Self::SearchApi { .. }
            | Self::Airports(_)
            | Self::NoDataDirectory => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}
