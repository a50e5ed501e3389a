use std::io::{self, Write};
use std::path::Path;

use serde::de::IgnoredAny;

use super::ExportReport;
use super::columns::Columns;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Lines,
    Csv,
}

impl Format {
    pub(super) fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?;
        match extension.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "ndjson" | "jsonl" => Some(Self::Lines),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }

    pub(super) fn write<'a>(
        self,
        messages: impl IntoIterator<Item = &'a [u8]>,
        out: &mut impl Write,
    ) -> io::Result<ExportReport> {
        match self {
            Self::Json => {
                let report = lines(messages, out, b"[\n", b",\n")?;
                let end: &[u8] = if report.written == 0 {
                    b"[]\n"
                } else {
                    b"\n]\n"
                };
                out.write_all(end)?;
                Ok(report)
            }
            Self::Lines => {
                let report = lines(messages, out, b"", b"\n")?;
                if report.written > 0 {
                    out.write_all(b"\n")?;
                }
                Ok(report)
            }
            Self::Csv => csv(messages, out),
        }
    }
}

/// Writes each message in one line, with `first` before the first and `separator` before the others.
fn lines<'a>(
    messages: impl IntoIterator<Item = &'a [u8]>,
    out: &mut impl Write,
    first: &[u8],
    separator: &[u8],
) -> io::Result<ExportReport> {
    let mut report = ExportReport::default();
    for message in messages {
        if serde_json::from_slice::<IgnoredAny>(message).is_err() {
            report.skipped += 1;
            continue;
        }
        out.write_all(if report.written == 0 {
            first
        } else {
            separator
        })?;
        // Inside of JSON text line ends are escaped, so those that are not mean nothing.
        for line in message.split(|byte| matches!(byte, b'\n' | b'\r')) {
            out.write_all(line)?;
        }
        report.written += 1;
    }
    Ok(report)
}

fn csv<'a>(
    messages: impl IntoIterator<Item = &'a [u8]>,
    out: &mut impl Write,
) -> io::Result<ExportReport> {
    let mut report = ExportReport::default();
    let mut columns = Columns::default();
    let mut rows = Vec::new();
    for message in messages {
        match columns.row(message) {
            Some(row) => {
                rows.push(row);
                report.written += 1;
            }
            None => report.skipped += 1,
        }
    }
    let mut writer = ::csv::WriterBuilder::new().flexible(false).from_writer(out);
    writer.write_record(columns.names())?;
    for row in &rows {
        let missing = columns.names().len().saturating_sub(row.len());
        let cells = row.iter().map(String::as_str);
        writer.write_record(cells.chain(std::iter::repeat_n("", missing)))?;
    }
    writer.flush()?;
    Ok(report)
}
