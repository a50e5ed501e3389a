use thiserror::Error;

use crate::batch::Span;
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
            Self::DrainTimeout { .. } | Self::Store(_) => true,
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
