use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::cli::LogFormat;

/// Sends log lines to standard error: the command's own at INFO, libraries' at WARN, unless asked for more.
pub(crate) fn start(format: LogFormat, verbose: u8) {
    let level = match verbose {
        0 => "warn,flightstream=info,flightstream_core=info",
        1 => "info,flightstream=debug,flightstream_core=debug",
        _ => "debug,flightstream=trace,flightstream_core=trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(crate::status_line::LogWriter);
    match format {
        LogFormat::Text => lines
            .with_ansi(io::stderr().is_terminal())
            .with_target(false)
            .init(),
        LogFormat::Json => lines.json().init(),
    }
}
