//! What an engine builds an image from.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

use super::RegistryLogin;

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
    pub labels: BTreeMap<String, String>,
    /// The archive of the folder that it is built from.
    pub context: PathBuf,
    /// Whether nothing of earlier builds is taken, nor images that the host has.
    pub fresh: bool,
    /// For the registries of the images that it is built on.
    pub logins: Vec<RegistryLogin>,
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
