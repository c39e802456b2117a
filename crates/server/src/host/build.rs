//! What an engine builds an image from.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::{RegistryLogin, hidden::Hidden};

/// Less than so many characters would hide half of what a build says.
const HIDEABLE: usize = 4;

/// An image to be built.
#[derive(Debug, Clone)]
pub struct ImageBuild {
    /// How it is called.
    pub reference: String,
    /// The recipe, by its path in the archive.
    pub dockerfile: String,
    /// The last stage without.
    pub stage: Option<String>,
    /// Anybody who has the image can read them.
    pub arguments: BTreeMap<String, String>,
    /// What single steps may read while they run, by name (`RUN --mount=type=secret`).
    pub secrets: BTreeMap<String, SecretString>,
    pub labels: BTreeMap<String, String>,
    /// The archive of the folder that it is built from.
    pub context: PathBuf,
    /// Whether nothing of earlier builds is taken, nor images that the host has.
    pub fresh: bool,
    /// For the registries of the images that it is built on.
    pub logins: Vec<RegistryLogin>,
}

impl ImageBuild {
    /// What nobody is to read in what is said of it. A secret of several lines is said line by line.
    pub(super) fn hidden(&self) -> Hidden {
        let lines = self.secrets.values().flat_map(|secret| secret.expose_secret().lines());
        let lines = lines.map(str::trim).filter(|line| line.len() >= HIDEABLE);
        let lines = lines.map(|line| Zeroizing::new(line.to_owned()));
        Hidden::new(lines.chain(self.logins.iter().flat_map(RegistryLogin::forms)))
    }
}

/// Takes what a build says, line by line. The lines are hostile.
#[derive(Clone)]
pub struct BuildListener(Arc<dyn Fn(&str) + Send + Sync>);

impl BuildListener {
    pub fn new(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// A line was said.
    pub fn heard(&self, line: &str) {
        (self.0)(line);
    }
}

impl fmt::Debug for BuildListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BuildListener")
    }
}
