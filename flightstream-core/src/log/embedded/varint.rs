use bytes::Bytes;

/// Why stored bytes are no records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The most bytes that [`put`] writes.
pub(super) const MAX_LEN: usize = 10;

/// Writes an integer, seven bits a byte, the lowest first.
pub(super) fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Small absolute values become small integers.
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

pub(super) fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

pub(super) fn put_slice(bytes: &mut Vec<u8>, slice: &[u8]) {
    put(bytes, slice.len() as u64);
    bytes.extend_from_slice(slice);
}

/// Reads what is stored, front to back, never past the end.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a Bytes,
    position: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a Bytes) -> Self {
        Self { bytes, position: 0 }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.position >= self.bytes.len()
    }

    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        let byte = self.bytes.get(self.position).ok_or(Malformed)?;
        self.position += 1;
        Ok(*byte)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let rest = self.bytes.get(self.position..).ok_or(Malformed)?;
        let array = rest.first_chunk::<N>().ok_or(Malformed)?;
        self.position += N;
        Ok(*array)
    }

    pub(super) fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Malformed);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    /// A slice with its length before it, sharing the buffer.
    pub(super) fn slice(&mut self) -> Result<Bytes, Malformed> {
        let (start, end) = self.advance()?;
        Ok(self.bytes.slice(start..end))
    }

    pub(super) fn skip_slice(&mut self) -> Result<(), Malformed> {
        self.advance().map(drop)
    }

    fn advance(&mut self) -> Result<(usize, usize), Malformed> {
        let length = usize::try_from(self.varint()?).map_err(|_| Malformed)?;
        let start = self.position;
        let end = start.checked_add(length).ok_or(Malformed)?;
        if end > self.bytes.len() {
            return Err(Malformed);
        }
        self.position = end;
        Ok((start, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_all_sizes_come_back() {
        for value in [
            0,
            1,
            127,
            128,
            300,
            u64::from(u32::MAX),
            u64::MAX - 1,
            u64::MAX,
        ] {
            let mut bytes = Vec::new();
            put(&mut bytes, value);
            assert!(bytes.len() <= MAX_LEN);
            assert_eq!(Cursor::new(&bytes.into()).varint().unwrap(), value);
        }
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            assert_eq!(unzigzag(zigzag(value)), value);
        }
    }

    #[test]
    fn what_is_too_long_is_refused() {
        assert!(Cursor::new(&vec![0xff; 11].into()).varint().is_err());
        assert!(Cursor::new(&vec![5, 1].into()).slice().is_err());
    }
}
