use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// How many buffers are kept, and how large one may be to be kept.
const KEPT: usize = 8;
const LARGEST: usize = 16 << 20;

/// Buffers of bulks' bodies, used again when their request has ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

/// A body that gives its buffer back.
struct Lent {
    bytes: Vec<u8>,
    to: Buffers,
}

impl Buffers {
    /// An empty buffer.
    pub(super) fn take(&self) -> Vec<u8> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.pop().unwrap_or_default()
    }

    /// The buffer as a body; it comes back when the last copy of that is dropped.
    pub(super) fn lend(&self, bytes: Vec<u8>) -> Bytes {
        Bytes::from_owner(Lent {
            bytes,
            to: self.clone(),
        })
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut bytes = std::mem::take(&mut self.bytes);
        let mut kept = self.to.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT && bytes.capacity() <= LARGEST {
            bytes.clear();
            kept.push(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_when_its_last_copy_is_gone() {
        let buffers = Buffers::default();
        let body = buffers.lend(vec![1, 2, 3]);
        let copy = body.clone();
        drop(body);
        assert_eq!(buffers.take().capacity(), 0);
        drop(copy);
        let again = buffers.take();
        assert!(again.is_empty() && again.capacity() >= 3);
    }
}
