/// `SplitMix64`: a stream of numbers that is a function of what it was started from, so that any message can be made
/// without the ones before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The stream number `index` of `seed`.
    pub(super) fn new(seed: u64, index: u64) -> Self {
        Self(mix(seed ^ mix(index.wrapping_mul(GOLDEN_RATIO))))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN_RATIO);
        mix(self.0)
    }

    /// From 0 to below 1.
    pub(super) fn unit(&mut self) -> f64 {
        // The 53 bits that a double holds.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// From 0 to below `end`; 0 if `end` is 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }

    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }
}

const GOLDEN_RATIO: u64 = 0x9E37_79B9_7F4A_7C15;

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// Things with weights, to draw from.
#[derive(Clone, Debug)]
pub(super) struct Weighted<T> {
    items: Vec<(f64, T)>,
    total: f64,
}

impl<T: Copy> Weighted<T> {
    pub(super) fn new(items: impl IntoIterator<Item = (f64, T)>) -> Self {
        let mut total = 0.0;
        let items = items
            .into_iter()
            .map(|(weight, item)| {
                total += weight;
                (total, item)
            })
            .collect();
        Self { items, total }
    }

    /// One of them, or none if there is none.
    pub(super) fn draw(&self, random: &mut Random) -> Option<T> {
        let at = random.unit() * self.total;
        let index = self.items.partition_point(|(end, _)| *end <= at);
        self.items
            .get(index)
            .or_else(|| self.items.last())
            .map(|(_, item)| *item)
    }
}
