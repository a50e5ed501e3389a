use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::Stream;
use pin_project_lite::pin_project;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Aligned;
use crate::batch::{Batch, Raw, Record, Rejection};
use crate::runtime::{Inlet, Outbox, TaskContext};
use crate::store::codec;
use crate::{Fatal, Records};

pin_project! {
    /// Records for the [`repartition`](Records::repartition) method.
    #[must_use = "streams do nothing unless polled"]
    pub struct Repartition<R, K, T> {
        #[pin]
        records: R,
        inlet: Inlet,
        outbox: Outbox,
        types: PhantomData<fn() -> (K, T)>,
    }
}

impl<R, K, T> Repartition<R, K, T> {
    pub(crate) fn new(records: R, name: &'static str, cx: &TaskContext) -> Self {
        let (inlet, outbox) = cx.repartition(name);
        Self {
            records,
            inlet,
            outbox,
            types: PhantomData,
        }
    }
}

impl<R, K, T> fmt::Debug for Repartition<R, K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repartition")
            .field("inlet", &self.inlet)
            .finish_non_exhaustive()
    }
}

/// Sends a batch's records off. The batch goes on without them, with its ack: they are durable with its commit.
fn send<K: Serialize, T: Serialize>(batch: Batch<(K, T)>, outbox: &Outbox) -> Batch<(K, T)> {
    let mut records = Vec::with_capacity(batch.len());
    let batch = batch.transform("repartition", |record, _| {
        let (value, rest) = record.take_value();
        let encoded = codec::encode(&value.0).and_then(|key| Ok((key, codec::encode(&value.1)?)));
        let (key, value) =
            encoded.map_err(|error| Rejection::new("not_encodable").with_detail(error))?;
        records.push(Record {
            key: Some(key),
            ..rest.with_value(Raw(Some(value)))
        });
        Ok::<(), Rejection>(())
    });
    outbox.push(records);
    batch
}

fn receive<K: DeserializeOwned, T: DeserializeOwned>(batch: Batch<Raw>) -> Batch<(K, T)> {
    batch.transform("repartition", |record, output| {
        let key = codec::decode(record.key.as_deref().unwrap_or_default());
        let value = codec::decode(record.value.as_bytes().unwrap_or_default());
        let pair = key.and_then(|key| Ok((key, value?)));
        let pair = pair.map_err(|error| Rejection::new("not_decodable").with_detail(error))?;
        output.push(record.with_value(pair));
        Ok::<(), Rejection>(())
    })
}

impl<R, K, T> Stream for Repartition<R, K, T>
where
    R: Records<Record = (K, T)>,
    K: Serialize + DeserializeOwned,
    T: Serialize + DeserializeOwned,
{
    type Item = Result<Batch<(K, T)>, Fatal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        // What is behind the topic first, so that it stays short.
        if let Poll::Ready(batch) = this.inlet.poll_batch(cx) {
            return Poll::Ready(Some(batch.map(receive)));
        }
        this.records
            .poll_next(cx)
            .map(|next| next.map(|batch| Ok(send(batch?, this.outbox))))
    }
}

impl<R, K, T> Aligned for Repartition<R, K, T>
where
    R: Records<Record = (K, T)>,
    K: Serialize + DeserializeOwned,
    T: Serialize + DeserializeOwned,
{
}
