//! What the decoders of JSON sources have in common: one object a message, read into slots in buffers that are used again.

mod error;
mod object;
mod value;

pub use self::error::DecodeError;
pub use self::object::Limits;
pub(super) use self::object::ObjectReader;
pub(super) use self::value::{Value, Wrong, for_each_field, unix_time};
