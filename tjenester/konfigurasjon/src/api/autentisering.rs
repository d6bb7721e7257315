//! The platform's own check of an integration's credentials (auth-og-konfigurasjon §2).

use fiks_http::{ApiError, Authenticated, ErrorMessage, Json};
use fiks_identity::errors::INTEGRATION_REFUSED;

/// Whether the caller is who its credentials say.
///
/// The outcome of checking the integration is the answer: `true` when it is known, its password right and its
/// `autorisertOrgnr` the token's `consumer`; `false`, alike for each of the three, when not. A token that does not
/// hold is no answer to that question but a call that nobody made, hence 401.
#[utoipa::path(
    get, path = "/konfigurasjon/api/v1/integrasjoner/autentisering",
    operation_id = "authenticateForIntegrasjon", tag = "integrasjon",
    summary = "Om du er den du oppgir å være",
    description = "Svaret er utfallet av å kontrollere integrasjonen: `true` når den er kjent, passordet \
        stemmer og `autorisertOrgnr` er tokenets `consumer`; `false`, likt for hver av de tre, når \
        ikke. Et token som ikke holder, gir 401.",
    responses((status = 200, body = bool), (status = 401, body = ErrorMessage)),
)]
pub(super) async fn authenticate(caller: Result<Authenticated, ApiError>) -> Result<Json<bool>, ApiError> {
    match caller {
        Ok(_) => Ok(Json(true)),
        Err(error) if error.problem().kind().code == INTEGRATION_REFUSED.code => Ok(Json(false)),
        Err(error) => Err(error),
    }
}
