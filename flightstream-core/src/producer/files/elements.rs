use std::io::{self, BufRead};

use bytes::Bytes;

/// The largest message that is taken from a file: decoding refuses it long before, but it is kept among the dead letters.
pub(super) const LARGEST_MESSAGE: usize = 4 << 20;

/// Splits a JSON array into its elements' bytes without understanding them, in bounded memory. An element that is not
/// valid JSON but balanced is an element all the same: decoding refuses it alone.
pub(super) struct Elements<R> {
    reader: R,
    started: bool,
    ended: bool,
}

/// Why an array has no next element.
pub(super) enum ElementError {
    Io(io::Error),
    Truncated,
    TooLarge,
}

impl<R: BufRead> Elements<R> {
    /// Reads from an array's opening bracket on; blanks before it are skipped.
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            started: false,
            ended: false,
        }
    }

    /// The next element; `None` after the array's closing bracket.
    pub(super) fn next_element(&mut self) -> Result<Option<Bytes>, ElementError> {
        if self.ended {
            return Ok(None);
        }
        let mut element = Vec::new();
        let mut scan = Scan::default();
        loop {
            let buffer = self.reader.fill_buf().map_err(ElementError::Io)?;
            if buffer.is_empty() {
                self.ended = true;
                return Err(ElementError::Truncated);
            }
            let mut used = 0;
            let mut end = None;
            for byte in buffer {
                used += 1;
                if !self.started {
                    self.started = *byte == b'[';
                    continue;
                }
                if let Some(found) = scan.step(*byte) {
                    end = Some(found);
                    break;
                }
                if !(element.is_empty() && byte.is_ascii_whitespace()) {
                    element.push(*byte);
                }
            }
            self.reader.consume(used);
            if element.len() > LARGEST_MESSAGE {
                self.ended = true;
                return Err(ElementError::TooLarge);
            }
            if let Some(end) = end {
                self.ended = end == End::Array;
                element.truncate(element.trim_ascii_end().len());
                match (element.is_empty(), end) {
                    (false, _) => return Ok(Some(element.into())),
                    (true, End::Array) => return Ok(None),
                    // An empty element, as in `[1,,2]`, holds nothing that could be lost.
                    (true, End::Element) => scan = Scan::default(),
                }
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Element,
    Array,
}

#[derive(Default)]
struct Scan {
    depth: u32,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    /// Looks at the next byte; the end is told when the byte is not part of the element any more.
    fn step(&mut self, byte: u8) -> Option<End> {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return None;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth = self.depth.saturating_add(1),
            b']' if self.depth == 0 => return Some(End::Array),
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b',' if self.depth == 0 => return Some(End::Element),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, buffer: usize) -> (Vec<String>, bool) {
        let reader = io::BufReader::with_capacity(buffer, text.as_bytes());
        let mut elements = Elements::new(reader);
        let mut found = Vec::new();
        loop {
            match elements.next_element() {
                Ok(Some(element)) => found.push(String::from_utf8(element.to_vec()).unwrap()),
                Ok(None) => return (found, true),
                Err(_) => return (found, false),
            }
        }
    }

    #[test]
    fn elements_are_found_wherever_the_buffer_ends() {
        let text = r#" [ {"a":[1,2],"b":"],\"}"} , 7,null ,[1,[2]],"x,y" ] "#;
        for buffer in 1..text.len() {
            let (elements, whole) = split(text, buffer);
            assert!(whole);
            assert_eq!(
                elements,
                [
                    r#"{"a":[1,2],"b":"],\"}"}"#,
                    "7",
                    "null",
                    "[1,[2]]",
                    r#""x,y""#
                ]
            );
        }
    }

    #[test]
    fn a_cut_off_array_gives_what_is_whole_and_then_fails() {
        let text = r#"[{"a":1},{"b":2}]"#;
        for end in 1..text.len() {
            let (elements, whole) = split(&text[..end], 4);
            assert!(!whole, "{end}");
            assert!(elements.len() <= 1 || end == text.len() - 1);
        }
        assert_eq!(split("[]", 1), (vec![], true));
    }
}
