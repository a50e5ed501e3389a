//! A file that is no whole snapshot is refused, never read as more than it is and never with a panic.

use std::io::Cursor;

use flightstream_core::store::snapshot::SnapshotReader;

pub fn check(bytes: &[u8]) {
    if let Ok(mut snapshot) = SnapshotReader::new(Cursor::new(bytes)) {
        let mut entries = snapshot.remaining();
        while let Ok(Some(_)) = snapshot.next_entry() {
            entries = entries
                .checked_sub(1)
                .expect("no more entries than it says");
        }
    }
}
