//! Answers of the API: the forms they come in, errors in them, and what must never get out of them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what goes wrong in a test or a bench should end it"
)]

use flightstream_core::flight::airlabs::{
    AirlabsError, AirlabsJson, Answer, AnswerError, Retry, messages,
};
use flightstream_core::operator::Decoder;

const ENVELOPE: &str = r#"{"request":{"lang":"en","time":12,"key":{"id":7,"api_key":"s3cr3t-k3y","type":"free",
  "expired":"2031-02-03T00:00:00.000Z","limits_by_minute":250,"limits_by_hour":"2500","limits_by_month":1000,
  "limits_total":623},"params":{"api_key":"s3cr3t-k3y"},"client":{"ip":"203.0.113.77"}},
 "response":[ {"hex":"48AE23","updated":1706705158, "alt":null} ,{"hex":"3c6444","updated":1706705159}],
 "terms":"Unauthorized access is prohibited"}"#;

#[test]
fn an_envelope_is_taken_off() {
    let answer = Answer::parse(ENVELOPE.as_bytes()).unwrap();
    let [first, second] = answer.messages[..] else {
        panic!("{answer:?}")
    };
    assert_eq!(
        first.raw,
        br#"{"hex":"48AE23","updated":1706705158, "alt":null}"#
    );
    assert_eq!(first.hex.unwrap().key(), "48AE23");
    assert_eq!(second.hex.unwrap().key(), "3C6444");
    AirlabsJson::default().decode(second.raw).unwrap();

    let quota = answer.quota.unwrap();
    assert_eq!(quota.plan.unwrap().as_str(), "free");
    assert_eq!(quota.expired.unwrap().as_str(), "2031-02-03T00:00:00.000Z");
    assert_eq!((quota.per_minute, quota.per_hour), (Some(250), Some(2500)));
    assert_eq!((quota.per_month, quota.remaining), (Some(1000), Some(623)));
}

#[test]
fn neither_key_nor_address_gets_out() {
    let answer = Answer::parse(ENVELOPE.as_bytes()).unwrap();
    let error = ENVELOPE.replace(
        "\"response\"",
        "\"error\":{\"code\":\"x\",\"message\":\"s3cr3t-k3y\"},\"response\"",
    );
    let error = Answer::parse(error.as_bytes()).unwrap_err();
    let cut = Answer::parse(&ENVELOPE.as_bytes()[..300]).unwrap_err();
    let texts = format!("{answer:?} {error:?} {error} {cut:?} {cut}");
    assert!(
        !texts.contains("s3cr3t") && !texts.contains("203.0"),
        "{texts}"
    );
    for message in answer.messages {
        assert!(!message.raw.escape_ascii().to_string().contains("s3cr3t"));
    }
}

#[test]
fn an_error_counts_before_anything_else() {
    for (code, error, retry) in [
        ("unknown_api_key", AirlabsError::UnknownApiKey, Retry::Stop),
        ("expired_api_key", AirlabsError::ExpiredApiKey, Retry::Stop),
        ("unknown_method", AirlabsError::UnknownMethod, Retry::Stop),
        ("wrong_params", AirlabsError::WrongParams, Retry::Stop),
        ("not_found", AirlabsError::NotFound, Retry::BackOff),
        (
            "minute_limit_exceeded",
            AirlabsError::MinuteLimitExceeded,
            Retry::NextMinute,
        ),
        (
            "hour_limit_exceeded",
            AirlabsError::HourLimitExceeded,
            Retry::NextHour,
        ),
        (
            "month_limit_exceeded",
            AirlabsError::MonthLimitExceeded,
            Retry::Stop,
        ),
        (
            "internal_error",
            AirlabsError::InternalError,
            Retry::BackOff,
        ),
        ("on_fire", AirlabsError::Other, Retry::BackOff),
    ] {
        let bare = format!(r#"{{"error":{{"message":"m","code":"{code}"}}}}"#);
        let whole = format!(
            r#"{{"response":[{{"hex":"48AE23"}}],"request":{{}},"error":{{"code":"{code}"}}}}"#
        );
        for body in [bare, whole] {
            assert_eq!(
                Answer::parse(body.as_bytes()),
                Err(AnswerError::Airlabs(error)),
                "{body}"
            );
        }
        assert_eq!(error.retry(), retry);
    }
    for body in [
        r#"{"error":"broken"}"#,
        r#"{"error":{}}"#,
        r#"{"error":{"code":7}}"#,
    ] {
        let error = Answer::parse(body.as_bytes()).unwrap_err();
        assert_eq!(error, AnswerError::Airlabs(AirlabsError::Other), "{body}");
    }
    assert!(
        messages(br#"{"error":null,"response":[]}"#)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn other_forms() {
    let count = |body: &str| messages(body.as_bytes()).map(|messages| messages.len());
    assert_eq!(count(r#"[{"hex":"48AE23"},{"hex":"48AE24"}]"#), Ok(2));
    assert_eq!(count(" \n[ ]"), Ok(0));
    assert_eq!(count(r#"{"hex":"48AE23","updated":1}"#), Ok(1));
    assert_eq!(count(r#"{"response":{"hex":"48AE23","updated":1}}"#), Ok(1));
    for body in [
        r#"{"request":{}}"#,
        "{}",
        r#"{"response":null}"#,
        r#"{"response":"x"}"#,
        r#"{"hex":"48AE23","request":{"key":{"api_key":"s3cr3t-k3y"}}}"#,
        "7",
        "null",
        "\"x\"",
    ] {
        assert_eq!(count(body), Err(AnswerError::Unexpected), "{body}");
    }
    for body in [
        "",
        "[",
        "x",
        "<html>",
        "{\"response\":[{}]",
        "[{}]x",
        "\u{feff}[]",
    ] {
        assert_eq!(count(body), Err(AnswerError::Malformed), "{body}");
    }
    assert_eq!(messages(b"[\"\xFF\"]"), Err(AnswerError::Malformed));
    // A request in an unusual form costs the quota only.
    for request in [
        "7",
        "{\"key\":7}",
        "{\"key\":{\"limits_total\":-1}}",
        "null",
    ] {
        let body = format!(r#"{{"request":{request},"response":[{{}}]}}"#);
        let answer = Answer::parse(body.as_bytes()).unwrap();
        assert_eq!(
            (answer.messages.len(), answer.quota),
            (1, None),
            "{request}"
        );
    }
}

#[test]
fn no_element_is_lost() {
    let body =
        br#"[{"hex":"48AE23"},null,7,"x",["48AE23",52.1],{},{"hex":"?"},{"hex":1},{"HEX":"48AE23"},
        {"hex":"48AE23","hex":"ABCDEF"},{"\u0068ex":"123456"},{"a":{"hex":"48AE23"}}]"#;
    let messages = messages(body).unwrap();
    let keys: Vec<String> = messages
        .iter()
        .map(|message| message.hex.map_or_else(String::new, |hex| hex.to_string()))
        .collect();
    assert_eq!(
        keys,
        [
            "48AE23", "", "", "", "", "", "", "", "", "ABCDEF", "123456", ""
        ]
    );
    assert_eq!(messages[4].raw, br#"["48AE23",52.1]"#);
    let mut decoder = AirlabsJson::default();
    for message in &messages {
        assert!(decoder.decode(message.raw).is_err());
    }
    assert_eq!(decoder.statistics().rejected, 12);
}
