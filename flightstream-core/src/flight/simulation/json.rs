/// Writes a JSON object member by member. Text must need no escapes: all of it is codes.
#[derive(Debug)]
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
    /// Whether unknown members are written as null; else they are left out.
    null: bool,
    next: u8,
}

impl<'a> Object<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, null: bool) -> Self {
        Self {
            out,
            null,
            next: b'{',
        }
    }

    pub(super) fn text(&mut self, name: &str, parts: &[&str]) {
        self.name(name);
        self.out.push(b'"');
        for part in parts {
            self.out.extend_from_slice(part.as_bytes());
        }
        self.out.push(b'"');
    }

    pub(super) fn integer(&mut self, name: &str, value: i64) {
        self.decimal(name, value, 0);
    }

    /// `value` in units of 10 to the power of `-decimals`, without trailing zeros.
    pub(super) fn decimal(&mut self, name: &str, value: i64, decimals: usize) {
        self.name(name);
        write_decimal(self.out, value, decimals);
    }

    pub(super) fn raw(&mut self, name: &str, json: &str) {
        self.name(name);
        self.out.extend_from_slice(json.as_bytes());
    }

    pub(super) fn unknown(&mut self, name: &str) {
        if self.null {
            self.raw(name, "null");
        }
    }

    pub(super) fn end(self) {
        self.out.push(b'}');
    }

    fn name(&mut self, name: &str) {
        self.out.push(self.next);
        self.next = b',';
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }
}

/// Decimal digits of a number below 10,000 or so, for texts put together of parts.
#[derive(Debug)]
pub(super) struct Digits {
    bytes: [u8; 20],
    start: usize,
}

impl Digits {
    pub(super) fn new(mut value: u64, base: u64) -> Self {
        let mut bytes = [b'0'; 20];
        let mut start = bytes.len();
        for digit in bytes.iter_mut().rev() {
            start -= 1;
            *digit = b'0' + u8::try_from(value % base).unwrap_or_default();
            value /= base;
            if value == 0 {
                break;
            }
        }
        Self { bytes, start }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    pub(super) fn as_str(&self) -> &str {
        str::from_utf8(self.bytes()).unwrap_or_default()
    }
}

fn write_decimal(out: &mut Vec<u8>, value: i64, decimals: usize) {
    if value < 0 {
        out.push(b'-');
    }
    let mut magnitude = value.unsigned_abs();
    let mut decimals = decimals;
    while decimals > 0 && magnitude.is_multiple_of(10) {
        magnitude /= 10;
        decimals -= 1;
    }
    let digits = Digits::new(magnitude, 10);
    let digits = digits.bytes();
    let whole = digits.len().saturating_sub(decimals);
    if whole == 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', decimals - digits.len()));
        out.extend_from_slice(digits);
        return;
    }
    let (whole, fraction) = digits.split_at(whole);
    out.extend_from_slice(whole);
    if !fraction.is_empty() {
        out.push(b'.');
        out.extend_from_slice(fraction);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals() {
        for (value, decimals, expected) in [
            (0, 6, "0"),
            (5, 6, "0.000005"),
            (-5, 6, "-0.000005"),
            (52_165_700, 6, "52.1657"),
            (-180_000_000, 6, "-180"),
            (505, 1, "50.5"),
            (680, 1, "68"),
            (i64::MIN, 0, "-9223372036854775808"),
        ] {
            let mut out = Vec::new();
            write_decimal(&mut out, value, decimals);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
        assert_eq!(Digits::new(0o7421, 8).as_str(), "7421");
    }
}
