use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tracing_subscriber::fmt::MakeWriter;

/// The line of the terminal that log lines must not run into.
static LINE: OnceLock<Mutex<ProgressBar>> = OnceLock::new();

/// How often a line is logged where there is no terminal.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// A line that shows what goes on: rewritten in place on a terminal, a log line now and then elsewhere.
#[derive(Debug)]
pub(crate) struct StatusLine {
    bar: Option<ProgressBar>,
    logged: Instant,
}

impl StatusLine {
    pub(crate) fn new() -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                bar.set_style(style);
            }
            // One line a process.
            let _ = LINE.set(Mutex::new(bar.clone()));
            bar
        });
        Self {
            bar,
            logged: Instant::now(),
        }
    }

    /// Shows what goes on.
    pub(crate) fn show(&mut self, message: String) {
        match &self.bar {
            Some(bar) => {
                bar.set_message(message);
                bar.tick();
            }
            None if self.logged.elapsed() >= LOG_EVERY => {
                self.logged = Instant::now();
                tracing::info!("{message}");
            }
            None => {}
        }
    }

    /// Shows a bar towards a known end, `done` of it from 0 to 1, and what goes on.
    pub(crate) fn show_progress(&mut self, done: f64, message: String) {
        match &self.bar {
            Some(bar) => {
                if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent} % · {msg}") {
                    bar.set_style(style);
                }
                bar.set_length(100);
                bar.set_position((done * 100.0) as u64);
                self.show(message);
            }
            None => self.show(format!("{:.0} % · {message}", done * 100.0)),
        }
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Standard error for log lines: it lifts the status line while a line is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogWriter;

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match LINE.get() {
            Some(line) => {
                let bar = line.lock().unwrap_or_else(PoisonError::into_inner);
                bar.suspend(|| io::stderr().write_all(bytes))?;
            }
            None => io::stderr().write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
