//! A statement in PostgreSQL's own words that is prepared once a connection: diesel prepares anew, each time, what is given to it as text,
//! every update, and every insert of several rows, and preparing takes longer than running it does.

use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::HasSqlType;

use super::PostgresConnection;

/// A statement that is found among the prepared ones by `Place`, a type of the call's own; its rows are `Row`, a tuple of SQL types.
/// Many rows are bound as an array for each column: a statement with a parameter for each value has another text for each number of rows.
pub struct Prepared<'a, Place, Row = ()> {
    text: &'static str,
    values: Vec<Box<dyn Bound + 'a>>,
    place: PhantomData<(Place, Row)>,
}

impl<'a, Place, Row> Prepared<'a, Place, Row> {
    /// A statement with a `?` for each value.
    pub fn new(text: &'static str) -> Self {
        Prepared { text, values: Vec::new(), place: PhantomData }
    }

    /// Binds the next value.
    #[must_use]
    pub fn bind<Sql, Value>(mut self, value: Value) -> Self
    where
        Sql: 'a,
        Value: ToSql<Sql, Pg> + 'a,
        Pg: HasSqlType<Sql>,
    {
        self.values.push(Box::new(As::<Sql, Value>(value, PhantomData)));
        self
    }
}

struct As<Sql, Value>(Value, PhantomData<Sql>);

/// A value of whatever type that can be bound.
trait Bound {
    fn bind<'b>(&'b self, pass: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

impl<Sql, Value> Bound for As<Sql, Value>
where
    Value: ToSql<Sql, Pg>,
    Pg: HasSqlType<Sql>,
{
    fn bind<'b>(&'b self, pass: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        pass.push_bind_param::<Sql, Value>(&self.0)
    }
}

impl<Place, Row> QueryFragment<Pg> for Prepared<'_, Place, Row> {
    fn walk_ast<'b>(&'b self, mut pass: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut values = self.values.iter();
        for (at, part) in self.text.split('?').enumerate() {
            if at > 0 {
                values.next().expect("a value for each `?`").bind(&mut pass)?;
            }
            pass.push_sql(part);
        }
        Ok(())
    }
}

impl<Place: 'static, Row> QueryId for Prepared<'_, Place, Row> {
    type QueryId = Place;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<Place, Row> Query for Prepared<'_, Place, Row> {
    type SqlType = Row;
}

impl<Place, Row> diesel::RunQueryDsl<PostgresConnection> for Prepared<'_, Place, Row> {}
