//! The states of a delivery and the only ways between them.

use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::dsl::sql;
use diesel::expression::{AsExpression, SqlLiteral};
use diesel::serialize::{Output, ToSql};
use diesel::sql_types::{Bool, Text};
use serde::{Deserialize, Serialize};

/// Where a delivery is. Delivered, bounced and complained are later events and no states of the outbox.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, AsExpression, FromSqlRow,
)]
#[diesel(sql_type = Text)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waits for its time and a worker.
    Planned,
    /// A worker has it, under a lease.
    Claimed,
    /// The last byte is about to go out: from here on, only the receiver's answer tells.
    Committing,
    /// The receiver accepted it.
    Sent,
    /// The receiver asked to come again later.
    Deferred,
    /// Nobody knows whether the receiver has it; a person or a later proof decides.
    Held,
    /// The receiver refused it for good, or it cannot be made.
    Failed,
    /// Contact policy forbade it at the last moment; the reason stands beside it.
    Suppressed,
    /// A person took it back.
    Cancelled,
}

impl State {
    /// All states.
    pub const ALL: [State; 9] = [
        State::Planned,
        State::Claimed,
        State::Committing,
        State::Sent,
        State::Deferred,
        State::Held,
        State::Failed,
        State::Suppressed,
        State::Cancelled,
    ];

    /// The word in the store.
    pub fn name(self) -> &'static str {
        match self {
            State::Planned => "planned",
            State::Claimed => "claimed",
            State::Committing => "committing",
            State::Sent => "sent",
            State::Deferred => "deferred",
            State::Held => "held",
            State::Failed => "failed",
            State::Suppressed => "suppressed",
            State::Cancelled => "cancelled",
        }
    }

    /// The word as it stands in the text of a statement: an index of some states only is used where the statement itself shows which
    /// state it asks for.
    pub fn literal(self) -> SqlLiteral<Text> {
        sql(&format!("'{}'", self.name()))
    }

    /// That a row is where this state is one of few, in the words of the indexes, which speak of places: planned and deferred messages
    /// are `waiting`, claimed and committing ones `in hand`.
    pub fn in_place(self) -> SqlLiteral<Bool> {
        sql(match self {
            State::Planned | State::Deferred => "place = 'waiting'",
            State::Claimed | State::Committing => "place = 'in hand'",
            State::Sent => "place = 'sent'",
            State::Held => "place = 'held'",
            State::Failed | State::Suppressed | State::Cancelled => "place = 'apart'",
        })
    }

    /// Reads the word of the store.
    pub fn parse(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether a delivery may go from here to `next`.
    pub fn may_become(self, next: State) -> bool {
        use State::{Cancelled, Claimed, Committing, Deferred, Failed, Held, Planned, Sent, Suppressed};
        match self {
            Planned | Deferred => matches!(next, Claimed | Suppressed | Cancelled | Deferred | Failed),
            Claimed => matches!(next, Committing | Planned | Deferred | Failed | Suppressed | Cancelled),
            Committing => matches!(next, Sent | Deferred | Failed | Held),
            // With proof: the receiver's late answer, a relay's log, a click; or a person's word that it never arrived.
            Held => matches!(next, Sent | Planned | Failed | Cancelled),
            Sent | Failed | Suppressed | Cancelled => false,
        }
    }

    /// Whether anything may still happen to it.
    pub fn is_open(self) -> bool {
        matches!(self, State::Planned | State::Claimed | State::Committing | State::Deferred)
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl<DB: diesel::backend::Backend> ToSql<Text, DB> for State
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> diesel::serialize::Result {
        self.name().to_sql(out)
    }
}

impl<DB: diesel::backend::Backend> FromSql<Text, DB> for State
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
        let name = String::from_sql(bytes)?;
        State::parse(&name).ok_or_else(|| format!("unknown delivery state `{name}`").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ended_stays_ended_and_a_commit_is_never_repeated() {
        for state in State::ALL {
            assert_eq!(State::parse(state.name()), Some(state));
            let ways = State::ALL.into_iter().filter(|next| state.may_become(*next)).count();
            let ended = matches!(state, State::Sent | State::Failed | State::Suppressed | State::Cancelled);
            assert_eq!(ways == 0, ended, "{state}");
            // Only from claimed can the last byte go out, and only a worker claims.
            assert_eq!(state.may_become(State::Committing), state == State::Claimed);
        }
        assert!(
            !State::Committing.may_become(State::Planned),
            "an uncertain message is held, never sent again by itself"
        );
        assert!(!State::Committing.may_become(State::Cancelled));
    }
}
