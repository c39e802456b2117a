//! From the database into the file.

use std::io::{self, Write};

use futures_util::TryStreamExt;
use portolan_types::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sqlx::AnyConnection;

use super::{
    BackupError, Cost, Trouble, Unfinished,
    envelope::Sealer,
    record::{self, Head, Record, Sums},
    writer,
};
use crate::db::{
    Db,
    dump::{self, TABLES},
};

/// Writes everything as it is at one moment; answers what that was.
pub(super) async fn save(
    db: &Db,
    to: &Unfinished,
    passphrase: &SecretString,
    cost: Cost,
    master_key: Option<SecretString>,
) -> Result<Sums, BackupError> {
    let failed = |cause| BackupError::File { path: to.path.clone(), cause };
    let mut sealer =
        Sealer::new(writer(&to.file).map_err(failed)?, passphrase, cost).map_err(failed)?;
    let head = Head {
        portolan: env!("CARGO_PKG_VERSION").to_owned(),
        schema: db.schema().await?,
        made_at: Timestamp::now(),
        master_key: master_key.map(|key| key.expose_secret().to_owned()),
    };
    record::write(&mut sealer, &Record::Head(head)).map_err(failed)?;
    let mut snapshot = db.snapshot().await?;
    let mut sums = Sums::default();
    for table in TABLES {
        let saved = save_table(&mut snapshot, table, &mut sealer, &mut sums).await;
        saved.map_err(|trouble| trouble.or_of_file(failed))?;
    }
    record::write(&mut sealer, &Record::End(sums.clone())).map_err(failed)?;
    sealer.finish().map_err(failed)?;
    Ok(sums)
}

/// What there is in a database.
pub(super) async fn sums(db: &Db) -> Result<Sums, BackupError> {
    let mut snapshot = db.snapshot().await?;
    let mut sums = Sums::default();
    for table in TABLES {
        let read = save_table(&mut snapshot, table, &mut io::sink(), &mut sums).await;
        read.map_err(|trouble| trouble.or_of_file(|cause| sqlx::Error::Io(cause).into()))?;
    }
    Ok(sums)
}

async fn save_table(
    conn: &mut AnyConnection,
    table: &'static str,
    to: &mut impl Write,
    sums: &mut Sums,
) -> Result<(), Trouble> {
    let mut rows = dump::rows(conn, table);
    let mut columns = Vec::new();
    while let Some(row) = rows.try_next().await? {
        if columns.is_empty() {
            columns = dump::columns(&row);
            let (name, columns) = (table.to_owned(), columns.clone());
            record::write(to, &Record::Table { name, columns })?;
        }
        let cells = dump::cells(&row)?;
        sums.add(table, &columns, &cells)?;
        record::write(to, &Record::Row(cells))?;
    }
    Ok(())
}
