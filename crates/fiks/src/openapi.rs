//! The one document of everything that is published.

use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{InfoBuilder, OpenApi};

/// Adds what holds for all operations: title, and how a machine proves who it is.
pub fn complete(mut document: OpenApi) -> OpenApi {
    document.info = InfoBuilder::new()
        .title("fiks")
        .version(crate::VERSION)
        .description(Some(
            "KS' Fiks-plattformen, åpen og til å drifte selv. Et uavhengig prosjekt, ikke KS' egen tjeneste.",
        ))
        .build();
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .build();
    components.add_security_scheme("bearerAuth", SecurityScheme::Http(bearer));
    for (name, header) in [
        ("integrasjonId", "IntegrasjonId"),
        ("integrasjonPassord", "IntegrasjonPassord"),
    ] {
        components.add_security_scheme(
            name,
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(header))),
        );
    }
    let none: [&str; 0] = [];
    let machine = SecurityRequirement::new("bearerAuth", none)
        .add("integrasjonId", none)
        .add("integrasjonPassord", none);
    document.security = Some(vec![machine]);
    document
}
