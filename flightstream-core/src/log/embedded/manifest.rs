use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_128;

use super::failure::{corrupt, io_error};
use crate::log::LogError;

/// Compares a keyspace's manifest with the checksum that its file `current` has of it. `dir` is the data directory.
///
/// fjall writes that checksum but doesn't look at it; of a manifest that was changed it believes what it can and
/// panics at what it can't, in a place where that ends the process.
pub(super) fn check(dir: &Path, keyspace: &Path) -> Result<(), LogError> {
    let read = |name: &str| {
        let path = keyspace.join(name);
        fs::read(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => corrupt(dir, format!("{} is missing", path.display())),
            _ => io_error("read", dir, error),
        })
    };
    let changed = |name: &str| {
        corrupt(
            dir,
            format!("{} was changed", keyspace.join(name).display()),
        )
    };
    let (version, checksum) = parse(&read("current")?).ok_or_else(|| changed("current"))?;
    let name = format!("v{version}");
    if xxh3_128(&read(&name)?) == checksum {
        Ok(())
    } else {
        Err(changed(&name))
    }
}

/// The number of the manifest, its checksum, and a zero for xxh3.
fn parse(current: &[u8]) -> Option<(u64, u128)> {
    let (version, rest) = current.split_first_chunk()?;
    let (checksum, rest) = rest.split_first_chunk()?;
    (rest == [0]).then_some((u64::from_le_bytes(*version), u128::from_le_bytes(*checksum)))
}
