//! Every column that holds sealed values. A test compares it with the schema.

use sqlx::AnyConnection;

use super::Context;
use crate::{
    accounts, applications, audit, certificates, databases,
    db::sealed::{self, Column},
    keys, notifiers, registries, stacks, storages,
    vault::{BY_DATA_KEY, Vault},
};

/// A column, and what its values are bound to, by the key of their row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sealed {
    pub column: Column,
    pub context: Context,
}

const fn sealed(
    table: &'static str,
    key: &'static str,
    column: &'static str,
    context: Context,
) -> Sealed {
    Sealed { column: Column { table, key, column }, context }
}

/// All that there are.
pub(super) const COLUMNS: [Sealed; 14] = [
    sealed("keys", "id", "sealed_private_key", keys::seal_context),
    sealed("registries", "id", "sealed_password", registries::seal_context),
    sealed("certificates", "id", "sealed_private_key", certificates::seal_context),
    sealed("notifiers", "id", "sealed_url", notifiers::url_context),
    sealed("notifiers", "id", "sealed_secret", notifiers::secret_context),
    sealed("totps", "user_id", "sealed_secret", accounts::totp_context),
    sealed("applications", "id", "sealed_variables", applications::variables_context),
    sealed("deployments", "id", "sealed_plan", applications::plan_context),
    sealed("hooks", "application_id", "sealed_secret", applications::hook_context),
    sealed("databases", "id", "sealed_passwords", databases::passwords_context),
    sealed("databases", "id", "sealed_script", databases::script_context),
    sealed("stacks", "id", "sealed_source", stacks::source_context),
    sealed("storages", "id", "sealed_secret", storages::seal_context),
    sealed("audit_chain", "id", "sealed_secret", audit::secret_context),
];

/// How many values begin so.
pub(super) async fn count(conn: &mut AnyConnection, beginning: &str) -> Result<u64, sqlx::Error> {
    let mut all = 0;
    for Sealed { column, .. } in COLUMNS {
        let count = sealed::count(conn, column, beginning).await?;
        all += u64::try_from(count).unwrap_or_default();
    }
    Ok(all)
}

/// Whether one of each column opens, where there is one.
pub(super) async fn opens_a_sample(
    conn: &mut AnyConnection,
    vault: &Vault,
) -> Result<bool, sqlx::Error> {
    for Sealed { column, context } in COLUMNS {
        for value in sealed::list_others(conn, column, BY_DATA_KEY, "", 1).await? {
            if vault.open_sealed(&value.sealed, &context(&value.key)).is_err() {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::db::{Db, dump};

    #[tokio::test]
    async fn no_sealed_column_is_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("portolan.db");
        let url = format!("sqlite://{}?mode=rwc", file.display()).into();
        let db = Db::connect(&url).await.expect("a database");
        db.migrate().await.expect("a schema");
        let mut conn = db.acquire().await.expect("a connection");
        let mut found = BTreeSet::new();
        for table in dump::TABLES {
            let columns = dump::columns_of(&mut conn, table).await.expect("columns");
            let sealed = columns.into_iter().filter(|column| column.starts_with("sealed_"));
            found.extend(sealed.map(|column| (table.to_owned(), column)));
        }
        let listed = COLUMNS
            .map(|Sealed { column, .. }| (column.table.to_owned(), column.column.to_owned()));
        assert_eq!(found, BTreeSet::from(listed));
    }
}
