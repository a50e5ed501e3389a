//! How much memory answers take together until their clients have read them: each is bounded, and so is how long a client may
//! read nothing, but one that reads a little now and then keeps its answer for long.

use axum::body::Bytes;
use axum::http::StatusCode;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::error::ApiError;

/// What all answers together may take, in KiB: 256 MiB.
const MOST: u32 = 256 << 10;
/// Smaller ones are not counted: connections are.
const SMALL: usize = 64 << 10;

static ROOM: Semaphore = Semaphore::const_new(MOST as usize);

/// An answer that gives its room back when the last one of those who share it has been read.
struct Held {
    body: Bytes,
    _room: SemaphorePermit<'static>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

/// The body, once there is room for it.
pub(super) fn hold(body: Bytes) -> Result<Bytes, ApiError> {
    hold_in(&ROOM, body)
}

fn hold_in(room: &'static Semaphore, body: Bytes) -> Result<Bytes, ApiError> {
    if body.len() <= SMALL {
        return Ok(body);
    }
    let size = u32::try_from(body.len() >> 10).unwrap_or(u32::MAX);
    let room = room.try_acquire_many(size).map_err(|_| {
        let reason = "too many large answers have not been read yet: ask again, or for less";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", reason)
    })?;
    Ok(Bytes::from_owner(Held { body, _room: room }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_back_with_the_last_reader() {
        static ROOM: Semaphore = Semaphore::const_new(300);
        let body = || hold_in(&ROOM, Bytes::from(vec![7; 200 << 10]));
        let first = body().unwrap();
        let shared = first.clone();
        assert!(body().is_err(), "there is room for one of them");
        drop(first);
        assert!(body().is_err(), "somebody still reads it");
        assert_eq!(shared[..2], [7, 7]);
        drop(shared);
        assert!(body().is_ok());
        assert!(hold_in(&ROOM, Bytes::from(vec![7; 1 << 20])).is_err());
        assert_eq!(ROOM.available_permits(), 300);
    }
}
