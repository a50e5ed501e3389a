use super::{Decode, Decoder, Enrich, EventTime, Filter, FlatMap, Inspect, Map};
use crate::Records;
use crate::batch::{Raw, Record, Rejection};
use crate::runtime::TaskRecords;
use crate::time::Timestamp;

/// Records whose key decides their partition, so that a task sees all records of a key.
///
/// What a source gives is aligned, and operators that keep the key keep it so. Changing the key
/// ([`key_by`](Records::key_by)) ends it, and with it the right to aggregate, which would otherwise quietly aggregate
/// one partition's share of each key.
#[diagnostic::on_unimplemented(
    message = "these records may not be in the partition of their key",
    label = "records of one key may be in several partitions",
    note = "`key_by` changes the key: bring the records of a key together with `.repartition(\"name\")`, \
            or say that they are together already with `.assume_aligned()`"
)]
pub trait Aligned: Records {}

impl Aligned for TaskRecords {}

impl<R, D> Aligned for Decode<R, D>
where
    R: Aligned + Records<Record = Raw>,
    D: Decoder,
{
}

impl<R, F> Aligned for Filter<R, F>
where
    R: Aligned,
    F: FnMut(&R::Record) -> bool,
{
}

impl<R, F, U> Aligned for Map<R, F>
where
    R: Aligned,
    F: FnMut(R::Record) -> U,
{
}

impl<R, F, I> Aligned for FlatMap<R, F>
where
    R: Aligned,
    F: FnMut(R::Record) -> I,
    I: IntoIterator,
{
}

impl<R, F> Aligned for Inspect<R, F>
where
    R: Aligned,
    F: FnMut(&Record<R::Record>),
{
}

impl<R, F, E> Aligned for EventTime<R, F>
where
    R: Aligned,
    F: FnMut(&R::Record) -> E,
    E: Into<Option<Timestamp>>,
{
}

impl<R, F, U, E> Aligned for Enrich<R, F>
where
    R: Aligned,
    F: FnMut(R::Record) -> Result<U, E>,
    E: Into<Rejection>,
{
}
