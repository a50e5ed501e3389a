//! What errors of the client mean for whoever waits for its answer.

use std::thread;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::client::{Context, Trouble};
use crate::log::LogError;

/// How long a question to the cluster may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(15);

/// How long a question is repeated while the cluster cannot answer it.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(250);

/// Asks again while the cluster is not available: a broker that restarts is no reason to fail.
pub(super) fn patiently<T>(mut ask: impl FnMut() -> Result<T, LogError>) -> Result<T, LogError> {
    let give_up = Instant::now() + PATIENCE;
    let mut has_told = false;
    loop {
        match ask() {
            Err(error @ LogError::Unavailable { .. }) if Instant::now() < give_up => {
                if !has_told {
                    tracing::warn!("{error}; asking again");
                    has_told = true;
                }
                thread::sleep(PAUSE);
            }
            answer => return answer,
        }
    }
}

/// What an error of the client means. `action` completes "cannot …".
pub(super) fn classify(
    action: impl Into<String>,
    error: &KafkaError,
    context: &Context,
) -> LogError {
    let action = action.into();
    match error {
        // The value may be a secret.
        KafkaError::ClientConfig(_, why, name, _) => invalid(name, why),
        KafkaError::ClientCreation(why) => invalid("(several together)", why),
        KafkaError::Transaction(error) if error.is_fatal() => {
            classify_fatal(action, error.code(), error.string())
        }
        _ => {
            let code = error.rdkafka_error_code();
            let code = code.unwrap_or(RDKafkaErrorCode::Fail);
            classify_code(action, code, &error.to_string(), context)
        }
    }
}

/// What an error means that a client does not survive.
pub(super) fn classify_fatal(
    action: impl Into<String>,
    code: RDKafkaErrorCode,
    reason: String,
) -> LogError {
    let action = action.into();
    match advice(code) {
        Some(advice) => LogError::Refused {
            action,
            reason,
            advice,
        },
        None => LogError::Fenced { action, reason },
    }
}

/// What an error code means.
pub(super) fn classify_code(
    action: impl Into<String>,
    code: RDKafkaErrorCode,
    message: &str,
    context: &Context,
) -> LogError {
    // An answer that does not come has its reason elsewhere.
    let trouble = is_silence(code).then(|| context.take_trouble()).flatten();
    let (code, reason) = match trouble {
        Some(Trouble { code, reason }) => (code, reason),
        None => (code, message.to_owned()),
    };
    let action = action.into();
    if let Some(advice) = advice(code) {
        return LogError::Refused {
            action,
            reason,
            advice,
        };
    }
    if is_fencing(code) {
        return LogError::Fenced { action, reason };
    }
    LogError::Unavailable { action, reason }
}

fn invalid(name: &str, why: &str) -> LogError {
    // Encryption is not in every build, because it needs OpenSSL.
    let hint = match why.contains("not supported in this build") || why.contains("OpenSSL") {
        true => "; build with the feature kafka-tls",
        false => "",
    };
    LogError::InvalidSetting {
        name: name.to_owned(),
        why: format!("{}{hint}", why.trim_end_matches('.')),
    }
}

fn is_silence(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::OperationTimedOut
            | Code::TimedOutQueue
            | Code::MessageTimedOut
            | Code::AllBrokersDown
            | Code::BrokerTransportFailure
            | Code::WaitingForCoordinator
            | Code::Fail
    )
}

/// Whether the group or the transaction goes on without this member.
fn is_fencing(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::IllegalGeneration
            | Code::UnknownMemberId
            | Code::FencedInstanceId
            | Code::FencedMemberEpoch
            | Code::StaleMemberEpoch
            | Code::UnreleasedInstanceId
            | Code::InvalidProducerEpoch
            | Code::InvalidProducerIdMapping
            | Code::ProducerFenced
            | Code::Fenced
            | Code::AssignmentLost
            | Code::Fatal
    )
}

/// What to change, where trying again does not help.
fn advice(code: RDKafkaErrorCode) -> Option<&'static str> {
    use RDKafkaErrorCode as Code;
    Some(match code {
        Code::Authentication | Code::SaslAuthenticationFailed | Code::IllegalSASLState => {
            "check sasl.username, sasl.password and sasl.mechanisms"
        }
        Code::UnsupportedSASLMechanism => {
            "choose a mechanism that the brokers offer (sasl.mechanisms)"
        }
        Code::SSL => "check security.protocol and ssl.ca.location",
        Code::TopicAuthorizationFailed => {
            "allow this user to read, write or describe the topic in the cluster's ACLs"
        }
        Code::GroupAuthorizationFailed => "allow this user to use the group in the cluster's ACLs",
        Code::ClusterAuthorizationFailed => {
            "allow this user to do it in the cluster's ACLs, or have an administrator create the topics"
        }
        Code::TransactionalIdAuthorizationFailed => {
            "allow this user the transactional id in the cluster's ACLs, or use at-least-once"
        }
        Code::InconsistentGroupProtocol => {
            "start all members of the group alike: with instance names or without, with one group.protocol"
        }
        Code::UnsupportedVersion | Code::UnsupportedFeature => {
            "the brokers are too old for it: Kafka 2.5 is the oldest that works"
        }
        Code::InvalidConfig | Code::PolicyViolation | Code::InvalidReplicationFactor => {
            "ask for settings that the cluster allows"
        }
        _ => return None,
    })
}

/// Whether a value of this setting is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "password",
        "secret",
        "token",
        "oauthbearer.config",
        "key.pem",
        "jaas",
    ]
    .iter()
    .any(|part| name.contains(part))
}

/// Checks settings without a connection.
pub(super) fn check(config: &ClientConfig) -> Result<(), LogError> {
    let checked = config.create_native_config();
    checked
        .map(drop)
        .map_err(|error| classify("read the settings", &error, &Context::default()))
}
