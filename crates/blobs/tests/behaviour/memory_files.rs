//! A file system in memory that keeps apart what is written and what is flushed, fails where it is told to, and can
//! lose power.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fiks_blobs::files::{FileEntry, FileLayer, FileReader, FileWriter, Flush};
use parking_lot::Mutex;
use tokio::sync::watch;

#[derive(Clone, Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    /// How much of it survives a power cut.
    flushed: usize,
    /// A flush failed: what it should have written is lost, and no later flush says so.
    has_lost: bool,
    is_locked: bool,
}

#[derive(Clone, Debug, Default)]
struct Disk {
    contents: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    directories: BTreeSet<PathBuf>,
    /// The names and directories that survive a power cut.
    flushed_names: BTreeMap<PathBuf, usize>,
    flushed_directories: BTreeSet<PathBuf>,
    /// Operations asked for so far.
    operations: usize,
    fault: Option<Fault>,
    bytes_read: u64,
    readers: usize,
    /// Nothing can be changed.
    is_read_only: bool,
}

/// Which operations fail.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// One, and the program goes on.
    Once(usize),
    /// All from one on: the program is dead.
    From(usize),
}

/// What is left of a disk after a crash.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Survives {
    /// The program was killed, the machine was not.
    Everything,
    /// Power cut; only what was flushed is left.
    Flushed,
    /// Power cut; the names had been written out by chance, the bytes had not.
    NamesAndFlushedBytes,
}

pub(crate) const ALL_CRASHES: [Survives; 3] = [
    Survives::Everything,
    Survives::Flushed,
    Survives::NamesAndFlushedBytes,
];

#[derive(Clone, Debug)]
pub(crate) struct MemoryFiles(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    disk: Mutex<Disk>,
    changes: watch::Sender<u64>,
}

impl Default for MemoryFiles {
    fn default() -> Self {
        Self::from_disk(Disk::default())
    }
}

impl MemoryFiles {
    fn from_disk(disk: Disk) -> Self {
        Self(Arc::new(Shared {
            disk: Mutex::new(disk),
            changes: watch::Sender::new(0),
        }))
    }

    /// Counts operations from here on, and lets those that `fault` names fail.
    pub(crate) fn fail(&self, fault: Option<Fault>) {
        let mut disk = self.0.disk.lock();
        (disk.operations, disk.fault) = (0, fault);
    }

    pub(crate) fn operations(&self) -> usize {
        self.0.disk.lock().operations
    }

    /// A copy of the disk as it is now, healthy, its locks released.
    pub(crate) fn after(&self, crash: Survives) -> Self {
        let mut disk = self.0.disk.lock().clone();
        (disk.operations, disk.fault) = (0, None);
        if !matches!(crash, Survives::Everything) {
            for content in &mut disk.contents {
                content.bytes.truncate(content.flushed);
            }
        }
        if matches!(crash, Survives::Flushed) {
            let directories = std::mem::take(&mut disk.flushed_directories);
            disk.names = disk.flushed_names.clone();
            disk.names
                .retain(|path, _| directories.contains(path.parent().unwrap()));
            (disk.flushed_directories, disk.directories) = (directories.clone(), directories);
        }
        for content in &mut disk.contents {
            content.is_locked = false;
        }
        Self::from_disk(disk)
    }

    /// Names of the files in a directory and below.
    pub(crate) fn files_below(&self, directory: &str) -> Vec<PathBuf> {
        let disk = self.0.disk.lock();
        disk.names
            .keys()
            .filter(|path| path.starts_with(directory))
            .cloned()
            .collect()
    }

    /// What is in a file.
    pub(crate) fn read(&self, path: &Path) -> Vec<u8> {
        let disk = self.0.disk.lock();
        disk.contents[disk.names[path]].bytes.clone()
    }

    /// Puts a file there, or other bytes into the one that is there.
    pub(crate) fn write(&self, path: &Path, bytes: Vec<u8>) {
        let mut disk = self.0.disk.lock();
        disk.contents.push(Content {
            bytes,
            ..Content::default()
        });
        let index = disk.contents.len() - 1;
        disk.names.insert(path.to_owned(), index);
    }

    pub(crate) fn bytes_written(&self) -> u64 {
        self.0
            .disk
            .lock()
            .contents
            .iter()
            .map(|content| content.bytes.len() as u64)
            .sum()
    }

    pub(crate) fn open_readers(&self) -> usize {
        self.0.disk.lock().readers
    }

    pub(crate) fn make_read_only(&self) {
        self.0.disk.lock().is_read_only = true;
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.0.disk.lock().bytes_read
    }

    /// Waits until the disk is in a certain state.
    pub(crate) async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        let mut changes = self.0.changes.subscribe();
        let reached = async {
            while !is_so(self) {
                changes.changed().await.unwrap();
            }
        };
        // Only so that a fault shows as a failure and not as a test that never ends.
        tokio::time::timeout(std::time::Duration::from_mins(2), reached)
            .await
            .unwrap();
    }

    fn operate<T>(&self, work: impl FnOnce(&mut Disk) -> io::Result<T>) -> io::Result<T> {
        let mut disk = self.0.disk.lock();
        let operation = disk.operations;
        disk.operations += 1;
        let fails = match disk.fault {
            Some(Fault::Once(at)) => operation == at,
            Some(Fault::From(at)) => operation >= at,
            None => false,
        };
        let result = if fails {
            Err(io::Error::other("injected"))
        } else {
            work(&mut disk)
        };
        drop(disk);
        self.0.changes.send_modify(|count| *count += 1);
        result
    }
}

impl Disk {
    fn find(&self, path: &Path) -> io::Result<usize> {
        self.names
            .get(path)
            .copied()
            .ok_or(io::ErrorKind::NotFound.into())
    }
}

impl FileLayer for MemoryFiles {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        self.operate(|disk| {
            disk.directories.insert(path.to_owned());
            Ok(())
        })
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn FileWriter>> {
        let index = self.operate(|disk| {
            if disk.names.contains_key(path) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            if !disk.directories.contains(path.parent().unwrap()) {
                return Err(io::ErrorKind::NotFound.into());
            }
            disk.contents.push(Content {
                is_locked: true,
                ..Content::default()
            });
            let index = disk.contents.len() - 1;
            disk.names.insert(path.to_owned(), index);
            Ok(index)
        })?;
        Ok(Box::new(Writer {
            files: self.clone(),
            index,
        }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn FileReader>> {
        let index = self.operate(|disk| {
            disk.readers += 1;
            disk.find(path).inspect_err(|_| disk.readers -= 1)
        })?;
        Ok(Box::new(Reader {
            files: self.clone(),
            index,
            position: 0,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.operate(|disk| {
            let index = disk.find(from)?;
            disk.names.remove(from);
            disk.names.insert(to.to_owned(), index);
            Ok(())
        })
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.operate(|disk| {
            disk.find(path)?;
            disk.names.remove(path);
            Ok(())
        })
    }

    fn remove_abandoned(&self, path: &Path) -> io::Result<bool> {
        self.operate(|disk| {
            let index = disk.find(path)?;
            if disk.contents[index].is_locked {
                return Ok(false);
            }
            disk.names.remove(path);
            Ok(true)
        })
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.operate(|disk| {
            if disk.is_read_only {
                return Err(io::ErrorKind::ReadOnlyFilesystem.into());
            }
            let is_in = |entry: &Path| entry.parent() == Some(path);
            disk.flushed_names.retain(|entry, _| !is_in(entry));
            let names: Vec<_> = disk.names.iter().filter(|(entry, _)| is_in(entry)).collect();
            disk.flushed_names
                .extend(names.into_iter().map(|(entry, index)| (entry.clone(), *index)));
            let directories: Vec<_> = disk
                .directories
                .iter()
                .filter(|entry| is_in(entry))
                .cloned()
                .collect();
            disk.flushed_directories.extend(directories);
            Ok(())
        })
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<FileEntry>> {
        self.operate(|disk| {
            let here = disk
                .names
                .iter()
                .filter(|(path, _)| path.parent() == Some(directory));
            let entry = |(path, index): (&PathBuf, &usize)| FileEntry {
                name: path.file_name().unwrap().to_str().unwrap().to_owned(),
                size: disk.contents[*index].bytes.len() as u64,
                modified: fiks_core::Timestamp::real(),
            };
            Ok(here.map(entry).collect())
        })
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.operate(|disk| Ok(disk.names.contains_key(path)))
    }
}

struct Writer {
    files: MemoryFiles,
    index: usize,
}

impl FileWriter for Writer {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.files.operate(|disk| {
            disk.contents[self.index].bytes.extend_from_slice(bytes);
            Ok(())
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_later()?()
    }

    fn sync_later(&mut self) -> io::Result<Flush> {
        let (files, index) = (self.files.clone(), self.index);
        let written = files.0.disk.lock().contents[index].bytes.len();
        Ok(Box::new(move || {
            let result = files.operate(|disk| {
                let content = &mut disk.contents[index];
                if !content.has_lost {
                    content.flushed = content.flushed.max(written);
                }
                Ok(())
            });
            files.0.disk.lock().contents[index].has_lost |= result.is_err();
            result
        }))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.files.0.disk.lock().contents[self.index].is_locked = false;
    }
}

struct Reader {
    files: MemoryFiles,
    index: usize,
    position: usize,
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.files.0.disk.lock().readers -= 1;
    }
}

impl FileReader for Reader {
    fn size(&mut self) -> io::Result<u64> {
        self.files
            .operate(|disk| Ok(disk.contents[self.index].bytes.len() as u64))
    }

    fn is_open_to_others(&mut self) -> io::Result<bool> {
        Ok(false)
    }

    fn seek(&mut self, position: u64) -> io::Result<()> {
        self.position = position as usize;
        Ok(())
    }

    fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self.files.operate(|disk| {
            let rest = &disk.contents[self.index].bytes[self.position..];
            let bytes = rest.get(..buffer.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
            buffer.copy_from_slice(bytes);
            self.position += buffer.len();
            disk.bytes_read += buffer.len() as u64;
            Ok(())
        })
    }
}
