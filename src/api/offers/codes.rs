//! `POST /v1/offers/{id}/codes`

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, body, on_pool};
use crate::error::{Error, Fault};
use crate::offers::{codes, store};
use crate::operations::audit;
use crate::operations::codes::add_codes;

/// Most codes of one request; longer lists are imported as a file (`/v1/imports`).
const MOST: usize = 10_000;

/// Codes for an offer's list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodesInput {
    /// The codes, at most 10,000.
    pub codes: Vec<String>,
}

/// What adding them did.
#[derive(Debug, Serialize, ToSchema)]
pub struct CodesAdded {
    /// Codes that were new.
    pub added: usize,
    /// Codes that were on the list before.
    pub known: usize,
}

/// Adds codes to an offer's list.
pub async fn handle(
    ws: Ws,
    caller: Caller,
    name: web::Path<String>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let input: CodesInput = body::json(&req, &bytes)?;
    let mut faults = Vec::new();
    if input.codes.is_empty() || input.codes.len() > MOST {
        faults.push(Fault::at("codes", format!("send 1 to {MOST} codes, or import a file")));
    }
    for (i, code) in input.codes.iter().enumerate() {
        faults.extend(codes::fault(code).map(|fault| Fault::at(format!("codes[{i}]"), fault)));
    }
    if !faults.is_empty() {
        return Err(Error::faults("the codes cannot be used; none was added", faults).into());
    }
    let all = input.codes.len();
    let added = on_pool(&ws, move |ws| {
        let now = ws.now();
        ws.store().write(|conn| {
            store::by_name(conn, &name)?;
            let added = add_codes(conn, &name, &input.codes, now)?;
            audit::write(conn, &caller.actor, "offer.codes", &name, &format!("{added} codes"), now)?;
            Ok(added)
        })
    })
    .await?;
    Ok(HttpResponse::Ok().json(CodesAdded { added, known: all - added }))
}
