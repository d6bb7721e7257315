//! The latest refused sends, in memory: whoever wonders why a message did not arrive finds them in the message flow.

use std::collections::VecDeque;

use fiks_core::id::KontoId;
use fiks_core::{Problem, Timestamp};
use parking_lot::Mutex;

use crate::errors::FiksioError;

const MOST: usize = 200;

/// A send that was refused.
#[derive(Clone, Debug)]
pub struct Avslag {
    /// When.
    pub tid: Timestamp,
    /// Who would have sent.
    pub avsender: KontoId,
    /// Who would have received.
    pub mottaker: KontoId,
    /// The message's type.
    pub melding_type: String,
    /// The failure's code.
    pub kode: &'static str,
    /// What the sender was told.
    pub tekst: String,
}

#[derive(Default)]
pub(super) struct Avslagslogg(Mutex<VecDeque<Avslag>>);

impl Avslagslogg {
    pub(super) fn note(
        &self,
        tid: Timestamp,
        avsender: KontoId,
        mottaker: KontoId,
        typ: &str,
        error: &FiksioError,
    ) {
        let (kode, tekst) = (error.kind().code, error.text());
        let mut latest = self.0.lock();
        if latest.len() >= MOST {
            latest.pop_front();
        }
        latest.push_back(Avslag {
            tid,
            avsender,
            mottaker,
            melding_type: typ.to_owned(),
            kode,
            tekst,
        });
    }

    /// Newest first.
    pub(super) fn latest(&self) -> Vec<Avslag> {
        self.0.lock().iter().rev().cloned().collect()
    }
}
