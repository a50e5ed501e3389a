//! `topics export` and `import`: backups of topics.

use flightstream_core::log::TopicSpec;
use flightstream_core::log::archive::{Archive, ArchiveError, Compression, Export};
use flightstream_core::producer::export::TemporaryFile;

use crate::error::CommandError;
use crate::status_line::StatusLine;
use crate::{Outcome, cli, data};

/// Saves a topic. The file has its name only once it is whole and on the disk.
pub(crate) fn export(options: &cli::TopicExport) -> Outcome {
    let log = data::open_existing(&options.data, "simulate")?;
    let mut export = Export::of(&options.topic);
    if let Some(partition) = options.partition {
        export = export.partition(partition);
    }
    let export = export.offsets(options.from..options.until.unwrap_or(u64::MAX));
    let path = &options.filename;
    let mut line = StatusLine::new();
    let written = TemporaryFile::next_to(path)
        .map_err(ArchiveError::from)
        .and_then(|mut file| {
            let compression = Compression::of(path);
            let shown = |records| line.show(format!("{records} records saved"));
            let records = export.write(&*log, file.writer(), compression, shown)?;
            file.persist()?;
            Ok(records)
        });
    drop(line);
    let records = written.map_err(at(path))?;
    tracing::info!(
        "{records} records of {} saved to {}",
        options.topic,
        path.display()
    );
    Ok(())
}

/// Brings a saved topic back.
pub(crate) fn import(options: &cli::TopicImport) -> Outcome {
    let path = &options.filename;
    let archive = Archive::open(path).map_err(at(path))?;
    let topic = options.topic.as_deref().unwrap_or(archive.topic());
    let log = data::open(&options.data, "simulate")?;
    if options.data.cluster.kafka.is_none() {
        let is_known = log.topics()?.iter().any(|spec| spec.name == topic);
        if !is_known {
            log.create_topic(&TopicSpec::new(topic, archive.partitions()))?;
        }
    }
    let ranges = log.offsets(topic)?;
    if !options.append && ranges.iter().any(|range| range.start < range.end) {
        return Err(CommandError::Usage(format!(
            "{topic} holds records already: choose an empty one with --topic or another --data, or add --append to have both"
        )));
    }
    if ranges.len() != archive.partitions() as usize {
        tracing::warn!(
            "{topic} has {} partitions and had {}: records go where their keys say",
            ranges.len(),
            archive.partitions()
        );
    }
    let mut line = StatusLine::new();
    let shown = |records| line.show(format!("{records} of {} records", archive.records()));
    let records = archive.import(&*log, topic, shown).map_err(at(path))?;
    drop(line);
    tracing::info!("{records} records of {} are in {topic}", path.display());
    Ok(())
}

fn at(path: &std::path::Path) -> impl Fn(ArchiveError) -> CommandError {
    move |source| CommandError::Archive {
        path: path.to_owned(),
        source,
    }
}
