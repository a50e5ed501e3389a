//! What one call makes of every kind of answer, and that no secret gets out of it.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are part of them")]

mod airlabs_support;

use std::net::TcpListener;
use std::time::Duration;

use airlabs_support::{
    CALLER, KEY, Reply, StandIn, aircraft, assert_discreet, assert_discreet_logs, envelope, error,
    gzip, ok, status, status_with,
};
use flightstream_core::flight::airlabs::{AirlabsError, Retry};
use flightstream_core::producer::airlabs::{AirlabsClient, Filter, RequestError, Snapshot};

#[track_caller]
fn snapshot(reply: Reply) -> Snapshot {
    let snapshot = StandIn::new([reply]).client().snapshot().unwrap();
    assert_discreet(&format!("{snapshot:?}"));
    snapshot
}

#[track_caller]
fn failure(reply: Reply) -> RequestError {
    let api = StandIn::new([reply]);
    let mut options = api.options();
    options.timeout = Duration::from_millis(400);
    let error = AirlabsClient::new(options).unwrap().snapshot().unwrap_err();
    assert_discreet(&format!("{error} {error:?} {:?}", error.failure()));
    assert_discreet(error.reason());
    assert_discreet_logs();
    error
}

#[test]
fn the_request_says_what_is_asked_for() {
    let api = StandIn::new([ok("[]")]);
    let mut options = api.options();
    options.filter = Filter {
        bbox: "49, 14.1, 54.9, 24.2".parse().ok(),
        hex: "48ae23".parse().ok(),
        reg_number: "SP-LRA".parse().ok(),
        flag: "PL".parse().ok(),
        airline_icao: "LOT".parse().ok(),
        dep_iata: "WAW".parse().ok(),
        arr_icao: "KJFK".parse().ok(),
        ..Filter::default()
    };
    options.fields = "hex, lat,  lng".parse().unwrap();
    AirlabsClient::new(options).unwrap().snapshot().unwrap();
    let query = format!(
        "api_key={KEY}&_fields=hex%2Clat%2Clng%2Cupdated&bbox=49%2C14.1%2C54.9%2C24.2&hex=48AE23\
         &reg_number=SP-LRA&flag=PL&airline_icao=LOT&dep_iata=WAW&arr_icao=KJFK"
    );
    assert_eq!(
        api.requests(),
        [format!("GET /api/v9/flights?{query} HTTP/1.1")]
    );
}

#[test]
fn by_default_every_field_is_asked_for_without_a_blank() {
    let api = StandIn::new([ok("[]")]);
    api.client().snapshot().unwrap();
    let request = api.requests().remove(0);
    let fields = request.split_once("_fields=").unwrap().1;
    let fields = fields.strip_suffix(" HTTP/1.1").unwrap();
    let fields: Vec<_> = fields.split("%2C").collect();
    for field in [
        "hex", "updated", "status", "squawk", "v_speed", "type", "lat", "lng",
    ] {
        assert!(fields.contains(&field), "{field}");
    }
    let is_name = |field: &&str| {
        field
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    assert!(fields.iter().all(is_name), "{fields:?}");
}

#[test]
fn an_envelope_is_taken_off() {
    let first = aircraft("48AE23", 52.25, 1_706_705_158);
    let second = aircraft("48ae24", 53.5, 1_706_705_160);
    let snapshot = snapshot(ok(envelope(&[first.clone(), second, "{}".to_owned()], 623)));
    assert_eq!(snapshot.messages.len(), 3);
    assert_eq!(snapshot.messages[0].raw, first);
    assert_eq!(snapshot.messages[0].key().unwrap(), "48AE23");
    assert_eq!(snapshot.messages[1].key().unwrap(), "48AE24");
    assert_eq!(snapshot.messages[2].key(), None);
    let quota = snapshot.quota.unwrap();
    assert_eq!((quota.remaining, quota.per_month), (Some(623), Some(1_000)));
    assert_eq!((quota.per_minute, quota.per_hour), (Some(250), Some(2_500)));
    assert!(!snapshot.is_repaired);
}

#[test]
fn a_bare_array_and_an_empty_one_are_answers() {
    let bare = snapshot(ok(format!("[{}]", aircraft("48AE23", 1.0, 1))));
    assert_eq!((bare.messages.len(), bare.quota), (1, None));
    let rows = snapshot(ok(r#"[["48AE23",52.1],["48AE24",52.2]]"#));
    assert_eq!(rows.messages.len(), 2);
    assert!(rows.messages.iter().all(|message| message.hex.is_none()));
    assert!(snapshot(ok(envelope(&[], 5))).messages.is_empty());
}

#[test]
fn gzip_is_unpacked_and_limited() {
    let body = envelope(&[aircraft("48AE23", 1.0, 1)], 5);
    let zipped = |body: &[u8]| {
        let header = "Content-Encoding: gzip".to_owned();
        Reply::Http("200 OK", vec![header], gzip(body))
    };
    assert_eq!(snapshot(zipped(body.as_bytes())).messages.len(), 1);

    let mut cut = gzip(body.as_bytes());
    cut.truncate(cut.len() / 2);
    let cut = Reply::Http("200 OK", vec!["Content-Encoding: gzip".to_owned()], cut);
    assert!(matches!(failure(cut), RequestError::Interrupted { .. }));

    let api = StandIn::new([zipped(&vec![b' '; 200_000])]);
    let mut options = api.options();
    options.max_body = 100_000;
    let error = AirlabsClient::new(options).unwrap().snapshot().unwrap_err();
    assert_eq!(error, RequestError::TooLarge { limit: 100_000 });
}

#[test]
fn bytes_that_are_no_utf8_spoil_one_element_only() {
    let mut body = br#"[{"hex":"48AE23","reg_number":"X"#.to_vec();
    body.extend(b"\xFF\"},{\"hex\":\"48AE24\"}]");
    let snapshot = snapshot(ok(body));
    assert!(snapshot.is_repaired);
    assert_eq!(
        snapshot.messages[0].raw,
        "{\"hex\":\"48AE23\",\"reg_number\":\"X\u{FFFD}\"}"
    );
    assert_eq!(snapshot.messages[1].raw, r#"{"hex":"48AE24"}"#);
    assert_eq!(failure(ok(b"\xFF\xFE\x00\x01")), RequestError::Malformed);
}

#[test]
fn an_error_counts_before_the_status_does() {
    use Retry::{BackOff, NextHour, NextMinute, Stop};
    for (code, retry) in [
        ("unknown_api_key", Stop),
        ("expired_api_key", Stop),
        ("unknown_method", Stop),
        ("wrong_params", Stop),
        ("not_found", BackOff),
        ("minute_limit_exceeded", NextMinute),
        ("hour_limit_exceeded", NextHour),
        ("month_limit_exceeded", Stop),
        ("internal_error", BackOff),
        ("never_heard_of", BackOff),
    ] {
        let known = AirlabsError::from_code(code);
        let with_200 = failure(ok(error(code)));
        assert_eq!(
            with_200,
            RequestError::Airlabs {
                error: known,
                retry_after: None
            }
        );
        assert_eq!(with_200.retry(), retry, "{code}");
        if known != AirlabsError::Other {
            assert_eq!(with_200.reason(), code);
            for other in [
                "400 Bad Request",
                "403 Forbidden",
                "500 Internal Server Error",
            ] {
                assert_eq!(failure(status(other, error(code))), with_200, "{other}");
            }
        }
    }
}

#[test]
fn a_status_without_a_known_error_says_what_to_do() {
    for (line, reason, retry) in [
        ("401 Unauthorized", "refused", Retry::Stop),
        ("403 Forbidden", "refused", Retry::Stop),
        ("404 Not Found", "refused", Retry::Stop),
        ("408 Request Timeout", "server_failed", Retry::BackOff),
        ("500 Internal Server Error", "server_failed", Retry::BackOff),
        ("502 Bad Gateway", "server_failed", Retry::BackOff),
        ("503 Service Unavailable", "server_failed", Retry::BackOff),
    ] {
        for body in ["", "<html>Invented</html>", "[]", &error("never_heard_of")] {
            let error = failure(status(line, body));
            assert_eq!(
                (error.reason(), error.retry()),
                (reason, retry),
                "{line} {body}"
            );
        }
    }
}

#[test]
fn the_pause_that_the_server_wants_is_told() {
    let wait = |reply| failure(reply).failure().retry_after;
    let too_many = "429 Too Many Requests";
    assert_eq!(
        wait(status_with(too_many, "Retry-After: 7")),
        Some(Duration::from_secs(7))
    );
    assert_eq!(wait(status_with(too_many, "Retry-After: soon")), None);
    assert_eq!(wait(status_with(too_many, "X-Other: 1")), None);
    let busy = status_with(
        "503 Service Unavailable",
        "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT",
    );
    assert_eq!(wait(busy), Some(Duration::ZERO));
    let error = failure(status_with(too_many, "Retry-After: 7"));
    assert_eq!(error.reason(), "too_many_requests");
}

#[test]
fn what_is_no_answer_is_told_apart() {
    let whole = envelope(&[aircraft("48AE23", 1.0, 1)], 5);
    assert_eq!(
        failure(ok(&whole[..whole.len() - 40])),
        RequestError::Malformed
    );
    assert_eq!(failure(ok("")), RequestError::Malformed);
    assert_eq!(
        failure(ok("<html>Invented page</html>")),
        RequestError::Malformed
    );
    assert_eq!(failure(ok(r#"{"hello":1}"#)), RequestError::Unexpected);
    assert_eq!(
        failure(ok(r#"{"response":null}"#)),
        RequestError::Unexpected
    );
    assert_eq!(failure(ok("7")), RequestError::Unexpected);
    let cut = failure(Reply::Truncated(whole.into_bytes()));
    assert!(matches!(cut, RequestError::Interrupted { .. }), "{cut:?}");
}

#[test]
fn a_slow_answer_ends_with_the_whole_time_allowed() {
    for reply in [Reply::Drip, Reply::Silence] {
        let error = failure(reply);
        let timeout = Duration::from_millis(400);
        assert_eq!(error, RequestError::TimedOut { timeout });
        assert!(error.failure().has_arrived);
    }
}

#[test]
fn a_body_of_100_mb_is_refused() {
    let error = StandIn::new([Reply::Huge]).client().snapshot().unwrap_err();
    assert_eq!(
        error,
        RequestError::TooLarge {
            limit: 64 * 1024 * 1024
        }
    );
}

#[test]
fn a_broken_connection_is_told_from_none() {
    for reply in [Reply::Close, Reply::Reset] {
        let error = failure(reply);
        assert!(
            matches!(error, RequestError::Interrupted { .. }),
            "{error:?}"
        );
        assert!(error.failure().has_arrived);
    }

    // A port that nothing listens on any more.
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut options = StandIn::new([ok("[]")]).options();
    options.base_url = format!("http://{closed}/");
    let error = AirlabsClient::new(options).unwrap().snapshot().unwrap_err();
    assert!(matches!(error, RequestError::Connect { .. }), "{error:?}");
    assert!(!error.failure().has_arrived);
    assert_discreet(&format!("{error} {error:?}"));
}

#[test]
fn a_redirect_is_not_followed() {
    let other = StandIn::new([ok("[]")]);
    for line in [
        "301 Moved Permanently",
        "302 Found",
        "307 Temporary Redirect",
    ] {
        let location = format!("Location: {}/flights?from={CALLER}", other.url);
        let error = failure(status_with(line, location));
        assert!(
            matches!(error, RequestError::Redirected { .. }),
            "{error:?}"
        );
        assert_eq!(error.retry(), Retry::Stop);
    }
    assert!(other.requests().is_empty());
}
