//! `portolan secrets`.

use std::time::Duration;

use portolan_types::Secrets;
use secrecy::SecretString;

use crate::{
    client::Client,
    control_plane::{Config, Rotated, RotationError, offline_hint, rotate_master_key},
    failure::Failure,
    printer::{Format, Line, Printer, Span, Style, Table},
    words::since,
};

const ASK_EVERY: Duration = Duration::from_millis(500);

pub(crate) async fn show(client: &Client, printer: &Printer) -> anyhow::Result<()> {
    let secrets: Secrets = client.get("/v1/secrets", &[]).await?;
    print(printer, &secrets)
}

/// Whether to stay until everything is sealed anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stay {
    UntilDone,
    NotAtAll,
}

pub(crate) async fn rotate(client: &Client, printer: &Printer, stay: Stay) -> anyhow::Result<()> {
    let mut secrets: Secrets = client.act("/v1/secrets/rotate").await?;
    while stay == Stay::UntilDone && secrets.left() > 0 {
        printer.progress(&format!("{} secrets left to seal anew", secrets.left()));
        tokio::time::sleep(ASK_EVERY).await;
        secrets = client.get("/v1/secrets", &[]).await?;
    }
    printer.progress_over();
    print(printer, &secrets)?;
    let words = match secrets.left() {
        0 => "everything is sealed by the new data key".to_owned(),
        left => format!("{left} secrets are being sealed anew: see `portolan secrets show`"),
    };
    printer.say(&Line::plain(words));
    Ok(())
}

fn print(printer: &Printer, secrets: &Secrets) -> anyhow::Result<()> {
    if printer.format() == Format::Json {
        printer.json(secrets)?;
        return Ok(());
    }
    printer.table(&table(secrets))?;
    if secrets.by_master_key > 0 {
        let count = secrets.by_master_key;
        printer.say(&Line::plain(format!("{count} more are sealed by the master key itself")));
    }
    Ok(())
}

fn table(secrets: &Secrets) -> Table {
    let header = &["DATA KEY", "STATE", "MADE", "SEALS"];
    Table::new(header).with(secrets.keys.iter().map(|key| {
        let state = match key.retired_at {
            None => Span::new(Style::Good, "in use"),
            Some(_) => Span::dim("retired"),
        };
        vec![
            Span::plain(&key.id),
            state,
            Span::plain(since(key.created_at)),
            Span::plain(key.values.to_string()),
        ]
    }))
}

pub(crate) async fn rotate_master(
    printer: &Printer,
    config: &Config,
    next: Option<SecretString>,
) -> anyhow::Result<()> {
    let rotated = rotate_master_key(config, next).await.map_err(|error| explained(&error))?;
    let words = match rotated {
        Rotated::InPlace => {
            format!("{} holds a new master key", config.master_key_file().display())
        }
        Rotated::AtNextStart => {
            "start `portolan serve` with the new one in PORTOLAN_MASTER_KEY: the old one opens \
             everything until then"
                .to_owned()
        }
    };
    printer.say(&Line::plain(words));
    printer.say(&Line::plain("take a backup: earlier ones hold the master key of their time"));
    Ok(())
}

fn explained(error: &RotationError) -> anyhow::Error {
    let hint = match error {
        RotationError::Run(_) => "stop `portolan serve` first",
        RotationError::Database(_) => "`portolan doctor` says what is wrong with a database",
        RotationError::Vault(_) => "see --master-key-file: it has to be the key in use",
        RotationError::Offline(error) => offline_hint(error),
        RotationError::Unreadable(_) => "remove what cannot be opened, or restore a backup",
        RotationError::NoNewKey => "set PORTOLAN_NEW_MASTER_KEY to `openssl rand -hex 32`",
        RotationError::Same => "set PORTOLAN_NEW_MASTER_KEY to another one",
        RotationError::Place { .. } => "run it again when the file can be replaced: it goes on",
    };
    Failure::advised(error.to_string(), hint).into()
}
