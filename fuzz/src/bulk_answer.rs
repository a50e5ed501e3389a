//! What a node answers to a bulk is read as one outcome for each operation, in their order, or as an error; never as success
//! of what the node did not do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use flightstream_core::search::elastic::{ElasticOptions, ElasticStore};
use flightstream_core::search::{
    BulkError, BulkItem, BulkOperation, BulkResponse, SearchError, SearchStore,
};
use futures::executor::block_on;
use serde_json::Value;

const INDEX: &str = "esflight";
/// Longer reasons are cut off, and three dots say so.
const LONGEST_REASON: usize = 500;

/// The status and the body of the next answer.
type Answer = Arc<Mutex<(u16, Vec<u8>)>>;

/// A node that answers whatever it is told to, and a store on it. The lock is held for as long as one input is checked.
struct Node {
    answer: Answer,
    store: ElasticStore,
}

fn node() -> &'static Mutex<Node> {
    static NODE: OnceLock<Mutex<Node>> = OnceLock::new();
    NODE.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = Answer::default();
        let shared = Arc::clone(&answer);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let answer = Arc::clone(&shared);
                std::thread::spawn(move || serve(connection, &answer));
            }
        });
        let store = ElasticStore::new(ElasticOptions::new([url])).unwrap();
        Mutex::new(Node { answer, store })
    })
}

/// Answers request after request, until the client goes.
fn serve(connection: TcpStream, answer: &Answer) -> Option<()> {
    connection.set_nodelay(true).ok()?;
    let mut output = connection.try_clone().ok()?;
    let mut input = BufReader::new(connection);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            input.read_line(&mut line).ok().filter(|read| *read > 0)?;
            let line = line.trim_ascii_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(bytes) = line.strip_prefix("content-length:") {
                length = bytes.trim().parse().ok()?;
            }
        }
        input.read_exact(&mut vec![0; length]).ok()?;
        let (status, body) = &*answer.lock().unwrap();
        let head = format!(
            "HTTP/1.1 {status} -\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        output.write_all(&[head.as_bytes(), body].concat()).ok()?;
    }
}

impl Node {
    fn answers(
        &self,
        status: u16,
        body: &[u8],
        operations: &[BulkOperation<'_>],
    ) -> Result<Vec<BulkItem>, SearchError> {
        *self.answer.lock().unwrap() = (status, body.to_vec());
        block_on(self.store.bulk(INDEX, operations))
    }
}

/// An input may begin with a line that is a status; the rest, or else all of it, is the answer's body.
fn parts(input: &[u8]) -> (u16, &[u8]) {
    let told = input.split_at_checked(4).and_then(|(line, body)| {
        let status = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
        let status = status.parse().ok()?;
        // Those below are no answers, and these two have no body.
        ((200..600).contains(&status) && ![204, 304].contains(&status)).then_some((status, body))
    });
    told.unwrap_or((200, input))
}

/// What the answer says, read without haste; `None` if it is not of Elasticsearch's form.
fn reference(body: &Value) -> Option<Vec<BulkItem>> {
    let item = |item: &Value| {
        let (_, outcome) = item.as_object()?.iter().next()?;
        let outcome = outcome.as_object()?;
        let error = match outcome.get("error") {
            None | Some(Value::Null) => None,
            Some(error) => {
                let error = error.as_object()?;
                let mut reason = text(error.get("reason"))?.to_owned();
                let cause = match error.get("caused_by") {
                    None | Some(Value::Null) => "",
                    Some(cause) => text(cause.as_object()?.get("reason"))?,
                };
                if !reason.contains(cause) {
                    reason = format!("{reason}: {cause}");
                }
                if reason.chars().count() > LONGEST_REASON {
                    reason = reason.chars().take(LONGEST_REASON).chain(['…']).collect();
                }
                let error_type = error.get("type")?.as_str()?.to_owned();
                Some(Box::new(BulkError { error_type, reason }))
            }
        };
        let status = u16::try_from(outcome.get("status")?.as_u64()?).ok()?;
        Some(BulkItem {
            status,
            version: None,
            error,
        })
    };
    body.as_object()?
        .get("items")?
        .as_array()?
        .iter()
        .map(item)
        .collect()
}

/// A text that may be absent or null.
fn text(value: Option<&Value>) -> Option<&str> {
    match value {
        None | Some(Value::Null) => Some(""),
        Some(value) => value.as_str(),
    }
}

pub fn check(input: &[u8]) {
    let node = node().lock().unwrap_or_else(PoisonError::into_inner);
    let (status, body) = parts(input);
    let operations = [
        BulkOperation::index("48AE23", Some(1_706_705_158_000), b"{}"),
        BulkOperation::create("4CA123", b"{}"),
        BulkOperation::delete("A1B2C3", None),
    ];

    let answered = node.answers(status, body, &operations);
    if !(200..300).contains(&status) {
        let error = answered.expect_err("a status that is none of success is an error");
        assert!(!error.to_string().is_empty());
        return;
    }
    if let Ok(items) = &answered {
        assert_eq!(items.len(), operations.len(), "one for each operation");
        let response = BulkResponse {
            took: 1,
            index: INDEX,
            operations: &operations,
            items,
        };
        let written = serde_json::to_vec(&response).expect("an answer is JSON");
        let again = node.answers(200, &written, &operations);
        assert_eq!(
            again.expect("it is of Elasticsearch's form"),
            *items,
            "what was read, written as Elasticsearch does, is read again"
        );
    }
    // Keys that are there twice are once in it: of those the store may take either, or refuse the answer.
    let Ok(plain) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    if let Some(expected) = reference(&plain) {
        let answered = node.answers(200, plain.to_string().as_bytes(), &operations);
        if expected.len() == operations.len() {
            assert_eq!(answered.expect("it is of Elasticsearch's form"), expected);
        } else {
            assert!(answered.is_err(), "as many outcomes as operations");
        }
    }
}
