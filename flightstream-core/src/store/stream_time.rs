use bytes::Bytes;

use super::backing::Backing;
use super::codec::{decode, encode};
use super::{STREAM_TIME, StoreError};
use crate::time::Timestamp;

/// The newest event time that a task has seen, which is state too.
#[derive(Debug, Default)]
pub(super) struct StreamTime {
    time: Option<Timestamp>,
    is_dirty: bool,
}

impl StreamTime {
    pub(super) fn get(&self) -> Option<Timestamp> {
        self.time
    }

    /// Moves it forward.
    pub(super) fn observe(&mut self, time: Timestamp) {
        if self.time.is_none_or(|newest| newest < time) {
            self.time = Some(time);
            self.is_dirty = true;
        }
    }

    pub(super) fn open(&mut self, backing: &Backing) -> Result<(), StoreError> {
        match backing.get(STREAM_TIME) {
            Some(stored) => self.restore(Some(&stored)),
            None => Ok(()),
        }
    }

    pub(super) fn restore(&mut self, stored: Option<&[u8]>) -> Result<(), StoreError> {
        self.time = stored.map(decode).transpose()?;
        Ok(())
    }

    pub(super) fn take_change(
        &mut self,
        sink: &mut dyn FnMut(Bytes, Option<Bytes>),
    ) -> Result<(), StoreError> {
        if std::mem::take(&mut self.is_dirty)
            && let Some(time) = &self.time
        {
            sink(Bytes::from_static(STREAM_TIME), Some(encode(time)?));
        }
        Ok(())
    }
}
