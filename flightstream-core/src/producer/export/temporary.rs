use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file under another name in the same folder, removed unless it is put in its place.
///
/// It is always a new one: what somebody has laid there under that name, such as a link to another file, is left alone.
#[derive(Debug)]
pub struct TemporaryFile {
    writer: BufWriter<File>,
    temporary: PathBuf,
    path: PathBuf,
    is_persisted: bool,
}

impl TemporaryFile {
    /// Makes one that is to become the file `path`.
    ///
    /// # Errors
    /// If no file can be made in that folder.
    pub fn next_to(path: &Path) -> io::Result<Self> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        for attempt in 0..100 {
            let mut hidden = std::ffi::OsString::from(".");
            hidden.push(name);
            hidden.push(format!(".{}-{attempt}.tmp", std::process::id()));
            let temporary = folder(path).join(hidden);
            match OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&temporary)
            {
                Ok(file) => {
                    return Ok(Self {
                        writer: BufWriter::new(file),
                        temporary,
                        path: path.to_owned(),
                        is_persisted: false,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Writes to it.
    pub fn writer(&mut self) -> &mut impl Write {
        &mut self.writer
    }

    /// Puts the file in its place, complete and on the disk.
    ///
    /// # Errors
    /// If it cannot be written to the disk or renamed. What was there before is there still.
    pub fn persist(mut self) -> io::Result<()> {
        self.writer.flush()?;
        self.writer.get_ref().sync_all()?;
        fs::rename(&self.temporary, &self.path)?;
        self.is_persisted = true;
        // A folder can be opened and synchronised on Unix only; elsewhere the renaming is as durable as it gets.
        #[cfg(unix)]
        File::open(folder(&self.path))?.sync_all()?;
        Ok(())
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if !self.is_persisted {
            // Nothing more can be done about a file that cannot be removed.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// The folder that a file is in.
pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
