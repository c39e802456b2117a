//! A row for every table, in `fixtures/rows.json`, as the newest schema has it: of an older one, the
//! tables and columns that there were. Owns what its words mean.

use anyhow::{Context, Result};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use data_encoding::HEXLOWER;
use portolan_server::{
    db::{
        Db,
        dump::{self, Cell, TABLES},
    },
    vault,
};
use portolan_types::Timestamp;
use serde_json::Value;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::{keys::fixture, support::Database};

pub(super) const TEAM: &str = "t00000000000000000000000";
pub(super) const SERVER: &str = "s00000000000000000000000";
pub(super) const DESTINATION: &str = "d00000000000000000000000";
pub(super) const OPERATION: &str = "p00000000000000000000000";
pub(super) const SECRET: &str = "portolan_of_long_ago";
pub(super) const MASTER_KEY: &str =
    "8f3c0d5e9a7b1246f0e1d2c3b4a5968778695a4b3c2d1e0f13579bdf02468ace";

/// The names of a table's columns; none when there is no such table.
pub(super) async fn columns(
    conn: &mut AnyConnection,
    database: &Database,
    table: &str,
) -> Result<Vec<String>> {
    let sql = match database {
        Database::Sqlite => format!("select name from pragma_table_info('{table}')"),
        Database::Postgres { .. } => format!(
            "select column_name::text from information_schema.columns
             where table_schema = current_schema() and table_name = '{table}'"
        ),
    };
    // The name is one of ours.
    Ok(sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(conn).await?)
}

/// Puts a row into each table that there is. What a migration put there stays as it is.
pub(super) async fn fill(db: &Db, database: &Database) -> Result<()> {
    let rows: Value = serde_json::from_str(&fixture("rows.json")?)?;
    let mut tx = db.begin().await?;
    for table in TABLES {
        let columns = columns(&mut tx, database, table).await?;
        // Those that begin with a migration have their row.
        let Some(row) = rows[table].as_object() else { continue };
        let (mut names, mut cells) = (Vec::new(), Vec::new());
        for (name, value) in row.iter().filter(|(name, _)| columns.contains(name)) {
            names.push(name.clone());
            cells.push(cell(value).with_context(|| format!("{table}.{name}"))?);
        }
        if !names.is_empty() {
            dump::insert(&mut tx, table, &names, &cells).await.context(table)?;
        }
    }
    Ok(tx.commit().await?)
}

/// `now` and `later` are moments: what is long over is swept away.
fn cell(value: &Value) -> Result<Cell> {
    let text = |what: &str| value[what].as_str();
    let now = Timestamp::now();
    Ok(match value {
        Value::Number(number) => Cell::Number(number.as_i64().context("a whole number")?),
        Value::String(word) if word == "now" => Cell::Number(now.as_millis()),
        Value::String(word) if word == "later" => Cell::Number(now.plus_seconds(3_600).as_millis()),
        Value::String(words) => Cell::Text(words.clone()),
        _ => Cell::Text(match (text("hash"), text("sealed"), text("wrapped")) {
            (Some(secret), ..) => vault::hash(secret),
            (_, Some(context), _) => format!("v1:{}", sealed(&plain(value)?, context)?),
            (.., Some(context)) => sealed(&[7; 32], context)?,
            (None, None, None) => value.to_string(),
        }),
    })
}

fn plain(value: &Value) -> Result<Vec<u8>> {
    let words = match value["fixture"].as_str() {
        Some(name) => fixture(name)?,
        None => value["plain"].as_str().context("something to seal")?.to_owned(),
    };
    Ok(words.into_bytes())
}

/// As the master key sealed before there were data keys (decision 0034), and seals these.
fn sealed(plain: &[u8], context: &str) -> Result<String> {
    let key = HEXLOWER.decode(MASTER_KEY.as_bytes())?;
    let cipher = XChaCha20Poly1305::new_from_slice(&key).ok().context("a key")?;
    let nonce = [9; 24];
    let payload = Payload { msg: plain, aad: context.as_bytes() };
    let sealed = cipher.encrypt(&XNonce::from(nonce), payload).ok().context("sealed")?;
    Ok(format!("{}{}", HEXLOWER.encode(&nonce), HEXLOWER.encode(&sealed)))
}
