//! `GET /v1/segments/{id}/members`

use actix_web::{HttpResponse, web};
use serde::Serialize;

use crate::api::page::{Page, PageQuery};
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::clock::Timestamp;
use crate::customers::store as customers;
use crate::error::Result as Done;
use crate::ids::CustomerId;
use crate::segments::uploaded::store as uploaded;
use crate::segments::{self, rule::store};
use crate::storage::Connection;

/// A member.
#[derive(Debug, Serialize)]
pub struct MemberShown {
    #[serde(skip)]
    id: CustomerId,
    /// The company's own key; absent for one of whom nothing but facts is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Since when; absent in a segment that a model found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entered_at: Option<Timestamp>,
    /// How probably they belong there, where the model says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub likeness: Option<f64>,
}

/// A page of members, in the order of their internal ids, which is no order that means anything.
pub async fn handle(ws: Ws, name: web::Path<String>, query: web::Query<PageQuery>) -> Result<HttpResponse, Problem> {
    let limit = query.limit()?;
    let list = format!("segments/{name}/members");
    let after = query.after(ws.id_key(), &list)?.map(CustomerId);
    let rows = on_pool(&ws, move |ws| ws.store().read(|conn| page(conn, &name, after, limit))).await?;
    Ok(HttpResponse::Ok().json(Page::of(rows, limit, ws.id_key(), &list, |row| row.id.0)))
}

fn page(conn: &mut Connection, name: &str, after: Option<CustomerId>, limit: i64) -> Done<Vec<MemberShown>> {
    let found: Vec<(CustomerId, Option<Timestamp>, Option<f64>)> = match store::find(conn, name)? {
        Some(kept) => {
            let members = store::members(conn, &kept, after, usize::try_from(limit).unwrap_or(0))?;
            members.into_iter().map(|(id, at)| (id, Some(Timestamp(at)), None)).collect()
        }
        None => {
            if let Some(list) = uploaded::find(conn, name)? {
                let members = uploaded::members(conn, list.id, after, limit)?;
                return named(conn, members.into_iter().map(|(id, at)| (id, Some(at), None)).collect());
            }
            let cluster = segments::show(conn, name)?;
            let members = segments::members(conn, &cluster.segmentation, &cluster.code, after, limit)?;
            members.into_iter().map(|member| (member.customer, None, member.likeness)).collect()
        }
    };
    named(conn, found)
}

/// The members with the company's own keys.
fn named(conn: &mut Connection, found: Vec<(CustomerId, Option<Timestamp>, Option<f64>)>) -> Done<Vec<MemberShown>> {
    let ids: Vec<CustomerId> = found.iter().map(|(id, ..)| *id).collect();
    let mut keys = customers::external_ids(conn, &ids)?;
    let shown = |(id, entered_at, likeness)| MemberShown { id, customer: keys.remove(&id), entered_at, likeness };
    Ok(found.into_iter().map(shown).collect())
}
