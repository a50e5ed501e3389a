use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use flightstream_core::producer::Pace;
use flightstream_core::time::Timestamp;

/// Live flight data: producer, stream processor, index and dashboard in one binary.
///
/// `flightstream run` does everything in one process, with simulated traffic, no server and no API key.
#[derive(Debug, Parser)]
#[command(
    name = "flightstream",
    version,
    propagate_version = true,
    disable_help_subcommand = true
)]
#[command(
    after_help = "Every option is also an environment variable FLIGHTSTREAM_<OPTION> and a key of \
    flightstream.toml. A flag wins over the environment, the environment over the file."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Settings file [default: flightstream.toml in this folder, if there is one]
    #[arg(long, value_name = "FILE", global = true, env = "FLIGHTSTREAM_CONFIG")]
    pub(crate) config: Option<PathBuf>,

    /// How log lines look
    #[arg(
        long,
        value_enum,
        default_value = "text",
        global = true,
        env = "FLIGHTSTREAM_LOG_FORMAT"
    )]
    pub(crate) log_format: LogFormat,

    /// Send traces to the OpenTelemetry collector there, by OTLP over HTTP (port 4318 by convention)
    #[cfg(feature = "opentelemetry")]
    #[arg(
        long,
        value_name = "URL",
        global = true,
        env = "FLIGHTSTREAM_TRACES",
        value_parser = crate::traces::collector
    )]
    pub(crate) traces: Option<reqwest::Url>,

    /// More log lines; twice for even more (`RUST_LOG` is respected too)
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// All stages in one process: source → pipeline → index → dashboard in the browser
    Run(Box<Run>),
    /// Put flights into the topic `flight`
    #[command(subcommand)]
    Produce(Produce),
    /// The processing stage alone: `flight` → decode, join with airports, classify → `flight-enriched`
    Process(Process),
    /// The indexing stage alone: `flight-enriched` → index
    Index(Index),
    /// What a stage consists of: topics, operators, stores
    Describe(Describe),
    /// Empty a stage's stores and choose where it goes on, while it does not run
    Reset(Reset),
    /// The dashboard alone, over the `flight-enriched` of a data directory
    Dashboard(Box<Dashboard>),
    /// Topics: plan, apply, check and delete those of a Kafka cluster; export and import any
    #[command(subcommand)]
    Topics(Topics),
    /// What the stages on a Kafka cluster are behind, live; with --metrics also brokers and partitions, for Prometheus
    Status(StatusOf),
    /// What was refused: list it, show it, send it once more
    #[command(subcommand)]
    Dlq(Dlq),
    /// Check directories, ports, tables and the API key, and say what to do
    Doctor(Box<Doctor>),
    /// Ask a running stage whether it is well, for container engines: exit code 0 or 1
    Healthcheck {
        /// What to ask: `/readyz` or `/healthz` of --metrics, or `/healthz` of the dashboard
        #[arg(
            value_name = "URL",
            default_value = "http://127.0.0.1:9464/readyz",
            env = "FLIGHTSTREAM_HEALTHCHECK"
        )]
        url: String,
    },
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page, or write the page of each command
    Man {
        /// Write `flightstream.1`, `flightstream-run.1` and so on to this directory
        #[arg(value_name = "DIR")]
        directory: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Produce {
    /// Poll the Airlabs API within its quota
    Stream(Stream),
    /// Save one snapshot of the Airlabs API to a file
    Export(Export),
    /// Send the flights of a recorded file
    Replay(Replay),
    /// Simulate traffic
    Simulate(Simulate),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    #[default]
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SourceKind {
    /// Simulated traffic
    Simulate,
    /// The recorded file FILE
    Replay,
    /// The Airlabs API
    Stream,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeliveryKind {
    /// Output at once; a crash repeats the last second's
    #[default]
    AtLeastOnce,
    /// Output every 100 ms; a crash repeats and loses nothing
    ExactlyOnce,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Outdated {
    /// It goes on
    Keep,
    /// It is left out
    Drop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatisticsKind {
    /// Aircraft of each airport, every 15 minutes
    Airport,
    /// Aircraft of each airport in an hour, every 15 minutes
    AirportHour,
    /// Aircraft of each route, every 15 minutes
    Route,
    /// Aircraft of each route in an hour, every 15 minutes
    RouteHour,
    /// Reports, aircraft and speeds of each airline, every 15 minutes
    Airline,
    /// Reports, aircraft and speeds of each type of aircraft, every 15 minutes
    AircraftType,
    /// What reports lack, every 15 minutes
    Quality,
    /// Each flight of each aircraft, when it has ended
    FlightSession,
    /// All of them
    All,
    /// None of them
    None,
}

impl StatisticsKind {
    /// Each of them, without `all` and `none`.
    pub(crate) const EACH: [Self; 8] = [
        Self::Airport,
        Self::AirportHour,
        Self::Route,
        Self::RouteHour,
        Self::Airline,
        Self::AircraftType,
        Self::Quality,
        Self::FlightSession,
    ];
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// Lines to read
    #[default]
    Text,
    /// One JSON object on standard output
    Json,
}

/// Where the topics are.
#[derive(Debug, Args)]
pub(crate) struct Data {
    /// Directory of the topics [default: the platform's data directory, a folder for each source]
    #[arg(long = "data", value_name = "DIR", env = "FLIGHTSTREAM_DATA")]
    pub(crate) directory: Option<PathBuf>,

    /// Partitions of new topics
    #[arg(long, value_name = "N", default_value_t = 4, env = "FLIGHTSTREAM_PARTITIONS",
        value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) partitions: u32,

    /// How long raw flights are kept, and what is made of them at the least, by event time
    #[arg(long, value_name = "TIME", default_value = "6h", value_parser = duration, env = "FLIGHTSTREAM_RETENTION")]
    pub(crate) retention: Duration,

    #[command(flatten, next_help_heading = "Kafka")]
    pub(crate) cluster: Cluster,
}

/// A Kafka cluster instead of a directory.
#[derive(Debug, Args)]
pub(crate) struct Cluster {
    /// Topics of a Kafka cluster instead of a directory's: some of its brokers, with commas between
    #[arg(
        long,
        value_name = "HOST:PORT",
        conflicts_with = "directory",
        env = "FLIGHTSTREAM_KAFKA"
    )]
    pub(crate) kafka: Option<String>,

    /// Property of the Kafka client, by librdkafka's name; may be given several times
    // Taken apart later: clap's message about a wrong value repeats it, and it may be a password.
    #[arg(
        short = 'X',
        long = "kafka-property",
        value_name = "NAME=VALUE",
        env = "FLIGHTSTREAM_KAFKA_PROPERTY",
        hide_env_values = true
    )]
    pub(crate) properties: Vec<String>,

    /// File of such properties, one NAME=VALUE a line: for passwords, which other users see in a command line
    #[arg(
        long = "kafka-properties",
        value_name = "FILE",
        env = "FLIGHTSTREAM_KAFKA_PROPERTIES"
    )]
    pub(crate) properties_file: Option<PathBuf>,

    /// What the Kafka client is tuned for
    #[arg(
        long = "kafka-profile",
        value_enum,
        default_value = "throughput",
        env = "FLIGHTSTREAM_KAFKA_PROFILE"
    )]
    pub(crate) profile: KafkaProfile,

    /// Replicas of topics that are created [default: the cluster's]
    #[arg(long, value_name = "N", env = "FLIGHTSTREAM_REPLICATION",
        value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) replication: Option<u16>,

    /// Name that this process keeps over restarts and shares with no other: static membership, fenced transactions
    #[arg(long, value_name = "NAME", env = "FLIGHTSTREAM_INSTANCE")]
    pub(crate) instance: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum KafkaProfile {
    /// Most records for the least CPU time
    #[default]
    Throughput,
    /// Results after milliseconds
    Latency,
}

/// Reference data.
#[derive(Debug, Args)]
pub(crate) struct Reference {
    /// Table of airports to use instead of the built-in one (CSV with a header); read again when it changes
    #[arg(long, value_name = "FILE", env = "FLIGHTSTREAM_AIRPORTS")]
    pub(crate) airports: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Processing {
    #[command(flatten)]
    pub(crate) reference: Reference,

    /// What a crash may do to the output
    #[arg(
        long,
        value_enum,
        default_value = "at-least-once",
        env = "FLIGHTSTREAM_DELIVERY"
    )]
    pub(crate) delivery: DeliveryKind,

    /// What becomes of a report that is older than one before of the same aircraft [default: drop on Kafka, where
    /// compaction keeps the last record of a key, else keep]
    #[arg(long, value_enum, env = "FLIGHTSTREAM_OUTDATED")]
    pub(crate) outdated: Option<Outdated>,

    /// Threads of the processing stage
    #[arg(long, value_name = "N", default_value_t = 1, env = "FLIGHTSTREAM_WORKERS",
        value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) workers: u16,

    /// Statistics to keep in the topic flight-stats [default: none; airport for `run`, which shows them]
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        value_delimiter = ',',
        env = "FLIGHTSTREAM_STATISTICS"
    )]
    pub(crate) statistics: Vec<StatisticsKind>,

    #[command(flatten, next_help_heading = "State")]
    pub(crate) state: State,
}

/// Where the stages' stores are, beside their changelogs.
#[derive(Debug, Args)]
pub(crate) struct State {
    /// Directory for copies of the stores, so that a start reads the end of their changelogs only [default: none, a
    /// start reads all of them]
    #[arg(
        long = "state",
        id = "state",
        value_name = "DIR",
        env = "FLIGHTSTREAM_STATE"
    )]
    pub(crate) directory: Option<PathBuf>,

    /// Where stores hold their entries; on disk needs a directory
    #[arg(
        long = "store",
        value_enum,
        default_value = "memory",
        env = "FLIGHTSTREAM_STORE"
    )]
    pub(crate) store: Store,

    /// Memory that the stores of a stage may take; one whose stores in memory need more ends, one with stores on disk
    /// reads more from there [default: what there is in memory, 64 MiB on disk]
    #[arg(long, value_name = "MIB", env = "FLIGHTSTREAM_STATE_BUDGET")]
    pub(crate) state_budget: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Store {
    /// All of them in memory
    #[default]
    Memory,
    /// On disk, what was used lately in memory too
    Disk,
}

/// A stage, or one of the statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Process,
    Index,
    Statistics(StatisticsKind),
}

impl Stage {
    const EACH: [Self; 10] = [
        Self::Process,
        Self::Index,
        Self::Statistics(StatisticsKind::Airport),
        Self::Statistics(StatisticsKind::AirportHour),
        Self::Statistics(StatisticsKind::Route),
        Self::Statistics(StatisticsKind::RouteHour),
        Self::Statistics(StatisticsKind::Airline),
        Self::Statistics(StatisticsKind::AircraftType),
        Self::Statistics(StatisticsKind::Quality),
        Self::Statistics(StatisticsKind::FlightSession),
    ];
}

impl ValueEnum for Stage {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::EACH
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Process => Some(PossibleValue::new("process")),
            Self::Index => Some(PossibleValue::new("index")),
            Self::Statistics(kind) => {
                let kind = kind.to_possible_value()?;
                Some(PossibleValue::new(format!(
                    "statistics-{}",
                    kind.get_name()
                )))
            }
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Serving {
    /// Address of the dashboard
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080",
        value_parser = address,
        env = "FLIGHTSTREAM_LISTEN"
    )]
    pub(crate) listen: SocketAddr,

    /// Forget an aircraft that was not heard of for so long, by event time
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration, env = "FLIGHTSTREAM_FORGET_AFTER")]
    pub(crate) forget_after: Duration,

    /// Keep trails for so long, by event time
    #[arg(long, value_name = "TIME", default_value = "2h", value_parser = duration, env = "FLIGHTSTREAM_HISTORY")]
    pub(crate) history: Duration,

    /// Memory for trails, such as 128MiB; the oldest points go when it is full. 0 keeps neither trails nor alerts
    /// [default: 128MiB, 0 with --exit-when-done]
    #[arg(long, value_name = "SIZE", value_parser = bytes, env = "FLIGHTSTREAM_HISTORY_MEMORY")]
    pub(crate) history_memory: Option<usize>,

    /// Answer Elasticsearch's clients from the index, read-only, at this address of this machine, such as 127.0.0.1:9200
    /// [default: not at all]
    #[arg(long, value_name = "ADDRESS", value_parser = address, env = "FLIGHTSTREAM_SEARCH_API")]
    pub(crate) search_api: Option<SocketAddr>,

    #[command(flatten)]
    pub(crate) access: Access,
}

/// Who is served.
#[derive(Debug, Args)]
pub(crate) struct Access {
    /// File that holds a token which every request has to carry [or the token itself in `FLIGHTSTREAM_TOKEN`]
    #[arg(long, value_name = "FILE", env = "FLIGHTSTREAM_TOKEN_FILE")]
    pub(crate) token_file: Option<PathBuf>,

    /// Header in which a reverse proxy names the user; requests without it are refused
    #[arg(long, value_name = "NAME", env = "FLIGHTSTREAM_USER_HEADER")]
    pub(crate) user_header: Option<String>,

    /// Addresses from which that header is believed [default: those of loopback]
    #[arg(
        long,
        value_name = "ADDRESS",
        value_delimiter = ',',
        requires = "user_header",
        env = "FLIGHTSTREAM_TRUSTED_PROXY"
    )]
    pub(crate) trusted_proxy: Vec<std::net::IpAddr>,

    /// Names that the dashboard answers to, beside `localhost` and addresses, with commas between
    /// [default: any on an address that others reach, none on one of this machine]
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        env = "FLIGHTSTREAM_ALLOWED_HOST"
    )]
    pub(crate) allowed_host: Vec<String>,

    /// Serve everyone who reaches the address, also from other machines
    #[arg(long, env = "FLIGHTSTREAM_OPEN")]
    pub(crate) open: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Monitoring {
    /// Serve metrics for Prometheus and health probes here, such as 127.0.0.1:9464 [default: nowhere]
    #[arg(long, value_name = "ADDRESS", value_parser = address, env = "FLIGHTSTREAM_METRICS")]
    pub(crate) metrics: Option<SocketAddr>,
}

#[derive(Debug, Args)]
pub(crate) struct Simulated {
    /// Aircraft to simulate
    #[arg(long, value_name = "N", default_value_t = 5_000, env = "FLIGHTSTREAM_AIRCRAFT",
        value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) aircraft: u32,

    /// The same seed makes the same traffic
    #[arg(long, value_name = "N", default_value_t = 1, env = "FLIGHTSTREAM_SEED")]
    pub(crate) seed: u64,

    /// Time between two reports of an aircraft
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration, env = "FLIGHTSTREAM_REPORT_INTERVAL")]
    pub(crate) report_interval: Duration,

    /// Add the defects of real feeds: missing fields, duplicates, late reports, broken JSON
    #[arg(long, env = "FLIGHTSTREAM_DIRT")]
    pub(crate) dirt: bool,

    /// Stop after so much simulated time
    #[arg(long, value_name = "TIME", value_parser = duration, env = "FLIGHTSTREAM_DURATION")]
    pub(crate) duration: Option<Duration>,
}

#[derive(Debug, Args)]
pub(crate) struct Pacing {
    /// `1x`, `60x` … of the recorded time, or `max`
    #[arg(
        long,
        value_name = "SPEED",
        env = "FLIGHTSTREAM_SPEED",
        default_value = "max"
    )]
    pub(crate) speed: Pace,

    /// Begin again at the end, until stopped
    #[arg(long = "loop", env = "FLIGHTSTREAM_LOOP")]
    pub(crate) repeat: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Api {
    /// File that holds the Airlabs API key [or the key itself in `FLIGHTSTREAM_API_KEY`]
    #[arg(long, value_name = "FILE", env = "FLIGHTSTREAM_API_KEY_FILE")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// Base URL of the API
    #[arg(
        long,
        value_name = "URL",
        default_value = "https://airlabs.co/api/v9",
        env = "FLIGHTSTREAM_API_URL"
    )]
    pub(crate) api_url: String,

    /// Only flights in this box: south,west,north,east in degrees
    #[arg(
        long,
        value_name = "S,W,N,E",
        allow_hyphen_values = true,
        env = "FLIGHTSTREAM_BBOX"
    )]
    pub(crate) bbox: Option<String>,

    /// Only flights of this airline (ICAO or IATA code)
    #[arg(long, value_name = "CODE", env = "FLIGHTSTREAM_AIRLINE")]
    pub(crate) airline: Option<String>,

    /// Only flights from this airport (ICAO or IATA code)
    #[arg(long, value_name = "CODE", env = "FLIGHTSTREAM_DEPARTURE")]
    pub(crate) departure: Option<String>,

    /// Only flights to this airport (ICAO or IATA code)
    #[arg(long, value_name = "CODE", env = "FLIGHTSTREAM_ARRIVAL")]
    pub(crate) arrival: Option<String>,

    /// Give up a request after so long
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration, env = "FLIGHTSTREAM_TIMEOUT")]
    pub(crate) timeout: Duration,

    /// Time between two requests [default: what the quota allows, spread to the end of its month]
    #[arg(long, value_name = "TIME", value_parser = duration, env = "FLIGHTSTREAM_INTERVAL")]
    pub(crate) interval: Option<Duration>,
}

#[derive(Debug, Args)]
pub(crate) struct Ending {
    /// End when the source is exhausted and everything is committed, with a summary
    #[arg(long, env = "FLIGHTSTREAM_EXIT_WHEN_DONE")]
    pub(crate) exit_when_done: bool,

    /// How the summary looks
    #[arg(long, value_enum, default_value = "text", env = "FLIGHTSTREAM_REPORT")]
    pub(crate) report: ReportFormat,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Where flights come from [default: simulate, or replay if FILE is given]
    #[arg(long, value_enum, env = "FLIGHTSTREAM_SOURCE")]
    pub(crate) source: Option<SourceKind>,

    /// The file to replay: JSON array, Airlabs answer, NDJSON or CSV, also .gz and .zst
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) processing: Processing,
    #[command(flatten)]
    pub(crate) serving: Serving,
    #[command(flatten, next_help_heading = "Simulation")]
    pub(crate) simulated: Simulated,
    #[command(flatten, next_help_heading = "Replay")]
    pub(crate) pacing: Pacing,
    #[command(flatten, next_help_heading = "Airlabs API")]
    pub(crate) api: Api,
    #[command(flatten, next_help_heading = "Ending")]
    pub(crate) ending: Ending,
    #[command(flatten, next_help_heading = "Monitoring")]
    pub(crate) monitoring: Monitoring,
    #[command(flatten, next_help_heading = "Elasticsearch")]
    pub(crate) elastic: Elastic,
    #[command(flatten)]
    pub(crate) indexing: ElasticIndexing,
}

#[derive(Debug, Args)]
pub(crate) struct Stream {
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) api: Api,
    #[command(flatten, next_help_heading = "Monitoring")]
    pub(crate) monitoring: Monitoring,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Where to save it; .json, .ndjson or .csv
    #[arg(
        long,
        short = 'f',
        value_name = "FILE",
        default_value = "dummy_data.json",
        env = "FLIGHTSTREAM_FILENAME"
    )]
    pub(crate) filename: PathBuf,
    #[command(flatten)]
    pub(crate) api: Api,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The file: JSON array, Airlabs answer, NDJSON or CSV, also .gz and .zst
    #[arg(long, short = 'f', value_name = "FILE", env = "FLIGHTSTREAM_FILENAME")]
    pub(crate) filename: PathBuf,
    #[command(flatten)]
    pub(crate) pacing: Pacing,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten, next_help_heading = "Monitoring")]
    pub(crate) monitoring: Monitoring,
}

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    #[command(flatten)]
    pub(crate) simulated: Simulated,
    /// Write to this file (.ndjson, .json or .csv) instead of the topic (needs --duration)
    #[arg(
        long,
        short = 'f',
        value_name = "FILE",
        requires = "duration",
        env = "FLIGHTSTREAM_FILENAME"
    )]
    pub(crate) filename: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten, next_help_heading = "Monitoring")]
    pub(crate) monitoring: Monitoring,
}

#[derive(Debug, Args)]
pub(crate) struct Process {
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) processing: Processing,
    #[command(flatten)]
    pub(crate) ending: Ending,
    #[command(flatten, next_help_heading = "Monitoring")]
    pub(crate) monitoring: Monitoring,
}

#[derive(Debug, Args)]
pub(crate) struct Index {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Write the indexed documents to this file at the end, as NDJSON in the order of their ids
    #[arg(long, value_name = "FILE", env = "FLIGHTSTREAM_DUMP")]
    pub(crate) dump: Option<PathBuf>,
    /// Forget an aircraft that was not heard of for so long, by event time
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration, env = "FLIGHTSTREAM_FORGET_AFTER")]
    pub(crate) forget_after: Duration,
    #[command(flatten)]
    pub(crate) ending: Ending,
    #[command(flatten, next_help_heading = "Monitoring")]
    pub(crate) monitoring: Monitoring,
    #[command(flatten, next_help_heading = "Elasticsearch")]
    pub(crate) elastic: Elastic,
    #[command(flatten)]
    pub(crate) indexing: ElasticIndexing,
    /// Build a new index from the topic first, and let the alias point to it when it is complete
    #[arg(long, requires = "urls", env = "FLIGHTSTREAM_REINDEX")]
    pub(crate) reindex: bool,
}

/// An Elasticsearch or OpenSearch cluster.
#[derive(Debug, Args)]
pub(crate) struct Elastic {
    /// Elasticsearch 8 or 9, or OpenSearch: URLs of its nodes, with commas between
    #[arg(
        long = "elastic",
        value_name = "URL",
        value_delimiter = ',',
        env = "FLIGHTSTREAM_ELASTIC",
        hide_env_values = true
    )]
    pub(crate) urls: Vec<String>,

    /// Name of the index there
    #[arg(
        id = "elastic_index",
        long = "elastic-index",
        value_name = "NAME",
        default_value = "esflight",
        env = "FLIGHTSTREAM_ELASTIC_INDEX"
    )]
    pub(crate) index: String,

    /// User to log in as [the password in `FLIGHTSTREAM_ELASTIC_PASSWORD` or in a file]
    #[arg(
        id = "elastic_user",
        long = "elastic-user",
        value_name = "NAME",
        env = "FLIGHTSTREAM_ELASTIC_USER"
    )]
    pub(crate) user: Option<String>,

    /// File that holds the user's password
    #[arg(
        id = "elastic_password_file",
        long = "elastic-password-file",
        value_name = "FILE",
        env = "FLIGHTSTREAM_ELASTIC_PASSWORD_FILE"
    )]
    pub(crate) password_file: Option<PathBuf>,

    /// File that holds an API key, encoded [or the key itself in `FLIGHTSTREAM_ELASTIC_API_KEY`]
    #[arg(
        id = "elastic_api_key_file",
        long = "elastic-api-key-file",
        value_name = "FILE",
        env = "FLIGHTSTREAM_ELASTIC_API_KEY_FILE"
    )]
    pub(crate) api_key_file: Option<PathBuf>,

    /// File that holds a bearer token [or the token itself in `FLIGHTSTREAM_ELASTIC_TOKEN`]
    #[arg(
        id = "elastic_token_file",
        long = "elastic-token-file",
        value_name = "FILE",
        env = "FLIGHTSTREAM_ELASTIC_TOKEN_FILE"
    )]
    pub(crate) token_file: Option<PathBuf>,

    /// Certificate of a private authority to trust, in PEM
    #[arg(
        id = "elastic_ca",
        long = "elastic-ca",
        value_name = "FILE",
        env = "FLIGHTSTREAM_ELASTIC_CA"
    )]
    pub(crate) ca: Option<PathBuf>,

    /// Compress bulks: a quarter of the bytes for about four times the CPU time
    #[arg(
        id = "elastic_gzip",
        long = "elastic-gzip",
        env = "FLIGHTSTREAM_ELASTIC_GZIP"
    )]
    pub(crate) gzip: bool,

    /// How long a request may take
    #[arg(id = "elastic_timeout", long = "elastic-timeout", value_name = "TIME", default_value = "60s",
        value_parser = duration, env = "FLIGHTSTREAM_ELASTIC_TIMEOUT")]
    pub(crate) timeout: Duration,
}

/// What is written to a cluster.
#[derive(Debug, Args)]
pub(crate) struct ElasticIndexing {
    /// What is created of what is missing there; what exists is never changed
    #[arg(
        id = "elastic_manage",
        long = "elastic-manage",
        visible_alias = "es-manage",
        value_enum,
        default_value = "create",
        env = "FLIGHTSTREAM_ELASTIC_MANAGE"
    )]
    pub(crate) manage: ElasticManage,

    /// Keep positions and statistics for so long, in `flight-history` and `flight-statistics` [default: not at all]
    #[arg(id = "elastic_history", long = "elastic-history", value_name = "TIME", value_parser = duration,
        env = "FLIGHTSTREAM_ELASTIC_HISTORY")]
    pub(crate) history: Option<Duration>,

    /// Keep one position of each aircraft in so long
    #[arg(id = "elastic_history_interval", long = "elastic-history-interval", value_name = "TIME",
        default_value = "1m", value_parser = duration, env = "FLIGHTSTREAM_ELASTIC_HISTORY_INTERVAL")]
    pub(crate) history_interval: Duration,

    /// Refuse a document that was turned away so often [default: never]
    #[arg(
        id = "elastic_max_retries",
        long = "elastic-max-retries",
        value_name = "N",
        env = "FLIGHTSTREAM_ELASTIC_MAX_RETRIES"
    )]
    pub(crate) max_retries: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ElasticManage {
    /// Indices, aliases, templates and the data stream
    #[default]
    Create,
    /// Nothing
    None,
}

#[derive(Debug, Args)]
pub(crate) struct Describe {
    /// Which ones [default: `process` and `index`]
    #[arg(value_enum, value_name = "STAGE")]
    pub(crate) stages: Vec<Stage>,
    /// How it looks
    #[arg(long, value_enum, default_value = "text", env = "FLIGHTSTREAM_FORMAT")]
    pub(crate) format: TopologyFormat,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) processing: Processing,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TopologyFormat {
    /// Lines to read
    #[default]
    Text,
    /// A Mermaid flowchart, which Markdown viewers draw
    Mermaid,
    /// One JSON object a stage
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Reset {
    /// Which one
    #[arg(value_enum, value_name = "STAGE")]
    pub(crate) stage: Stage,
    /// Where it goes on in its topic
    #[arg(long, value_enum, default_value = "committed", env = "FLIGHTSTREAM_TO")]
    pub(crate) to: Position,
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) processing: Processing,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Position {
    /// Where it had come to: its stores begin empty with what comes next
    #[default]
    Committed,
    /// At the first record that is still there
    Earliest,
    /// After the last record
    Latest,
}

#[derive(Debug, Args)]
pub(crate) struct Dashboard {
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) serving: Serving,
    #[command(flatten)]
    pub(crate) reference: Reference,
    #[command(flatten, next_help_heading = "Monitoring")]
    pub(crate) monitoring: Monitoring,
    #[command(flatten, next_help_heading = "Elasticsearch")]
    pub(crate) elastic: Elastic,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Topics {
    /// Say what would be created and changed
    Plan(Data),
    /// Create what is missing and set what differs; nothing is deleted
    Apply(Data),
    /// Fail if a topic is missing, or something would go wrong in silence
    Check(Data),
    /// Save a topic's records to a file: lines of JSON, compressed if it ends in .zst or .gz
    Export(TopicExport),
    /// Bring a saved topic's records back
    Import(TopicImport),
    /// Delete a topic with all that is in it
    Delete {
        /// Which one
        #[arg(value_name = "TOPIC")]
        name: String,
        #[command(flatten)]
        data: Data,
    },
}

#[derive(Debug, Args)]
pub(crate) struct TopicExport {
    /// Which one
    #[arg(value_name = "TOPIC")]
    pub(crate) topic: String,
    /// Where to save it, such as flight.ndjson.zst
    #[arg(long, short = 'f', value_name = "FILE", env = "FLIGHTSTREAM_FILENAME")]
    pub(crate) filename: PathBuf,
    /// Only this partition
    #[arg(long, value_name = "N", env = "FLIGHTSTREAM_PARTITION")]
    pub(crate) partition: Option<u32>,
    /// Only from this offset on
    #[arg(
        long,
        value_name = "OFFSET",
        default_value_t = 0,
        env = "FLIGHTSTREAM_FROM"
    )]
    pub(crate) from: u64,
    /// Only before this offset [default: the end]
    #[arg(long, value_name = "OFFSET", env = "FLIGHTSTREAM_UNTIL")]
    pub(crate) until: Option<u64>,
    #[command(flatten)]
    pub(crate) data: Data,
}

#[derive(Debug, Args)]
pub(crate) struct TopicImport {
    /// The file that `topics export` saved
    #[arg(long, short = 'f', value_name = "FILE", env = "FLIGHTSTREAM_FILENAME")]
    pub(crate) filename: PathBuf,
    /// The topic to fill [default: the one that was saved]
    #[arg(long, value_name = "TOPIC", env = "FLIGHTSTREAM_TOPIC")]
    pub(crate) topic: Option<String>,
    /// Also into a topic that holds records already
    #[arg(long, env = "FLIGHTSTREAM_APPEND")]
    pub(crate) append: bool,
    #[command(flatten)]
    pub(crate) data: Data,
}

#[derive(Debug, Args)]
pub(crate) struct StatusOf {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Consumer groups to look at [default: those of the stages]
    #[arg(
        long,
        value_name = "GROUP",
        value_delimiter = ',',
        env = "FLIGHTSTREAM_GROUP"
    )]
    pub(crate) group: Vec<String>,
    /// Addresses that stages have for --metrics: adds what each task does, and what it has still to restore
    #[arg(
        long,
        value_name = "HOST:PORT",
        value_delimiter = ',',
        env = "FLIGHTSTREAM_STAGE"
    )]
    pub(crate) stage: Vec<String>,
    /// Time between two looks
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration, env = "FLIGHTSTREAM_INTERVAL")]
    pub(crate) interval: Duration,
    /// Print once and end
    #[arg(long, env = "FLIGHTSTREAM_ONCE", conflicts_with = "metrics")]
    pub(crate) once: bool,
    #[command(flatten)]
    pub(crate) monitoring: Monitoring,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Dlq {
    /// How many records were refused, by reason, stage and topic
    List(DlqList),
    /// Show refused records: why, from where, key, headers, value
    Show(DlqShow),
    /// Send refused records once more where they came from, each once
    Replay(DlqReplay),
}

/// Which dead letters.
#[derive(Debug, Args)]
pub(crate) struct DeadLetters {
    #[command(flatten)]
    pub(crate) data: Data,

    /// The topic of dead letters
    #[arg(
        long,
        value_name = "TOPIC",
        default_value = "flight-dlq",
        env = "FLIGHTSTREAM_TOPIC"
    )]
    pub(crate) topic: String,

    /// Only with this reason, such as `no_position`
    #[arg(
        long,
        value_name = "REASON",
        value_delimiter = ',',
        env = "FLIGHTSTREAM_REASON"
    )]
    pub(crate) reason: Vec<String>,

    /// Only refused by this stage, such as `decode`
    #[arg(
        long,
        value_name = "STAGE",
        value_delimiter = ',',
        env = "FLIGHTSTREAM_STAGE"
    )]
    pub(crate) stage: Vec<String>,

    /// Only read from this topic
    #[arg(
        long,
        value_name = "TOPIC",
        value_delimiter = ',',
        env = "FLIGHTSTREAM_FROM"
    )]
    pub(crate) from: Vec<String>,

    /// Only at this offset of the dead letters' topic, or from a first to a last one: 17 or 17-30
    #[arg(long, value_name = "OFFSET", value_delimiter = ',', value_parser = offsets, env = "FLIGHTSTREAM_OFFSET")]
    pub(crate) offset: Vec<(u64, u64)>,

    /// Only with an event time at or after this, such as 2024-01-31 or 2024-01-31T12:45:58Z
    #[arg(long, value_name = "TIME", env = "FLIGHTSTREAM_SINCE")]
    pub(crate) since: Option<Timestamp>,

    /// Only with an event time before this
    #[arg(long, value_name = "TIME", env = "FLIGHTSTREAM_UNTIL")]
    pub(crate) until: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct DlqList {
    #[command(flatten)]
    pub(crate) letters: DeadLetters,
    /// How it looks
    #[arg(long, value_enum, default_value = "text", env = "FLIGHTSTREAM_FORMAT")]
    pub(crate) format: ReportFormat,
}

#[derive(Debug, Args)]
pub(crate) struct DlqShow {
    #[command(flatten)]
    pub(crate) letters: DeadLetters,
    /// How many at most
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        env = "FLIGHTSTREAM_LIMIT"
    )]
    pub(crate) limit: usize,
    /// How it looks; as JSON, one letter a line
    #[arg(long, value_enum, default_value = "text", env = "FLIGHTSTREAM_FORMAT")]
    pub(crate) format: ReportFormat,
}

#[derive(Debug, Args)]
pub(crate) struct DlqReplay {
    #[command(flatten)]
    pub(crate) letters: DeadLetters,
    /// Send them to this topic instead
    #[arg(long, value_name = "TOPIC", env = "FLIGHTSTREAM_TO")]
    pub(crate) to: Option<String>,
    /// Only say what would be sent
    #[arg(long, env = "FLIGHTSTREAM_DRY_RUN")]
    pub(crate) dry_run: bool,
    /// Also those that were sent before
    #[arg(long, env = "FLIGHTSTREAM_AGAIN")]
    pub(crate) again: bool,
    /// How the summary looks
    #[arg(long, value_enum, default_value = "text", env = "FLIGHTSTREAM_FORMAT")]
    pub(crate) format: ReportFormat,
}

/// `17`, or `17-30`: the first and the last.
fn offsets(text: &str) -> Result<(u64, u64), String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) if first <= last => Ok((first, last)),
        _ => Err("write it as 17, or as 17-30 from the first to the last".to_owned()),
    }
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) data: Data,
    #[command(flatten)]
    pub(crate) processing: Processing,
    #[command(flatten)]
    pub(crate) serving: Serving,
    #[command(flatten)]
    pub(crate) monitoring: Monitoring,
    #[command(flatten)]
    pub(crate) api: Api,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "write an address and a port, such as 127.0.0.1:8080".to_owned())
}

/// `500ms`, `5s`, `10m`, `6h`, `2d`; a bare number is seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return Err("write a number with ms, s, m, h or d, such as 10m".to_owned()),
    };
    let seconds = number.parse::<f64>().ok().map(|number| number * factor);
    seconds
        .filter(|seconds| *seconds > 0.0)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "write a number above 0 with ms, s, m, h or d, such as 10m".to_owned())
}

/// `128MiB`, `64MB`, `1GiB`; a bare number is bytes.
fn bytes(text: &str) -> Result<usize, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "" | "B" => 1,
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err("write a whole number with KiB, MiB or GiB, such as 128MiB".to_owned()),
    };
    let bytes = number.parse().ok();
    bytes
        .and_then(|number: usize| number.checked_mul(factor))
        .ok_or_else(|| "write a whole number with KiB, MiB or GiB, such as 128MiB".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_have_units() {
        for (text, size) in [
            ("0", 0),
            ("7", 7),
            ("128MiB", 128 << 20),
            ("2 GB", 2_000_000_000),
        ] {
            assert_eq!(bytes(text), Ok(size), "{text}");
        }
        for text in [
            "",
            "MiB",
            "-1",
            "1.5GiB",
            "5 parsecs",
            "99999999999999999999GiB",
        ] {
            assert!(bytes(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn durations_have_units() {
        for (text, seconds) in [
            ("500ms", 0.5),
            ("5s", 5.0),
            ("7", 7.0),
            ("1.5m", 90.0),
            ("6h", 21_600.0),
        ] {
            assert_eq!(duration(text).unwrap().as_secs_f64(), seconds, "{text}");
        }
        for text in ["", "0", "s", "-1s", "5 parsecs", "1e999d"] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }
}
