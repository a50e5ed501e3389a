use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, NoCustomPartitioner, ProducerContext};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};

use crate::log::lock::lock;

pub(super) type Consumer = BaseConsumer<Context>;
pub(super) type Producer = BaseProducer<Context>;

/// What librdkafka tells a client beside its messages.
#[derive(Default)]
pub(super) struct Context {
    trouble: Mutex<Option<Trouble>>,
    /// When a line of each kind was last logged.
    logged: Mutex<HashMap<String, Instant>>,
    delivery_failure: Mutex<Option<RDKafkaErrorCode>>,
    rebalance: Mutex<Option<Rebalance>>,
    /// Whether nobody looks at rebalances any more.
    closing: AtomicBool,
}

/// Why the cluster does not answer, as far as it is known.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub(super) code: RDKafkaErrorCode,
    pub(super) reason: String,
}

/// A change of the assignment that is to be acknowledged.
pub(super) enum Rebalance {
    Assign {
        partitions: TopicPartitionList,
        /// When it came.
        since: Instant,
    },
    Revoke {
        partitions: TopicPartitionList,
        /// Whether others may have them already.
        lost: bool,
    },
}

/// While the cluster is away the same lines come several times a second.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

impl Context {
    /// Why requests fail, if the cluster's brokers said something since the last call.
    pub(super) fn take_trouble(&self) -> Option<Trouble> {
        lock(&self.trouble).take()
    }

    /// Why a record that was produced is not in its topic, if one is not.
    pub(super) fn take_delivery_failure(&self) -> Option<RDKafkaErrorCode> {
        lock(&self.delivery_failure).take()
    }

    pub(super) fn take_rebalance(&self) -> Option<Rebalance> {
        lock(&self.rebalance).take()
    }

    /// From now on rebalances are acknowledged at once: the consumer is on its way out of the group.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    fn is_due(&self, kind: &str) -> bool {
        let mut logged = lock(&self.logged);
        let is_due = logged
            .get(kind)
            .is_none_or(|last| last.elapsed() >= LOG_INTERVAL);
        if is_due {
            logged.insert(kind.to_owned(), Instant::now());
        }
        is_due
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // What a setting is good for in one kind of client is noise in the other.
        let is_noise = facility == "CONFWARN";
        match level {
            _ if is_noise => tracing::debug!(target: "librdkafka", "{facility}: {message}"),
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error
            | RDKafkaLogLevel::Warning => {
                if self.is_due(facility) {
                    tracing::warn!(target: "librdkafka", "{facility}: {message}");
                } else {
                    tracing::debug!(target: "librdkafka", "{facility}: {message}");
                }
            }
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
                tracing::info!(target: "librdkafka", "{facility}: {message}");
            }
            RDKafkaLogLevel::Debug => {
                tracing::debug!(target: "librdkafka", "{facility}: {message}");
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", %error, "{reason}");
        let Some(code) = error.rdkafka_error_code() else {
            return;
        };
        let mut trouble = lock(&self.trouble);
        // That all brokers are down follows from what was said of each, which says more.
        if code != RDKafkaErrorCode::AllBrokersDown || trouble.is_none() {
            *trouble = Some(Trouble {
                code,
                reason: reason.to_owned(),
            });
        }
    }
}

impl ConsumerContext for Context {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        kind: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        let is_assignment = kind == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if self.closing.load(Ordering::Acquire) {
            // The member leaves: nothing is taken on any more, and what it had was given back before.
            let acknowledged = match is_assignment {
                true => consumer.assign(&TopicPartitionList::new()),
                false => consumer.unassign(),
            };
            if let Err(error) = acknowledged {
                tracing::debug!(%error, "a rebalance while leaving a group");
            }
            return;
        }
        // Acknowledged later, by the thread that polls, when the tasks have finished with the partitions.
        *lock(&self.rebalance) = Some(match is_assignment {
            true => Rebalance::Assign {
                partitions: partitions.clone(),
                since: Instant::now(),
            },
            false => Rebalance::Revoke {
                partitions: partitions.clone(),
                lost: consumer.assignment_lost(),
            },
        });
    }
}

impl ProducerContext<NoCustomPartitioner> for Context {
    type DeliveryOpaque = ();

    /// Called for failures only: `delivery.report.only.error`.
    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result
            && let Some(code) = error.rdkafka_error_code()
        {
            lock(&self.delivery_failure).get_or_insert(code);
        }
    }
}
