//! Master keys: never lost, never half written, never readable by others, and replaced without touching objects.

use std::path::Path;
use std::sync::Arc;

use fiks_blobs::{BlobError, BlobStore, KeyFile, KeyFileFault, KeyRing};
use fiks_core::{Problem as _, Random};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::memory_files::{ALL_CRASHES, Fault, MemoryFiles};
use crate::support::*;

fn fault(result: Result<KeyRing, BlobError>) -> KeyFileFault {
    match result {
        Err(BlobError::KeyFile { fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

fn create(path: &Path) -> KeyRing {
    KeyFile::at(path)
        .open_or_create(&Random::system(), now())
        .unwrap()
}

#[test]
fn a_created_ring_is_the_same_when_opened_again_and_the_owners_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hovednokler.json");
    assert!(matches!(fault(KeyFile::at(&path).open()), KeyFileFault::Missing));
    let active = create(&path).active();
    assert_eq!(create(&path).active(), active);
    assert_eq!(KeyFile::at(&path).open().unwrap().active(), active);
    assert_eq!(
        KeyRing::from_text(&std::fs::read(&path).unwrap())
            .unwrap()
            .active(),
        active
    );
    assert_eq!(
        std::fs::read_dir(directory.path()).unwrap().count(),
        1,
        "nothing else may be left"
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hovednokler.json");
    create(&path);
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    for mode in [0o640, 0o604, 0o620, 0o601] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert!(
            matches!(fault(KeyFile::at(&path).open()), KeyFileFault::OpenToOthers),
            "{mode:o}"
        );
        let again = KeyFile::at(&path).open_or_create(&Random::system(), now());
        assert!(matches!(fault(again), KeyFileFault::OpenToOthers));
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    assert!(KeyFile::at(&path).open().is_ok());
}

#[test]
fn a_broken_file_is_refused_with_what_is_wrong_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hovednokler.json");
    create(&path).rotate(&Random::system(), now()).unwrap();
    let good = std::fs::read_to_string(&path).unwrap();
    let file: serde_json::Value = serde_json::from_str(&good).unwrap();
    let key = file["keys"][0]["key"].as_str().unwrap();
    let active = file["active"].as_str().unwrap();
    let (first, rest) = key.split_at(1);
    let mangled = format!("{}{rest}", if first == "A" { "B" } else { "A" });
    let check = |text: String, expected: &str| {
        std::fs::write(&path, &text).unwrap();
        let refusal = create_refused(&path);
        assert!(refusal.text().contains(expected), "{}", refusal.text());
        assert!(!format!("{refusal} {refusal:?} {}", refusal.text()).contains(rest.split_at(15).0));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    };
    check(String::new(), "ugyldig ved linje 1");
    check(good.split_at(good.len() / 2).0.to_owned(), "ugyldig ved linje");
    check(good.replace("\"version\": 1", "\"version\": 2"), "versjon 2");
    check(good.replace(key, &mangled), "er endret");
    check(good.replace(key, "kort"), "er endret");
    check(
        good.replacen(active, "0000000000000000", 1),
        "den aktive nøkkelen 0000000000000000 mangler",
    );
    check(good.replace("\"created\"", "\"skapt\""), "ugyldig ved linje");
    check("x".repeat(2 << 20), "for stor");
}

fn create_refused(path: &Path) -> BlobError {
    KeyFile::at(path)
        .open_or_create(&Random::system(), now())
        .unwrap_err()
}

#[test]
fn no_text_breaks_the_reader_of_key_files() {
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    });
    let text = prop::collection::vec(any::<u8>(), 0..500);
    runner
        .run(&text, |text| {
            prop_assert!(KeyRing::from_text(&text).is_err());
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn after_a_rotation_old_objects_open_and_new_ones_use_the_new_key() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hovednokler.json");
    let keys = create(&path);
    let store = open(directory.path(), keys.clone()).await;
    let (old, bytes) = (new_id(), content(100, 1));
    let old_key = put(&store, old, &bytes).await.unwrap().key;

    let active = keys.rotate(&Random::system(), now()).unwrap();
    assert_ne!(old_key.master_key(), active);
    assert_eq!(
        put(&store, new_id(), &bytes).await.unwrap().key.master_key(),
        active
    );
    assert_eq!(get(&store, old, &old_key).await.unwrap(), bytes);
    let reopened = open(directory.path(), KeyFile::at(&path).open().unwrap()).await;
    assert_eq!(get(&reopened, old, &old_key).await.unwrap(), bytes);
    assert_eq!(keys.keys().iter().filter(|key| key.active).count(), 1);
    assert_eq!(keys.keys().len(), 2);
}

#[tokio::test]
async fn rewrapping_moves_an_object_to_the_new_key_without_touching_it() {
    let disk = OnDisk::new().await;
    let directory = tempfile::tempdir().unwrap();
    let keys = create(&directory.path().join("hovednokler.json"));
    let store = open(disk.root.path(), keys.clone()).await;
    let (id, bytes) = (new_id(), content(100, 1));
    let old = put(&store, id, &bytes).await.unwrap().key;
    assert_eq!(store.rewrap(id, &old).await.unwrap(), None);
    let before = std::fs::read(disk.file(id, &old)).unwrap();

    let active = keys.rotate(&Random::system(), now()).unwrap();
    let new = store.rewrap(id, &old).await.unwrap().unwrap();
    assert_eq!(
        (new.master_key(), new.generation(), new.plain_size()),
        (active, old.generation(), 100)
    );
    assert_eq!(get(&store, id, &new).await.unwrap(), bytes);
    assert_eq!(std::fs::read(disk.file(id, &new)).unwrap(), before);
    let refusal = store.rewrap(new_id(), &old).await.unwrap_err();
    assert!(
        matches!(refusal, BlobError::Damaged { .. }),
        "another object's key must not be blessed"
    );
}

#[tokio::test]
async fn a_key_that_another_process_made_is_found_without_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hovednokler.json");
    let (mine, theirs) = (create(&path), create(&path));
    theirs.rotate(&Random::system(), now()).unwrap();
    let (id, bytes) = (new_id(), content(100, 1));
    let their_store = open(directory.path(), theirs).await;
    let key = put(&their_store, id, &bytes).await.unwrap().key;
    let my_store = open(directory.path(), mine.clone()).await;
    assert_eq!(get(&my_store, id, &key).await.unwrap(), bytes);
    assert_eq!(mine.active(), key.master_key());
}

#[tokio::test]
async fn an_object_of_another_installation_names_the_key_that_is_missing() {
    let disk = OnDisk::new().await;
    let id = new_id();
    let key = put(&disk.store, id, &content(10, 1)).await.unwrap().key;
    let stranger: BlobStore = open(disk.root.path(), key_ring()).await;
    let refusal = stranger.get(id, &key, None).await.unwrap_err();
    assert!(matches!(refusal, BlobError::UnknownMasterKey(missing) if missing == key.master_key()));
}

#[test]
fn rotations_of_many_at_once_lose_no_key() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hovednokler.json");
    create(&path);
    let rotate_some = || {
        let keys = KeyFile::at(&path).open().unwrap();
        let rotate = || match keys.rotate(&Random::system(), now()) {
            Ok(id) => Some(id),
            Err(BlobError::KeyFile {
                fault: KeyFileFault::Busy,
                ..
            }) => None,
            Err(other) => panic!("{other}"),
        };
        (0..20).filter_map(|_| rotate()).collect::<Vec<_>>()
    };
    let made: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(rotate_some)).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    let kept = KeyFile::at(&path).open().unwrap().keys();
    assert_eq!(kept.len(), made.len() + 1);
    assert!(made.iter().all(|id| kept.iter().any(|key| key.id == *id)));
}

fn key_file(files: &MemoryFiles) -> KeyFile {
    KeyFile::on(Arc::new(files.clone()), "/data/hovednokler.json")
}

/// A disk with the directory for the key file.
fn machine() -> MemoryFiles {
    use fiks_blobs::files::FileLayer as _;
    let files = MemoryFiles::default();
    files.create_directory(Path::new("/data")).unwrap();
    files.sync_directory(Path::new("/")).unwrap();
    files.fail(None);
    files
}

#[test]
fn a_crash_at_any_step_of_creating_leaves_a_whole_file_or_none() {
    let files = machine();
    key_file(&files).open_or_create(&Random::system(), now()).unwrap();
    let operations = files.operations();
    for operation in 0..=operations {
        let files = machine();
        files.fail(Some(Fault::From(operation)));
        let made = key_file(&files).open_or_create(&Random::system(), now());
        for crash in ALL_CRASHES {
            let left = key_file(&files.after(crash))
                .open_or_create(&Random::system(), now())
                .unwrap();
            if let Ok(made) = &made {
                assert_eq!(left.active(), made.active(), "{operation} {crash:?}");
            }
        }
    }
}

#[test]
fn a_file_on_a_disk_that_cannot_be_written_is_opened() {
    let files = machine();
    let made = key_file(&files).open_or_create(&Random::system(), now()).unwrap();
    files.make_read_only();
    assert_eq!(key_file(&files).open().unwrap().active(), made.active());
}

/// What a ring has once shown, a power cut must not take: objects may be locked with it.
#[test]
fn a_file_found_by_the_next_process_survives_a_power_cut() {
    for operation in 0..20 {
        let files = machine();
        files.fail(Some(Fault::From(operation)));
        let _ = key_file(&files).open_or_create(&Random::system(), now());
        let killed = files.after(crate::memory_files::Survives::Everything);
        let found = key_file(&killed)
            .open_or_create(&Random::system(), now())
            .unwrap();
        let restarted = killed.after(crate::memory_files::Survives::Flushed);
        assert_eq!(
            key_file(&restarted).open().unwrap().active(),
            found.active(),
            "{operation}"
        );
    }
}

#[test]
fn a_crash_at_any_step_of_a_rotation_loses_no_key() {
    for operation in 0..20 {
        let files = machine();
        let keys = key_file(&files).open_or_create(&Random::system(), now()).unwrap();
        let first = keys.active();
        files.fail(Some(Fault::From(operation)));
        let rotated = keys.rotate(&Random::system(), now());
        assert_eq!(
            keys.active(),
            *rotated.as_ref().unwrap_or(&first),
            "only a key that is kept is used"
        );
        for crash in ALL_CRASHES {
            let left = key_file(&files.after(crash)).open().unwrap();
            assert!(
                left.keys().iter().any(|key| key.id == first),
                "{operation} {crash:?}"
            );
            if let Ok(new) = &rotated {
                assert_eq!(left.active(), *new, "{operation} {crash:?}");
            }
            left.rotate(&Random::system(), now()).unwrap();
        }
    }
}
