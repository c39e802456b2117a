//! The client's file: which control plane, and the token for it.
//!
//! Owns its place, its form and its mode. The token is sent only to the address it was stored
//! with.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::BaseUrl;

/// What `portolan login` stores.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    pub(crate) url: BaseUrl,
    pub(crate) token: SecretString,
    /// What the control plane knows this device by.
    pub(crate) device: Option<SecretString>,
}

/// The form on disk.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    url: String,
    token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device: Option<String>,
}

/// The file that holds [`Credentials`]; it need not exist.
#[derive(Debug, Clone)]
pub(crate) struct ClientFile(PathBuf);

impl ClientFile {
    pub(crate) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// `$XDG_CONFIG_HOME/portolan/client.toml`, or the same under `~/.config`.
    pub(crate) fn default_place() -> anyhow::Result<Self> {
        let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
        let config = absolute("XDG_CONFIG_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".config")))
            .context("neither HOME nor XDG_CONFIG_HOME is set: name a file with --client-file")?;
        Ok(Self(config.join("portolan/client.toml")))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn read(&self) -> anyhow::Result<Option<Credentials>> {
        let text = match fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("could not read {}", self.0.display()));
            }
        };
        // Only the parser's words: its full text would quote the line with the token.
        let stored: Stored = toml::from_str(&text).map_err(|error| {
            anyhow::anyhow!("could not read {}: {}", self.0.display(), error.message())
        })?;
        let url = stored.url.parse().with_context(|| format!("url in {}", self.0.display()))?;
        let device = stored.device.map(SecretString::from);
        Ok(Some(Credentials { url, token: stored.token.into(), device }))
    }

    /// The permission bits when others can read the file.
    pub(crate) fn too_open(&self) -> Option<u32> {
        let mode = fs::metadata(&self.0).ok()?.permissions().mode() & 0o777;
        (mode & 0o077 != 0).then_some(mode)
    }

    /// Replaces the file in one step, so that no half of it is ever read.
    pub(crate) fn write(&self, credentials: &Credentials) -> anyhow::Result<()> {
        let stored = Stored {
            url: credentials.url.to_string(),
            token: credentials.token.expose_secret().to_owned(),
            device: credentials.device.as_ref().map(|device| device.expose_secret().to_owned()),
        };
        let text = toml::to_string(&stored).context("could not encode the client's file")?;
        self.replace(&text).with_context(|| format!("could not write {}", self.0.display()))
    }

    /// Makes the folder and sees that a file can be written in it.
    pub(crate) fn prepare(&self) -> anyhow::Result<()> {
        let try_it = || {
            let new = self.beside()?;
            write_private(&new, "").and_then(|()| fs::remove_file(&new))
        };
        try_it().with_context(|| format!("could not write {}", self.0.display()))
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        let new = self.beside()?;
        let written = write_private(&new, text).and_then(|()| fs::rename(&new, &self.0));
        if written.is_err() {
            let _already_gone = fs::remove_file(&new);
        }
        written
    }

    /// The place of a new file that will take this one's, in a folder that exists.
    fn beside(&self) -> io::Result<PathBuf> {
        if let Some(folder) = self.0.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let mut new = self.0.clone().into_os_string();
        new.push(format!(".{}", std::process::id()));
        Ok(new.into())
    }

    /// Removes the file; whether there was one.
    pub(crate) fn remove(&self) -> anyhow::Result<bool> {
        match fs::remove_file(&self.0) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => {
                Err(error).with_context(|| format!("could not remove {}", self.0.display()))
            }
        }
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
