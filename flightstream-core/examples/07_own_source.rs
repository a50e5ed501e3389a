//! A source of one's own: a producer reads lines from a receiver and appends them to the log. Pipelines read the log, so
//! the source needs to know nothing of them.
//!
//! ```sh
//! cargo run -p flightstream-core --example 07_own_source --all-features
//! ```

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "an example shows what it does and checks it"
)]

use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use flightstream_core::Records;
use flightstream_core::batch::{Raw, Record, Rejection};
use flightstream_core::log::memory::MemoryLog;
use flightstream_core::log::{Isolation, Log, LogError, TopicSpec, Writer};
use flightstream_core::runtime::{App, TaskContext, topic};
use flightstream_core::time::{Clock, SystemClock};

const LINES: usize = 1_000;

/// Appends each line under the aircraft that it is about, as the receiver sent it: decoding is the pipeline's work.
fn produce(lines: impl BufRead, writer: &mut dyn Writer) -> Result<(), ProduceError> {
    let mut records = Vec::new();
    for line in lines.lines() {
        let line = line?;
        let key = line.split(',').nth(1).map(|hex| hex.to_owned().into());
        records.push(Record {
            key,
            ..Record::new(Raw::from(line), SystemClock.now())
        });
        // One append for many lines: each costs the log a write.
        if records.len() == 256 {
            writer.append("receiver", std::mem::take(&mut records))?;
        }
    }
    writer.append("receiver", records)?;
    Ok(())
}

#[derive(Debug, thiserror::Error)]
enum ProduceError {
    #[error("the receiver is gone: {0}")]
    Receiver(#[from] io::Error),
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Aircraft and altitude in feet.
fn altitudes(
    raw: impl Records<Record = Raw>,
    _: TaskContext,
) -> impl Records<Record = (String, i32)> {
    raw.decode(|bytes: &[u8]| {
        let line = std::str::from_utf8(bytes).map_err(|_| Rejection::new("not_utf8"))?;
        let mut cells = line.split(',');
        match (cells.next(), cells.next(), cells.next().map(str::parse)) {
            (Some("MSG"), Some(hex), Some(Ok(feet))) => Ok((hex.to_owned(), feet)),
            _ => Err(Rejection::new("not_a_message").with_detail(line)),
        }
    })
}

/// A receiver that sends some lines and closes the connection.
fn receive(listener: &TcpListener) -> io::Result<()> {
    let (mut connection, _) = listener.accept()?;
    for n in 0..LINES {
        writeln!(connection, "MSG,48AE{:02X},{}", n % 50, 30_000 + n)?;
    }
    writeln!(connection, "STA,?")
}

fn main() -> Result<(), Box<dyn Error>> {
    let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    for name in ["receiver", "altitudes"] {
        log.create_topic(&TopicSpec::new(name, 2))?;
    }
    let running = App::new("altitudes")
        .source(topic("receiver").group("altitudes"))
        .pipeline(altitudes)
        .sink(topic("altitudes").json())
        .start(&log)?;

    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let receiver = thread::spawn(move || receive(&listener));
    let mut writer = log.writer(Isolation::Immediate)?;
    produce(BufReader::new(TcpStream::connect(address)?), &mut *writer)?;
    receiver.join().map_err(|_| "the receiver panicked")??;

    running.wait_until_caught_up()?;
    let status = running.stop()?;
    println!(
        "{} lines, {} altitudes, refused: {:?}",
        status.read, status.emitted, status.rejected
    );
    assert_eq!(status.read, LINES as u64 + 1);
    assert_eq!(status.emitted, LINES as u64);
    assert_eq!(status.rejected["not_a_message"], 1);
    Ok(())
}
