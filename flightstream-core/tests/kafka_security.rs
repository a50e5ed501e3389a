//! Encryption, log-in and access rights, on a real cluster that lets clients without a log-in do everything, and the
//! user `flight` nothing.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod kafka_cluster;

use flightstream_core::log::kafka::{KafkaLog, KafkaOptions};
use flightstream_core::log::{Log, LogError, TopicSpec};
use kafka_cluster::*;

const PASSWORD: &str = "flight-secret";

fn tls() -> KafkaOptions {
    KafkaOptions::new(variable("FLIGHTSTREAM_TEST_KAFKA_TLS")).set("security.protocol", "SSL")
}

fn sasl(mechanism: &str, password: &str) -> KafkaOptions {
    KafkaOptions::new(variable("FLIGHTSTREAM_TEST_KAFKA_SASL"))
        .set("security.protocol", "SASL_PLAINTEXT")
        .set("sasl.mechanisms", mechanism)
        .set("sasl.username", "flight")
        .set("sasl.password", password)
}

#[track_caller]
fn refused(options: KafkaOptions, advice: &str) {
    let shown = format!("{options:?}");
    let error = KafkaLog::open(options).unwrap_err();
    assert!(matches!(error, LogError::Refused { .. }), "{error:?}");
    let text = format!("{error} {error:?} {shown}");
    assert!(text.contains(advice), "{text}");
    assert!(
        !text.contains(PASSWORD) && !text.contains("swordfish"),
        "{text}"
    );
}

#[test]
fn a_cluster_is_trusted_by_its_authority_only() {
    let trusting = tls().set("ssl.ca.location", variable("FLIGHTSTREAM_TEST_KAFKA_CA"));
    let log = KafkaLog::open(trusting).unwrap();
    let topic = name("tls");
    log.create_topic(&TopicSpec::new(&topic, 1)).unwrap();
    assert_eq!(log.offsets(&topic).unwrap().len(), 1);
    refused(tls(), "ssl.ca.location");
}

#[test]
fn a_password_opens_and_a_wrong_one_is_named_without_being_shown() {
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        KafkaLog::open(sasl(mechanism, PASSWORD)).unwrap();
        refused(sasl(mechanism, "swordfish"), "sasl.password");
    }
}

#[test]
fn a_token_opens() {
    let unsecured = KafkaOptions::new(variable("FLIGHTSTREAM_TEST_KAFKA_SASL"))
        .set("security.protocol", "SASL_PLAINTEXT")
        .set("sasl.mechanisms", "OAUTHBEARER")
        .set("enable.sasl.oauthbearer.unsecure.jwt", "true")
        .set("sasl.oauthbearer.config", "principal=flight");
    KafkaLog::open(unsecured).unwrap();
}

#[test]
fn what_is_not_allowed_is_named_with_what_to_change() {
    let topic = name("forbidden");
    open().create_topic(&TopicSpec::new(&topic, 1)).unwrap();
    let log = KafkaLog::open(sasl("PLAIN", PASSWORD)).unwrap();
    let forbidden = [
        log.offsets(&topic).unwrap_err(),
        log.create_topic(&TopicSpec::new(name("new"), 1))
            .unwrap_err(),
    ];
    for error in forbidden {
        assert!(matches!(error, LogError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains("ACL"), "{error}");
    }
}
