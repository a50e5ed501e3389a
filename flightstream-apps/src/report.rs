use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Write};
use std::time::Instant;

use flightstream_core::runtime::Status;
use serde::Serialize;

use crate::cli::ReportFormat;

/// What a command did, printed at its end. `read` = `enriched` + all `rejected` of the processing stage.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    read: u64,
    enriched: u64,
    indexed: u64,
    rejected: BTreeMap<String, u64>,
    late: u64,
    by_type: BTreeMap<&'static str, u64>,
    seconds: f64,
    records_per_second: f64,
    peak_rss_bytes: Option<u64>,
    #[serde(skip)]
    began: Instant,
}

impl Report {
    pub(crate) fn begin() -> Self {
        Self {
            read: 0,
            enriched: 0,
            indexed: 0,
            rejected: BTreeMap::new(),
            late: 0,
            by_type: BTreeMap::new(),
            seconds: 0.0,
            records_per_second: 0.0,
            peak_rss_bytes: None,
            began: Instant::now(),
        }
    }

    /// Takes over what the processing stage did.
    pub(crate) fn processed(&mut self, status: &Status) {
        self.read = status.read;
        self.enriched = status.emitted;
        self.reject(status);
        for name in ["Domestic", "International", "Unknown"] {
            self.by_type
                .insert(name, status.counts.get(name).copied().unwrap_or(0));
        }
    }

    /// Takes over what the indexing stage did.
    pub(crate) fn indexed(&mut self, status: &Status) {
        let count = |name: &str| status.counts.get(name).copied().unwrap_or(0);
        // What a newer document of the same bulk has replaced was as good as indexed.
        self.indexed = count("indexed") + count("superseded");
        self.late = count("late");
        self.reject(status);
    }

    /// What was read, where no processing stage tells it.
    pub(crate) fn read(&mut self, records: u64) {
        self.read = records;
    }

    fn reject(&mut self, status: &Status) {
        for (reason, count) in &status.rejected {
            *self.rejected.entry(reason.clone()).or_default() += count;
        }
    }

    pub(crate) fn print(mut self, format: ReportFormat) {
        self.seconds = self.began.elapsed().as_secs_f64();
        self.records_per_second = self.read as f64 / self.seconds.max(1e-9);
        self.peak_rss_bytes = peak_rss_bytes();
        let mut out = io::stdout().lock();
        // Nobody reads it if standard output is closed.
        let _ = match format {
            ReportFormat::Json => {
                writeln!(out, "{}", serde_json::to_string(&self).unwrap_or_default())
            }
            ReportFormat::Text => writeln!(out, "{}", self.text()),
        };
    }

    fn text(&self) -> String {
        let list = |counts: &BTreeMap<String, u64>| {
            let counts: Vec<_> = counts
                .iter()
                .map(|(name, count)| format!("{name} {count}"))
                .collect();
            if counts.is_empty() {
                "none".to_owned()
            } else {
                counts.join(", ")
            }
        };
        let by_type = self
            .by_type
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect();
        let memory = self.peak_rss_bytes.map_or_else(String::new, |bytes| {
            format!(", {} MiB of memory at the most", bytes >> 20)
        });
        format!(
            "read      {}\nenriched  {} ({})\nindexed   {}, late {}\nrejected  {}\nin {:.1} s: {:.0} records/s{memory}",
            self.read,
            self.enriched,
            list(&by_type),
            self.indexed,
            self.late,
            list(&self.rejected),
            self.seconds,
            self.records_per_second,
        )
    }
}

/// The most memory that this process has held, where the system tells.
fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Prints an error and what it came from, each once.
pub(crate) fn failure(error: &dyn Error) {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !message.contains(&cause_text) {
            message = format!("{message}: {cause_text}");
        }
        source = cause.source();
    }
    let _ = writeln!(io::stderr(), "error: {message}");
}
