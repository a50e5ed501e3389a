use std::fs;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_128;

/// Compares a keyspace's manifest with the checksum that its file `current` has of it.
///
/// fjall writes that checksum but doesn't look at it; of a manifest that was changed it believes what it can and
/// panics at what it can't, in a place where that ends the process.
pub(super) fn check(keyspace: &Path) -> Result<(), String> {
    let read = |name: &str| {
        let path = keyspace.join(name);
        fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let current = read("current")?;
    let (version, checksum) = parse(&current)
        .ok_or_else(|| format!("{} is unreadable", keyspace.join("current").display()))?;
    let name = format!("v{version}");
    if xxh3_128(&read(&name)?) == checksum {
        Ok(())
    } else {
        Err(format!("{} was changed", keyspace.join(name).display()))
    }
}

/// The number of the manifest, its checksum, and a zero for xxh3.
fn parse(current: &[u8]) -> Option<(u64, u128)> {
    let (version, rest) = current.split_first_chunk()?;
    let (checksum, rest) = rest.split_first_chunk()?;
    (rest == [0]).then_some((u64::from_le_bytes(*version), u128::from_le_bytes(*checksum)))
}
