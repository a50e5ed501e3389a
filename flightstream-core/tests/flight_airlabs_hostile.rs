//! Messages that nobody should send, and that must cost neither a panic nor the memory of the task.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "what goes wrong in a test or a bench should end it"
)]

mod flight_reference;

use flightstream_core::batch::Rejection;
use flightstream_core::flight::airlabs::{
    AirlabsJson, Answer, AnswerError, DecodeError, Limits, messages,
};
use flightstream_core::operator::Decoder;

const GOOD: &str = r#"{"hex":"48AE23","reg_number":"Sł-\u0041","lat":51.25,"lng":-18.5e0,"alt":10688,"dir":271.4,"speed":828,
 "new":[true,false,null,{"a":"\"}{"}],"updated":1706705158,"status":"en-route"}"#;

fn decode(raw: &[u8]) -> Result<(), DecodeError> {
    AirlabsJson::default().decode(raw).map(drop)
}

#[test]
fn cut_off_anywhere_it_is_malformed() {
    decode(GOOD.as_bytes()).unwrap();
    let mut decoder = AirlabsJson::default();
    for length in 0..GOOD.len() {
        let cut = &GOOD.as_bytes()[..length];
        assert_eq!(
            decoder.decode(cut),
            Err(DecodeError::MalformedJson),
            "{length}"
        );
    }
    // And the decoder is none the worse for it.
    decoder.decode(GOOD.as_bytes()).unwrap();
}

#[test]
fn every_byte_changed_is_read_as_the_reference_reads_it() {
    let mut decoder = AirlabsJson::default();
    for at in 0..GOOD.len() {
        for byte in [
            0, b' ', b'"', b'\\', b'{', b'}', b'[', b',', b':', b'0', b'e', b'-', 0x80, 0xFF,
        ] {
            let mut raw = GOOD.as_bytes().to_vec();
            raw[at] = byte;
            let (fast, slow) = (decoder.decode(&raw), flight_reference::decode(&raw));
            assert!(
                flight_reference::alike(&fast, &slow),
                "{at} {byte}\n{fast:?}\n{slow:?}"
            );
        }
    }
}

#[test]
fn what_is_no_json_is_malformed() {
    for raw in [
        &b""[..],
        b" ",
        b"\0",
        b"{\"hex\":\"48AE23\",\"updated\":NaN}",
        b"{\"hex\":\"48AE23\",\"updated\":Infinity}",
        b"{\"hex\":\"48AE23\",\"updated\":-Infinity}",
        b"{\"hex\":\"48AE23\",\"updated\":1e999}",
        b"{\"hex\":\"48AE23\",\"updated\":01}",
        b"{\"hex\":\"48AE23\",\"updated\":1,}",
        b"{'hex':'48AE23','updated':1}",
        b"{hex:\"48AE23\",updated:1}",
        b"{\"hex\":\"48AE23\",\"updated\":1}x",
        b"{\"hex\":\"48AE23\",\"updated\":1}{}",
        b"{\"hex\":\"48AE23\",\"updated\":1,\"flag\":\"\xFF\xFE\"}",
        b"{\"hex\":\"48AE23\",\"updated\":1,\"flag\":\"\\ud800\"}",
        b"{\"hex\":\"48AE23\",\"updated\":1,\"flag\":\"a\nb\"}",
        b"\xEF\xBB\xBF{\"hex\":\"48AE23\",\"updated\":1}",
        b"hex,updated",
        b"<html>429 Too Many Requests</html>",
    ] {
        assert_eq!(
            decode(raw),
            Err(DecodeError::MalformedJson),
            "{}",
            raw.escape_ascii()
        );
        assert_eq!(
            flight_reference::decode(raw),
            Err(DecodeError::MalformedJson)
        );
    }
}

#[test]
fn json_that_is_no_object_is_told_apart() {
    for raw in [
        "null",
        "true",
        "0",
        "\"hex\"",
        "[]",
        "[{\"hex\":\"48AE23\"}]",
    ] {
        assert_eq!(
            decode(raw.as_bytes()),
            Err(DecodeError::NotAnObject),
            "{raw}"
        );
    }
}

#[test]
fn size_is_limited_before_parsing() {
    let huge = vec![b'['; 100 << 20];
    assert_eq!(decode(&huge), Err(DecodeError::TooLarge { limit: 65_536 }));
    assert_eq!(Answer::parse(&huge), Err(AnswerError::TooLarge));

    let elements = |count: usize| format!("[{}null]", "null,".repeat(count - 1));
    assert_eq!(
        messages(elements(500_000).as_bytes()).unwrap().len(),
        500_000
    );
    let more = elements(500_001);
    assert_eq!(messages(more.as_bytes()), Err(AnswerError::TooMany));
    let cut = &more.as_bytes()[..more.len() - 1];
    assert_eq!(messages(cut), Err(AnswerError::Malformed));

    let mut padded = br#"{"hex":"48AE23","updated":1}"#.to_vec();
    padded.resize(65_536, b' ');
    decode(&padded).unwrap();
    padded.push(b' ');
    assert_eq!(
        decode(&padded),
        Err(DecodeError::TooLarge { limit: 65_536 })
    );
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        format!(r#"{{"hex":"48AE23","updated":1,"a":{open}{close}}}"#)
    };
    decode(nested(16).as_bytes()).unwrap();
    assert_eq!(
        decode(nested(17).as_bytes()),
        Err(DecodeError::TooDeep { limit: 16 })
    );

    let brackets = "[".repeat(100_000);
    let braces = r#"{"a":"#.repeat(100_000);
    let mut decoder = AirlabsJson::with_limits(Limits {
        size: 10 << 20,
        depth: 16,
    });
    for text in [&brackets, &braces] {
        let error = decoder.decode(text.as_bytes());
        assert_eq!(error, Err(DecodeError::TooDeep { limit: 16 }));
        assert_eq!(messages(text.as_bytes()), Err(AnswerError::Malformed));
    }

    // In an answer it is one message among others, and refused when it is decoded.
    let closed = format!("{brackets}{}", "]".repeat(100_000));
    let body = format!(
        r#"{{"response":[{{"hex":"48AE23","updated":1}},{{"hex":"ABCDEF","a":{closed}}}]}}"#
    );
    let messages = messages(body.as_bytes()).unwrap();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[1].hex.unwrap().to_string(), "ABCDEF");
    assert_eq!(
        decoder.decode(messages[1].raw),
        Err(DecodeError::TooDeep { limit: 16 })
    );
}

#[test]
fn reasons_are_fixed_words() {
    let reason = |raw: &[u8]| {
        let rejection: Rejection = AirlabsJson::default().decode(raw).unwrap_err().into();
        assert!(!rejection.detail().is_empty());
        rejection.reason().to_owned()
    };
    assert_eq!(reason(b""), "malformed_json");
    assert_eq!(reason(b"[]"), "not_an_object");
    assert_eq!(reason(b"{}"), "no_hex");
    assert_eq!(reason(br#"{"hex":"?"}"#), "bad_hex");
    assert_eq!(reason(br#"{"hex":"48AE23"}"#), "no_time");
    assert_eq!(reason(&[b' '; 70_000]), "too_large");
    assert_eq!(reason("[".repeat(1000).as_bytes()), "too_deep");
}
