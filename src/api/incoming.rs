//! `/incoming`: what providers report. The signature over time and body is the permission.

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use utoipa::ToSchema;

use super::problem::Problem;
use super::{Ws, body, on_pool};
use crate::error::Kind;
use crate::operations::incoming::provider::{self, ProviderEvent};
use crate::operations::incoming::take_mail;

/// An event of a provider.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only the document reads it; the type that is read stands in operations")]
pub struct ProviderEventInput {
    /// The provider's own name of the event: sent again, it counts once.
    pub key: String,
    /// `bounce`, `complaint`, `delivered` or `message`.
    pub kind: String,
    /// `email`, `sms`, ...
    pub channel: String,
    /// `delivery` of the body that the provider was sent.
    pub delivery: Option<String>,
    /// Its Message-ID, or the Idempotency-Key that the provider was sent.
    pub message_id: Option<String>,
    /// The number that wrote.
    pub from: Option<String>,
    /// The enhanced status of a bounce (`5.1.1`).
    pub status: Option<String>,
    /// Whether a bounce without a status is for good.
    pub permanent: Option<bool>,
    /// What the customer wrote.
    pub text: Option<String>,
}

/// A forged or late request is refused before its body is read as anything.
async fn verified(ws: &Ws, req: &HttpRequest, bytes: &Bytes) -> Result<(), Problem> {
    let header = |name: &str| {
        let value = req.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let (seconds, signature, body) = (header("vizavi-timestamp"), header("vizavi-signature"), bytes.clone());
    let checked = on_pool(ws, move |ws| Ok(provider::verify(ws, &seconds, &signature, &body))).await?;
    checked.map_err(|error| Problem::malformed(error.message()))
}

/// `POST /incoming/events`
pub async fn events(ws: Ws, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    verified(&ws, &req, &bytes).await?;
    let events: Vec<ProviderEvent> = body::one_or_many(&req, &bytes)?;
    Ok(HttpResponse::Ok().json(on_pool(&ws, move |ws| provider::take(ws, &events)).await?))
}

/// `POST /incoming/mail`
pub async fn mail(ws: Ws, req: HttpRequest, bytes: Bytes) -> Result<HttpResponse, Problem> {
    verified(&ws, &req, &bytes).await?;
    let taken = on_pool(&ws, move |ws| Ok(take_mail(ws, &bytes))).await?;
    match taken {
        Ok(taken) => Ok(HttpResponse::Ok().json(taken)),
        Err(error) if error.kind() == Kind::Invalid => Err(Problem::malformed(error.message())),
        Err(error) => Err(error.into()),
    }
}
