use std::io::{self, IsTerminal};

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::cli::LogFormat;

/// Sends log lines to standard error: the command's own at INFO, libraries' at WARN, unless asked for more. `traces` takes
/// what it is for beside that.
pub(crate) fn start(format: LogFormat, verbose: u8, traces: impl Layer<Registry> + Send + Sync) {
    let level = match verbose {
        0 => "warn,flightstream=info,flightstream_core=info",
        1 => "info,flightstream=debug,flightstream_core=debug",
        _ => "debug,flightstream=trace,flightstream_core=trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let lines = tracing_subscriber::fmt::layer().with_writer(crate::status_line::LogWriter);
    let lines = match format {
        LogFormat::Text => lines
            .with_ansi(io::stderr().is_terminal())
            .with_target(false)
            .boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let subscriber = tracing_subscriber::registry()
        .with(traces)
        .with(lines.with_filter(filter));
    // Not by `init`: in builds with the feature `tracing-log` it takes the records of the crate `log` too, whose questions
    // whether one is wanted make filters of single layers lose the next line.
    let set = tracing::subscriber::set_global_default(subscriber);
    debug_assert!(set.is_ok(), "nobody has set another one before");
}
