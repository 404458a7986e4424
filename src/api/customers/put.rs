//! `PUT /v1/customers/{id}`

use actix_web::http::header::ETAG;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use diesel::prelude::*;
use serde::Deserialize;
use utoipa::ToSchema;

use super::shown::CustomerShown;
use crate::api::auth::Caller;
use crate::api::problem::Problem;
use crate::api::{Ws, body, etag, on_pool};
use crate::clock::Timestamp;
use crate::customers::{Aliases, Customer, change, store};
use crate::error::{Error, Fault};
use crate::money::Money;
use crate::operations::{audit, objection};
use crate::storage::schema::customer;

/// A whole profile: what is left out is emptied.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CustomerInput {
    /// `prospect`, `client` (when absent) or `employee`.
    pub kind: Option<String>,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name, or the firm's.
    pub last_name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Postal address.
    pub address: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// BCP 47 language tag.
    pub locale: Option<String>,
    /// IANA zone.
    pub zone: Option<String>,
    /// Household or account.
    pub household: Option<String>,
    /// Objects to profiling.
    pub profiling_objection: bool,
    /// Agreed that opens and clicks are tied to the person.
    pub tracking: bool,
    /// When the company won the customer.
    #[schema(value_type = Option<String>)]
    pub acquired_at: Option<Timestamp>,
    /// What that cost, in minor units.
    pub acquisition_cost: Option<i64>,
    /// Further attributes: texts, numbers and booleans.
    #[schema(value_type = Object)]
    pub attributes: serde_json::Map<String, serde_json::Value>,
}

impl CustomerInput {
    fn faults(&self) -> Vec<Fault> {
        let nested = self.attributes.iter().filter(|(_, value)| value.is_object() || value.is_array());
        nested.map(|(key, _)| Fault::at(format!("attributes.{key}"), "must be a text, number or boolean")).collect()
    }

    fn onto(self, mut row: Customer, now: Timestamp) -> Customer {
        row.kind = self.kind.unwrap_or_else(|| "client".into());
        row.first_name = self.first_name;
        row.last_name = self.last_name;
        row.email = self.email;
        row.phone = self.phone;
        row.address = self.address;
        row.country = self.country;
        row.locale = self.locale;
        row.zone = self.zone;
        row.household = self.household;
        row.profiling_objection = self.profiling_objection;
        row.tracking = self.tracking;
        row.acquired_at = self.acquired_at;
        row.acquisition_cost = self.acquisition_cost.map(Money);
        row.attributes = serde_json::Value::Object(self.attributes).to_string();
        row.updated_at = now;
        row
    }
}

/// Adds a customer, or replaces a profile.
pub async fn handle(
    ws: Ws,
    caller: Caller,
    id: web::Path<String>,
    req: HttpRequest,
    bytes: Bytes,
) -> Result<HttpResponse, Problem> {
    let input: CustomerInput = body::json(&req, &bytes)?;
    let (expected, id) = (etag::expected(&req), id.into_inner());
    let outcome = on_pool(&ws, move |ws| {
        let now = ws.now();
        let key = ws.id_key().customer(&id);
        ws.store().write(|conn| {
            let key = Aliases::of(conn, &[key])?.canonical(key);
            let known = store::by_id(conn, key)?;
            if let Err(problem) = expected.check(known.as_ref().map(|row| row.version)) {
                return Ok(Err(problem));
            }
            let mut faults = input.faults();
            let mut row = input.onto(known.clone().unwrap_or_else(|| Customer::unknown(key, &id, now)), now);
            faults.extend(row.faults());
            if !faults.is_empty() {
                return Err(Error::faults("the customer cannot be used", faults));
            }
            match known {
                Some(_) => {
                    row.version += 1;
                    diesel::update(customer::table.find(key)).set(&row).execute(conn)?
                }
                None => diesel::insert_into(customer::table).values(&row).execute(conn)?,
            };
            if row.profiling_objection {
                objection::honour(conn, &[key])?;
            }
            change::note(conn, &[key], now)?;
            // The subject is the internal id: the audit holds no personal data, and a company's key may be an address.
            audit::write(conn, &caller.actor, "customer.put", &key.to_string(), "", now)?;
            Ok(Ok((row.version == 1, row)))
        })
    })
    .await?;
    let (new, row) = outcome?;
    let mut answer = if new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.insert_header((ETAG, etag::of(row.version))).json(CustomerShown::of(row, None, None)))
}
