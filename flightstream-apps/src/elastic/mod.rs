//! The Elasticsearch or OpenSearch that the options name.

mod expiry;
mod indexing;
mod mirroring;
mod reindex;
mod repeating;

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use flightstream_core::search::SearchError;
use flightstream_core::search::elastic::{Credentials, ElasticOptions, ElasticStore, Manage};
use futures::executor::block_on;

pub(crate) use self::indexing::Indexing;
pub(crate) use self::mirroring::Mirroring;
pub(crate) use self::reindex::reindex;
use crate::cli;
use crate::error::CommandError;

/// They are no options, so that they stand in no process list.
const PASSWORD: &str = "FLIGHTSTREAM_ELASTIC_PASSWORD";
const API_KEY: &str = "FLIGHTSTREAM_ELASTIC_API_KEY";
const TOKEN: &str = "FLIGHTSTREAM_ELASTIC_TOKEN";

/// How long a cluster may take to start, and how often it is asked meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_secs(1);

/// Connects, and waits a while for a cluster that is starting.
pub(crate) fn connect(
    options: &cli::Elastic,
    writing: Option<&cli::ElasticIndexing>,
) -> Result<ElasticStore, CommandError> {
    if options.urls.iter().any(|url| url.contains('@')) {
        // Other users see it in the list of processes.
        return Err(CommandError::Usage(format!(
            "--elastic: name the user by --elastic-user, and the password in {PASSWORD} or by --elastic-password-file, \
             not in the URL"
        )));
    }
    let mut elastic = ElasticOptions::new(&options.urls)
        .timeout(options.timeout)
        .gzip(options.gzip);
    if let Some(credentials) = credentials(options)? {
        elastic = elastic.credentials(credentials);
    }
    if let Some(path) = &options.ca {
        let pem = std::fs::read(path).map_err(|error| {
            CommandError::Usage(format!("--elastic-ca {}: {error}", path.display()))
        })?;
        elastic = elastic.certificates(pem);
    }
    elastic = elastic.manage(match writing.map(|writing| writing.manage) {
        Some(cli::ElasticManage::Create) => Manage::Create,
        Some(cli::ElasticManage::None) | None => Manage::None,
    });
    if let Some(retention) = writing.and_then(|writing| writing.history) {
        elastic = elastic.history_retention(format!("{}s", retention.as_secs().max(1)));
    }
    let store = ElasticStore::new(elastic)?;
    let info = answering(&store)?;
    tracing::info!(
        "connected to {:?} {} ({})",
        info.product,
        info.version,
        info.name
    );
    Ok(store)
}

fn answering(
    store: &ElasticStore,
) -> Result<flightstream_core::search::elastic::ClusterInfo, CommandError> {
    let give_up = Instant::now() + PATIENCE;
    let mut told = false;
    loop {
        match block_on(store.info()) {
            Err(SearchError::Unavailable { reason }) if Instant::now() < give_up => {
                if !told {
                    tracing::warn!(reason, "waiting for the search store");
                    told = true;
                }
                thread::sleep(PAUSE);
            }
            answer => return answer.map_err(CommandError::Elastic),
        }
    }
}

/// What the options and the environment name, at most one.
fn credentials(options: &cli::Elastic) -> Result<Option<Credentials>, CommandError> {
    let key = secret(options.api_key_file.as_deref(), "api-key", API_KEY)?;
    let token = secret(options.token_file.as_deref(), "token", TOKEN)?;
    let password = secret(options.password_file.as_deref(), "password", PASSWORD)?;
    let wrong = |what: &str| Err(CommandError::Usage(what.to_owned()));
    match (&options.user, password, key, token) {
        (None, None, None, None) => Ok(None),
        (Some(user), Some(password), None, None) => Ok(Some(Credentials::Basic {
            user: user.clone(),
            password,
        })),
        (None, None, Some(key), None) => Ok(Some(Credentials::ApiKey(key))),
        (None, None, None, Some(token)) => Ok(Some(Credentials::Bearer(token))),
        (Some(_), None, None, None) => wrong(&format!(
            "--elastic-user needs a password: set {PASSWORD}, or name a file with --elastic-password-file"
        )),
        (None, Some(_), None, None) => {
            wrong("the password needs a user: name it with --elastic-user")
        }
        _ => wrong(
            "log in to Elasticsearch by a user, by an API key or by a token, not by several of them",
        ),
    }
}

/// From the file if one is named, else from the environment.
fn secret(
    file: Option<&Path>,
    option: &str,
    variable: &str,
) -> Result<Option<String>, CommandError> {
    let Some(file) = file else {
        return Ok(std::env::var(variable).ok());
    };
    let text = std::fs::read_to_string(file).map_err(|error| {
        CommandError::Usage(format!(
            "--elastic-{option}-file {}: {error}",
            file.display()
        ))
    })?;
    Ok(Some(text.trim().to_owned()))
}
