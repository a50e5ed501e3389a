//! A shared table is swapped whole.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout
)]

use std::sync::Arc;
use std::thread;

use flightstream_core::table::SharedTable;

#[test]
fn readers_keep_a_table_until_they_ask_again() {
    let shared = SharedTable::new("old");
    let mut reader = shared.reader();
    let held = Arc::clone(reader.current());
    assert_eq!(*shared.swap("new"), "old");
    assert_eq!(*held, "old");
    assert_eq!(**reader.current(), "new");
    assert_eq!(*shared.load(), "new");
    assert_eq!(shared.version(), 1);
}

#[test]
fn readers_never_go_back_and_end_with_the_last() {
    let shared = SharedTable::new([0_u64; 16]);
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let mut reader = shared.reader();
            thread::spawn(move || {
                let mut last = 0;
                while last < 1_000 {
                    let table = reader.current();
                    assert!(table.iter().all(|number| *number == table[0]));
                    assert!(table[0] >= last);
                    last = table[0];
                }
            })
        })
        .collect();
    for number in 1..=1_000 {
        shared.swap([number; 16]);
    }
    for reader in readers {
        reader.join().unwrap();
    }
}
