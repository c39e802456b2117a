//! `portolan backup` and `portolan restore`: done beside the control plane, on its files and its
//! database, not through its API.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use portolan_types::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::{
    ask::{has_person, hidden, read_secret},
    control_plane::{self, Backup, BackupError, Config, Cost, MasterKey, offline_hint},
    failure::Failure,
    printer::{Details, Line, Printer},
    words::{bytes, since},
};

/// Fewer can be guessed by whoever gets hold of the file.
const SHORTEST_PASSPHRASE: usize = 12;

/// The JSON form.
#[derive(Serialize)]
struct Report<'a> {
    file: &'a Path,
    bytes: u64,
    made_at: Timestamp,
    portolan: &'a str,
    master_key: bool,
    rows: &'a BTreeMap<String, u64>,
}

pub(crate) async fn backup(
    printer: &Printer,
    config: &Config,
    to: &Path,
    passphrase_file: Option<PathBuf>,
    master_key: MasterKey,
) -> anyhow::Result<()> {
    let passphrase = passphrase(printer, passphrase_file.as_deref(), Use::New)?;
    printer.say(&Line::plain("reading, sealing, and restoring for a proof"));
    let made = control_plane::take_backup(config, to, &passphrase, Cost::default(), master_key);
    let made = made.await.map_err(|error| explained(&error))?;
    show(printer, to, &made)?;
    printer.say(&Line::plain("proved: it was restored and compared row by row"));
    Ok(())
}

pub(crate) async fn restore(
    printer: &Printer,
    config: &Config,
    from: &Path,
    passphrase_file: Option<PathBuf>,
) -> anyhow::Result<()> {
    let passphrase = passphrase(printer, passphrase_file.as_deref(), Use::Known)?;
    let restored = control_plane::restore_backup(config, from, &passphrase)
        .await
        .map_err(|error| explained(&error))?;
    show(printer, from, &restored)?;
    let next = if restored.master_key {
        "start `portolan serve` with the same settings".to_owned()
    } else {
        let file = config.master_key_file();
        format!("put the master key into {}, then start `portolan serve`", file.display())
    };
    printer.say(&Line::plain(format!("restored: {next}")));
    Ok(())
}

fn show(printer: &Printer, file: &Path, backup: &Backup) -> std::io::Result<()> {
    let report = Report {
        file,
        bytes: backup.size,
        made_at: backup.made_at,
        portolan: &backup.portolan,
        master_key: backup.master_key,
        rows: &backup.rows,
    };
    printer.one(&report, details)
}

fn details(report: &Report<'_>) -> Details {
    let total: u64 = report.rows.values().sum();
    let count = |table: &str| report.rows.get(table).copied().unwrap_or_default().to_string();
    Details::default()
        .row("file", report.file.display().to_string())
        .row("size", bytes(report.bytes))
        .row("made", since(report.made_at))
        .row("by", format!("Portolan {}", report.portolan))
        .row("master key", if report.master_key { "in it" } else { "kept elsewhere" })
        .row("servers", count("servers"))
        .row("destinations", count("destinations"))
        .row("rows", total.to_string())
}

/// What a passphrase is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    New,
    Known,
}

fn passphrase(printer: &Printer, file: Option<&Path>, to_be: Use) -> anyhow::Result<SecretString> {
    let passphrase = match file {
        Some(file) => read_secret(file)?,
        None if has_person() => asked(printer, to_be)?,
        None => {
            let message = "there is no passphrase, and no terminal to ask for one";
            return Err(Failure::usage(message, "give it with --passphrase-file").into());
        }
    };
    let length = passphrase.expose_secret().chars().count();
    if to_be == Use::New && length < SHORTEST_PASSPHRASE {
        let message = format!("the passphrase has {length} characters: it can be guessed");
        let hint = format!("take at least {SHORTEST_PASSPHRASE}, four random words for example");
        return Err(Failure::usage(message, hint).into());
    }
    Ok(passphrase)
}

/// A new one is asked for twice: a slip would make the backup useless.
fn asked(printer: &Printer, to_be: Use) -> anyhow::Result<SecretString> {
    let passphrase = hidden(printer, "passphrase of the backup:")?;
    if to_be == Use::New {
        let again = hidden(printer, "once more:")?;
        if again.expose_secret() != passphrase.expose_secret() {
            return Err(Failure::usage("the two passphrases differ", "start again").into());
        }
    }
    Ok(passphrase)
}

fn explained(error: &BackupError) -> anyhow::Error {
    let hint = match error {
        BackupError::File { .. } => {
            "see that it can be written, has room, and has no such file yet"
        }
        BackupError::Unreadable { .. } => "see the passphrase, and that the file came over whole",
        BackupError::Newer { .. } => "restore it with that version or a newer one",
        BackupError::Database(_) => "`portolan doctor` says what is wrong with a database",
        BackupError::Offline(error) => offline_hint(error),
        BackupError::NotNew(_) => {
            "name another --data-dir, or an empty --database-url: nothing that is there is replaced"
        }
        BackupError::Differs(_) => "nothing was kept; please report it, it is a fault of Portolan",
        BackupError::Vault(_) => "or back up with --without-master-key, and keep the key yourself",
        BackupError::Run(_) => "stop what runs there first",
    };
    Failure::advised(error.to_string(), hint).into()
}
