use futures::stream::Stream;

use crate::batch::Batch;
use crate::error::Fatal;

/// A stream of batches: what every operator takes and returns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stream of record batches",
    label = "expected a `Stream<Item = Result<Batch<T>, Fatal>>`",
    note = "a pipeline starts from the `Records` it is given; wrap your own data with `records::from_batches`"
)]
pub trait Records: Stream<Item = Result<Batch<<Self as Records>::Record>, Fatal>> {
    /// The type of the records' values.
    type Record;
}

impl<S, T> Records for S
where
    S: Stream<Item = Result<Batch<T>, Fatal>> + ?Sized,
{
    type Record = T;
}
