//! The platform's clock, and moving it.

use std::time::Duration;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use fiks_web::{Fault, View, is_fragment_request, text};
use serde::Deserialize;

use super::{App, Context};
use crate::errors::StartsideError;
use crate::innsikt::Klokkestand;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// Steps that are one press away, in seconds.
const STEPS: [(&str, u64); 4] = [
    ("+1 time", HOUR),
    ("+1 dag", DAY),
    ("+2 dager", 2 * DAY),
    ("+40 dager", 40 * DAY),
];

/// The clock as it is shown.
#[derive(Template)]
#[template(path = "start/klokke.html")]
pub(super) struct Face {
    stand: Klokkestand,
    flyttet: Option<Duration>,
}

impl HtmlSafe for Face {}

impl Face {
    pub(super) fn read(context: &Context) -> Self {
        Self {
            stand: context.innsikt.klokke(),
            flyttet: None,
        }
    }

    /// The time until the script writes it in the reader's zone: as long as that, so that nothing moves.
    fn shown(&self) -> String {
        let text = self.stand.na.to_string().replace('T', " ");
        text.split('.').next().unwrap_or_default().to_owned() + " UTC"
    }

    fn ahead(&self) -> String {
        text::duration(self.stand.foran)
    }

    /// How far it was moved just now, in words.
    fn moved(&self) -> Option<String> {
        self.flyttet.map(text::duration)
    }
}

/// Either a ready-made step or a number of units.
#[derive(Deserialize)]
pub(super) struct Move {
    sekunder: Option<u64>,
    antall: Option<u64>,
    enhet: Option<Unit>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Unit {
    Minutter,
    Timer,
    Dager,
}

impl Unit {
    fn seconds(self) -> u64 {
        match self {
            Self::Minutter => 60,
            Self::Timer => HOUR,
            Self::Dager => DAY,
        }
    }
}

impl Move {
    fn duration(&self) -> Result<Duration, StartsideError> {
        let counted = || self.antall?.checked_mul(self.enhet?.seconds());
        let seconds = self
            .sekunder
            .or_else(counted)
            .ok_or(StartsideError::Klokkeflytt)?;
        let duration = Duration::from_secs(seconds);
        if duration.is_zero() || duration > Klokkestand::LENGSTE_FLYTT {
            return Err(StartsideError::Klokkeflytt);
        }
        Ok(duration)
    }
}

/// Moves the clock and shows what it says then.
pub(super) async fn move_clock(
    State(context): App,
    headers: HeaderMap,
    Form(wanted): Form<Move>,
) -> Result<Response, Fault> {
    let framover = wanted.duration()?;
    context.innsikt.flytt_klokke(framover).await?;
    if !is_fragment_request(&headers) {
        return Ok(Redirect::to("/#klokke").into_response());
    }
    let face = Face {
        flyttet: Some(framover),
        ..Face::read(&context)
    };
    Ok(View(face).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(sekunder: Option<u64>, antall: Option<u64>, enhet: Option<Unit>) -> Option<u64> {
        Move {
            sekunder,
            antall,
            enhet,
        }
        .duration()
        .ok()
        .map(|duration| duration.as_secs())
    }

    #[test]
    fn the_clock_moves_forward_by_steps_or_by_units() {
        assert_eq!(asked(Some(3_600), None, None), Some(3_600));
        assert_eq!(asked(None, Some(3), Some(Unit::Minutter)), Some(180));
        assert_eq!(asked(None, Some(2), Some(Unit::Dager)), Some(172_800));
    }

    #[test]
    fn the_clock_does_not_stand_still_or_run_away() {
        assert_eq!(asked(Some(0), None, None), None);
        assert_eq!(asked(None, Some(5), None), None);
        assert_eq!(asked(None, Some(u64::MAX), Some(Unit::Dager)), None);
        assert_eq!(asked(None, Some(3_661), Some(Unit::Dager)), None);
        assert_eq!(asked(None, Some(3_660), Some(Unit::Dager)), Some(3_660 * DAY));
    }
}
