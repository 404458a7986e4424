//! `GET /v1/segments/{id}/changes`

use actix_web::{HttpResponse, web};
use serde::Serialize;

use crate::api::page::{Page, PageQuery};
use crate::api::problem::Problem;
use crate::api::{Ws, on_pool};
use crate::clock::Timestamp;
use crate::customers::store as customers;
use crate::ids::CustomerId;
use crate::segments::rule::store;

/// A customer entered or left.
#[derive(Debug, Serialize)]
pub struct ChangeShown {
    #[serde(skip)]
    id: i64,
    /// The company's own key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Entered, or left.
    pub entered: bool,
    /// When it was noticed.
    pub at: Timestamp,
}

/// Who entered and who left a segment by rule during the last 30 days, oldest first.
pub async fn handle(ws: Ws, name: web::Path<String>, query: web::Query<PageQuery>) -> Result<HttpResponse, Problem> {
    let limit = query.limit()?;
    let list = format!("segments/{name}/changes");
    let after = query.after(ws.id_key(), &list)?.unwrap_or(0);
    let rows = on_pool(&ws, move |ws| {
        ws.store().read(|conn| {
            let kept = store::by_name(conn, &name)?;
            let changes = store::changes(conn, kept.id, after, limit)?;
            let ids: Vec<CustomerId> = changes.iter().map(|change| change.customer).collect();
            let keys = customers::external_ids(conn, &ids)?;
            let shown = |change: store::Change| ChangeShown {
                id: change.id,
                customer: keys.get(&change.customer).cloned(),
                entered: change.entered,
                at: change.at,
            };
            Ok(changes.into_iter().map(shown).collect::<Vec<_>>())
        })
    })
    .await?;
    Ok(HttpResponse::Ok().json(Page::of(rows, limit, ws.id_key(), &list, |row| row.id)))
}
