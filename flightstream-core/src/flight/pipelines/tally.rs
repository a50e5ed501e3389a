use std::fmt::Debug;
use std::hash::Hash;
use std::ops::AddAssign;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::windows::live;
use crate::Records;
use crate::runtime::TaskContext;
use crate::time::Timestamp;
use crate::window::{Emit, Tumbling, WindowedKey, Windows};

/// What a partition remembers of a key's reports in one window.
pub(super) trait Tally<T>: Clone + Default + Serialize + DeserializeOwned + 'static {
    /// What comes of it. Those of two partitions add up.
    type Part: AddAssign + Clone + Default + Serialize + DeserializeOwned + 'static;

    fn add(&mut self, report: &T);

    fn part(&self) -> Self::Part;
}

pub(super) trait Key:
    Hash + Ord + Clone + Debug + Serialize + DeserializeOwned + 'static
{
}

impl<K: Hash + Ord + Clone + Debug + Serialize + DeserializeOwned + 'static> Key for K {}

/// The newest part of each partition.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Parts<P>(Vec<(u32, P)>);

/// Statistics of each key in each window, over all partitions: tallied where the reports are, then summed where the key
/// is. See the [module](super).
pub(super) fn statistics<S, R, K, T, W>(
    reports: R,
    windows: W,
    cx: TaskContext,
) -> impl Records<Record = (WindowedKey<K>, S::Part)>
where
    S: Tally<T>,
    R: Records<Record = (K, T)>,
    K: Key,
    W: Windows,
{
    let partition = cx.topic_partition().partition();
    let emit = live(&windows);
    let sums = panes(&windows);
    reports
        .assume_aligned() // the share of this partition is what is wanted
        .windowed(windows)
        .aggregate(cx.store("parts"), S::add)
        .emit(emit)
        .map(move |(key, tally)| (key, (partition, tally.part())))
        .event_time(|(key, _)| key.window.start)
        .repartition("parts", &cx)
        .windowed(sums)
        .aggregate(cx.store("sums"), Parts::replace)
        .emit(Emit::on_update())
        .map(|(pane, parts)| (pane.key, parts.sum()))
        .event_time(|(key, _)| last_millisecond(key))
}

/// Where a window's parts are kept until the last of them has come: by the window's start, so that each has one place.
///
/// The last part comes when its window closes. By then windows have begun that start the size later.
fn panes(windows: &impl Windows) -> Tumbling {
    Tumbling::of(windows.advance()).grace(windows.size() + windows.grace())
}

fn last_millisecond<K>(key: &WindowedKey<K>) -> Timestamp {
    Timestamp::from_millis(key.window.end.as_millis().saturating_sub(1))
}

impl<P: AddAssign + Clone + Default> Parts<P> {
    fn replace(&mut self, (partition, part): &(u32, P)) {
        match self.0.iter_mut().find(|(from, _)| from == partition) {
            Some((_, newest)) => *newest = part.clone(),
            None => self.0.push((*partition, part.clone())),
        }
    }

    fn sum(self) -> P {
        let mut sum = P::default();
        self.0.into_iter().for_each(|(_, part)| sum += part);
        sum
    }
}
