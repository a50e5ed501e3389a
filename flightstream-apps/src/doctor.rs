use std::fmt::Display;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};

use crate::error::CommandError;
use crate::{Outcome, airlabs, cli, data, pipeline};

/// Checks everything that `run` depends on and says what to do about what fails.
pub(crate) fn doctor(options: &cli::Doctor) -> Outcome {
    let mut failed = 0;
    let mut check = |name: &str, outcome: Result<String, String>| {
        let (mark, text) = match outcome {
            Ok(text) => ("ok  ", text),
            Err(text) => {
                failed += 1;
                ("FAIL", text)
            }
        };
        // Nobody reads it if standard output is closed.
        let _ = writeln!(io::stdout(), "{mark}  {name:<16} {text}");
    };
    check("topics", directory(options));
    check("airports", airports(options));
    let page = options.serving.listen;
    let taken = |source| CommandError::Listen {
        address: page,
        source,
    };
    check("dashboard", listen(page, taken));
    if let Some(address) = options.monitoring.metrics {
        let taken = |source| CommandError::Metrics { address, source };
        check("metrics", listen(address, taken));
    }
    check("API key", api_key(options));
    if failed == 0 {
        Ok(())
    } else {
        Err(CommandError::Unhealthy(failed))
    }
}

fn directory(options: &cli::Doctor) -> Result<String, String> {
    if let Some(bootstrap) = &options.data.cluster.kafka {
        let log = data::open(&options.data, "simulate").map_err(text)?;
        let topics = log.topics().map_err(text)?;
        return Ok(format!("Kafka at {bootstrap}, {} topics", topics.len()));
    }
    let directory = data::directory(&options.data, "simulate").map_err(text)?;
    let log = data::open(&options.data, "simulate").map_err(text)?;
    let topics = log.topics().map_err(text)?;
    let mut records = 0;
    for topic in &topics {
        let ranges = log.offsets(&topic.name).map_err(text)?;
        records += ranges
            .iter()
            .map(|range| range.end - range.start)
            .sum::<u64>();
    }
    Ok(format!(
        "{} is writable, {} topics with about {records} records",
        directory.display(),
        topics.len()
    ))
}

fn airports(options: &cli::Doctor) -> Result<String, String> {
    let airports = pipeline::airports(&options.processing.reference).map_err(text)?;
    let origin = options.processing.reference.airports.as_ref();
    let origin = origin.map_or_else(|| "built in".to_owned(), |path| path.display().to_string());
    match airports.table.load().len() {
        0 => Err(format!(
            "the table ({origin}) is empty: every flight would be Unknown"
        )),
        count => Ok(format!("{count} ({origin})")),
    }
}

fn listen(
    address: SocketAddr,
    taken: impl FnOnce(io::Error) -> CommandError,
) -> Result<String, String> {
    TcpListener::bind(address).map_err(|source| text(taken(source)))?;
    let warning = match address.ip().is_loopback() {
        true => "",
        false => ", and seen by other machines",
    };
    Ok(format!("http://{address} is free{warning}"))
}

/// A key is needed for the API alone, so none is no failure; a malformed one is.
fn api_key(options: &cli::Doctor) -> Result<String, String> {
    let given = options.api.api_key_file.is_some() || std::env::var_os(airlabs::API_KEY).is_some();
    if !given {
        return Ok(
            "none: simulate and replay work without; set FLIGHTSTREAM_API_KEY for the API"
                .to_owned(),
        );
    }
    airlabs::key(options.api.api_key_file.as_deref()).map_err(text)?;
    Ok("has the form of a key; it was not tried, since that costs a call".to_owned())
}

fn text(error: impl Display) -> String {
    error.to_string()
}
