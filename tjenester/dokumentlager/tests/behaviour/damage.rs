//! Wrong bytes are never given out as a success: a download is refused, or breaks off after genuine bytes.

use std::path::PathBuf;

use bytes::Bytes;
use fiks_core::Problem;
use fiks_core::id::DokumentId;
use fiks_database::both_engines;
use fiks_database::testing::TestDatabase;
use futures::TryStreamExt;

use crate::support::{CHUNK, LONG, STRIDE, World, content};

both_engines!(
    [fiks_dokumentlager::migrations as fiks_database::ServiceMigrations];
    a_changed_byte_is_never_given_out,
    a_cut_or_lengthened_document_is_refused,
    chunks_that_changed_places_are_never_given_out,
    two_documents_that_changed_places_are_refused,
    a_row_with_the_key_of_another_document_is_refused,
    bytes_that_are_missing_are_told_as_a_fault_of_ours,
);

struct Victim {
    world: World,
    id: DokumentId,
    innhold: Bytes,
    file: PathBuf,
    genuine: Vec<u8>,
}

impl Victim {
    async fn new(test: TestDatabase) -> Self {
        let (world, innhold) = (World::new(test).await, content(LONG));
        let id = world.lagre(&innhold).await;
        let file = world.file(id);
        let genuine = std::fs::read(&file).unwrap();
        Self {
            world,
            id,
            innhold,
            file,
            genuine,
        }
    }

    /// Changes the stored bytes, and tells how many were given out before the error that must come.
    async fn given_after(&self, edit: impl FnOnce(&mut Vec<u8>)) -> usize {
        let mut bytes = self.genuine.clone();
        edit(&mut bytes);
        std::fs::write(&self.file, bytes).unwrap();
        let given = self.given().await;
        std::fs::write(&self.file, &self.genuine).unwrap();
        assert!(self.world.hent(&self.world.mottaker, self.id).await.unwrap() == self.innhold);
        given
    }

    async fn given(&self) -> usize {
        let mut opened = match self.world.service.hent(&self.world.mottaker, self.id, None).await {
            Ok(opened) => opened,
            Err(refusal) => {
                assert_eq!(refusal.kind().code, "lagring.odelagt");
                return 0;
            }
        };
        let mut given = 0;
        loop {
            match opened.innhold.try_next().await {
                Ok(Some(piece)) => {
                    assert!(
                        self.innhold[given..].starts_with(&piece),
                        "wrong bytes at {given}"
                    );
                    given += piece.len();
                }
                Ok(None) => panic!("the download ended as if whole"),
                Err(error) => {
                    assert_eq!(error.kind().code, "lagring.odelagt");
                    return given;
                }
            }
        }
    }
}

async fn a_changed_byte_is_never_given_out(test: TestDatabase) {
    let victim = Victim::new(test).await;
    let last = victim.genuine.len() - 1;
    for position in [0, CHUNK, STRIDE, 9 * STRIDE + 7, 40 * STRIDE, last] {
        for bit in [0, 7] {
            let given = victim.given_after(|bytes| bytes[position] ^= 1 << bit).await;
            assert!(given <= position / STRIDE * CHUNK, "{position}");
            assert!(
                position < 20 * STRIDE || given > 0,
                "{position}: what comes before is genuine"
            );
        }
    }
}

async fn a_cut_or_lengthened_document_is_refused(test: TestDatabase) {
    let victim = Victim::new(test).await;
    let whole = victim.genuine.len();
    for size in [0, 1, STRIDE, 40 * STRIDE, whole - 1, whole + 1, whole + STRIDE] {
        assert_eq!(
            victim.given_after(|bytes| bytes.resize(size, 0)).await,
            0,
            "{size}"
        );
    }
}

async fn chunks_that_changed_places_are_never_given_out(test: TestDatabase) {
    let victim = Victim::new(test).await;
    for (one, other) in [(0, 1), (3, 30), (38, 39)] {
        let given = victim
            .given_after(|bytes| {
                let kept = bytes[one * STRIDE..][..STRIDE].to_vec();
                bytes.copy_within(other * STRIDE..(other + 1) * STRIDE, one * STRIDE);
                bytes[other * STRIDE..][..STRIDE].copy_from_slice(&kept);
            })
            .await;
        assert!(given <= one * CHUNK, "{one} and {other}");
    }
}

async fn two_documents_that_changed_places_are_refused(test: TestDatabase) {
    let victim = Victim::new(test).await;
    let other = victim.world.lagre(&victim.innhold).await;
    let others = std::fs::read(victim.world.file(other)).unwrap();
    assert_eq!(victim.given_after(|bytes| *bytes = others).await, 0);
}

async fn a_row_with_the_key_of_another_document_is_refused(test: TestDatabase) {
    let world = World::new(test).await;
    let (one, other) = (world.lagre(&content(10)).await, world.lagre(&content(10)).await);
    world
        .sql(&format!(
            "UPDATE dokumentlager_dokument SET nokkel = \
             (SELECT nokkel FROM dokumentlager_dokument WHERE id = {}) WHERE id = {}",
            world.literal(other),
            world.literal(one)
        ))
        .await;
    assert_eq!(world.refusal(&world.mottaker, one).await, "lagring.odelagt");
    assert_eq!(world.hent(&world.mottaker, other).await.unwrap(), content(10));
}

async fn bytes_that_are_missing_are_told_as_a_fault_of_ours(test: TestDatabase) {
    let victim = Victim::new(test).await;
    std::fs::remove_file(&victim.file).unwrap();
    let refusal = victim
        .world
        .hent(&victim.world.mottaker, victim.id)
        .await
        .unwrap_err();
    assert_eq!(
        (refusal.kind().status, refusal.kind().code),
        (500, "lagring.finnes_ikke")
    );
}
