use std::fmt;

/// How the values of a key become one: what [`aggregate`](crate::Records::aggregate) and
/// [`reduce`](crate::Records::reduce) differ in.
///
/// A closure `FnMut(&mut A, &T)` is one that begins with `A`'s default.
pub trait Aggregator<T, A> {
    /// What the first value of a key makes.
    fn first(&mut self, value: &T) -> A;

    /// Adds a further value.
    fn add(&mut self, aggregate: &mut A, value: &T);
}

impl<T, A, F> Aggregator<T, A> for F
where
    A: Default,
    F: FnMut(&mut A, &T),
{
    fn first(&mut self, value: &T) -> A {
        let mut aggregate = A::default();
        self(&mut aggregate, value);
        aggregate
    }

    fn add(&mut self, aggregate: &mut A, value: &T) {
        self(aggregate, value);
    }
}

/// The [`Aggregator`] of the `count` methods.
pub type Counter<T> = fn(&mut u64, &T);

/// The [`Aggregator`] of the `reduce` methods: the first value as it is, and each further one taken into it.
pub struct Reducer<F>(F);

impl<F> Reducer<F> {
    pub(crate) fn new(f: F) -> Self {
        Self(f)
    }
}

impl<F> fmt::Debug for Reducer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reducer").finish_non_exhaustive()
    }
}

impl<T, F> Aggregator<T, T> for Reducer<F>
where
    T: Clone,
    F: FnMut(&mut T, &T),
{
    fn first(&mut self, value: &T) -> T {
        value.clone()
    }

    fn add(&mut self, aggregate: &mut T, value: &T) {
        (self.0)(aggregate, value);
    }
}

/// How two aggregates of a key become one, when two [sessions](crate::window::Session) do.
///
/// A closure `FnMut(&mut A, A)` is one.
pub trait Merger<A> {
    /// Takes a later session's aggregate into an earlier one's.
    fn merge(&mut self, aggregate: &mut A, later: A);
}

impl<A, F: FnMut(&mut A, A)> Merger<A> for F {
    fn merge(&mut self, aggregate: &mut A, later: A) {
        self(aggregate, later);
    }
}

impl<T, F: FnMut(&mut T, &T)> Merger<T> for Reducer<F> {
    fn merge(&mut self, aggregate: &mut T, later: T) {
        (self.0)(aggregate, &later);
    }
}
