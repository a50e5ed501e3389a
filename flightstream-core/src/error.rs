use thiserror::Error;

use crate::batch::{Batch, Offset, Rejection, Span};
use crate::log::LogError;
use crate::store::StoreError;

/// What stops a task: not a bad record (that is a [`Rejected`](crate::batch::Rejected)) but something that makes
/// going on wrong. The runtime restarts the task from its last commit.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Fatal {
    /// The log failed. See the source for what to do.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A batch's ack was dropped unresolved. Some operator or sink lost a batch: fix it, see the first law in
    /// [`Records`](crate::Records).
    #[error(
        "the ack of {span} was dropped unresolved, so the batch may be lost; it will be read again"
    )]
    AckDropped {
        /// What the batch held.
        span: Span,
    },
    /// The pipeline's stream ended although its input had not.
    #[error("the pipeline's stream ended before its input did")]
    PipelineEnded,
    /// The pipeline panicked.
    #[error("the pipeline panicked while it held {in_flight}: {message}")]
    Panicked {
        /// The record ranges that were in flight.
        in_flight: String,
        /// The panic's message.
        message: String,
    },
    /// A stop could not wait any longer. What was in flight is read again at the next start.
    #[error("stopped before {in_flight} was delivered; it will be read again")]
    DrainTimeout {
        /// The record ranges that were in flight.
        in_flight: String,
    },
    /// A store cannot be used. See the source for what to do.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stage refused a record, and its policy is [`OnFailure::Fail`]. Correct what it was made from, or choose another
    /// policy; nothing of the range is committed.
    #[error(
        "{stage} refused the record at offset {offset} ({rejection}), which was read with {range}, and its policy is to \
         fail; choose OnFailure::DeadLetter or OnFailure::Skip to go on without such records"
    )]
    Refused {
        /// Which one.
        stage: &'static str,
        /// Where the record was read.
        offset: Offset,
        /// The record range that it was read with.
        range: String,
        /// Why it was refused.
        rejection: Rejection,
    },
    /// A stage cannot do its work as things are set up: a password that is wrong, an index that is gone. Change that and
    /// start again; until then trying again is of no use.
    #[error("{stage} cannot work: {what}")]
    Misconfigured {
        /// Which one.
        stage: &'static str,
        /// What is wrong, and what to do.
        what: String,
    },
    /// An operator or a sink cannot go on.
    #[error("{stage} cannot go on: {source}")]
    Stage {
        /// Which one.
        stage: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Fatal {
    /// Whether starting again cannot help.
    pub(crate) fn is_permanent(&self) -> bool {
        let log_is_gone = |error: &LogError| {
            // A local log takes no more writes after one that has failed.
            use LogError as Log;
            matches!(
                error,
                Log::Closed
                    | Log::Poisoned
                    | Log::Io { .. }
                    | Log::Corrupt { .. }
                    | Log::UnknownTopic { .. }
                    | Log::Refused { .. }
                    | Log::InvalidSetting { .. }
            )
        };
        match self {
            Self::Log(error) => log_is_gone(error),
            Self::Store(StoreError::Persistent { .. }) => false,
            Self::DrainTimeout { .. }
            | Self::Store(_)
            | Self::Refused { .. }
            | Self::Misconfigured { .. } => true,
            _ => false,
        }
    }

    /// Whether it is no fault of the task: it goes on as soon as what it depends on is back.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Log(LogError::Unavailable { .. } | LogError::Fenced { .. })
        )
    }

    /// What an operator or a sink needs is not set up.
    pub(crate) fn misconfigured(stage: &'static str, what: String) -> Self {
        Self::Misconfigured { stage, what }
    }

    /// An operator's or a sink's own failure.
    pub fn stage(
        stage: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Stage {
            stage,
            source: source.into(),
        }
    }
}

/// What becomes of a record that a stage refuses: the policy of every operator and sink that can fail on a record, by its
/// method `on_failure`.
///
/// A look-up that takes its time can be tried again before, see
/// [`EnrichAsync::retry`](crate::operator::EnrichAsync::retry). All other stages are functions of the record: asked
/// again, they give the same answer.
///
/// ```
/// # futures::executor::block_on(async {
/// use flightstream_core::{OnFailure, Records, batch::Rejection, from_values};
///
/// let odd = |n: u32| if n % 2 == 1 { Ok(n) } else { Err(Rejection::new("even")) };
/// let batches = from_values([1, 2]).enrich(odd).on_failure(OnFailure::Skip).collect_batches().await?;
/// assert!(batches[0].rejected()[0].is_skipped);
///
/// let failed = from_values([1, 2]).enrich(odd).on_failure(OnFailure::Fail).collect_batches().await;
/// assert!(failed.unwrap_err().to_string().starts_with("enrich refused the record at offset 0 (even)"));
/// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// It ends the app, with [`Fatal::Refused`]. What came before its batch stays committed.
    Fail,
    /// It is counted by its reason and dropped.
    Skip,
    /// It is counted by its reason and goes to the dead-letter topic, if the app has one.
    #[default]
    DeadLetter,
}

impl OnFailure {
    /// Applies the policy to what a stage has refused of a batch: all that was not refused before, which are the first
    /// `before` of [`Batch::rejected`].
    ///
    /// # Errors
    /// [`Fatal::Refused`] for the first of them, if the policy is to fail.
    pub fn settle<T>(self, mut batch: Batch<T>, before: usize) -> Result<Batch<T>, Fatal> {
        match (self, batch.rejected().get(before)) {
            (Self::Fail, Some(refused)) => Err(Fatal::Refused {
                stage: refused.stage,
                offset: refused.origin,
                range: batch
                    .span()
                    .map_or_else(|| "records of no partition".to_owned(), ToString::to_string),
                rejection: refused.rejection.clone(),
            }),
            (Self::Skip, Some(_)) => {
                batch.skip_rejected(before);
                Ok(batch)
            }
            _ => Ok(batch),
        }
    }
}
