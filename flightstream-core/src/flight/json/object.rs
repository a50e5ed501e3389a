use simd_json::{Buffers, ErrorType, INPUT_PADDING, Node, Tape};

use super::DecodeError;

/// How large a message may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes; 64 KiB by default, where a real message has 400.
    pub size: usize,
    /// Levels of nesting; 16 by default, where a real message has 1.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            size: 64 * 1024,
            depth: 16,
        }
    }
}

/// Parses one message after the other. Its buffers are used again, so nothing is allocated for a message.
pub(in crate::flight) struct ObjectReader {
    limits: Limits,
    input: Vec<u8>,
    buffers: Buffers,
    tape: Tape<'static>,
}

impl ObjectReader {
    pub(in crate::flight) fn new(limits: Limits) -> Self {
        Self {
            limits,
            input: Vec::new(),
            buffers: Buffers::with_max_depth(0, limits.depth),
            tape: Tape(Vec::new()),
        }
    }

    pub(in crate::flight) fn limits(&self) -> Limits {
        self.limits
    }

    /// Parses a message and makes of it what `f` makes of its tape.
    pub(in crate::flight) fn read<T>(
        &mut self,
        raw: &[u8],
        f: impl FnOnce(&[Node<'_>]) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let Limits { size, depth } = self.limits;
        if raw.len() > size {
            return Err(DecodeError::TooLarge { limit: size });
        }
        // The parser writes into its input and reads beyond the end of it.
        self.input.clear();
        self.input.extend_from_slice(raw);
        self.input.resize(raw.len() + INPUT_PADDING, b' ');

        let mut tape = std::mem::replace(&mut self.tape, Tape(Vec::new())).reset();
        let result =
            simd_json::fill_tape_padded(&mut self.input, raw.len(), &mut self.buffers, &mut tape)
                .map_err(|error| match error.error() {
                    ErrorType::DepthLimitExceeded => DecodeError::TooDeep { limit: depth },
                    _ => DecodeError::MalformedJson,
                })
                .and_then(|()| f(&tape.0));
        self.tape = tape.reset();
        result
    }
}
