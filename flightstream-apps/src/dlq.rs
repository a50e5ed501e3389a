use std::io::{self, Write};
use std::sync::Arc;

use flightstream_core::log::Log;
use flightstream_core::runtime::dead_letters::{
    DeadLetters, Filter, Group, Replay, Replayed, printable, summary,
};
use serde_json::{Value, json};

use crate::cli::ReportFormat;
use crate::error::CommandError;
use crate::{Outcome, cli, data};

/// `dlq list`: how many records were refused, by reason, stage and topic.
pub(crate) fn list(options: &cli::DlqList) -> Outcome {
    let log = open(&options.letters)?;
    let groups = summary(read(&*log, &options.letters)?)?;
    match options.format {
        ReportFormat::Json => say_json(&json!(groups)),
        ReportFormat::Text if groups.is_empty() => say(&"no dead letters"),
        ReportFormat::Text => say(&table(&groups)),
    }
    Ok(())
}

/// `dlq show`: what was refused, and why.
pub(crate) fn show(options: &cli::DlqShow) -> Outcome {
    let log = open(&options.letters)?;
    let mut shown = 0;
    for letter in read(&*log, &options.letters)?.take(options.limit) {
        let letter = data::without_envelope(letter?);
        match options.format {
            ReportFormat::Json => say_json(&json!(letter)),
            ReportFormat::Text => say(&letter),
        }
        shown += 1;
    }
    if shown == 0 {
        tracing::info!("no dead letters");
    } else if shown == options.limit {
        tracing::info!("there may be more; --limit N shows so many");
    }
    Ok(())
}

/// `dlq replay`: sends what was refused once more where it came from.
pub(crate) fn replay(options: &cli::DlqReplay) -> Outcome {
    let log = open(&options.letters)?;
    let mut replay = Replay::of(&options.letters.topic).filter(filter(&options.letters));
    if let Some(topic) = &options.to {
        replay = replay.to(topic);
    }
    if options.again {
        replay = replay.again();
    }
    let replayed = match options.dry_run {
        true => replay.plan(&*log)?,
        false => replay.run(&*log)?,
    };
    match options.format {
        ReportFormat::Json => say_json(&json!(replayed)),
        ReportFormat::Text => tell(&replayed, options.dry_run),
    }
    Ok(())
}

fn open(options: &cli::DeadLetters) -> Result<Arc<dyn Log>, CommandError> {
    data::open_existing(&options.data, "simulate")
}

fn read<'a>(log: &'a dyn Log, options: &cli::DeadLetters) -> Result<DeadLetters<'a>, CommandError> {
    Ok(DeadLetters::read(log, &options.topic, filter(options))?)
}

fn filter(options: &cli::DeadLetters) -> Filter {
    Filter {
        reasons: options.reason.clone(),
        stages: options.stage.clone(),
        topics: options.from.clone(),
        offsets: options.offset.clone(),
        since: options.since,
        until: options.until,
    }
}

fn table(groups: &[Group]) -> String {
    let mut lines = vec![
        [
            "LETTERS",
            "REASON",
            "STAGE",
            "TOPIC",
            "NEWEST",
            "LAST OFFSET",
        ]
        .map(ToOwned::to_owned),
    ];
    lines.extend(groups.iter().map(|group| {
        [
            group.letters.to_string(),
            printable(&group.reason).into_owned(),
            printable(&group.stage).into_owned(),
            printable(group.topic.as_deref().unwrap_or_default()).into_owned(),
            group.newest.to_string(),
            group.last_offset.to_string(),
        ]
    }));
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: [usize; 6] = std::array::from_fn(width);
    let line = |cells: &[String; 6]| {
        let padded = cells
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn tell(replayed: &Replayed, dry_run: bool) {
    let verb = if dry_run { "would be sent" } else { "sent" };
    for (topic, letters) in &replayed.sent {
        say(&format_args!("{letters} {verb} to {}", printable(topic)));
    }
    if replayed.sent.is_empty() {
        say(&format_args!("none {verb}"));
    }
    if replayed.sent_before > 0 {
        say(&format_args!(
            "{} were sent before; --again sends them once more",
            replayed.sent_before
        ));
    }
    if replayed.without_origin > 0 {
        say(&format_args!(
            "{} came from no topic; --to TOPIC sends them",
            replayed.without_origin
        ));
    }
}

/// JSON itself escapes only some of the control characters.
fn say_json(json: &Value) {
    say(&printable(&json.to_string()));
}

fn say(text: &dyn std::fmt::Display) {
    // Nobody reads it if standard output is closed.
    let _ = writeln!(io::stdout(), "{text}");
}
