use super::SimulationError;
use super::network::{Network, Registry};
use super::random::Random;
use crate::flight::{Country, Registration};

/// Gives out addresses and registrations, each once.
#[derive(Debug)]
pub(super) struct Register<'a> {
    seed: u64,
    /// How many each country has given out.
    countries: Vec<(&'a Registry, u32)>,
}

/// Where airlines register what their own country's block has no room for.
const OVERFLOW: [&str; 3] = ["IE", "GB", "US"];
/// A prime that divides no block's size, so its multiples run through a block without repeating.
const STRIDE: u64 = 1_000_003;

impl<'a> Register<'a> {
    pub(super) fn new(network: &'a Network, seed: u64) -> Self {
        Self {
            seed,
            countries: network
                .countries
                .iter()
                .map(|registry| (registry, 0))
                .collect(),
        }
    }

    pub(super) fn next(&mut self, home: Country) -> Option<(u32, Registration)> {
        let overflow = OVERFLOW
            .into_iter()
            .filter_map(|code| Country::new(code).ok());
        std::iter::once(home)
            .chain(overflow)
            .find_map(|country| self.next_of(country))
    }

    fn next_of(&mut self, country: Country) -> Option<(u32, Registration)> {
        let (registry, given) = self
            .countries
            .iter_mut()
            .find(|(registry, _)| registry.country == country)?;
        let size = registry.last - registry.first + 1;
        if *given >= size {
            return None;
        }
        let number = *given;
        *given += 1;
        let start = Random::new(self.seed, u64::from(registry.first)).next() >> 32;
        let scattered = (u64::from(number) * STRIDE + start) % u64::from(size);
        let address = registry.first + u32::try_from(scattered).unwrap_or_default();
        Some((address, registration(registry, number)?))
    }
}

/// The `number`th registration of a country, no two alike.
fn registration(registry: &Registry, number: u32) -> Option<Registration> {
    let capacity: u64 = registry.tail.bytes().map(|form| choices(form).1).product();
    // Consecutive aircraft should not have consecutive names. The prime divides no
    // pattern's capacity.
    let mut left = u64::from(number) % capacity * 7_919 % capacity;
    let mut beyond = u64::from(number) / capacity;
    let mut tail = Vec::new();
    for form in registry.tail.bytes().rev() {
        let (first, count) = choices(form);
        tail.push(first + u8::try_from(left % count).unwrap_or_default());
        left /= count;
    }
    tail.reverse();
    while beyond > 0 {
        tail.push(b'A' + u8::try_from((beyond - 1) % 26).unwrap_or_default());
        beyond = (beyond - 1) / 26;
    }
    let tail = String::from_utf8(tail).ok()?;
    Registration::new(&format!("{}{tail}", registry.prefix)).ok()
}

/// The first of the characters that stand for a form, and how many there are.
const fn choices(form: u8) -> (u8, u64) {
    match form {
        b'A' => (b'A', 26),
        b'1' => (b'1', 9),
        b'9' => (b'0', 10),
        other => (other, 1),
    }
}

/// The error of a fleet that is larger than the register.
pub(super) fn too_many(aircraft: usize) -> SimulationError {
    SimulationError::TooManyAircraft { aircraft }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Airports;
    use rustc_hash::FxHashSet;

    #[test]
    fn every_address_and_registration_is_given_out_once() {
        let network = Network::new(&Airports::embedded()).unwrap();
        let mut register = Register::new(&network, 7);
        let (mut addresses, mut names) = (FxHashSet::default(), FxHashSet::default());
        let qatar = Country::new("QA").unwrap();
        for number in 0..300_000_u32 {
            let (address, name) = register.next(qatar).unwrap();
            assert!(addresses.insert(address));
            assert!(names.insert(name), "{name}");
            assert_eq!(number < 1024, name.as_str().starts_with("A7-"));
        }
    }
}
