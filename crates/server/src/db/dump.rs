//! Whole tables, row by row, as a backup takes and puts them. Knows no column: a table that changes
//! is backed up as it then is.

use futures_util::{Stream, StreamExt};
use serde::{Deserialize, Serialize};
use sqlx::{
    Any, AnyConnection, AssertSqlSafe, Column, Row, TypeInfo, ValueRef,
    any::{AnyArguments, AnyRow, AnyTypeInfoKind},
    query::Query,
};

use super::{Db, MIGRATIONS};

/// All that there are, those that others refer to first.
pub const TABLES: [&str; 66] = [
    "teams",
    "users",
    "memberships",
    "setup",
    "tokens",
    "sessions",
    "totps",
    "recovery_codes",
    "password_resets",
    "known_places",
    "throttles",
    "identities",
    "openid_flows",
    "passkeys",
    "passkey_challenges",
    "keys",
    "registries",
    "certificates",
    "servers",
    "address_plans",
    "sightings",
    "projects",
    "grants",
    "invites",
    "destinations",
    "environments",
    "stacks",
    "applications",
    "application_aliases",
    "seeds",
    "places",
    "moves",
    "links",
    "deployments",
    "stack_services",
    "stack_needs",
    "stack_networks",
    "stack_places",
    "stack_visits",
    "build_logs",
    "hooks",
    "databases",
    "database_references",
    "jobs",
    "job_runs",
    "storages",
    "backups",
    "backup_schedules",
    "proxies",
    "attachments",
    "routes",
    "operations",
    "steps",
    "events",
    "event_sequence",
    "past",
    "past_since",
    "idempotency_keys",
    "drift_rules",
    "drifts",
    "verifications",
    "notifiers",
    "deliveries",
    "audit",
    "audit_chain",
    "data_keys",
];

/// A value as every table of ours has them: there are no others in either database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    Null,
    Number(i64),
    Text(String),
}

impl Db {
    /// Reads everything as it is at one moment, while others write.
    pub async fn snapshot(&self) -> Result<sqlx::Transaction<'static, Any>, sqlx::Error> {
        // A deferred transaction of SQLite in WAL mode reads what its first statement saw.
        let begin = if self.is_sqlite() {
            "begin deferred"
        } else {
            "begin isolation level repeatable read read only"
        };
        self.pool.begin_with(begin).await
    }

    /// The version of the schema: that of the latest migration.
    pub async fn schema(&self) -> Result<i64, sqlx::Error> {
        let row = sqlx::query("select max(version) as version from _sqlx_migrations where success")
            .fetch_one(&self.pool)
            .await?;
        row.try_get("version")
    }

    /// Brings an empty database to a version of the schema, and no further.
    pub async fn migrate_to(&self, version: i64) -> Result<(), sqlx::Error> {
        Ok(MIGRATIONS.run_to(version, &self.pool).await?)
    }
}

/// The newest version of the schema that this program knows.
pub fn newest_schema() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// The rows of one of [`TABLES`].
pub fn rows<'a>(
    conn: &'a mut AnyConnection,
    table: &'static str,
) -> impl Stream<Item = Result<AnyRow, sqlx::Error>> + 'a {
    // The name is one of ours.
    sqlx::query(AssertSqlSafe(format!("select * from {table}"))).fetch(conn).boxed()
}

/// The names of a row's columns.
pub fn columns(row: &AnyRow) -> Vec<String> {
    row.columns().iter().map(|column| column.name().to_owned()).collect()
}

/// A row's values, in the order of its columns.
pub fn cells(row: &AnyRow) -> Result<Vec<Cell>, sqlx::Error> {
    (0..row.len()).map(|index| cell(row, index)).collect()
}

/// The names of a table's columns, whether it has rows or not.
#[cfg(test)]
pub(crate) async fn columns_of(
    conn: &mut AnyConnection,
    table: &'static str,
) -> Result<Vec<String>, sqlx::Error> {
    // The name is one of ours.
    let statement = format!("select name from pragma_table_info('{table}')");
    sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(conn).await
}

fn cell(row: &AnyRow, index: usize) -> Result<Cell, sqlx::Error> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok(Cell::Null);
    }
    let info = raw.type_info();
    match info.kind() {
        AnyTypeInfoKind::SmallInt | AnyTypeInfoKind::Integer | AnyTypeInfoKind::BigInt => {
            Ok(Cell::Number(row.try_get(index)?))
        }
        AnyTypeInfoKind::Text => Ok(Cell::Text(row.try_get(index)?)),
        _ => Err(odd(row.column(index).name(), format!("it has a value of type {}", info.name()))),
    }
}

/// Removes all rows of a table: a new schema has some, and a backup has its own.
pub async fn clear(conn: &mut AnyConnection, table: &'static str) -> Result<(), sqlx::Error> {
    // The name is one of ours.
    sqlx::query(AssertSqlSafe(format!("delete from {table}"))).execute(conn).await?;
    Ok(())
}

/// Puts a row into one of [`TABLES`]. Column names are refused unless they are plain.
pub async fn insert(
    conn: &mut AnyConnection,
    table: &'static str,
    columns: &[String],
    cells: &[Cell],
) -> Result<(), sqlx::Error> {
    // A null would need a type, which its column knows and we do not: it is what is left out.
    let given: Vec<(&String, &Cell)> =
        columns.iter().zip(cells).filter(|(_, cell)| **cell != Cell::Null).collect();
    let text = statement(table, given.iter().map(|(column, _)| column.as_str()))?;
    let query = sqlx::query(AssertSqlSafe(text));
    given.into_iter().fold(query, |query, (_, cell)| bind(query, cell)).execute(conn).await?;
    Ok(())
}

fn bind<'q>(query: Query<'q, Any, AnyArguments>, cell: &'q Cell) -> Query<'q, Any, AnyArguments> {
    match cell {
        Cell::Null => query,
        Cell::Number(number) => query.bind(*number),
        Cell::Text(text) => query.bind(text.as_str()),
    }
}

fn statement<'a>(
    table: &str,
    columns: impl Iterator<Item = &'a str>,
) -> Result<String, sqlx::Error> {
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let (mut names, mut places) = (Vec::new(), Vec::new());
    for (index, column) in columns.enumerate() {
        if !is_plain(column) {
            return Err(odd(table, format!("{column:?} is no name of a column")));
        }
        names.push(column);
        places.push(format!("${}", index + 1));
    }
    Ok(format!("insert into {table} ({}) values ({})", names.join(", "), places.join(", ")))
}

fn odd(place: &str, why: String) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: place.to_owned(), source: why.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_columns_are_plain() {
        let made = statement("teams", ["id", "created_at"].into_iter()).expect("a statement");
        assert_eq!(made, "insert into teams (id, created_at) values ($1, $2)");
        for hostile in ["id) values (1); drop table teams; --", "ID", "a b", "\"x\""] {
            statement("teams", [hostile].into_iter()).expect_err("it is no name");
        }
    }
}
