//! An operator of one's own: `changes` passes a record on only if its value differs from the last of its key.
//!
//! ```sh
//! cargo run -p flightstream-core --example 06_custom_operator --all-features
//! ```

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "an example shows what it does and checks it"
)]

use std::convert::Infallible;
use std::error::Error;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll};

use flightstream_core::batch::Batch;
use flightstream_core::operator::Aligned;
use flightstream_core::store::{KeyValueStore, StoreHandle};
use flightstream_core::testing::laws;
use flightstream_core::{Fatal, Records, from_values};
use futures::executor::block_on;
use futures::stream::Stream;
use pin_project_lite::pin_project;

pin_project! {
    /// Records for the [`changes`](Changes::changes) method.
    struct Changed<R, K, T> {
        #[pin]
        records: R,
        last: StoreHandle<KeyValueStore<K, T>>,
    }
}

impl<R, K, T> Stream for Changed<R, K, T>
where
    R: Records<Record = (K, T)>,
    K: Hash + Eq + Clone,
    T: PartialEq + Clone,
{
    type Item = Result<Batch<(K, T)>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        let last = &mut *this.last.write();
        // `transform` keeps the batch's span and ack, also when nothing is left in it.
        this.records.poll_next(cx).map_ok(|batch| {
            batch.transform("changes", |record, output| {
                let (key, value) = &record.value;
                if last.get(key).as_deref() != Some(value) {
                    last.put(key, value.clone());
                    output.push(record);
                }
                Ok::<(), Infallible>(())
            })
        })
    }
}

/// The method, for all keyed records whose key decides their partition: otherwise a task would not see all of a key.
trait Changes<K, T>: Aligned<Record = (K, T)> + Sized {
    fn changes(self, last: StoreHandle<KeyValueStore<K, T>>) -> impl Aligned<Record = (K, T)>
    where
        K: Hash + Eq + Clone,
        T: PartialEq + Clone,
    {
        Changed {
            records: self,
            last,
        }
    }
}

impl<R: Aligned<Record = (K, T)>, K, T> Changes<K, T> for R {}

/// The key stays, so what comes out is aligned if what goes in is.
impl<R, K, T> Aligned for Changed<R, K, T>
where
    R: Aligned<Record = (K, T)>,
    K: Hash + Eq + Clone,
    T: PartialEq + Clone,
{
}

fn main() -> Result<(), Box<dyn Error>> {
    // Addresses and transponder codes.
    let squawks = [
        (0x48AE23, 1000),
        (0x3C6675, 2000),
        (0x48AE23, 1000),
        (0x48AE23, 7700),
    ];
    let changes = from_values(squawks)
        .assume_aligned()
        .changes(StoreHandle::unlogged("squawks"));
    let changes = block_on(changes.collect_values())?;
    println!("{changes:?}");
    assert_eq!(
        changes,
        [(0x48AE23, 1000), (0x3C6675, 2000), (0x48AE23, 7700)]
    );

    // Random input, cut at random places.
    laws::check(&(0_u8..3, 0_u8..3), |records| {
        records
            .assume_aligned()
            .changes(StoreHandle::unlogged("last"))
    })?;
    println!("it keeps the five laws");
    Ok(())
}
