use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use serde::de::IgnoredAny;

use super::elements::{ElementError, Elements, LARGEST_MESSAGE};
use super::error::FileError;
use crate::flight::airlabs::{self, AnswerError};
use crate::flight::csv::Rows;
use crate::producer::Message;

/// What is read of an answer of the API, which is one value: one byte more is too much for its decoder.
const LARGEST_ANSWER: u64 = 64 << 20;
/// Stands for an answer of the API, or what is left of one, that holds no flights: so it is counted and refused, and its
/// envelope, which repeats the API key and the caller's address, gets no further.
const LEFT_OUT: &[u8] = b"(an answer of the API without flights, which may hold its key: left out)";

/// A recorded file of flights, read a message at a time.
pub struct FlightFile {
    path: PathBuf,
    content: Content,
    /// The flights of an answer that is one message among others.
    answer: Option<Elements<Box<dyn BufRead + Send>>>,
    messages: u64,
    read: Arc<AtomicU64>,
    length: u64,
}

/// How a file holds its flights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A JSON array of flights, or an Airlabs answer.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// A header and one flight a line.
    Csv,
}

enum Content {
    Array(Elements<Box<dyn BufRead + Send>>),
    Lines(Box<dyn BufRead + Send>),
    Csv(Box<Rows<Limited>>, Limit),
}

/// How much may still be read before the next row is complete. Clones are the same limit.
#[derive(Clone, Debug, Default)]
struct Limit(Arc<AtomicUsize>);

impl Limit {
    fn renew(&self) {
        self.0.store(LARGEST_MESSAGE, Ordering::Relaxed);
    }

    fn is_reached(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

/// Reads no further than to a limit: a quote that is never closed would make one row of the rest of a file.
struct Limited {
    reader: Box<dyn BufRead + Send>,
    limit: Limit,
}

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.limit.is_reached() {
            return Err(io::Error::other("a row is too large"));
        }
        let read = self.reader.read(buffer)?;
        let left = self.limit.0.load(Ordering::Relaxed).saturating_sub(read);
        self.limit.0.store(left, Ordering::Relaxed);
        Ok(read)
    }
}

impl Format {
    /// What a file's name says, a compression's suffix aside.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let name = name
            .strip_suffix(".gz")
            .or_else(|| name.strip_suffix(".zst"))
            .unwrap_or(&name);
        match name.rsplit_once('.')?.1 {
            "json" => Some(Self::Json),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

impl FlightFile {
    /// Opens a file. Compression is told by its first bytes, the format by its name, else by its first character. An answer
    /// of the API is read as one whatever the name says, also where it is one message among others: its flights are the
    /// messages, and its envelope is left out.
    ///
    /// # Errors
    /// If it cannot be read, is empty, or is nothing known.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FileError> {
        let path = path.into();
        let at = |source| FileError::Io {
            path: path.clone(),
            source,
        };
        let file = File::open(&path).map_err(at)?;
        let length = file.metadata().map_err(at)?.len();
        let read = Arc::new(AtomicU64::new(0));
        let counted = Counted {
            file,
            read: Arc::clone(&read),
        };
        let mut reader = decompress(BufReader::with_capacity(1 << 16, counted)).map_err(at)?;
        let first = first_character(&mut *reader).map_err(at)?;
        let Some(first) = first else {
            return Err(FileError::Empty { path });
        };
        let is_answer = first == b'{' && airlabs::may_be_answer(reader.fill_buf().map_err(at)?);
        let format = match (Format::of(&path), first) {
            (Some(Format::Ndjson) | None, _) if is_answer => Format::Json,
            (Some(format), _) => format,
            (None, b'[') => Format::Json,
            (None, b'{') => Format::Ndjson,
            (None, _) => return Err(FileError::UnknownFormat { path }),
        };
        let content = match (format, first) {
            (Format::Json, b'[') => Content::Array(Elements::new(reader)),
            (Format::Json, _) => {
                let mut body = Vec::new();
                let mut bounded = (&mut reader).take(LARGEST_ANSWER + 1);
                bounded.read_to_end(&mut body).map_err(at)?;
                let body = Bytes::from(body);
                match airlabs::flights(&body) {
                    Ok(flights) => Content::Array(Elements::new(Box::new(Cursor::new(flights)))),
                    // Answers or flights one a line after all.
                    Err(AnswerError::Malformed | AnswerError::TooLarge)
                        if Format::of(&path) != Some(Format::Json) && is_one_a_line(&body) =>
                    {
                        Content::Lines(Box::new(Cursor::new(body).chain(reader)))
                    }
                    Err(source) => return Err(FileError::Answer { path, source }),
                }
            }
            (Format::Ndjson, _) => Content::Lines(reader),
            (Format::Csv, _) => {
                let limit = Limit::default();
                limit.renew();
                let limited = Limited {
                    reader,
                    limit: limit.clone(),
                };
                let csv = Rows::new(limited).map_err(|error| FileError::Csv {
                    path: path.clone(),
                    what: error.to_string(),
                })?;
                Content::Csv(Box::new(csv), limit)
            }
        };
        Ok(Self {
            read,
            length,
            path,
            content,
            answer: None,
            messages: 0,
        })
    }

    /// How much of the file has been read, from 0 to 1; 0 where its length is not known, as of a pipe.
    #[must_use]
    pub fn progress(&self) -> f64 {
        let read = self.read.load(Ordering::Relaxed) as f64;
        if self.length == 0 {
            0.0
        } else {
            (read / self.length as f64).min(1.0)
        }
    }

    /// The next message; `None` at the end of the file.
    ///
    /// # Errors
    /// If the file cannot be read on, was cut off, or holds something absurdly large.
    pub fn next_message(&mut self) -> Result<Option<Message>, FileError> {
        let next = loop {
            if let Some(flights) = &mut self.answer {
                let next = flights.next_element();
                if let Some(flight) = next.map_err(|error| self.failed(error))? {
                    let message = Message::unless_answer(flight);
                    break Some(message.unwrap_or_else(|_| left_out()));
                }
                self.answer = None;
            }
            match self.next_value()?.map(Message::unless_answer) {
                None => break None,
                Some(Ok(message)) => break Some(message),
                Some(Err(answer)) => match airlabs::flights(&answer) {
                    Ok(flights) => {
                        self.answer = Some(Elements::new(Box::new(Cursor::new(flights))));
                    }
                    Err(_) => break Some(left_out()),
                },
            }
        };
        self.messages += u64::from(next.is_some());
        Ok(next)
    }

    fn next_value(&mut self) -> Result<Option<Bytes>, FileError> {
        match &mut self.content {
            Content::Array(elements) => {
                let next = elements.next_element();
                next.map_err(|error| self.failed(error))
            }
            Content::Lines(lines) => next_line(lines, &self.path),
            Content::Csv(csv, limit) => {
                limit.renew();
                match csv.next() {
                    Some(Ok(row)) => Ok(Some(row.raw)),
                    Some(Err(_)) if limit.is_reached() => Err(self.failed(ElementError::TooLarge)),
                    Some(Err(error)) => Err(FileError::Csv {
                        path: self.path.clone(),
                        what: error.to_string(),
                    }),
                    None => Ok(None),
                }
            }
        }
    }

    fn failed(&self, error: ElementError) -> FileError {
        let path = self.path.clone();
        match error {
            ElementError::Io(source) => FileError::Io { path, source },
            ElementError::Truncated => FileError::Truncated {
                path,
                messages: self.messages,
            },
            ElementError::TooLarge => FileError::TooLarge {
                path,
                limit: LARGEST_MESSAGE,
            },
        }
    }
}

fn left_out() -> Message {
    Message::from_json(Bytes::from_static(LEFT_OUT))
}

impl std::fmt::Debug for FlightFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FlightFile")
            .field("path", &self.path)
            .field("messages", &self.messages)
            .finish_non_exhaustive()
    }
}

/// A file that counts what is read of it.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

fn decompress(mut file: BufReader<Counted>) -> io::Result<Box<dyn BufRead + Send>> {
    let start = file.fill_buf()?;
    Ok(if start.starts_with(&[0x1f, 0x8b]) {
        Box::new(BufReader::with_capacity(
            1 << 16,
            flate2::bufread::MultiGzDecoder::new(file),
        ))
    } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Box::new(BufReader::with_capacity(
            1 << 16,
            zstd::Decoder::with_buffer(file)?,
        ))
    } else {
        Box::new(file)
    })
}

/// The first character that is no blank, without consuming it; blanks and a byte order mark before it are consumed.
fn first_character(reader: &mut (dyn BufRead + Send)) -> io::Result<Option<u8>> {
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(None);
        }
        if let Some(rest) = buffer.strip_prefix(b"\xef\xbb\xbf") {
            let mark = buffer.len() - rest.len();
            reader.consume(mark);
            continue;
        }
        let blanks = buffer
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        if let Some(first) = buffer.get(blanks).copied() {
            reader.consume(blanks);
            return Ok(Some(first));
        }
        reader.consume(blanks);
    }
}

/// Whether the first line is a value of its own and not the beginning of one.
fn is_one_a_line(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    serde_json::from_slice::<IgnoredAny>(first).is_ok()
}

fn next_line(lines: &mut (dyn BufRead + Send), path: &Path) -> Result<Option<Bytes>, FileError> {
    loop {
        let mut line = Vec::new();
        let limit = LARGEST_MESSAGE as u64 + 1;
        let read = lines.take(limit).read_until(b'\n', &mut line);
        let read = read.map_err(|source| FileError::Io {
            path: path.to_owned(),
            source,
        })?;
        if read == 0 {
            return Ok(None);
        }
        if line.len() > LARGEST_MESSAGE {
            return Err(FileError::TooLarge {
                path: path.to_owned(),
                limit: LARGEST_MESSAGE,
            });
        }
        line.truncate(line.trim_ascii_end().len());
        if !line.is_empty() {
            return Ok(Some(line.into()));
        }
    }
}
