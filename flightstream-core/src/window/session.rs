use std::fmt;
use std::hash::Hash;
use std::time::Duration;

use super::SessionAggregate;
use crate::operator::{Aligned, Counter, Reducer};
use crate::store::{SessionStore, StoreHandle};
use crate::time::Timestamp;

/// Sessions: each as long as its records follow each other by no more than a gap.
///
/// A session closes when stream time is past its last record by more than gap and grace together. Until then a record
/// that comes late can make it longer, at either end, or make one session of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    gap: Duration,
    grace: Duration,
}

/// A [`Session`] whose grace is not given yet.
#[derive(Clone, Copy, Debug)]
#[must_use = "a session needs its grace"]
pub struct SessionWithoutGrace(Duration);

impl Session {
    /// Sessions that end with such a gap. Records that are exactly as far apart are of one session.
    pub fn gap(gap: Duration) -> SessionWithoutGrace {
        SessionWithoutGrace(gap)
    }

    pub(super) fn gap_size(&self) -> Duration {
        self.gap
    }

    /// The stream time after which no record can be added to a session whose last one is of that time.
    pub(super) fn open_until(&self, last: Timestamp) -> Timestamp {
        last.plus(self.gap + self.grace)
    }

    /// All sessions whose last record is older than this are closed when stream time is `stream_time`.
    pub(super) fn closed_before(&self, stream_time: Timestamp) -> Timestamp {
        stream_time.minus(self.gap + self.grace)
    }
}

impl SessionWithoutGrace {
    /// How long after the gap a session still takes records.
    #[must_use]
    pub fn grace(self, grace: Duration) -> Session {
        Session { gap: self.0, grace }
    }
}

/// Keyed records, about to be aggregated in sessions; see the [`session_windowed`](crate::Records::session_windowed)
/// method.
#[must_use = "sessions do nothing until something is aggregated in them"]
pub struct SessionWindowed<R> {
    records: R,
    session: Session,
}

impl<R> SessionWindowed<R> {
    pub(crate) fn new(records: R, session: Session) -> Self {
        Self { records, session }
    }

    /// Folds the values of each key in each session into an `A`, which begins as its default. `merge` takes a later
    /// session into an earlier one when a record closes the gap between them.
    ///
    /// The records are `(WindowedKey<K>, A)`, one for each session when it closes. Its window is from its first record
    /// to its last; the time of that is the record's event time.
    pub fn aggregate<K, T, A, F, M>(
        self,
        store: StoreHandle<SessionStore<K, A>>,
        add: F,
        merge: M,
    ) -> SessionAggregate<R, K, A, F, M>
    where
        R: Aligned<Record = (K, T)>,
        K: Hash + Eq + Ord + Clone,
        A: Default,
        F: FnMut(&mut A, &T),
        M: FnMut(&mut A, A),
    {
        SessionAggregate::new(self.records, self.session, store, add, merge)
    }

    /// Counts the records of each key in each session.
    #[allow(
        clippy::type_complexity,
        reason = "a pipeline's types are its operators'"
    )]
    pub fn count<K, T>(
        self,
        store: StoreHandle<SessionStore<K, u64>>,
    ) -> SessionAggregate<R, K, u64, Counter<T>, fn(&mut u64, u64)>
    where
        R: Aligned<Record = (K, T)>,
        K: Hash + Eq + Ord + Clone,
    {
        self.aggregate(
            store,
            |count, _| *count += 1,
            |count, later| *count += later,
        )
    }

    /// Combines the values of each key in each session into one of the same type, which begins as the first of them.
    /// What two sessions came to is combined in the same way when they become one.
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// use flightstream_core::store::StoreHandle;
    /// use flightstream_core::window::Session;
    /// use flightstream_core::{Records, from_values, time::Timestamp};
    /// use std::time::Duration;
    ///
    /// let highest = from_values([("LO281", 3), ("LO281", 8), ("LO281", 5), ("LO281", 70)])
    ///     .assume_aligned()
    ///     .event_time(|(_, second)| Timestamp::from_seconds(*second))
    ///     .session_windowed(Session::gap(Duration::from_secs(10)).grace(Duration::ZERO))
    ///     .reduce(StoreHandle::unlogged("highest"), |highest, n| *highest = (*highest).max(*n))
    ///     .map(|(_, highest)| highest)
    ///     .collect_values()
    ///     .await?;
    /// assert_eq!(highest, [8]);
    /// # Ok::<(), flightstream_core::Fatal>(()) }).unwrap();
    /// ```
    pub fn reduce<K, T, F>(
        self,
        store: StoreHandle<SessionStore<K, T>>,
        combine: F,
    ) -> SessionAggregate<R, K, T, Reducer<F>, Reducer<F>>
    where
        R: Aligned<Record = (K, T)>,
        K: Hash + Eq + Ord + Clone,
        T: Clone,
        F: FnMut(&mut T, &T) + Clone,
    {
        let merge = Reducer::new(combine.clone());
        SessionAggregate::new(
            self.records,
            self.session,
            store,
            Reducer::new(combine),
            merge,
        )
    }
}

impl<R> fmt::Debug for SessionWindowed<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionWindowed")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}
