//! The commands around the pipeline: help, completions, the doctor, producers, and a key that nobody gets to see.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]

mod support;

use std::io::{Read, Write};
use std::net::TcpListener;

use support::{Ended, PATIENCE, Place, Process};

/// The form of a key, and nothing that stands anywhere else.
const KEY: &str = "c0ffee00-dead-4bad-9bad-0123456789ab";

#[test]
fn every_command_says_what_it_does() {
    let place = Place::new();
    let cases: [(&[&str], &str); 17] = [
        (&[], "one binary"),
        (&["run"], "All stages in one process"),
        (&["produce"], "topic `flight`"),
        (&["produce", "stream"], "within its quota"),
        (&["produce", "export"], "Save one snapshot"),
        (&["produce", "replay"], "recorded file"),
        (&["produce", "simulate"], "Simulate traffic"),
        (&["process"], "The processing stage alone"),
        (&["index"], "The indexing stage alone"),
        (&["dashboard"], "The dashboard alone"),
        (&["dlq"], "What was refused"),
        (&["dlq", "list"], "by reason, stage and topic"),
        (&["dlq", "show"], "Show refused records"),
        (&["dlq", "replay"], "each once"),
        (&["doctor"], "say what to do"),
        (&["completions"], "completion script"),
        (&["run"], "[env: FLIGHTSTREAM_AIRCRAFT=]"),
    ];
    for (command, text) in cases {
        let help = place.run(command.iter().chain(&["--help"])).succeeded();
        assert!(
            help.stdout.contains(text),
            "expected {text:?} in the help of {command:?}:\n{}",
            help.stdout
        );
        assert!(
            help.stdout.contains("Usage: flightstream")
                && !help.stdout.contains("flightstream-apps"),
            "expected the name of the command in the help of {command:?}:\n{}",
            help.stdout
        );
    }
    let version = place.run(["--version"]).succeeded().stdout;
    assert_eq!(
        version.trim(),
        concat!("flightstream ", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn shells_get_completions() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = place.run(["completions", shell]).succeeded().stdout;
        assert!(
            script.contains("flightstream") && script.contains("exit-when-done"),
            "expected a script for {shell}"
        );
    }
    place
        .run(["completions", "dos"])
        .failed(2, &["dos", "bash"]);
}

#[test]
fn the_doctor_finds_nothing_or_says_what_to_do() {
    let place = Place::new();
    let data = place.data();
    let fine = [
        "doctor",
        "--listen",
        "127.0.0.1:0",
        "--data",
        data.to_str().unwrap(),
    ];
    let healthy = place.run(fine).succeeded();
    assert_eq!(
        healthy.stdout.matches("ok  ").count(),
        4,
        "expected four checks:\n{}",
        healthy.stdout
    );
    assert!(!healthy.stdout.contains("FAIL"), "{}", healthy.stdout);

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let no_folder = place.file("plain", "x");
    let empty = place.file("airports.csv", "icao,iata,country,lat,lon\n");
    let key = place.file("key", "with blanks in it\n");
    let mut sick = vec![
        "doctor",
        "--listen",
        &address,
        "--data",
        no_folder.to_str().unwrap(),
    ];
    sick.extend(["--airports", empty.to_str().unwrap()]);
    sick.extend(["--api-key-file", key.to_str().unwrap()]);
    let report = place.run(sick).failed(1, &["4 of the checks failed"]);
    for text in [
        "--listen",
        "--data",
        "choose another address",
        "empty",
        "--api-key-file",
    ] {
        assert!(
            report.stdout.contains(text),
            "expected {text:?}:\n{}",
            report.stdout
        );
    }
    assert!(
        !report.stdout.contains("with blanks"),
        "expected no key:\n{}",
        report.stdout
    );
}

#[test]
fn a_seed_makes_the_same_file_again() {
    let place = Place::new();
    let simulate = |name: &str, seed: &str| {
        let options = [
            "--aircraft",
            "200",
            "--duration",
            "30s",
            "--dirt",
            "--seed",
            seed,
        ];
        std::fs::read(place.simulate(name, &options)).unwrap()
    };
    let first = simulate("a.ndjson", "7");
    assert!(
        first.len() > 100_000,
        "expected a file with something in it: {}",
        first.len()
    );
    assert!(
        first == simulate("b.ndjson", "7"),
        "expected the same file of the same seed"
    );
    assert!(
        first != simulate("c.ndjson", "8"),
        "expected another file of another seed"
    );
    // No half-written file stays behind.
    let names: Vec<_> = std::fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(
        names.len(),
        3,
        "expected three files and nothing else: {names:?}"
    );

    let nowhere = [
        "produce",
        "simulate",
        "--duration",
        "1s",
        "--filename",
        "no/such/folder.ndjson",
    ];
    place
        .run(nowhere)
        .failed(1, &["cannot write no/such/folder.ndjson"]);
}

#[test]
fn broken_messages_are_in_the_file_too() {
    let place = Place::new();
    let options = ["--aircraft", "2000", "--duration", "40s", "--dirt"];
    let text = std::fs::read(place.simulate("dirty.ndjson", &options)).unwrap();
    let lines = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let broken = lines
        .filter(|line| serde_json::from_slice::<serde_json::Value>(line).is_err())
        .count();
    assert!(broken > 0, "expected --dirt to break some messages");
}

#[test]
fn without_a_key_the_producers_of_the_api_say_what_to_do() {
    let place = Place::new();
    for command in [
        &["produce", "stream"][..],
        &["produce", "export"],
        &["run", "--source", "stream", "--listen", "127.0.0.1:0"],
    ] {
        place
            .run(command)
            .failed(2, &["FLIGHTSTREAM_API_KEY", "--api-key-file"]);
    }
    place
        .run(["produce", "export", "--api-key-file", "nowhere"])
        .failed(2, &["--api-key-file", "nowhere"]);
    assert!(
        !place.path().join("dummy_data.json").exists(),
        "expected no file"
    );
}

/// Answers every request with that body, and gives the requests' first lines to whoever looks.
fn stand_in(status: &'static str, body: String) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut stream = stream;
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
            );
            let _ = stream
                .write_all(head.as_bytes())
                .and_then(|()| stream.write_all(body.as_bytes()));
        }
    });
    address
}

fn with_key(place: &Place, args: &[&str], url: &str) -> Ended {
    let data = place.data();
    let mut args = args.to_vec();
    args.extend(["--api-url", url, "-vv", "--timeout", "5s"]);
    if args.contains(&"stream") {
        args.extend(["--data", data.to_str().unwrap()]);
    }
    let mut command = place.command(args);
    command
        .env("FLIGHTSTREAM_API_KEY", KEY)
        .env("RUST_LOG", "trace");
    Process::spawn(command).wait(PATIENCE)
}

#[track_caller]
fn tells_no_key(place: &Place, ended: &Ended) {
    for text in [&ended.stdout, &ended.stderr] {
        assert!(
            !text.contains(KEY),
            "expected the key to stay secret:\n{text}"
        );
        assert!(
            !text.contains("192.0.2.7"),
            "expected the caller's address to stay secret:\n{text}"
        );
    }
    fn no_file_holds_it(folder: &std::path::Path) {
        for entry in std::fs::read_dir(folder).unwrap().map_while(Result::ok) {
            if entry.file_type().unwrap().is_dir() {
                no_file_holds_it(&entry.path());
            } else {
                let content = std::fs::read(entry.path()).unwrap();
                let holds = content
                    .windows(KEY.len())
                    .any(|window| window == KEY.as_bytes());
                assert!(!holds, "expected no key in {}", entry.path().display());
            }
        }
    }
    no_file_holds_it(place.path());
}

#[test]
fn the_key_is_in_no_output_whatever_goes_wrong() {
    let echo = format!(
        r#"{{"request":{{"key":{{"api_key":"{KEY}"}},"client":{{"ip":"192.0.2.7"}}}},"error":{{"message":"the key {KEY} of 192.0.2.7 is not known","code":"unknown_api_key"}}}}"#
    );
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let cases = [
        (
            stand_in("200 OK", echo.clone()),
            "does not know the API key",
        ),
        (stand_in("401 Unauthorized", echo.clone()), ""),
        (stand_in("200 OK", format!("<html>{KEY}</html>")), ""),
        (stand_in("500 Internal Server Error", echo), ""),
        (closed, ""),
    ];
    for (address, told) in cases {
        let place = Place::new();
        let url = format!("http://{address}");
        let ended = with_key(
            &place,
            &["produce", "export", "--filename", "out.json"],
            &url,
        );
        tells_no_key(&place, &ended);
        let ended = ended.failed(1, &[told]);
        assert!(
            ended.stderr.lines().any(|line| line.starts_with("error: ")),
            "expected an error:\n{}",
            ended.stderr
        );
        assert!(!place.path().join("out.json").exists(), "expected no file");
    }
}

#[test]
fn a_key_that_is_refused_ends_the_producer_and_run() {
    let echo =
        format!(r#"{{"error":{{"message":"{KEY} is not known","code":"unknown_api_key"}}}}"#);
    let url = format!("http://{}", stand_in("200 OK", echo));
    for args in [
        &["produce", "stream"][..],
        &["run", "--source", "stream", "--listen", "127.0.0.1:0"],
    ] {
        let place = Place::new();
        let ended = with_key(&place, args, &url);
        tells_no_key(&place, &ended);
        let ended = ended.failed(1, &["error: ", "does not know the API key"]);
        assert_eq!(
            ended.stderr.matches("error: ").count(),
            1,
            "expected the error once:\n{}",
            ended.stderr
        );
    }
}

#[test]
fn an_export_holds_the_flights_and_not_the_envelope() {
    let flights = r#"[{"hex":"3C6D01","lat":50.1,"lng":8.1,"updated":1706705100},{"hex":"3C6D02","lat":51.1,"lng":8.1,"updated":1706705100}]"#;
    let answer = format!(
        r#"{{"request":{{"key":{{"api_key":"{KEY}","limits_total":1000}},"client":{{"ip":"192.0.2.7"}}}},"response":{flights}}}"#
    );
    let url = format!("http://{}", stand_in("200 OK", answer));
    for name in ["out.json", "out.ndjson", "out.csv"] {
        let place = Place::new();
        let ended = with_key(&place, &["produce", "export", "--filename", name], &url);
        tells_no_key(&place, &ended);
        ended.succeeded();
        // What was exported can be replayed.
        let report = place.replay(&place.path().join(name)).succeeded().report();
        assert_eq!(report.number("enriched"), 2, "{name}: {}", report.0);
    }
}

#[test]
fn secrets_in_settings_are_in_no_help_and_no_message() {
    let place = Place::new();
    let whole =
        "kafka-property = \"sasl.password=hunter2\"\nelastic = \"https://user:hunter2@es:9200\"\n";
    let settings = place.file("whole.toml", whole);
    let elastic = place.file(
        "elastic.toml",
        "elastic = \"https://user:hunter2@es:9200\"\n",
    );
    let broken = place.file(
        "broken.toml",
        "# one\nkafka-property = \"sasl.password=hunter2\n",
    );
    let run = |settings: &std::path::Path, args: &[&str]| {
        let settings = ["--config", settings.to_str().unwrap()];
        place.run([args, &settings[..]].concat())
    };
    let told = [
        run(&settings, &["index", "--help"]).succeeded(),
        run(&elastic, &["index", "--data", "data"]).failed(2, &["--elastic-user"]),
        run(&broken, &["index"]).failed(2, &["broken.toml", "line 2"]),
        {
            let mut command = place.command(["index", "--kafka", "127.0.0.1:9"]);
            command.env("FLIGHTSTREAM_KAFKA_PROPERTY", "sasl.password:hunter2");
            Process::spawn(command)
                .wait(PATIENCE)
                .failed(2, &["--kafka-property", "NAME=VALUE"])
        },
    ];
    for ended in told {
        let text = ended.stdout + &ended.stderr;
        assert!(!text.contains("hunter2"), "{text}");
    }
}
