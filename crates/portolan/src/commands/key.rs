//! `portolan key`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use portolan_types::{CreateKey, Key, Name, Timestamp, UpdateKey};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    ask::{Consent, confirm, has_person, hidden, read_secret, read_text},
    client::Client,
    environment::environment,
    failure::Failure,
    find::{Reference, find},
    list::{Listing, collect},
    printer::{Details, Format, Line, Printer, Span, Table},
    words::since,
};

/// How much of a key is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shown {
    Details,
    /// The line for `authorized_keys`, alone.
    PublicLine,
}

/// A key to store, or to make where there is no file.
#[derive(Debug)]
pub(crate) struct NewKey {
    pub(crate) name: Option<Name>,
    pub(crate) file: Option<PathBuf>,
    pub(crate) passphrase_file: Option<PathBuf>,
}

pub(crate) async fn list(
    client: &Client,
    printer: &Printer,
    listing: Listing,
) -> anyhow::Result<()> {
    let page = collect(client, "/v1/keys", &[], listing).await?;
    printer.page(&page, table, "no keys yet: make one with `portolan key create --name NAME`")?;
    Ok(())
}

fn table(keys: &[Key]) -> Table {
    let header = &["NAME", "ALGORITHM", "FINGERPRINT", "SERVERS", "CREATED", "ID"];
    Table::new(header).yielding(&["CREATED", "ALGORITHM", "FINGERPRINT"]).with(keys.iter().map(
        |key| {
            vec![
                Span::plain(key.name.as_str()),
                Span::plain(key.algorithm.as_str()),
                Span::plain(&key.fingerprint),
                Span::plain(key.servers.to_string()),
                Span::plain(since(key.created_at)),
                Span::plain(key.id.as_str()),
            ]
        },
    ))
}

pub(crate) async fn show(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    shown: Shown,
) -> anyhow::Result<()> {
    let key: Key = find(client, wanted).await?;
    match shown {
        Shown::Details => printer.one(&key, details)?,
        Shown::PublicLine => printer.line(key.public_key.trim_end())?,
    }
    Ok(())
}

fn details(key: &Key) -> Details {
    Details::default()
        .row("name", key.name.as_str())
        .row("id", key.id.as_str())
        .row("algorithm", key.algorithm.as_str())
        .row("fingerprint", &key.fingerprint)
        .row("servers", key.servers.to_string())
        .row("created", since(key.created_at))
        .row("public key", key.public_key.trim_end())
}

pub(crate) async fn create(client: &Client, printer: &Printer, new: NewKey) -> anyhow::Result<()> {
    let private_key = new.file.as_deref().map(read_text).transpose()?;
    let passphrase = passphrase(printer, private_key.as_deref(), new.passphrase_file.as_deref())?;
    let name = match new.name {
        Some(name) => name,
        None => proposed_name(new.file.as_deref())?,
    };
    let is_generated = private_key.is_none();
    let passphrase = passphrase.map(|secret| secret.expose_secret().to_owned());
    let request = CreateKey { name, private_key, passphrase };
    let key: Key = client.create("/v1/keys", &request).await?;
    printer.one(&key, details)?;
    if is_generated && printer.format() == Format::Text {
        printer.say(&Line::plain(
            "add the public key to ~/.ssh/authorized_keys of the account on each server",
        ));
    }
    Ok(())
}

/// The file's name, as `ssh-add` shows keys; else something that sorts by day.
fn proposed_name(file: Option<&Path>) -> anyhow::Result<Name> {
    let stem = file
        .filter(|path| *path != Path::new("-"))
        .and_then(Path::file_stem)
        .map(|stem| stem.to_string_lossy().into_owned());
    let day: String = Timestamp::now().to_string().chars().take(10).collect();
    Name::proposed(&stem.unwrap_or_else(|| format!("key-{day}")))
        .context("could not make a name of the file's: say --name")
}

fn passphrase(
    printer: &Printer,
    private_key: Option<&str>,
    file: Option<&Path>,
) -> anyhow::Result<Option<SecretString>> {
    if let Some(file) = file {
        return read_secret(file).map(Some);
    }
    if !private_key.is_some_and(is_encrypted) {
        return Ok(None);
    }
    if let Some(passphrase) = environment("PORTOLAN_PASSPHRASE") {
        return Ok(Some(passphrase.into()));
    }
    if has_person() {
        return hidden(printer, "Passphrase of the private key:").map(Some);
    }
    let message = "the private key has a passphrase, and there is no terminal to ask for it";
    Err(Failure::usage(message, "give --passphrase-file or PORTOLAN_PASSPHRASE").into())
}

/// Whether a private key is encrypted, as far as its outside tells; the server knows for sure.
fn is_encrypted(text: &str) -> bool {
    // Base64 of `openssh-key-v1`, a zero, and the cipher `none` with its length before it.
    const OPENSSH_PLAIN: &str = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmU";
    let mut lines = text.lines().map(str::trim);
    match lines.find(|line| line.starts_with("-----BEGIN ")) {
        Some(begin) if begin.contains("OPENSSH") => {
            lines.next().is_some_and(|first| !first.starts_with(OPENSSH_PLAIN))
        }
        Some(begin) => begin.contains("ENCRYPTED") || text.contains("4,ENCRYPTED"),
        None => false,
    }
}

pub(crate) async fn rename(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    name: Name,
) -> anyhow::Result<()> {
    let key: Key = find(client, wanted).await?;
    let path = format!("/v1/keys/{}", key.id);
    let key: Key = client.change(&path, &UpdateKey { name }).await?;
    printer.one(&key, details)?;
    Ok(())
}

pub(crate) async fn remove(
    client: &Client,
    printer: &Printer,
    wanted: &Reference,
    consent: Consent,
) -> anyhow::Result<()> {
    let key: Key = find(client, wanted).await?;
    let question = format!("remove key `{}` ({})?", key.name, key.fingerprint);
    confirm(printer, consent, &question)?;
    let () = client.remove(&format!("/v1/keys/{}", key.id), &[]).await?;
    printer.say(&Line::plain(format!("removed key `{}`", key.name)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encrypted_keys_are_told_from_their_outside() {
        let openssh = |body: &str| format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n");
        assert!(!is_encrypted(&openssh("b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB")));
        assert!(is_encrypted(&openssh("b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0")));
        assert!(is_encrypted("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        assert!(is_encrypted("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"));
        assert!(!is_encrypted("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n") && !is_encrypted(""));
    }
}
