//! Statements written by hand, for what the query builder says less plainly: walks through the tree.

use fiks_database::DatabaseError;
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};

/// SQL text and the values of its parameters, which both engines know as `$1`, `$2` …
#[derive(Default)]
pub(super) struct Sql {
    text: String,
    values: Vec<Value>,
}

impl Sql {
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            values: Vec::new(),
        }
    }

    /// Appends text.
    pub(super) fn text(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Appends a parameter.
    pub(super) fn value(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        let place = self.values.len().to_string();
        self.text("$").text(&place)
    }

    /// Appends a list of parameters in parentheses, for `IN`.
    pub(super) fn list<V: Into<Value>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.text.push('(');
        for (index, value) in values.into_iter().enumerate() {
            self = if index == 0 { self } else { self.text(", ") };
            self = self.value(value);
        }
        self.text(")")
    }

    /// Appends what `more` appends, when there is something to append it for.
    pub(super) fn with<T>(self, some: Option<T>, more: impl FnOnce(Self, T) -> Self) -> Self {
        match some {
            Some(value) => more(self, value),
            None => self,
        }
    }

    pub(super) fn into_statement(self, connection: &impl ConnectionTrait) -> Statement {
        Statement::from_sql_and_values(connection.get_database_backend(), self.text, self.values)
    }

    pub(super) async fn all(
        self,
        connection: &impl ConnectionTrait,
    ) -> Result<Vec<QueryResult>, DatabaseError> {
        let statement = self.into_statement(connection);
        Ok(connection.query_all_raw(statement).await?)
    }

    pub(super) async fn one(
        self,
        connection: &impl ConnectionTrait,
    ) -> Result<Option<QueryResult>, DatabaseError> {
        let statement = self.into_statement(connection);
        Ok(connection.query_one_raw(statement).await?)
    }
}
