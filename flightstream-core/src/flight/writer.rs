/// A field's name as [`ObjectWriter`] wants it: `,"name":`.
macro_rules! name {
    ($name:literal) => {
        concat!(",\"", $name, "\":").as_bytes()
    };
}
pub(super) use name;

/// Appends one JSON object to a buffer, without a tree in between.
///
/// Every field starts with a comma; the first comma becomes the opening brace in the end. That makes a field's name
/// one constant and a field three copies.
pub(super) struct ObjectWriter<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> ObjectWriter<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        Self { out, start }
    }

    pub(super) fn finish(self) {
        match self.out.get_mut(self.start) {
            Some(first) => *first = b'{',
            None => self.out.push(b'{'),
        }
        self.out.push(b'}');
    }

    /// A code that holds nothing to escape.
    pub(super) fn code(&mut self, name: &[u8], code: &[u8]) {
        self.out.extend_from_slice(name);
        self.out.push(b'"');
        self.out.extend_from_slice(code);
        self.out.push(b'"');
    }

    /// Any text.
    pub(super) fn text(&mut self, name: &[u8], text: &str) {
        self.out.extend_from_slice(name);
        escape(text, self.out);
    }

    /// What is already JSON.
    pub(super) fn raw(&mut self, name: &[u8], json: &[u8]) {
        self.out.extend_from_slice(name);
        self.out.extend_from_slice(json);
    }

    /// A value that `write` appends.
    pub(super) fn with(&mut self, name: &[u8], write: impl FnOnce(&mut Vec<u8>)) {
        self.out.extend_from_slice(name);
        write(self.out);
    }

    pub(super) fn integer(&mut self, name: &[u8], number: i64) {
        self.out.extend_from_slice(name);
        integer(number, self.out);
    }

    /// A number with its fraction, if it is one.
    pub(super) fn float(&mut self, name: &[u8], number: f64) {
        if number.is_finite() {
            self.out.extend_from_slice(name);
            float(number, self.out);
        }
    }

    /// The same in single precision, with as many digits as that has.
    pub(super) fn single(&mut self, name: &[u8], number: f32) {
        if number.is_finite() {
            self.out.extend_from_slice(name);
            self.out
                .extend_from_slice(zmij::Buffer::new().format_finite(number).as_bytes());
        }
    }
}

pub(super) fn integer(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// `number` must be finite.
pub(super) fn float(number: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(zmij::Buffer::new().format_finite(number).as_bytes());
}

/// Appends `text` in quotes, with what JSON demands escaped.
pub(super) fn escape(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    // Without a way out of the loop the compiler looks at many bytes at once.
    let is_plain = text.bytes().fold(true, |is_plain, byte| {
        is_plain & (byte >= 0x20) & (byte != b'"') & (byte != b'\\')
    });
    if is_plain {
        out.extend_from_slice(text.as_bytes());
    } else {
        for byte in text.bytes() {
            match byte {
                b'"' => out.extend_from_slice(br#"\""#),
                b'\\' => out.extend_from_slice(br"\\"),
                b'\n' => out.extend_from_slice(br"\n"),
                b'\r' => out.extend_from_slice(br"\r"),
                b'\t' => out.extend_from_slice(br"\t"),
                0x00..0x20 => {
                    out.extend_from_slice(br"\u00");
                    for digit in [byte >> 4, byte & 0xF] {
                        out.push(if digit < 10 {
                            b'0' + digit
                        } else {
                            b'a' + digit - 10
                        });
                    }
                }
                _ => out.push(byte),
            }
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_escapes_like_serde_json() {
        let mut text: String = (0_u8..0x80).map(char::from).collect();
        text.push_str("Łódź ✈ \u{2028}");
        let mut out = Vec::new();
        escape(&text, &mut out);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
    }

    #[test]
    fn an_object_may_be_empty() {
        let mut out = b"x".to_vec();
        ObjectWriter::new(&mut out).finish();
        assert_eq!(out, b"x{}");
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        let mut out = Vec::new();
        let mut object = ObjectWriter::new(&mut out);
        object.float(name!("a"), f64::NAN);
        object.single(name!("b"), f32::INFINITY);
        object.float(name!("c"), 1.5);
        object.integer(name!("d"), -3);
        object.finish();
        assert_eq!(out, br#"{"c":1.5,"d":-3}"#);
    }
}
