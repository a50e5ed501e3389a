use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;

/// The stored form of a key or a value: postcard's, compact and stable.
pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Bytes, StoreError> {
    postcard::to_allocvec(value)
        .map(Bytes::from)
        .map_err(StoreError::Encode)
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(StoreError::Decode)
}
