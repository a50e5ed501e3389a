use flightstream_core::producer::export::Export;

use crate::error::CommandError;
use crate::{Outcome, airlabs, cli};

/// `produce export`: one snapshot of the API to a file, which keeps its old content if anything goes wrong.
pub(crate) fn export(options: &cli::Export) -> Outcome {
    let failed = |error: &dyn std::fmt::Display| CommandError::Api(error.to_string());
    // Before the call, which costs one of the quota.
    let export = Export::to(&options.filename).map_err(|error| failed(&error))?;
    let snapshot = airlabs::client(&options.api)?
        .snapshot()
        .map_err(|error| failed(&error))?;
    let messages = snapshot.messages.iter().map(|message| &*message.raw);
    let report = export.write(messages).map_err(|error| failed(&error))?;
    tracing::info!(
        "{} flights written to {}",
        report.written,
        options.filename.display()
    );
    if report.skipped > 0 {
        tracing::warn!(
            "{} elements of the answer are no flights and were left out",
            report.skipped
        );
    }
    Ok(())
}
