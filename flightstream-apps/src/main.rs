//! The `flightstream` command: each subcommand a thin file over `flightstream-core`.

mod action;
mod airlabs;
mod archive;
mod cli;
mod cluster;
mod completions;
mod dashboard;
mod data;
mod describe;
mod dlq;
mod doctor;
mod elastic;
mod error;
mod export;
mod groups;
mod healthcheck;
mod index;
mod latency;
mod logging;
mod man;
mod metrics;
mod panics;
mod pipeline;
mod process;
mod produce;
mod report;
mod reset;
mod run;
mod settings;
mod signals;
mod stages;
mod statistics;
mod status;
mod status_line;
mod tasks;
mod topics;
#[cfg(feature = "opentelemetry")]
mod traces;

use std::process::ExitCode;

use crate::cli::{Command, Dlq, Produce};
use crate::error::CommandError;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match settings::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    panics::install();
    #[cfg(feature = "opentelemetry")]
    let traces = match cli.traces.as_ref().map(traces::Traces::start).transpose() {
        Ok(traces) => traces,
        Err(error) => {
            report::failure(&error);
            return error.exit_code();
        }
    };
    #[cfg(feature = "opentelemetry")]
    let layer = traces.as_ref().map(traces::Traces::layer);
    #[cfg(not(feature = "opentelemetry"))]
    let layer = tracing_subscriber::layer::Identity::new();
    logging::start(cli.log_format, cli.verbose, layer);
    let outcome = match cli.command {
        Command::Run(options) => run::run(&options),
        Command::Produce(Produce::Stream(options)) => produce::stream(&options),
        Command::Produce(Produce::Export(options)) => export::export(&options),
        Command::Produce(Produce::Replay(options)) => produce::replay(&options),
        Command::Produce(Produce::Simulate(options)) => produce::simulate(&options),
        Command::Process(options) => process::process(&options),
        Command::Index(options) => index::index(&options),
        Command::Describe(options) => describe::describe(&options),
        Command::Reset(options) => reset::reset(&options),
        Command::Dashboard(options) => dashboard::dashboard(&options),
        Command::Topics(command) => topics::topics(&command),
        Command::Status(options) => status::status(&options),
        Command::Dlq(Dlq::List(options)) => dlq::list(&options),
        Command::Dlq(Dlq::Show(options)) => dlq::show(&options),
        Command::Dlq(Dlq::Replay(options)) => dlq::replay(&options),
        Command::Doctor(options) => doctor::doctor(&options),
        Command::Healthcheck { url } => healthcheck::healthcheck(&url),
        Command::Completions { shell } => completions::print(shell),
        Command::Man { directory } => man::man(directory.as_deref()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::failure(&error);
            error.exit_code()
        }
    }
}

type Outcome = Result<(), CommandError>;
