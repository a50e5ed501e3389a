use std::fmt::Display;
use std::path::Path;

use flightstream_core::producer::airlabs::{
    AirlabsClient, AirlabsProducer, ApiKey, ClientOptions, Filter, ScheduleOptions,
};

use crate::cli;
use crate::error::CommandError;

/// The variable that holds the key; it is no option, so that the key stands in no process list.
pub(crate) const API_KEY: &str = "FLIGHTSTREAM_API_KEY";

/// The producer that the options ask for.
pub(crate) fn producer(options: &cli::Api) -> Result<AirlabsProducer, CommandError> {
    let mut schedule = ScheduleOptions::default();
    if let Some(interval) = options.interval {
        schedule.interval = interval;
    }
    Ok(AirlabsProducer::new(client(options)?, schedule))
}

/// The client that the options ask for.
pub(crate) fn client(options: &cli::Api) -> Result<AirlabsClient, CommandError> {
    let key = key(options.api_key_file.as_deref())?;
    let mut client = ClientOptions::new(key);
    client.base_url.clone_from(&options.api_url);
    client.timeout = options.timeout;
    client.filter = filter(options)?;
    AirlabsClient::new(client).map_err(|error| CommandError::Api(error.to_string()))
}

/// The key, from the file if one is named, else from the environment.
pub(crate) fn key(file: Option<&Path>) -> Result<ApiKey, CommandError> {
    if let Some(file) = file {
        return ApiKey::from_file(file).map_err(|error| {
            CommandError::Usage(format!("--api-key-file {}: {error}", file.display()))
        });
    }
    let text = std::env::var(API_KEY).map_err(|_| {
        CommandError::Usage(format!(
            "the Airlabs API needs a key: set {API_KEY}, or name a file with --api-key-file \
             (without a key there are `--source simulate` and `--source replay FILE`)"
        ))
    })?;
    ApiKey::new(text).map_err(|error| CommandError::Usage(format!("{API_KEY}: {error}")))
}

fn filter(options: &cli::Api) -> Result<Filter, CommandError> {
    let mut filter = Filter::default();
    if let Some(bbox) = &options.bbox {
        filter.bbox = Some(bbox.parse().map_err(wrong("bbox"))?);
    }
    // The length tells IATA codes from ICAO codes.
    match options.airline.as_deref() {
        Some(code) if code.len() == 2 => {
            filter.airline_iata = Some(code.parse().map_err(wrong("airline"))?);
        }
        Some(code) => filter.airline_icao = Some(code.parse().map_err(wrong("airline"))?),
        None => {}
    }
    match options.departure.as_deref() {
        Some(code) if code.len() == 3 => {
            filter.dep_iata = Some(code.parse().map_err(wrong("departure"))?);
        }
        Some(code) => filter.dep_icao = Some(code.parse().map_err(wrong("departure"))?),
        None => {}
    }
    match options.arrival.as_deref() {
        Some(code) if code.len() == 3 => {
            filter.arr_iata = Some(code.parse().map_err(wrong("arrival"))?);
        }
        Some(code) => filter.arr_icao = Some(code.parse().map_err(wrong("arrival"))?),
        None => {}
    }
    Ok(filter)
}

fn wrong<E: Display>(option: &'static str) -> impl Fn(E) -> CommandError {
    move |error| CommandError::Usage(format!("--{option} {error}"))
}
