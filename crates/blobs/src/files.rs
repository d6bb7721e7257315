//! The few file operations that this crate stands on, as a trait, so that a test can fail any of them, delay
//! flushes, or forget what was never flushed.
//!
//! Invariant asked of every implementation: after [`FileWriter::sync`] the bytes survive a power cut, and after
//! [`FileLayer::sync_directory`] so do the names in that directory. Nothing else may be relied on. All calls block.

use std::fmt::Debug;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use fiks_core::Timestamp;

/// A file system. Errors are `std::io`'s, with their usual kinds.
pub trait FileLayer: Debug + Send + Sync + 'static {
    /// Makes a directory that only its owner may enter. An existing one is fine.
    fn create_directory(&self, path: &Path) -> io::Result<()>;

    /// Makes a new file that only its owner may read, and holds a lock on it until the writer is dropped.
    /// `AlreadyExists` when the name is taken, `WouldBlock` when somebody else got the lock first.
    fn create(&self, path: &Path) -> io::Result<Box<dyn FileWriter>>;

    /// Opens a file for reading.
    fn open(&self, path: &Path) -> io::Result<Box<dyn FileReader>>;

    /// Gives a file another name, atomically, in place of whatever had that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a name.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Removes a file made by [`FileLayer::create`] whose writer is gone, in this or another process. Says whether
    /// it did: a file that is still being written stays.
    fn remove_abandoned(&self, path: &Path) -> io::Result<bool>;

    /// Makes the names in a directory survive a power cut.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;

    /// The files in a directory, in any order.
    fn list(&self, directory: &Path) -> io::Result<Vec<FileEntry>>;

    /// Whether a file of that name exists.
    fn exists(&self, path: &Path) -> io::Result<bool>;
}

/// A file in a listing.
#[derive(Clone, Debug)]
pub struct FileEntry {
    /// Its name, without the directory. Names that are not UTF-8 are left out of listings: they are not ours.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written.
    pub modified: Timestamp,
}

/// A file being written, from its start to its end.
pub trait FileWriter: Send {
    /// Appends all of `bytes`.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Returns once everything written so far survives a power cut.
    fn sync(&mut self) -> io::Result<()>;

    /// The same as work to be done elsewhere, while writing goes on: covers what was written before this call.
    fn sync_later(&mut self) -> io::Result<Flush>;
}

/// A flush that can be run on another thread. Its error may be told only once: do not lose it.
pub type Flush = Box<dyn FnOnce() -> io::Result<()> + Send>;

/// A file being read.
pub trait FileReader: Send {
    /// Its size in bytes.
    fn size(&mut self) -> io::Result<u64>;

    /// Whether others than its owner may read or write it. Always false where files have no such modes.
    fn is_open_to_others(&mut self) -> io::Result<bool>;

    /// Moves to a position, counted from the start.
    fn seek(&mut self, position: u64) -> io::Result<()>;

    /// Fills `buffer`, or fails with `UnexpectedEof`.
    fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()>;
}

/// The operating system's files.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealFiles;

impl FileLayer for RealFiles {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        match owners_directory().create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
            other => other,
        }
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn FileWriter>> {
        let file = owners_file().open(path)?;
        match file.try_lock() {
            // A sweep got the lock between making and locking, and may even have removed the file and let go.
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
            Ok(()) if !is_same_file(&file, path)? => return Err(io::ErrorKind::WouldBlock.into()),
            // A file system without locks still stores; `remove_abandoned` then keeps its hands off.
            Err(TryLockError::Error(_)) | Ok(()) => {}
        }
        Ok(Box::new(RealFile(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn FileReader>> {
        Ok(Box::new(RealFile(File::open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn remove_abandoned(&self, path: &Path) -> io::Result<bool> {
        let file = OpenOptions::new().write(true).open(path)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(error),
            Ok(()) => {}
        }
        // Between opening and locking, the owner may have renamed its file and another taken the name.
        if !is_same_file(&file, path)? {
            return Ok(false);
        }
        std::fs::remove_file(path).map(|()| true)
    }

    #[cfg(unix)]
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    #[cfg(not(unix))]
    fn sync_directory(&self, _path: &Path) -> io::Result<()> {
        Ok(()) // Directories cannot be opened and flushed there; renames are journalled.
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<FileEntry>> {
        std::fs::read_dir(directory)?
            .filter_map(|entry| entry.and_then(|entry| listed(&entry)).transpose())
            .collect()
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }
}

/// `None` for what is no file of ours, and for a file that has gone since the directory was read.
fn listed(entry: &std::fs::DirEntry) -> io::Result<Option<FileEntry>> {
    let Ok(name) = entry.file_name().into_string() else {
        return Ok(None);
    };
    let metadata = match entry.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    let modified = metadata.modified()?;
    Ok(metadata.is_file().then(|| FileEntry {
        name,
        size: metadata.len(),
        modified: moment(modified),
    }))
}

fn moment(time: std::time::SystemTime) -> Timestamp {
    let millis = match time.duration_since(std::time::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
    };
    Timestamp::from_millis(millis)
}

#[cfg(unix)]
fn owners_directory() -> DirBuilder {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    builder
}

#[cfg(not(unix))]
fn owners_directory() -> DirBuilder {
    DirBuilder::new()
}

fn owners_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Whether the name still leads to that open file.
#[cfg(unix)]
fn is_same_file(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let named = match std::fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        other => other?,
    };
    let held = file.metadata()?;
    Ok((held.dev(), held.ino()) == (named.dev(), named.ino()))
}

#[cfg(not(unix))]
fn is_same_file(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true) // An open file cannot be renamed there.
}

#[derive(Debug)]
struct RealFile(File);

impl FileWriter for RealFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        // The data and the size; other metadata is of no use to us.
        self.0.sync_data()
    }

    fn sync_later(&mut self) -> io::Result<Flush> {
        let file = self.0.try_clone()?;
        Ok(Box::new(move || file.sync_data()))
    }
}

impl FileReader for RealFile {
    fn size(&mut self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    #[cfg(unix)]
    fn is_open_to_others(&mut self) -> io::Result<bool> {
        use std::os::unix::fs::PermissionsExt as _;
        Ok(self.0.metadata()?.permissions().mode() & 0o077 != 0)
    }

    #[cfg(not(unix))]
    fn is_open_to_others(&mut self) -> io::Result<bool> {
        Ok(false)
    }

    fn seek(&mut self, position: u64) -> io::Result<()> {
        self.0.seek(SeekFrom::Start(position)).map(|_| ())
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self.0.read_exact(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_still_being_written_is_not_swept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("upload");
        let writer = RealFiles.create(&path).unwrap();
        assert!(!RealFiles.remove_abandoned(&path).unwrap());
        drop(writer);
        assert!(RealFiles.remove_abandoned(&path).unwrap());
        assert!(!RealFiles.exists(&path).unwrap());
    }

    #[test]
    fn a_taken_name_is_not_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("upload");
        let _writer = RealFiles.create(&path).unwrap();
        let error = RealFiles.create(&path).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    }

    #[cfg(unix)]
    #[test]
    fn files_and_directories_are_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("d");
        RealFiles.create_directory(&directory).unwrap();
        RealFiles.create_directory(&directory).unwrap();
        drop(RealFiles.create(&directory.join("f")).unwrap());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(&directory.join("f"))), (0o700, 0o600));
    }
}
