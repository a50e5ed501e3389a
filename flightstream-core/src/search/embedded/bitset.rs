/// A set of rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bitset(Vec<u64>);

impl Bitset {
    pub(super) fn empty(rows: usize) -> Self {
        Self(vec![0; rows.div_ceil(64)])
    }

    pub(super) fn full(rows: usize) -> Self {
        Self(vec![u64::MAX; rows.div_ceil(64)])
    }

    /// The rows whose value passes.
    #[inline]
    pub(super) fn of<T: Copy>(values: &[T], test: impl Fn(T) -> bool) -> Self {
        let word = |chunk: &[T]| {
            chunk.iter().enumerate().fold(0_u64, |word, (bit, value)| {
                word | (u64::from(test(*value)) << bit)
            })
        };
        Self(values.chunks(64).map(word).collect())
    }

    pub(super) fn set(&mut self, row: usize) {
        if self.0.len() <= row / 64 {
            self.0.resize(row / 64 + 1, 0);
        }
        if let Some(word) = self.0.get_mut(row / 64) {
            *word |= 1 << (row % 64);
        }
    }

    pub(super) fn clear(&mut self, row: usize) {
        if let Some(word) = self.0.get_mut(row / 64) {
            *word &= !(1 << (row % 64));
        }
    }

    #[inline]
    pub(super) fn has(&self, row: usize) -> bool {
        self.0
            .get(row / 64)
            .is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    pub(super) fn and(mut self, other: &Self) -> Self {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= other;
        }
        self
    }

    pub(super) fn or(mut self, other: &Self) -> Self {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
        self
    }

    pub(super) fn not(mut self) -> Self {
        for word in &mut self.0 {
            *word = !*word;
        }
        self
    }

    pub(super) fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The rows in ascending order.
    pub(super) fn rows(&self) -> Vec<u32> {
        let mut rows = Vec::with_capacity(self.count());
        for (at, word) in self.0.iter().enumerate() {
            let base = (at * 64) as u32;
            if *word == u64::MAX {
                rows.extend(base..base + 64);
                continue;
            }
            let mut word = *word;
            while word != 0 {
                rows.push(base + word.trailing_zeros());
                word &= word - 1;
            }
        }
        rows
    }
}
