use std::cell::RefCell;
use std::fmt;
use std::future::{Future, Ready, ready};
use std::rc::Rc;
use std::time::Duration;

use futures::future::{FutureExt, LocalBoxFuture};

/// A look-up that takes its time: what [`enrich_async`](crate::Records::enrich_async) calls with each value.
///
/// A closure `FnMut(T) -> impl Future<Output = Result<U, E>>` is one.
pub trait Lookup<T> {
    /// What it makes of a value.
    type Output;
    /// Why it fails.
    type Error;
    /// The look-up of one value.
    type Future: Future<Output = Result<Self::Output, Self::Error>>;

    /// Begins to look a value up.
    fn look_up(&mut self, value: T) -> Self::Future;
}

impl<T, U, E, F, Fut> Lookup<T> for F
where
    F: FnMut(T) -> Fut,
    Fut: Future<Output = Result<U, E>>,
{
    type Output = U;
    type Error = E;
    type Future = Fut;

    fn look_up(&mut self, value: T) -> Fut {
        self(value)
    }
}

/// How often a failed look-up is tried again, and how long to wait before.
///
/// The library knows no timer of its own, for it runs on any runtime: who wants to wait brings the way to.
///
/// ```
/// use flightstream_core::operator::Retry;
/// use std::time::Duration;
///
/// # let sleep = |_: Duration| std::future::ready(());
/// // With tokio, `tokio::time::sleep`.
/// let policy = Retry::times(4).wait(Duration::from_millis(100), Duration::from_secs(1), sleep);
/// let waits: Vec<_> = (0..5).map(|failures| policy.delay(failures).as_millis()).collect();
/// assert_eq!(waits, [100, 200, 400, 800, 1000]);
/// ```
#[derive(Clone)]
pub struct Retry<W = fn(Duration) -> Ready<()>> {
    times: u32,
    first: Duration,
    longest: Duration,
    wait: W,
}

impl Retry {
    /// So many tries after the first, each at once.
    #[must_use]
    pub fn times(times: u32) -> Self {
        Self {
            times,
            first: Duration::ZERO,
            longest: Duration::ZERO,
            wait: |_| ready(()),
        }
    }

    /// Waits before each further try: at first for `first`, each time twice as long, up to `longest`.
    #[must_use]
    pub fn wait<W, Fut>(self, first: Duration, longest: Duration, wait: W) -> Retry<W>
    where
        W: Fn(Duration) -> Fut,
        Fut: Future<Output = ()>,
    {
        Retry {
            times: self.times,
            first,
            longest,
            wait,
        }
    }
}

impl<W> Retry<W> {
    /// How long to wait when so many tries have failed already after the first.
    #[must_use]
    pub fn delay(&self, failures: u32) -> Duration {
        let factor = 2_u32.saturating_pow(failures);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

impl<W> fmt::Debug for Retry<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("times", &self.times)
            .field("first", &self.first)
            .field("longest", &self.longest)
            .finish_non_exhaustive()
    }
}

/// A [`Lookup`] that is tried again when it fails.
pub struct Retrying<F, W> {
    shared: Rc<(RefCell<F>, Retry<W>)>,
}

impl<F, W> Retrying<F, W> {
    pub(super) fn new(f: F, policy: Retry<W>) -> Self {
        Self {
            shared: Rc::new((RefCell::new(f), policy)),
        }
    }
}

impl<F, W> fmt::Debug for Retrying<F, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Retrying").field(&self.shared.1).finish()
    }
}

impl<T, U, E, F, Fut, W, Waited> Lookup<T> for Retrying<F, W>
where
    T: Clone + 'static,
    F: FnMut(T) -> Fut + 'static,
    Fut: Future<Output = Result<U, E>>,
    W: Fn(Duration) -> Waited + 'static,
    Waited: Future<Output = ()>,
{
    type Output = U;
    type Error = E;
    type Future = LocalBoxFuture<'static, Result<U, E>>;

    fn look_up(&mut self, value: T) -> Self::Future {
        let shared = Rc::clone(&self.shared);
        async move {
            let (f, policy) = &*shared;
            // Borrowed for the call only, not while its future is at work.
            let try_once = |value: T| (f.borrow_mut())(value);
            for failures in 0..policy.times {
                if let Ok(found) = try_once(value.clone()).await {
                    return Ok(found);
                }
                (policy.wait)(policy.delay(failures)).await;
            }
            try_once(value).await
        }
        .boxed_local()
    }
}
