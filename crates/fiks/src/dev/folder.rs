//! The data folder: what lies where, one program at a time, files whole or not at all.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A data folder that this program has for itself.
pub struct Folder {
    root: PathBuf,
    _lock: File,
}

/// What `--fresh` removes, and nothing else.
const CONTENTS: [&str; 6] = [
    "database",
    "dokumenter",
    "nokler",
    "tls",
    "organisasjoner",
    "testmiljo.json",
];
/// Marks a folder as ours, so that `--fresh` never empties another.
const LOCK: &str = ".fiks-lock";

impl Folder {
    /// Takes the folder, making it when there is none. Fails when another program has it.
    pub fn open(root: &Path, fresh: bool) -> anyhow::Result<Self> {
        fs::create_dir_all(root).with_context(|| format!("kan ikke lage mappen {}", root.display()))?;
        fs::set_permissions(root, fs::Permissions::from_mode(0o700))?;
        let root = root.canonicalize()?;
        let lock = take(&root)?;
        let folder = Self { root, _lock: lock };
        folder.remove("dev.json")?;
        if fresh {
            CONTENTS.iter().try_for_each(|name| folder.remove(name))?;
        }
        for name in ["database", "nokler", "tls", "organisasjoner"] {
            fs::create_dir_all(folder.path(name))?;
        }
        Ok(folder)
    }

    /// The absolute path of something in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Removes a file or folder, if it is there.
    pub fn remove(&self, name: &str) -> anyhow::Result<()> {
        let path = self.path(name);
        let gone = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        match gone {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("kan ikke fjerne {}", path.display()))
            }
            _ => Ok(()),
        }
    }

    /// Reads a file, or makes it with `make`: readable by its owner only, whole or not at all, on disk before it is
    /// used.
    pub fn read_or_make(
        &self,
        name: &str,
        make: impl FnOnce() -> anyhow::Result<Vec<u8>>,
    ) -> anyhow::Result<Vec<u8>> {
        match fs::read(self.path(name)) {
            Ok(content) => Ok(content),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let content = make()?;
                self.write(name, &content)?;
                Ok(content)
            }
            Err(error) => Err(error).with_context(|| format!("kan ikke lese {}", self.path(name).display())),
        }
    }

    /// Writes a file: readable by its owner only, whole or not at all.
    pub fn write(&self, name: &str, content: &[u8]) -> anyhow::Result<()> {
        let path = self.path(name);
        let parent = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent)?;
        let mut file = tempfile::Builder::new()
            .permissions(fs::Permissions::from_mode(0o600))
            .tempfile_in(parent)
            .with_context(|| format!("kan ikke skrive i {}", parent.display()))?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(&path)
            .with_context(|| format!("kan ikke skrive {}", path.display()))?;
        File::open(parent)?.sync_all()?;
        Ok(())
    }

    /// Writes a value as readable JSON.
    pub fn write_json(&self, name: &str, value: &impl Serialize) -> anyhow::Result<()> {
        self.write(name, &serde_json::to_vec_pretty(value)?)
    }

    /// Reads a JSON file, if it is there.
    pub fn read_json<T: DeserializeOwned>(&self, name: &str) -> anyhow::Result<Option<T>> {
        let path = self.path(name);
        if !path.exists() {
            return Ok(None);
        }
        let content = fs::read(&path)?;
        let value = serde_json::from_slice(&content)
            .with_context(|| format!("{} er ødelagt; start på nytt med --fresh", path.display()))?;
        Ok(Some(value))
    }
}

fn take(root: &Path) -> anyhow::Result<File> {
    let path = root.join(LOCK);
    let foreign = !path.exists() && root.read_dir()?.next().is_some();
    if foreign {
        bail!(
            "mappen {} er ikke tom og ikke laget av fiks. Velg en tom mappe med --data <mappe>.",
            root.display()
        );
    }
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!(
            "et annet «fiks dev» bruker allerede mappen {}. Stopp det, eller velg en annen med --data <mappe>.",
            root.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).context("kan ikke låse datamappen"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_programs_never_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = Folder::open(folder.path(), false).unwrap();
        let refusal = Folder::open(folder.path(), false).err().unwrap().to_string();
        assert!(refusal.contains("--data"), "{refusal}");
        drop(first);
        Folder::open(folder.path(), false).unwrap();
    }

    #[test]
    fn a_folder_with_something_else_in_it_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("avhandling.odt"), "viktig").unwrap();
        assert!(Folder::open(folder.path(), true).is_err());
        assert!(folder.path().join("avhandling.odt").exists());
    }

    #[test]
    fn fresh_starts_over_and_an_old_dev_json_always_goes() {
        let folder = tempfile::tempdir().unwrap();
        let first = Folder::open(folder.path(), false).unwrap();
        first.write("nokler/k", b"1").unwrap();
        first.write("dev.json", b"{}").unwrap();
        drop(first);
        let second = Folder::open(folder.path(), false).unwrap();
        assert!(second.path("nokler/k").exists() && !second.path("dev.json").exists());
        drop(second);
        assert!(
            !Folder::open(folder.path(), true)
                .unwrap()
                .path("nokler/k")
                .exists()
        );
    }

    #[test]
    fn secrets_are_for_their_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::open(folder.path(), false).unwrap();
        folder.write("nokler/k", b"1").unwrap();
        let mode = fs::metadata(folder.path("nokler/k"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
