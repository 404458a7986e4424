//! What winning an unhappy client back is worth: the client's own value to come, and what they will tell others.
//!
//! ```text
//! worth = V (s1 - s0) + told_unhappy x loses x Vn + told_happy x wins x Vn
//! ```
//!
//! V = what the client is expected still to bring, Vn = what a client is worth on average, s1 and s0 = shares of complainers who stay when the
//! complaint is solved and when it is not. Each unhappy client tells `told_unhappy` people, of whom a share `loses` is lost as clients; each
//! who was won back tells `told_happy`, of whom a share `wins` becomes one. The defaults of `[word_of_mouth]` are those of the studies of complaint
//! handling for the US Office of Consumer Affairs (TARP 1979, 1986): 9 and 5 people told; 54 of 100 stay where the complaint was solved, 19 where
//! it was not; the shares lost and won are guesses on the low side. Where referrals are recorded, what clients bring in a year takes
//! the place of `told_happy x wins`.

use serde::Serialize;

use crate::clock::{DAY, Timestamp};
use crate::customers::service as store;
use crate::error::Result;
use crate::models::lifetime_score;
use crate::money::Money;
use crate::operations::Workspace;
use crate::settings::WordOfMouth;
use crate::storage::Connection;
use crate::storage::schema::lifetime_score as scores;

use diesel::prelude::*;

/// Referrals of a year from which on they say more than what is stated.
const FEWEST: i64 = 20;

/// What winning a client back is worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Recovery {
    /// All of it: no more than this pays.
    pub worth: Money,
    /// The client's own part.
    pub own: Money,
    /// What others will not hear, or will.
    pub word_of_mouth: Money,
    /// People whom a client brings in a year, as recorded; none where too few are.
    pub brought_in_a_year: Option<f64>,
}

/// Of a client with this value, where a client is worth `mean`, by what is stated or recorded.
pub fn recovery(value: f64, mean: f64, words: &WordOfMouth, brought: Option<f64>) -> Recovery {
    let own = value.max(0.0) * (words.stay_solved - words.stay_unsolved);
    let wins = brought.unwrap_or(words.told_happy * words.wins);
    let told = mean.max(0.0) * (words.told_unhappy * words.loses + wins);
    let money = |minor: f64| Money(minor.round() as i64);
    Recovery { worth: money(own + told), own: money(own), word_of_mouth: money(told), brought_in_a_year: brought }
}

/// What winning this customer back is worth; nothing before the lifetime model has valued anybody.
///
/// # Errors
/// Unavailable, when the store does not answer.
pub fn of_customer(
    ws: &Workspace,
    conn: &mut Connection,
    id: crate::ids::CustomerId,
    now: Timestamp,
) -> Result<Option<Recovery>> {
    let own = lifetime_score::of_customer(conn, id)?.map(|score| score.predicted.0 as f64);
    let (clients, sum): (i64, Option<f64>) = {
        let count = scores::table.count().get_result(conn)?;
        #[derive(QueryableByName)]
        struct Mean {
            #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Double>)]
            mean: Option<f64>,
        }
        let sql = "SELECT CAST(avg(predicted) AS DOUBLE PRECISION) AS mean FROM lifetime_score";
        let rows: Vec<Mean> = diesel::sql_query(sql).load(conn)?;
        (count, rows.into_iter().next().and_then(|row| row.mean))
    };
    let Some(mean) = sum else { return Ok(None) };
    let referrals = store::referrals_since(conn, now.plus(-365 * DAY))?;
    let brought = (referrals >= FEWEST && clients > 0).then(|| referrals as f64 / clients as f64);
    Ok(Some(recovery(own.unwrap_or(0.0), mean, &ws.settings().word_of_mouth, brought)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_hear_of_it_either_way() {
        let words = WordOfMouth {
            told_unhappy: 10.0,
            loses: 0.02,
            told_happy: 5.0,
            wins: 0.01,
            stay_solved: 0.6,
            stay_unsolved: 0.2,
        };
        let found = recovery(10_000.0, 5_000.0, &words, None);
        assert_eq!((found.own, found.word_of_mouth, found.worth), (Money(4_000), Money(1_250), Money(5_250)));
        // Three people in ten years: what is recorded is taken.
        assert_eq!(recovery(10_000.0, 5_000.0, &words, Some(0.3)).word_of_mouth, Money(2_500));
        // A client who costs more than they bring is still heard by others.
        assert_eq!(recovery(-9_000.0, 5_000.0, &words, None).worth, Money(1_250));
    }
}
