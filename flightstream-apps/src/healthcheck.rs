use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::Outcome;
use crate::error::CommandError;

const PATIENCE: Duration = Duration::from_secs(3);
/// What metrics of many partitions take, at the most.
const LONGEST_ANSWER: u64 = 16 << 20;

/// Asks a stage whether it is well: an image needs no other client.
pub(crate) fn healthcheck(url: &str) -> Outcome {
    let wrong = || CommandError::Usage(format!("{url} is not http://HOST:PORT/PATH"));
    let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let answer = ask(host, path);
    let answer = answer.map_err(|error| CommandError::NotWell(format!("{url}: {error}")))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    match head.split_whitespace().nth(1) {
        Some("200") => Ok(()),
        Some(status) => Err(CommandError::NotWell(format!(
            "{url} answers {status}: {}",
            body.trim()
        ))),
        None => Err(CommandError::NotWell(format!("{url} does not speak HTTP"))),
    }
}

/// An answer with its head, over a connection of its own.
pub(crate) fn ask(host: &str, path: &str) -> std::io::Result<String> {
    let no_address = || std::io::Error::other("the name has no address");
    let address = host.to_socket_addrs()?.next().ok_or_else(no_address)?;
    let mut connection = TcpStream::connect_timeout(&address, PATIENCE)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    write!(
        connection,
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = Vec::new();
    connection.take(LONGEST_ANSWER).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
