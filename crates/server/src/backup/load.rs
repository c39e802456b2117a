//! From the file into a database without a schema.

use std::{
    io::{self, BufRead, BufReader},
    path::Path,
};

use secrecy::SecretString;
use sqlx::AnyConnection;

use super::{
    Backup, BackupError, Trouble,
    envelope::Opener,
    reader,
    record::{self, Head, Record, Sums},
};
use crate::db::{
    Db,
    dump::{self, TABLES},
};

/// Fills a database: the schema that the backup has, its rows in one transaction, then what came
/// after in the schema. Answers what was in it, and the master key.
pub(super) async fn load(
    db: &Db,
    path: &Path,
    passphrase: &SecretString,
) -> Result<(Backup, Option<SecretString>), BackupError> {
    let unreadable = |cause| BackupError::Unreadable { path: path.to_owned(), cause };
    let file = reader(path).map_err(unreadable)?;
    let size = file.get_ref().metadata().map_err(unreadable)?.len();
    let mut lines = Lines::open(file, passphrase).map_err(unreadable)?;
    let head = lines.head().map_err(unreadable)?;
    if head.schema > dump::newest_schema() {
        return Err(BackupError::Newer { path: path.to_owned(), portolan: head.portolan });
    }
    db.migrate_to(head.schema).await?;
    let mut tx = db.begin().await?;
    let filled = fill(&mut tx, &mut lines).await;
    let sums = filled.map_err(|trouble| trouble.or_of_file(unreadable))?;
    tx.commit_quietly().await?;
    db.migrate().await?;
    let backup = Backup {
        portolan: head.portolan,
        made_at: head.made_at,
        master_key: head.master_key.is_some(),
        rows: sums.0.into_iter().map(|(table, sum)| (table, sum.rows)).collect(),
        size,
    };
    Ok((backup, head.master_key.map(Into::into)))
}

/// Reads to the end, which has to be there and to agree.
async fn fill(conn: &mut AnyConnection, lines: &mut Lines<impl BufRead>) -> Result<Sums, Trouble> {
    let mut sums = Sums::default();
    let mut into: Option<(&'static str, Vec<String>)> = None;
    loop {
        match lines.next()? {
            Record::Table { name, columns } => {
                let table = TABLES.into_iter().find(|table| *table == name);
                let table = table.ok_or_else(|| odd("it has a table that nobody knows"))?;
                dump::clear(conn, table).await?;
                into = Some((table, columns));
            }
            Record::Row(cells) => {
                let (table, columns) = into.as_ref().ok_or_else(|| odd("a row has no table"))?;
                dump::insert(conn, table, columns, &cells).await?;
                sums.add(table, columns, &cells)?;
            }
            Record::End(told) if told == sums => {
                lines.end()?;
                return Ok(sums);
            }
            Record::End(_) => return Err(odd("it does not add up").into()),
            Record::Head(_) => return Err(odd("it begins twice").into()),
        }
    }
}

fn odd(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// The records of a file.
struct Lines<R> {
    from: R,
    line: String,
}

impl<R: io::Read> Lines<BufReader<Opener<R>>> {
    fn open(from: R, passphrase: &SecretString) -> io::Result<Self> {
        let opener = Opener::new(from, passphrase)?;
        Ok(Self { from: BufReader::new(opener), line: String::new() })
    }
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> io::Result<Record> {
        let record = record::read(&mut self.from, &mut self.line)?;
        record.ok_or_else(|| odd("its end is missing"))
    }

    /// The last chunk tells that nothing was cut off.
    fn end(&mut self) -> io::Result<()> {
        match record::read(&mut self.from, &mut self.line)? {
            None => Ok(()),
            Some(_) => Err(odd("something follows its end")),
        }
    }

    fn head(&mut self) -> io::Result<Head> {
        match self.next()? {
            Record::Head(head) => Ok(head),
            Record::Table { .. } | Record::Row(_) | Record::End(_) => Err(odd("it has no head")),
        }
    }
}

#[cfg(test)]
mod tests {
    use portolan_types::Timestamp;
    use serde_json::{Value, json};

    use super::{
        super::{Cost, envelope::Sealer},
        *,
    };

    const CHEAP: Cost = Cost { memory_kib: 8, passes: 1 };

    /// A backup as an older Portolan made it: a team with a server and a destination.
    fn made_by(schema: i64, path: &Path, passphrase: &SecretString) {
        let rows = [
            ("teams", json!({"id": "t", "name": "T", "created_at": 1})),
            (
                "servers",
                json!({
                    "id": "s", "team_id": "t", "name": "alpha", "description": "",
                    "connection": "local", "socket": "/var/run/docker.sock", "revision": 1,
                    "build_server": 0, "state": "ready", "reachability": "unknown",
                    "created_at": 1, "updated_at": 1,
                }),
            ),
            ("destinations", destination(schema)),
        ];
        let file = std::fs::File::create(path).expect("a file");
        let mut sealer = Sealer::new(file, passphrase, CHEAP).expect("a sealer");
        let mut write = |record| record::write(&mut sealer, &record).expect("room");
        let (portolan, made_at) = ("0.0.1".to_owned(), Timestamp::now());
        write(Record::Head(Head { portolan, schema, made_at, master_key: None }));
        let mut sums = Sums::default();
        for (name, row) in rows {
            let row = row.as_object().expect("an object");
            let columns: Vec<String> = row.keys().cloned().collect();
            let cells = row.values().map(|value| serde_json::from_value(value.clone()));
            let cells: Vec<_> = cells.collect::<Result<_, _>>().expect("cells");
            sums.add(name, &columns, &cells).expect("a sum");
            write(Record::Table { name: name.to_owned(), columns });
            write(Record::Row(cells));
        }
        write(Record::End(sums));
        sealer.finish().expect("room");
    }

    fn destination(schema: i64) -> Value {
        let mut row = json!({
            "id": "d", "team_id": "t", "server_id": "s", "network": "shop", "name": "shop",
            "kind": "standalone", "origin": "created", "state": "ready", "options": "{}",
            "created_at": 1, "updated_at": 1,
        });
        if schema >= 4 {
            row["revision"] = json!(1);
        }
        row
    }

    #[tokio::test]
    async fn each_schema_that_there_was_is_brought_up_to_date() {
        let passphrase: SecretString = "correct horse".into();
        for schema in 1..=dump::newest_schema() {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("old.backup");
            made_by(schema, &path, &passphrase);
            let file = folder.path().join("portolan.db");
            let url = format!("sqlite://{}?mode=rwc", file.display()).into();
            let db = Db::connect(&url).await.expect("a database");
            let (backup, key) = load(&db, &path, &passphrase).await.expect("it is loaded");
            assert_eq!((backup.rows["destinations"], key.is_none()), (1, true));
            assert_eq!(db.missing_migrations().await.expect("a schema"), 0, "from {schema}");
            let now = super::super::save::sums(&db).await.expect("it can be read").0;
            assert_eq!((now["servers"].rows, now["destinations"].rows), (1, 1), "from {schema}");
            db.close().await;
        }
    }

    #[tokio::test]
    async fn the_schema_of_a_newer_portolan_is_refused() {
        let (folder, passphrase) = (tempfile::tempdir().expect("a folder"), "words".into());
        let path = folder.path().join("new.backup");
        made_by(dump::newest_schema() + 1, &path, &passphrase);
        let db = Db::connect(&"sqlite::memory:".to_owned().into()).await.expect("a database");
        let refused = load(&db, &path, &passphrase).await;
        assert!(matches!(refused, Err(BackupError::Newer { .. })), "{refused:?}");
    }
}
