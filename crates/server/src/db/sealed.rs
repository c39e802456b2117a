//! Columns of sealed values, whichever table they are in.

use sqlx::{AnyConnection, AssertSqlSafe, Row};

/// A column whose values are sealed. All names are ours: they stand in statements as they are.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub table: &'static str,
    /// The column that names a row.
    pub key: &'static str,
    pub column: &'static str,
}

/// A sealed value and the key of its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    pub key: String,
    pub sealed: String,
}

/// Values that begin otherwise, by the keys of their rows, those behind a key.
pub async fn list_others(
    conn: &mut AnyConnection,
    Column { table, key, column }: Column,
    beginning: &str,
    after: &str,
    rows: i64,
) -> Result<Vec<Value>, sqlx::Error> {
    let statement = format!(
        "select {key} as row_key, {column} as sealed from {table}
         where {column} is not null and {column} not like $1 and {key} > $2
         order by {key} limit $3"
    );
    let rows = sqlx::query(AssertSqlSafe(statement))
        .bind(format!("{beginning}%"))
        .bind(after)
        .bind(rows)
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| Ok(Value { key: row.try_get("row_key")?, sealed: row.try_get("sealed")? }))
        .collect()
}

/// Puts another in the place of a value. `false` when somebody else was there first.
pub async fn replace(
    conn: &mut AnyConnection,
    Column { table, key, column }: Column,
    value: &Value,
    sealed: &str,
) -> Result<bool, sqlx::Error> {
    let statement = format!("update {table} set {column} = $3 where {key} = $1 and {column} = $2");
    let done = sqlx::query(AssertSqlSafe(statement))
        .bind(value.key.as_str())
        .bind(value.sealed.as_str())
        .bind(sealed)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// How many values begin so; all of them without a beginning.
pub async fn count(
    conn: &mut AnyConnection,
    Column { table, column, .. }: Column,
    beginning: &str,
) -> Result<i64, sqlx::Error> {
    let statement = format!("select count(*) from {table} where {column} like $1");
    sqlx::query_scalar(AssertSqlSafe(statement)).bind(format!("{beginning}%")).fetch_one(conn).await
}
