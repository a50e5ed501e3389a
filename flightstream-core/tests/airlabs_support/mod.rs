//! A stand-in for the API on a local port, its answers by hand with invented values, and a record of everything that
//! is logged.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "it is part of tests")]

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::Duration;

use flightstream_core::producer::airlabs::{AirlabsClient, ApiKey, ClientOptions};

/// Appears in the query of each call, and is echoed by the envelope.
pub(crate) const KEY: &str = "invented-7f3a-key";
/// What the envelope echoes of the caller.
pub(crate) const CALLER: &str = "203.0.113.77";

/// One answer of the stand-in.
#[derive(Clone)]
pub(crate) enum Reply {
    /// A status line's rest, further headers, a body.
    Http(&'static str, Vec<String>, Vec<u8>),
    /// Announces a longer body than it sends.
    Truncated(Vec<u8>),
    /// Announces a body and sends it a byte at a time, for as long as the caller listens.
    Drip,
    /// Sends 100 MB.
    Huge,
    /// Reads the request and says nothing, for as long as the caller listens.
    Silence,
    /// Reads the request and closes.
    Close,
    /// Closes without reading, which the system makes a reset of.
    Reset,
}

pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Reply {
    Reply::Http("200 OK", vec![], body.into())
}

pub(crate) fn status(status: &'static str, body: impl Into<Vec<u8>>) -> Reply {
    Reply::Http(status, vec![], body.into())
}

pub(crate) fn status_with(status: &'static str, header: impl Into<String>) -> Reply {
    Reply::Http(status, vec![header.into()], Vec::new())
}

/// The API in a thread: answers each call with the next reply, the last one for ever.
pub(crate) struct StandIn {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl StandIn {
    pub(crate) fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        LazyLock::force(&EVERYTHING);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/api/v9", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let mut replies: VecDeque<Reply> = replies.into_iter().collect();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let reply = match replies.len() {
                    1 => replies.front().cloned(),
                    _ => replies.pop_front(),
                };
                serve(stream.unwrap(), reply.unwrap(), &seen);
            }
        });
        Self { url, requests }
    }

    /// The request lines so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn options(&self) -> ClientOptions {
        let mut options = ClientOptions::new(ApiKey::new(KEY).unwrap());
        options.base_url.clone_from(&self.url);
        options
    }

    pub(crate) fn client(&self) -> AirlabsClient {
        AirlabsClient::new(self.options()).unwrap()
    }
}

fn serve(mut stream: TcpStream, reply: Reply, seen: &Mutex<Vec<String>>) {
    if matches!(reply, Reply::Reset) {
        // Closing a socket with unread bytes in it resets the connection.
        let _ = stream.peek(&mut [0]);
        return;
    }
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    seen.lock().unwrap().push(line.trim_end().to_owned());
    loop {
        line.clear();
        if reader.read_line(&mut line).unwrap_or(0) <= 2 {
            break;
        }
    }
    // The caller may hang up at any point.
    let _ = answer(&mut stream, reply);
}

fn answer(stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
    let head = |length: usize| {
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n")
    };
    match reply {
        Reply::Http(status, headers, body) => {
            let mut head = format!(
                "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n",
                body.len()
            );
            for header in headers {
                write!(head, "{header}\r\n").unwrap();
            }
            stream.write_all(format!("{head}\r\n").as_bytes())?;
            stream.write_all(&body)
        }
        Reply::Truncated(body) => {
            stream.write_all(head(body.len() + 100).as_bytes())?;
            stream.write_all(&body)
        }
        Reply::Drip => {
            stream.write_all(head(1_000_000).as_bytes())?;
            stream.set_read_timeout(Some(Duration::from_millis(5)))?;
            loop {
                stream.write_all(b" ")?;
                match stream.read(&mut [0]) {
                    Err(error)
                        if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                    _ => return Ok(()),
                }
            }
        }
        Reply::Huge => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n[")?;
            for _ in 0..100 {
                stream.write_all(&[b' '; 1_000_000])?;
            }
            stream.write_all(b"]")
        }
        Reply::Silence => stream.read(&mut [0]).map(drop),
        Reply::Close | Reply::Reset => Ok(()),
    }
}

/// An answer with an envelope, around elements.
pub(crate) fn envelope(elements: &[String], remaining: u64) -> String {
    let response = elements.join(",");
    format!(
        r#"{{"request":{{"lang":"en","currency":"EUR","time":12,"id":"invented-id","server":"z",
        "host":"airlabs.example","pid":77,"key":{{"id":1,"api_key":"{KEY}","type":"free",
        "expired":"2030-01-01T00:00:00.000Z","registered":"2024-01-01T00:00:00.000Z",
        "upgraded":null,"limits_by_hour":2500,"limits_by_minute":250,"limits_by_month":1000,
        "limits_total":{remaining}}},"params":{{"api_key":"{KEY}","lang":"en"}},"version":9,
        "method":"flights","client":{{"ip":"{CALLER}","geo":{{"city":"Invented"}},"connection":{{}},
        "device":{{}},"agent":{{}},"karma":{{"is_blocked":false}}}}}},
        "response":[{response}],"terms":"Invented terms"}}"#
    )
}

pub(crate) fn aircraft(hex: &str, lat: f64, updated: i64) -> String {
    format!(
        r#"{{"hex":"{hex}","reg_number":"XX-ABC","flag":"XX","lat":{lat},"lng":20.5,"alt":10688,"dir":90.5,"speed":828,"updated":{updated},"status":"en-route"}}"#
    )
}

pub(crate) fn error(code: &str) -> String {
    format!(
        r#"{{"request":{{"key":{{"api_key":"{KEY}"}},"client":{{"ip":"{CALLER}"}}}},
        "error":{{"message":"invented, about {KEY} from {CALLER}","code":"{code}"}}}}"#
    )
}

/// A body in gzip's container, stored without compression.
pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut blocks = body.chunks(65_535).peekable();
    while let Some(block) = blocks.next() {
        out.push(u8::from(blocks.peek().is_none()));
        let length = u16::try_from(block.len()).unwrap();
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    let mut crc = u32::MAX;
    for byte in body {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    out.extend((!crc).to_le_bytes());
    out.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
    out
}

/// What all threads log, those of the HTTP client included.
static EVERYTHING: LazyLock<Arc<Mutex<String>>> = LazyLock::new(|| {
    let lines = Arc::default();
    tracing::subscriber::set_global_default(Lines(Arc::clone(&lines))).unwrap();
    lines
});

/// Fails if anything that was logged so far tells the key, the caller, or anything else of the envelope.
#[track_caller]
pub(crate) fn assert_discreet_logs() {
    assert_discreet(&EVERYTHING.lock().unwrap());
}

/// Fails if a text tells the key, the caller, or anything else of the envelope.
#[track_caller]
pub(crate) fn assert_discreet(text: &str) {
    for secret in [
        KEY,
        "7f3a",
        CALLER,
        "api_key=",
        "invented-id",
        "karma",
        "Invented",
    ] {
        assert!(!text.contains(secret), "{secret:?} shows in: {text}");
    }
}

/// Runs something and returns what it logged.
pub(crate) fn logged(run: impl FnOnce()) -> String {
    let lines = Arc::new(Mutex::new(String::new()));
    tracing::subscriber::with_default(Lines(Arc::clone(&lines)), run);
    let lines = lines.lock().unwrap();
    lines.clone()
}

struct Lines(Arc<Mutex<String>>);

impl tracing::Subscriber for Lines {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        let mut lines = self.0.lock().unwrap();
        span.record(&mut Fields(&mut lines));
        lines.push('\n');
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        let mut lines = self.0.lock().unwrap();
        values.record(&mut Fields(&mut lines));
        lines.push('\n');
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut lines = self.0.lock().unwrap();
        write!(lines, "{}", event.metadata().level()).unwrap();
        event.record(&mut Fields(&mut lines));
        lines.push('\n');
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

struct Fields<'a>(&'a mut String);

impl tracing::field::Visit for Fields<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}
