//! The little of HTTP that the tests need, over a plain socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::Value;

use super::{PATIENCE, wait_until};

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "expected status {status}: {}",
            self.text()
        );
        self
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("expected JSON: {error}: {}", self.text()))
    }
}

pub fn get(address: SocketAddr, path: &str) -> Answer {
    request(address, "GET", path, &[], b"")
}

/// Until the index that a dashboard shows holds more than so many aircraft.
pub fn wait_until_indexed(address: SocketAddr, aircraft: u64) {
    wait_until("aircraft are in the index", || {
        let status = get(address, "/api/v1/status").is(200).json();
        status["total"].as_u64() > Some(aircraft)
    });
}

pub fn post(address: SocketAddr, path: &str, body: &[u8]) -> Answer {
    request(address, "POST", path, &[], body)
}

/// One request on a connection of its own. The header `Host` can be replaced.
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut reader = send(address, method, path, headers, body);
    let (status, headers) = head(&mut reader);
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).expect("the answer ends");
    let is_chunked = headers
        .iter()
        .any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let body = if is_chunked { unchunked(&rest) } else { rest };
    Answer {
        status,
        headers,
        body,
    }
}

/// Server-sent events: the data of each, as they come.
pub struct Events(BufReader<TcpStream>);

pub fn events(address: SocketAddr, path: &str) -> Events {
    let mut reader = send(address, "GET", path, &[], b"");
    let (status, headers) = head(&mut reader);
    assert_eq!(status, 200, "expected an event stream: {headers:?}");
    let kind = headers.iter().find(|(name, _)| name == "content-type");
    assert!(
        kind.is_some_and(|(_, value)| value.starts_with("text/event-stream")),
        "expected an event stream: {headers:?}"
    );
    Events(reader)
}

impl Events {
    #[track_caller]
    pub fn next_data(&mut self) -> Value {
        loop {
            let mut line = String::new();
            let read = self.0.read_line(&mut line).expect("an event in time");
            assert!(read > 0, "expected another event, but the stream ended");
            if let Some(data) = line.strip_prefix("data:") {
                return serde_json::from_str(data.trim()).expect("an event holds JSON");
            }
        }
    }
}

fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).expect("the dashboard listens");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        head.push_str(&format!("Host: {address}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes()).unwrap();
    // Who refuses a body may close before it is read.
    let _ = stream.write_all(body);
    BufReader::new(stream)
}

fn head(reader: &mut BufReader<TcpStream>) -> (u16, Vec<(String, String)>) {
    let mut line = String::new();
    reader.read_line(&mut line).expect("an answer");
    let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.unwrap_or_else(|| panic!("expected a status line: {line:?}"));
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).expect("headers");
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_lowercase(), value.to_owned())),
            None => return (status, headers),
        }
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n").unwrap_or(0);
        let size = std::str::from_utf8(&rest[..end]).unwrap_or_default();
        match usize::from_str_radix(size, 16) {
            Ok(size) if size > 0 => {
                body.extend_from_slice(&rest[end + 2..end + 2 + size]);
                rest = &rest[end + 4 + size..];
            }
            _ => return body,
        }
    }
}
