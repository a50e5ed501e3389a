use std::sync::Arc;

use flightstream_core::Records;
use flightstream_core::log::Log;
use flightstream_core::runtime::{
    App, MakeSink, Reset, ResetTo, StoreKind, TaskContext, TaskRecords, Topology,
};

use crate::cli::{self, Store};
use crate::error::CommandError;
use crate::metrics::Monitor;
use crate::stages::Stage;

/// What a command does with the app that a stage is, whatever its types are.
pub(crate) trait Action {
    type Outcome;

    fn apply<F, R, K>(&self, app: App<F, K>) -> Result<Self::Outcome, CommandError>
    where
        F: Fn(TaskRecords, TaskContext) -> R + Send + Sync + 'static,
        R: Records + 'static,
        K: MakeSink<R::Record>;
}

/// Starts it, and lets it be watched.
pub(crate) struct Start<'a>(pub(crate) &'a Arc<dyn Log>, pub(crate) &'a Monitor);

impl Action for Start<'_> {
    type Outcome = Stage;

    fn apply<F, R, K>(&self, app: App<F, K>) -> Result<Stage, CommandError>
    where
        F: Fn(TaskRecords, TaskContext) -> R + Send + Sync + 'static,
        R: Records + 'static,
        K: MakeSink<R::Record>,
    {
        let stage = Stage::start(app, self.0)?;
        self.1.watch(&stage.running);
        Ok(stage)
    }
}

/// Says what it consists of.
pub(crate) struct Describe;

impl Action for Describe {
    type Outcome = Topology;

    fn apply<F, R, K>(&self, app: App<F, K>) -> Result<Topology, CommandError>
    where
        F: Fn(TaskRecords, TaskContext) -> R + Send + Sync + 'static,
        R: Records + 'static,
        K: MakeSink<R::Record>,
    {
        Ok(app.describe()?)
    }
}

/// Empties its stores and chooses where it goes on.
pub(crate) struct Begin<'a>(pub(crate) &'a Arc<dyn Log>, pub(crate) ResetTo);

impl Action for Begin<'_> {
    type Outcome = Reset;

    fn apply<F, R, K>(&self, app: App<F, K>) -> Result<Reset, CommandError>
    where
        F: Fn(TaskRecords, TaskContext) -> R + Send + Sync + 'static,
        R: Records + 'static,
        K: MakeSink<R::Record>,
    {
        Ok(app.reset(self.0, self.1)?)
    }
}

/// The app with its stores where the options want them.
pub(crate) fn with_state<F, K>(
    mut app: App<F, K>,
    options: &cli::State,
) -> Result<App<F, K>, CommandError> {
    match &options.directory {
        Some(directory) => app = app.state_dir(directory),
        None if options.store == Store::Disk => {
            let message = "--store disk needs a directory: name one with --state DIR";
            return Err(CommandError::Usage(message.to_owned()));
        }
        None => {}
    }
    if let Some(mebibytes) = options.state_budget {
        app = app.state_budget(mebibytes.saturating_mul(1 << 20));
    }
    Ok(app.store_kind(match options.store {
        Store::Memory => StoreKind::InMemory,
        Store::Disk => StoreKind::Persistent,
    }))
}
