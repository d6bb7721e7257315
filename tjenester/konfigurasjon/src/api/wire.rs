//! Shapes that several operations share, as the contract's yaml files have them. A value that is not set is left out.

use std::collections::BTreeMap;

use fiks_core::Timestamp;
use fiks_core::id::{FiksOrgId, IntegrasjonId, Orgnr, RessursId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::TjenesteStatus;
use crate::model::integrasjon::Integrasjon;
use crate::model::katalog::{Aktortype, Privilegium, RESSURSTYPER, Tjeneste};
use crate::model::organisasjon::{Organisasjon, Organisasjonstype};
use crate::model::ressurs::{Ressurs, RessursMedPath};
use crate::model::values::{IntegrasjonNavn, Navn};

/// An organisation.
#[derive(Serialize, ToSchema)]
#[schema(as = Organisasjon)]
#[serde(rename_all = "camelCase")]
pub(super) struct OrganisasjonJson {
    uuid: FiksOrgId,
    #[schema(value_type = String)]
    navn: Navn,
    r#type: Organisasjonstype,
    intern: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\d{4}$")]
    kommunenr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    orgnr: Option<Orgnr>,
    #[schema(required = false)]
    epost: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    innbyggerkontakt_epost: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9]{11}$")]
    avtaleadmin_fnr: Option<String>,
    #[schema(required = false)]
    synlig: bool,
    #[schema(required = false)]
    konfigurert: bool,
}

impl From<Organisasjon> for OrganisasjonJson {
    fn from(one: Organisasjon) -> Self {
        Self {
            uuid: one.id,
            navn: one.navn,
            r#type: one.organisasjonstype,
            intern: one.intern,
            kommunenr: one.kommunenr.map(Into::into),
            orgnr: one.orgnr,
            epost: one.epost.into_iter().map(Into::into).collect(),
            innbyggerkontakt_epost: one.innbyggerkontakt_epost.map(Into::into),
            avtaleadmin_fnr: one.avtaleadmin.map(|fnr| fnr.as_str().to_owned()),
            synlig: one.synlig,
            konfigurert: one.konfigurert,
        }
    }
}

/// An integration. Its password is never shown.
#[derive(Serialize, ToSchema)]
#[schema(as = Integrasjon)]
#[serde(rename_all = "camelCase")]
pub(super) struct IntegrasjonJson {
    uuid: IntegrasjonId,
    autorisert_orgnr: Orgnr,
    #[schema(value_type = String, pattern = "^[A-Za-zæøåÆØÅ0-9_.,/\\-_ ]+$")]
    navn: IntegrasjonNavn,
    #[serde(skip_serializing_if = "Option::is_none")]
    beskrivelse: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9A-Z_.]+$")]
    kode: Option<String>,
    #[schema(required = false)]
    global: bool,
    #[schema(required = false)]
    forespurte_privilegier: Vec<String>,
    fiks_organisasjon_uuid: FiksOrgId,
    opprettet: Timestamp,
    #[schema(required = false)]
    fiks_organisasjon_navn: String,
    #[schema(required = false)]
    tags: Vec<String>,
    #[schema(required = false)]
    tilknyttede_ressurser: Vec<RessursId>,
}

impl From<Integrasjon> for IntegrasjonJson {
    fn from(one: Integrasjon) -> Self {
        Self {
            uuid: one.id,
            autorisert_orgnr: one.autorisert_orgnr,
            navn: one.navn,
            beskrivelse: one.beskrivelse.map(Into::into),
            kode: one.kode.map(Into::into),
            global: one.global,
            forespurte_privilegier: one.forespurte_privilegier.into_iter().collect(),
            fiks_organisasjon_uuid: one.eier,
            opprettet: one.opprettet,
            fiks_organisasjon_navn: one.eier_navn.into(),
            tags: one.tags.into_iter().map(Into::into).collect(),
            tilknyttede_ressurser: one.tilknyttede_ressurser.into_iter().collect(),
        }
    }
}

/// A service.
#[derive(Serialize, ToSchema)]
#[schema(as = Tjeneste)]
pub(super) struct TjenesteJson {
    kode: &'static str,
    navn: &'static str,
    #[schema(required = false)]
    beskrivelse: &'static str,
}

impl From<&'static Tjeneste> for TjenesteJson {
    fn from(one: &'static Tjeneste) -> Self {
        Self {
            kode: one.kode,
            navn: one.navn,
            beskrivelse: one.beskrivelse,
        }
    }
}

/// A service, and how far an organisation has come with it.
#[derive(Serialize, ToSchema)]
#[schema(as = TjenesteForOrganisasjon)]
#[serde(rename_all = "camelCase")]
pub(super) struct TjenesteStatusJson {
    kode: &'static str,
    ressurs_type: &'static str,
    navn: &'static str,
    #[schema(required = false)]
    beskrivelse: &'static str,
    #[schema(required = false)]
    initialisert: bool,
    #[schema(required = false)]
    konfigurert: bool,
    #[schema(required = false, value_type = Vec<Organisasjonstype>)]
    tilgjengelig_for: &'static [Organisasjonstype],
}

impl From<TjenesteStatus> for TjenesteStatusJson {
    fn from(one: TjenesteStatus) -> Self {
        Self {
            kode: one.tjeneste.kode,
            ressurs_type: one.tjeneste.ressurstype,
            navn: one.tjeneste.navn,
            beskrivelse: one.tjeneste.beskrivelse,
            initialisert: one.ressurs.is_some(),
            konfigurert: one.konfigurert,
            tilgjengelig_for: one.tjeneste.tilgjengelig_for,
        }
    }
}

/// A privilege, as it stands on ressurser of one type.
#[derive(Serialize, ToSchema)]
#[schema(as = Privilegium)]
#[serde(rename_all = "camelCase")]
pub(super) struct PrivilegiumJson {
    navn: &'static str,
    visningsnavn: &'static str,
    #[schema(required = false)]
    hjelpetekst: &'static str,
    #[schema(required = false)]
    ressurs_type: String,
    #[schema(required = false, value_type = Vec<Aktortype>)]
    aktorer: &'static [Aktortype],
}

/// The privileges that have an effect on ressurser of a type.
pub(super) fn privilegier_on(ressurstype: &str) -> Vec<PrivilegiumJson> {
    let shown = |one: &'static Privilegium| PrivilegiumJson {
        navn: one.navn,
        visningsnavn: one.visningsnavn,
        hjelpetekst: one.hjelpetekst,
        ressurs_type: ressurstype.to_owned(),
        aktorer: one.aktorer,
    };
    Privilegium::on(ressurstype).map(shown).collect()
}

/// The privileges of every type of ressurser.
pub(super) fn privilegier_by_type() -> BTreeMap<&'static str, Vec<PrivilegiumJson>> {
    RESSURSTYPER
        .iter()
        .map(|ressurstype| (*ressurstype, privilegier_on(ressurstype)))
        .collect()
}

/// A ressurs as seen from below it, or among others.
#[derive(Serialize, ToSchema)]
#[schema(as = PathRessurs)]
pub(super) struct PathRessursJson {
    id: RessursId,
    r#type: String,
    navn: String,
}

impl From<Ressurs> for PathRessursJson {
    fn from(one: Ressurs) -> Self {
        Self {
            id: one.id,
            r#type: one.ressurstype.into(),
            navn: one.navn.into(),
        }
    }
}

/// A ressurs and those above it, the nearest first, the root last.
#[derive(Serialize, ToSchema)]
#[schema(as = RessursMedPath)]
pub(super) struct RessursMedPathJson {
    id: RessursId,
    r#type: String,
    navn: String,
    path: Vec<PathRessursJson>,
}

impl From<RessursMedPath> for RessursMedPathJson {
    fn from(one: RessursMedPath) -> Self {
        Self {
            id: one.ressurs.id,
            r#type: one.ressurs.ressurstype.into(),
            navn: one.ressurs.navn.into(),
            path: one.path.into_iter().map(Into::into).collect(),
        }
    }
}

/// Everything in its shape for the wire.
pub(super) fn shown<J: From<T>, T>(list: Vec<T>) -> Vec<J> {
    list.into_iter().map(J::from).collect()
}
