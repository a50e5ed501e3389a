//! A JSON scanner for flat documents: the hot path of a bulk. Whatever is not a plain string, a number or a literal is
//! handed to `serde_json`.

use std::borrow::Cow;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

/// One JSON value.
#[derive(Debug)]
pub(super) enum Token<'a> {
    Null,
    Bool(bool),
    /// As it is written; JSON's grammar is checked.
    Number(&'a str),
    Text(Cow<'a, str>),
    /// An object or an array.
    Nested(Value),
}

/// What the document is not.
#[derive(Debug)]
pub(super) struct Malformed(pub(super) String);

pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rewind(&mut self, at: usize) {
        self.at = at;
    }

    /// The next byte that is not white space, left where it is.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// Takes the next byte if it is this one.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.take(byte) {
            return Ok(());
        }
        Err(self.malformed(&format!("expected '{}'", char::from(byte))))
    }

    pub(super) fn malformed(&self, what: &str) -> Malformed {
        Malformed(format!("{what} at byte {}", self.at))
    }

    #[inline]
    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Malformed> {
        if self.peek() != Some(b'"') {
            return Err(self.malformed("expected a string"));
        }
        let start = self.at + 1;
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let end = rest
            .iter()
            .position(|b| *b == b'"' || *b == b'\\' || *b < 0x20)
            .ok_or_else(|| self.malformed("unterminated string"))?;
        if rest.get(end) == Some(&b'"') {
            self.at = start + end + 1;
            let text = self.text.get(start..start + end).unwrap_or_default();
            return Ok(Cow::Borrowed(text));
        }
        self.delegate::<String>().map(Cow::Owned)
    }

    #[inline]
    pub(super) fn number(&mut self) -> Result<&'a str, Malformed> {
        self.peek();
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let len = number_length(rest).ok_or_else(|| self.malformed("expected a value"))?;
        let text = self.text.get(self.at..self.at + len).unwrap_or_default();
        self.at += len;
        Ok(text)
    }

    #[inline]
    pub(super) fn value(&mut self) -> Result<Token<'a>, Malformed> {
        match self.peek() {
            Some(b'"') => self.string().map(Token::Text),
            Some(b'{' | b'[') => self.delegate().map(Token::Nested),
            Some(b't') => self.literal("true", Token::Bool(true)),
            Some(b'f') => self.literal("false", Token::Bool(false)),
            Some(b'n') => self.literal("null", Token::Null),
            _ => self.number().map(Token::Number),
        }
    }

    pub(super) fn skip(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            Some(b'{' | b'[') => self.delegate::<IgnoredAny>().map(|_| ()),
            _ => self.value().map(|_| ()),
        }
    }

    fn literal(&mut self, word: &str, token: Token<'a>) -> Result<Token<'a>, Malformed> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.malformed("expected a value"));
        }
        self.at += word.len();
        Ok(token)
    }

    fn delegate<T: DeserializeOwned>(&mut self) -> Result<T, Malformed> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<T>();
        match values.next() {
            Some(Ok(value)) => {
                self.at += values.byte_offset();
                Ok(value)
            }
            Some(Err(error)) => Err(self.malformed(&error.to_string())),
            None => Err(self.malformed("expected a value")),
        }
    }
}

/// How many bytes at the front are a JSON number.
#[inline]
fn number_length(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        bytes
            .iter()
            .skip(from)
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let sign = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(sign);
    if whole == 0 || (whole > 1 && bytes.get(sign) == Some(&b'0')) {
        return None;
    }
    let mut at = sign + whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(at + 1);
        if fraction == 0 {
            return None;
        }
        at += 1 + fraction;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(at + 1 + sign);
        if exponent == 0 {
            return None;
        }
        at += 1 + sign + exponent;
    }
    Some(at)
}
