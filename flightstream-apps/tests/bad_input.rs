//! Input, settings and surroundings that are wrong: a clear error or a dead letter, and never a panic.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper fails as the test that calls it does"
)]

mod support;

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;

use serde_json::json;
use support::{PATIENCE, Place, Process, topics, wait_until};

fn flight(n: usize) -> String {
    json!({"hex": format!("{:06X}", 0x3C_0000 + n), "lat": 50.0, "lng": 8.25, "updated": 1_706_705_100}).to_string()
}

fn array(count: usize) -> String {
    let flights: Vec<_> = (0..count).map(flight).collect();
    format!("[{}]", flights.join(",\n"))
}

#[test]
fn a_file_that_was_cut_off_is_sent_up_to_there() {
    let whole = array(1_500);
    for (name, content) in [
        ("cut.json", whole[..whole.len() - 10].to_owned()),
        ("open.json", whole[..whole.len() - 1].to_owned()),
    ] {
        let place = Place::new();
        let ended = place.replay(&place.file(name, content));
        let ended = ended.failed(1, &[name, "was cut off after"]);
        let report = ended.report();
        report.adds_up();
        let read = report.number("read");
        assert!(
            (1_499..=1_500).contains(&read),
            "{name}: expected what is whole to be processed: {read}"
        );
        assert_eq!(place.index().len() as u64, read, "{name}");
    }
}

#[test]
fn a_compressed_file_that_was_cut_off_is_sent_up_to_there() {
    let place = Place::new();
    let content = array(1_700);
    // A raw zstd block a chunk; the last block never comes.
    let mut zstd = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x50];
    for chunk in content.as_bytes()[..100_000].chunks(50_000) {
        zstd.extend(&u32::try_from(chunk.len() << 3).unwrap().to_le_bytes()[..3]);
        zstd.extend(chunk);
    }
    let ended = place.replay(&place.file("cut.json.zst", zstd));
    let report = ended.failed(1, &["cut.json.zst", "incomplete"]).report();
    assert!(
        report.number("read") > 1_000,
        "expected what is whole to be processed: {}",
        report.0
    );
}

#[test]
fn what_is_no_file_of_flights_is_refused_before_anything_starts() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("folder.json")).unwrap();
    let error = r#"{"error":{"message":"the key S3CRET is unknown","code":"unknown_api_key"}}"#;
    let cases: [(&str, Option<&str>, &str); 10] = [
        ("missing.json", None, "No such file"),
        ("folder.json", None, "s a directory"),
        ("empty.json", Some(""), "holds no flights"),
        ("blank.ndjson", Some(" \n \n"), "holds no flights"),
        ("error.json", Some(error), "does not know the API key"),
        (
            "strange.json",
            Some(r#"{"answer":42}"#),
            "neither flights nor an error",
        ),
        (
            "half.json",
            Some(r#"{"response":[{"hex":"#),
            "no well-formed JSON",
        ),
        ("what.dat", Some("hello"), "name it .json, .ndjson or .csv"),
        (
            "headless.csv",
            Some("a,b\n1,2\n"),
            "the first row names no column `hex`",
        ),
        ("broken.json.gz", Some("\u{1f}not really"), "name it"),
    ];
    for (name, content, message) in cases {
        let mut path = place.path().join(name);
        if let Some(content) = content {
            path = place.file(name, content);
        }
        if name == "broken.json.gz" {
            path = place.file("broken.json.gz", [0x1f, 0x8b, 8, 0, 1, 2, 3]);
        }
        let message = if name == "broken.json.gz" {
            "cannot read"
        } else {
            message
        };
        for command in [&["run"][..], &["produce", "replay", "--filename"]] {
            let mut args = command.to_vec();
            args.push(path.to_str().unwrap());
            let data = place.data();
            args.extend(["--data", data.to_str().unwrap()]);
            if command == ["run"] {
                args.extend(["--listen", "127.0.0.1:0"]);
            }
            let ended = place.run(args).failed(1, &[name, message]);
            assert!(
                !ended.stderr.contains("S3CRET"),
                "expected no key: {}",
                ended.stderr
            );
            assert_eq!(
                ended.stderr.matches(message).count(),
                1,
                "expected the error once:\n{}",
                ended.stderr
            );
        }
        assert!(
            !place.data().exists(),
            "{name}: expected that nothing was started"
        );
    }
}

#[test]
fn hostile_messages_become_dead_letters_and_the_others_get_through() {
    let place = Place::new();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_field = flight(1).replacen('{', &format!(r#"{{"x":{deep},"#), 1);
    let long_text = "x".repeat(3 << 20);
    let long = flight(2).replacen('{', &format!(r#"{{"reg_number":"{long_text}","#), 1);
    let with = |n: usize, lat: &str| flight(n).replace("50.0", lat);
    let lines: Vec<Vec<u8>> = vec![
        flight(0).into_bytes(),
        deep.into_bytes(),
        deep_field.into_bytes(),
        long.into_bytes(),
        with(3, "NaN").into_bytes(),
        with(4, "Infinity").into_bytes(),
        with(5, "1e999").into_bytes(),
        with(6, r#"{"deg":50}"#).into_bytes(),
        with(7, "true").into_bytes(),
        b"\xff\xfe\xfd".to_vec(),
        b"null".to_vec(),
        b"12".to_vec(),
        b"\"text\"".to_vec(),
        b"{}".to_vec(),
        // Of a repeated key the last counts.
        flight(8)
            .replacen('{', r#"{"hex":"3CFFFF","#, 1)
            .into_bytes(),
        flight(9)
            .replace("1706705100", "99999999999999999999")
            .into_bytes(),
        flight(10).replace("1706705100", "-5").into_bytes(),
        flight(11).into_bytes(),
    ];
    let sent = lines.len() as u64;
    let report = place
        .replay(&place.file("hostile.ndjson", lines.join(&b'\n')))
        .succeeded()
        .report();
    report.adds_up();
    assert_eq!(report.number("read"), sent, "{}", report.0);
    let index = place.index();
    for (hex, there) in [
        ("3C0000", true),
        ("3C0008", true),
        ("3C000B", true),
        ("3CFFFF", false),
    ] {
        assert_eq!(
            index.contains_key(hex),
            there,
            "expected {hex} in the index: {there}; {:?} {}",
            index.keys(),
            report.0
        );
    }
    for hex in ["3C0003", "3C0004", "3C0005", "3C0006", "3C0007", "3C0009"] {
        assert!(
            !index.contains_key(hex),
            "expected {hex} not in the index: {:?}",
            index[hex]
        );
    }
    let log = topics::open(&place.data());
    let letters = topics::records(&log, "flight-dlq").concat();
    let rejected: u64 = report.counts("rejected").values().sum();
    assert_eq!(
        letters.len() as u64,
        rejected,
        "expected a dead letter a reject"
    );
    for letter in &letters {
        assert!(
            lines.iter().any(|line| line == topics::value(letter)),
            "expected dead letters to hold the original bytes"
        );
    }
}

#[test]
fn csv_cells_that_are_no_numbers_spoil_only_their_row() {
    let place = Place::new();
    let mut content = b"hex,lat,lng,updated\n3C0000,50,8,1706705100\n".to_vec();
    content.extend_from_slice(b"3C0001,NaN,8,1706705100\n3C0002,50,8\n3C0003,50,8,1706705100,9\n");
    content
        .extend_from_slice(b"3C0004,50,8,soon\n3C0\xff05,50,8,1706705100\n3C0006,51,8,1706705100");
    let report = place
        .replay(&place.file("rows.csv", content))
        .succeeded()
        .report();
    report.adds_up();
    assert_eq!(report.number("read"), 7, "{}", report.0);
    assert_eq!(
        place.index().keys().collect::<Vec<_>>(),
        ["3C0000", "3C0006"],
        "expected the good rows: {}",
        report.0
    );
}

#[test]
fn one_absurd_value_is_refused_in_bounded_memory() {
    let huge = "9".repeat(40 << 20);
    for (name, content) in [
        ("huge.json", format!("[{},{huge}", flight(0))),
        ("huge.ndjson", format!("{}\n{huge}\n", flight(0))),
        (
            "huge.csv",
            format!("hex,lat,lng,updated\n3C0000,50,8,1706705100\n\"{huge}"),
        ),
    ] {
        let place = Place::new();
        let ended = place.replay(&place.file(name, content));
        let report = ended.failed(1, &[name, "no file of flights"]).report();
        assert_eq!(
            report.number("read"),
            1,
            "{name}: expected what came before"
        );
        let memory = report.number("peak_rss_bytes") >> 20;
        assert!(
            memory < 150,
            "{name}: expected bounded memory, not {memory} MiB"
        );
    }
}

#[test]
fn many_large_messages_are_sent_in_bounded_memory() {
    let place = Place::new();
    // A zstd block of 128 KiB that says which byte it repeats: lines of 3 MiB in a hundred bytes each.
    let block = |kind: u32, size: u32| (size << 3 | kind << 1).to_le_bytes();
    let mut zstd = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x50];
    let count = 80;
    for _ in 0..count {
        for _ in 0..24 {
            zstd.extend(&block(1, 128 << 10)[..3]);
            zstd.push(b'x');
        }
        zstd.extend(&block(1, 1)[..3]);
        zstd.push(b'\n');
    }
    zstd.extend(&(block(0, 0)[0] | 1).to_le_bytes());
    zstd.extend([0, 0]);
    assert!(zstd.len() < 10_000);
    let report = place
        .replay(&place.file("large.ndjson.zst", zstd))
        .succeeded()
        .report();
    report.adds_up();
    assert_eq!(
        report.counts("rejected")["too_large"],
        count,
        "{}",
        report.0
    );
    let memory = report.number("peak_rss_bytes") >> 20;
    assert!(memory < 250, "expected bounded memory, not {memory} MiB");
}

#[test]
fn a_hundred_megabytes_are_read_in_bounded_memory() {
    let place = Place::new();
    let path = place.path().join("large.json");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    // Mostly blanks and a few large messages, so that a debug build reads it in seconds.
    let padding = " ".repeat(64 << 10);
    let count = 1_600;
    for n in 0..count {
        let before = if n == 0 { '[' } else { ',' };
        write!(file, "{before}{padding}{}", flight(n)).unwrap();
    }
    write!(file, "]").unwrap();
    file.into_inner().unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() > 100_000_000);
    let report = place.replay(&path).succeeded().report();
    assert_eq!(report.number("enriched"), count as u64, "{}", report.0);
    let memory = report.number("peak_rss_bytes") >> 20;
    assert!(memory < 200, "expected bounded memory, not {memory} MiB");
}

/// Removed while it is read: what is open stays readable on Unix, and the next pass says what is wrong.
#[cfg(unix)]
#[test]
fn a_file_that_vanishes_ends_a_loop_with_its_name() {
    let place = Place::new();
    let file = place.file(
        "flights.ndjson",
        format!("{}\n{}\n", flight(0), flight(1).replace("5100", "5103")),
    );
    let data = place.data();
    let mut args = vec![
        "run",
        file.to_str().unwrap(),
        "--data",
        data.to_str().unwrap(),
    ];
    args.extend(["--listen", "127.0.0.1:0", "--loop", "--speed", "10x"]);
    let mut process = Process::spawn(place.command(args));
    process.address();
    std::fs::remove_file(&file).unwrap();
    process
        .wait(PATIENCE)
        .failed(1, &["cannot read", "flights.ndjson", "No such file"]);
}

fn run_args<'a>(file: &'a Path, data: &'a Path) -> Vec<&'a str> {
    let mut args = vec![
        "run",
        file.to_str().unwrap(),
        "--data",
        data.to_str().unwrap(),
    ];
    args.extend(["--listen", "127.0.0.1:0", "--exit-when-done"]);
    args
}

#[test]
fn a_data_directory_that_cannot_be_one_is_refused() {
    let place = Place::new();
    let file = place.file("flights.json", array(2));
    let no_folder = place.file("plain", "x");
    let foreign = place.path().join("foreign");
    std::fs::create_dir(&foreign).unwrap();
    std::fs::write(foreign.join("thesis.txt"), "x").unwrap();
    let cases = [
        (no_folder.clone(), "not a directory"),
        (no_folder.join("below"), "ot a directory"),
        (foreign, "choose an empty or a new directory"),
        #[cfg(target_os = "linux")]
        ("/proc/flightstream".into(), "No such file"),
    ];
    for (data, message) in cases {
        let told = ["--data", data.to_str().unwrap(), message];
        place.run(run_args(&file, &data)).failed(1, &told);
        let data = data.to_str().unwrap();
        place.run(["process", "--data", data]).failed(1, &told);
    }
}

/// Permissions do not stop root, a read-only mount does.
#[cfg(target_os = "linux")]
#[test]
fn a_read_only_data_directory_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let file = place.file("flights.json", array(2));
    let data = place.data();
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o555)).unwrap();
    let probe = data.join("probe");
    if std::fs::write(&probe, "x").is_err() {
        place
            .run(run_args(&file, &data))
            .failed(1, &["--data", "Permission denied"]);
        return;
    }
    std::fs::remove_file(probe).unwrap();
    // Root: in a mount namespace of its own, where that is allowed; else in a directory of the kernel's.
    let mount = "mount -t tmpfs -o ro none \"$1\" && shift && exec \"$@\"";
    let allowed = std::process::Command::new("unshare")
        .args(["-m", "sh", "-c", mount, "sh"])
        .arg(&data)
        .arg("true")
        .output();
    if allowed.is_ok_and(|output| output.status.success()) {
        let inner = place.command(run_args(&file, &data));
        let mut outer = std::process::Command::new("unshare");
        outer
            .args(["-m", "sh", "-c", mount, "sh"])
            .arg(&data)
            .arg(inner.get_program())
            .args(inner.get_args())
            .current_dir(place.path())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        Process::spawn(outer)
            .wait(PATIENCE)
            .failed(1, &["--data", "Read-only file system"]);
    } else {
        let data = Path::new("/proc/self");
        place
            .run(run_args(&file, data))
            .failed(1, &["--data", "/proc/self"]);
    }
}

#[test]
fn a_damaged_data_directory_is_told_and_left_alone() {
    let intact = Place::new();
    let file = intact.file("flights.json", array(50));
    intact.replay(&file).succeeded();
    let store = intact.data().join("store");
    let journal = std::fs::read_dir(&store)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "jnl"))
        .expect("the store has a journal");
    // In the journal, so that the store stumbles while it reads it.
    let mut bytes = std::fs::read(&journal).unwrap();
    let middle = bytes.len().min(400) / 2;
    bytes[middle..middle + 8].copy_from_slice(b"\xde\xad\xbe\xef\xde\xad\xbe\xef");
    std::fs::write(&journal, &bytes).unwrap();
    let told = ["--data", "is damaged", "move it away and start again"];
    intact.replay(&file).failed(1, &told);
    assert_eq!(
        std::fs::read(&journal).unwrap(),
        bytes,
        "expected the damaged file to be left as it is"
    );
    std::fs::remove_dir_all(store.join("keyspaces").join("0")).unwrap();
    intact.replay(&file).failed(1, &told);
}

#[test]
fn a_second_process_on_a_data_directory_is_refused() {
    let place = Place::new();
    let data = place.data();
    let mut args = vec!["run", "--aircraft", "10", "--listen", "127.0.0.1:0"];
    args.extend(["--data", data.to_str().unwrap()]);
    let mut first = Process::spawn(place.command(&args));
    first.address();
    let told = [
        "--data",
        "in use by another process",
        "choose another directory",
    ];
    place.run(&args).failed(1, &told);
    place
        .run([
            "dashboard",
            "--listen",
            "127.0.0.1:0",
            "--data",
            data.to_str().unwrap(),
        ])
        .failed(1, &told);
    assert!(first.is_running(), "expected the first process not to mind");
}

#[test]
fn a_taken_port_is_told_before_anything_starts() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = place.data();
    for command in ["run", "dashboard"] {
        let args = [
            command,
            "--listen",
            &address,
            "--data",
            data.to_str().unwrap(),
        ];
        place
            .run(args)
            .failed(2, &["--listen", &address, "choose another address"]);
    }
    assert!(!data.exists(), "expected that nothing was started");
}

#[test]
fn wrong_options_are_named() {
    let place = Place::new();
    let file = place.file("flights.json", array(2));
    let file = file.to_str().unwrap();
    let cases: [(&[&str], &[&str]); 16] = [
        (&["run", "--aircraft", "many"], &["--aircraft", "many"]),
        (&["run", "--aircraft", "-1"], &["-1"]),
        (&["run", "--listen", "8080"], &["--listen", "8080"]),
        (&["run", "--partitions", "0"], &["--partitions", "1..=256"]),
        (&["run", "--workers", "65"], &["--workers", "1..=64"]),
        (
            &["run", "--retention", "5 parsecs"],
            &["--retention", "such as 10m"],
        ),
        (
            &["run", "--forget-after", "0"],
            &["--forget-after", "above 0"],
        ),
        (&["run", "--speed", "fast"], &["--speed", "60x"]),
        (
            &["run", "--delivery", "never"],
            &["--delivery", "exactly-once"],
        ),
        (&["run", "--report", "xml"], &["--report", "json"]),
        (
            &["run", "--source", "replay"],
            &["--source replay needs the FILE"],
        ),
        (
            &["run", "--source", "simulate", file],
            &["only --source replay takes a file"],
        ),
        (&["run", "--exit-when-done"], &["add --duration"]),
        (
            &["run", "--airports", "nowhere.csv"],
            &["--airports", "nowhere.csv"],
        ),
        (&["run", "--aircrafts", "3"], &["--aircrafts", "--aircraft"]),
        (
            &["produce", "simulate", "--filename", "x.ndjson"],
            &["--duration"],
        ),
    ];
    for (args, told) in cases {
        let mut args = args.to_vec();
        if args[0] == "run" && !args.contains(&"--listen") {
            args.extend(["--listen", "127.0.0.1:0"]);
        }
        place.run(args).failed(2, told);
    }
}

#[test]
fn a_wrong_setting_is_told_with_where_it_came_from() {
    let place = Place::new();
    let settings = |content: &str| place.file("flightstream.toml", content);
    for (content, told) in [
        (
            "aircraft = 'many'\n",
            &["--aircraft", "many", "flightstream.toml"][..],
        ),
        (
            "[run]\naircraft = 'many'\n",
            &["--aircraft", "many", "flightstream.toml"],
        ),
        (
            "aircrafts = 3\n",
            &["flightstream.toml", "there is no setting \"aircrafts\""],
        ),
        (
            "[run]\nspede = 3\n",
            &["flightstream.toml", "\"run.spede\""],
        ),
        (
            "aircraft = \n",
            &["flightstream.toml", "not valid TOML", "line 1"],
        ),
    ] {
        settings(content);
        let ended = place
            .run(["run", "--listen", "127.0.0.1:0"])
            .failed(2, told);
        assert!(
            !ended.stderr.contains("flightstream-apps"),
            "expected the name of the command, not of a package:\n{}",
            ended.stderr
        );
    }
    std::fs::remove_file(settings("")).unwrap();
    place
        .run(["run", "--config", "nowhere.toml"])
        .failed(2, &["cannot read the settings file nowhere.toml"]);

    for (variable, value, told) in [
        ("FLIGHTSTREAM_AIRCRAFT", "many", "--aircraft"),
        ("FLIGHTSTREAM_LISTEN", "here", "--listen"),
        ("FLIGHTSTREAM_FORGET_AFTER", "soon", "--forget-after"),
        ("FLIGHTSTREAM_LOG_FORMAT", "xml", "--log-format"),
    ] {
        let mut command = place.command(["run"]);
        command.env(variable, value);
        let ended = Process::spawn(command).wait(PATIENCE);
        ended.failed(2, &[told, value, variable]);
    }
}

/// The disk fails under a process at work: it ends, says why once, and does not go on as if nothing were.
#[cfg(unix)]
#[test]
fn a_store_that_fails_ends_the_process() {
    let place = Place::new();
    let data = place.data();
    // Many records, so that the store soon needs new files, which it cannot make any more.
    let mut args = vec!["run", "--aircraft", "20000", "--report-interval", "1s"];
    args.extend(["--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
    let mut process = Process::spawn(place.command(args));
    process.address();
    wait_until("the store is in use", || data.join("store").exists());
    std::fs::remove_dir_all(&data).unwrap();
    let ended = process.wait(PATIENCE).failed(1, &["in the data directory"]);
    let last = ended.stderr.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("error: ") && last.contains("No such file"),
        "expected the last line to say what was first:\n{}",
        ended.stderr
    );
}
