//! JSON bodies in and out.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::faults::told;
use crate::error::{ApiError, RequestError, kinds};

/// Largest JSON body that is read.
const LIMIT: usize = 1024 * 1024;

/// A JSON body. Faults give 400 `foresporsel.json` with field, line and column; unknown fields are passed over.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        parse(&read(request).await?).map(Self)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

async fn read(request: Request) -> Result<Bytes, ApiError> {
    match Limited::new(request.into_body(), LIMIT).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(RequestError::Plain(&kinds::TOO_LARGE).into()),
        Err(_) => Err(RequestError::Plain(&kinds::BAD_REQUEST).into()),
    }
}

/// Reads JSON with a refusal that names the field, for bodies that come another way, such as in a multipart part.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let field = error.path().to_string();
        let place = if field == "." {
            String::new()
        } else {
            format!("feltet «{field}» ")
        };
        bad_json(&place, error.inner())
    })?;
    deserializer.end().map_err(|error| bad_json("", &error))?;
    Ok(value)
}

fn bad_json(place: &str, error: &serde_json::Error) -> RequestError {
    let fault = match error.classify() {
        Category::Eof => "teksten slutter for tidlig".to_owned(),
        Category::Syntax => "teksten er ikke JSON".to_owned(),
        Category::Data | Category::Io => format!("{place}{}", told(without_position(&error.to_string()))),
    };
    let (line, column) = (error.line(), error.column());
    RequestError::Detailed {
        kind: &kinds::BAD_JSON,
        text: format!(
            "{}: {fault} (linje {line}, kolonne {column})",
            kinds::BAD_JSON.text
        ),
    }
}

/// serde_json appends the position, which the text gives in its own words.
fn without_position(text: &str) -> &str {
    text.rsplit_once(" at line ").map_or(text, |(fault, _)| fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Inner {
        #[expect(dead_code, reason = "only its type matters")]
        ttl: i64,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Outer {
        #[expect(dead_code, reason = "only its type matters")]
        melding: Inner,
    }

    fn refusal(json: &str) -> String {
        parse::<Outer>(json.as_bytes()).unwrap_err().problem().text()
    }

    #[test]
    fn a_fault_names_the_field() {
        assert!(refusal(r#"{"melding":{"ttl":"a"}}"#).contains("feltet «melding.ttl» har feil type"));
        assert!(refusal(r#"{"melding":{}}"#).contains("feltet «melding» mangler feltet «ttl»"));
    }

    #[test]
    fn broken_text_names_the_place() {
        assert!(refusal("{\n  oops").contains("linje 2, kolonne 3"));
        assert!(refusal(r#"{"melding":{"ttl":1}} more"#).contains("ikke JSON"));
        assert!(refusal(r#"{"melding""#).contains("for tidlig"));
    }
}
