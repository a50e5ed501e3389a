use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A note beside the store: the number of a commit that the disk is known to have.
///
/// A journal that ends early looks like one that a crash cut off, and what follows is dropped in silence. The note
/// tells the two apart: a store that comes back with fewer commits than it says has been damaged.
#[derive(Debug)]
pub(super) struct Checkpoint {
    path: PathBuf,
}

impl Checkpoint {
    pub(super) fn in_directory(dir: &Path) -> Self {
        Self {
            path: dir.join("checkpoint"),
        }
    }

    pub(super) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// The commit noted last; `None` if there is no note, or none that can be read (a crash may leave one empty).
    pub(super) fn read(&self) -> io::Result<Option<u64>> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let number = |bytes: &[u8]| Some(u64::from_le_bytes(bytes.try_into().ok()?));
        Ok(bytes
            .split_at_checked(8)
            .and_then(|(commit, inverse)| Some((number(commit)?, number(inverse)?)))
            .and_then(|(commit, inverse)| (commit == !inverse).then_some(commit)))
    }

    pub(super) fn write(&self, commit: u64) -> io::Result<()> {
        let mut new = self.path.clone();
        new.set_extension("new");
        fs::write(
            &new,
            [commit.to_le_bytes(), (!commit).to_le_bytes()].concat(),
        )?;
        fs::rename(&new, &self.path)
    }
}
