//! The settings file of the control plane: TOML, the keys are the long flags.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

/// A file that was read; without one it is empty.
#[derive(Debug, Default)]
pub(super) struct File {
    path: PathBuf,
    values: Values,
}

/// Known keys only: a misspelt one must not be passed over in silence.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Values {
    listen: Option<String>,
    data_dir: Option<String>,
    database_url: Option<String>,
    master_key_file: Option<String>,
    setup_token_file: Option<String>,
    trusted_proxy: Option<String>,
    rate_limit: Option<u32>,
    verify_every: Option<String>,
    keep_events: Option<u32>,
    session_idle: Option<String>,
    session_lifetime: Option<String>,
    smtp_url: Option<String>,
    smtp_password_file: Option<String>,
    smtp_from: Option<String>,
    allow_webhooks_to: Option<String>,
    public_url: Option<String>,
    allow_issuers_to: Option<String>,
    #[serde(default)]
    oidc: Vec<ProviderValues>,
    allow_repositories_at: Option<String>,
    allow_storages_at: Option<String>,
    allow_servers_at: Option<String>,
    local_sockets: Option<String>,
    log: Option<String>,
    log_format: Option<String>,
}

/// A provider of OpenID Connect, as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ProviderValues {
    pub(super) name: String,
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) client_secret_file: Option<PathBuf>,
    #[serde(default)]
    pub(super) scopes: Vec<String>,
    #[serde(default)]
    pub(super) allowed_domains: Vec<String>,
    pub(super) groups_claim: Option<String>,
    #[serde(default)]
    pub(super) trust_email: bool,
    #[serde(default)]
    pub(super) roles: Vec<RoleValues>,
}

/// What a group may do in a team, as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RoleValues {
    pub(super) group: String,
    pub(super) team: String,
    pub(super) role: String,
}

impl File {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("could not read {}", path.display()))?;
        // Only the parser's words: its full text would quote the line, and with it a password.
        let values = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_at(&text, span.start));
            anyhow::anyhow!("{}, line {line}: {}", path.display(), error.message())
        })?;
        Ok(Self { path: path.to_owned(), values })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The providers of OpenID Connect.
    pub(super) fn providers(&self) -> &[ProviderValues] {
        &self.values.oidc
    }

    /// The value of a key as text, to be parsed as a variable's would be.
    pub(super) fn value(&self, key: &str) -> Option<String> {
        let values = &self.values;
        match key {
            "listen" => values.listen.clone(),
            "data-dir" => values.data_dir.clone(),
            "database-url" => values.database_url.clone(),
            "master-key-file" => values.master_key_file.clone(),
            "setup-token-file" => values.setup_token_file.clone(),
            "trusted-proxy" => values.trusted_proxy.clone(),
            "rate-limit" => values.rate_limit.map(|rate| rate.to_string()),
            "verify-every" => values.verify_every.clone(),
            "keep-events" => values.keep_events.map(|days| days.to_string()),
            "session-idle" => values.session_idle.clone(),
            "session-lifetime" => values.session_lifetime.clone(),
            "smtp-url" => values.smtp_url.clone(),
            "smtp-password-file" => values.smtp_password_file.clone(),
            "smtp-from" => values.smtp_from.clone(),
            "allow-webhooks-to" => values.allow_webhooks_to.clone(),
            "public-url" => values.public_url.clone(),
            "allow-issuers-to" => values.allow_issuers_to.clone(),
            "allow-repositories-at" => values.allow_repositories_at.clone(),
            "allow-storages-at" => values.allow_storages_at.clone(),
            "allow-servers-at" => values.allow_servers_at.clone(),
            "local-sockets" => values.local_sockets.clone(),
            "log" => values.log.clone(),
            "log-format" => values.log_format.clone(),
            _ => None,
        }
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
