use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use directories::ProjectDirs;
use flightstream_core::flight::airlabs::may_be_answer;
use flightstream_core::log::embedded::{EmbeddedLog, EmbeddedOptions};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Log, TopicSpec};
use flightstream_core::producer::files::OFFSETS;
use flightstream_core::runtime::dead_letters::DeadLetter;
use flightstream_core::time::{Clock as _, SystemClock};

use crate::error::CommandError;
use crate::{cli, cluster, panics};

/// The topics' names.
pub(crate) mod topics {
    /// Raw flights as their source sent them, keyed by aircraft.
    pub(crate) const FLIGHT: &str = "flight";
    /// The newest enriched flight of each aircraft.
    pub(crate) const ENRICHED: &str = "flight-enriched";
    /// Windowed statistics, the newest result of each.
    pub(crate) const STATISTICS: &str = "flight-stats";
    /// What was refused, with the reason in headers.
    pub(crate) const DEAD_LETTERS: &str = "flight-dlq";
}

const DEAD_LETTER_BYTES: u64 = 64 << 20;
const RAW_BYTES: u64 = 256 << 20;
/// Aircraft that stay away are forgotten after so long, or after what raw flights are kept if that is longer: Kafka goes
/// by the clock, so that a recording needs it for all topics.
const ENRICHED_RETENTION: Duration = Duration::from_secs(24 * 3600);
/// Results are forgotten after so long; a day of all routes would be millions.
const STATISTICS_RETENTION: Duration = Duration::from_secs(6 * 3600);

/// Opens a data directory and creates its topics, or connects to a cluster and checks its.
pub(crate) fn open(options: &cli::Data, folder: &str) -> Result<Arc<dyn Log>, CommandError> {
    if let Some(bootstrap) = &options.cluster.kafka {
        tracing::debug!(bootstrap, "connecting to Kafka");
        return cluster::open(&options.cluster, bootstrap, &specs(options));
    }
    let log = open_directory(&directory(options, folder)?)?;
    for topic in specs(options) {
        log.create_topic(&topic)?;
    }
    Ok(log)
}

/// Whether the options say where topics are.
pub(crate) fn are_named(options: &cli::Data) -> bool {
    options.cluster.kafka.is_some() || options.directory.is_some()
}

/// Topics that nothing is in and nothing comes to.
pub(crate) fn none(options: &cli::Data) -> Result<Arc<dyn Log>, CommandError> {
    let log = MemoryLog::default();
    for topic in specs(options) {
        log.create_topic(&topic)?;
    }
    Ok(Arc::new(log))
}

/// The group of a stage that keeps something in memory of all partitions, such as the index. On a cluster each process
/// has one of its own.
pub(crate) fn view_group(options: &cli::Data, name: &str) -> String {
    let cluster = &options.cluster;
    match (&cluster.kafka, &cluster.instance) {
        (None, _) => name.to_owned(),
        (Some(_), Some(instance)) => format!("{name}-{instance}"),
        (Some(_), None) => {
            let started = SystemClock.now().as_millis();
            format!("{name}-{:x}-{started:x}", std::process::id())
        }
    }
}

/// The topics of all stages.
pub(crate) fn specs(options: &cli::Data) -> Vec<TopicSpec> {
    let partitions = options.partitions;
    vec![
        TopicSpec::new(topics::FLIGHT, partitions)
            .retention(options.retention)
            .retention_bytes(RAW_BYTES / u64::from(partitions)),
        TopicSpec::new(topics::ENRICHED, partitions)
            .compacted_by_event_time()
            .retention(ENRICHED_RETENTION.max(options.retention)),
        TopicSpec::new(topics::STATISTICS, partitions)
            .compacted()
            .retention(STATISTICS_RETENTION.max(options.retention)),
        TopicSpec::new(OFFSETS, 1).compacted(),
        TopicSpec::new(topics::DEAD_LETTERS, 1).retention_bytes(DEAD_LETTER_BYTES),
    ]
}

/// Opens what is there already: creates no directory and no topic, and checks none.
pub(crate) fn open_existing(
    options: &cli::Data,
    folder: &str,
) -> Result<Arc<dyn Log>, CommandError> {
    if let Some(bootstrap) = &options.cluster.kafka {
        return Ok(Arc::new(cluster::connect(&options.cluster, bootstrap)?));
    }
    let directory = directory(options, folder)?;
    match directory.exists() {
        true => open_directory(&directory),
        false => Err(CommandError::Usage(format!(
            "there are no topics in {}; choose the directory with --data DIR",
            directory.display()
        ))),
    }
}

/// The answer of an API as a whole repeats the key and the caller's address. It is in no topic unless somebody put it there,
/// and is not shown even then.
pub(crate) fn without_envelope(mut letter: DeadLetter) -> DeadLetter {
    let value = letter.original.value.as_bytes();
    if value.is_some_and(may_be_answer) {
        letter.original.value =
            "(the whole answer of an API, which may hold its key: not shown)".into();
    }
    letter
}

fn open_directory(directory: &Path) -> Result<Arc<dyn Log>, CommandError> {
    tracing::debug!(directory = %directory.display(), "opening the topics");
    let opened = panics::unseen(|| EmbeddedLog::open(directory, EmbeddedOptions::default()));
    Ok(Arc::new(opened.map_err(CommandError::Data)?))
}

/// The directory that is asked for, else a folder of the platform's data directory. Sources have folders of their own:
/// a recording of last year and today's simulation are not one picture.
pub(crate) fn directory(options: &cli::Data, folder: &str) -> Result<PathBuf, CommandError> {
    match &options.directory {
        Some(directory) => Ok(directory.clone()),
        None => ProjectDirs::from("", "", "flightstream")
            .map(|platform| platform.data_dir().join(folder))
            .ok_or(CommandError::NoDataDirectory),
    }
}
