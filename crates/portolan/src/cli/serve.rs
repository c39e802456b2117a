//! `portolan serve` and `portolan doctor` as they are typed.

#![expect(clippy::doc_markdown, reason = "doc comments are the help text, not Markdown")]

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf};

use clap::Args;
use portolan_types::Pause;

use crate::{
    control_plane::PublicUrl,
    settings::{
        DatabaseUrl, Every, Flags, LogFilter, LogFormat, Networks, NotificationFlags,
        ReachableFlags, SignInFlags, SmtpUrl, Sockets,
    },
};

pub(super) const SERVE_EXAMPLES: &str = "A flag wins over its variable, that over the settings \
file (--config, PORTOLAN_CONFIG), that over the default.
The settings file is TOML; its keys are the long flags: `data-dir = \"/srv/portolan\"`.

Examples:
  portolan serve
  portolan serve --listen 0.0.0.0:7070 --data-dir /srv/portolan
  PORTOLAN_DATABASE_URL=postgres://portolan@db/portolan portolan serve --log-format json";

pub(super) const DOCTOR_EXAMPLES: &str = "Takes the flags, variables and settings file of \
`portolan serve`. Exit code 1 when a check failed.

Examples:
  portolan doctor
  portolan doctor --config /etc/portolan.toml
  portolan doctor --json";

/// How the control plane is set up.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// Settings in a TOML file [env: PORTOLAN_CONFIG].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen [env: PORTOLAN_LISTEN] [default: 127.0.0.1:7070].
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Where data is kept [env: PORTOLAN_DATA_DIR] [default: /var/lib/portolan for root, else
    /// ~/.local/share/portolan].
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// SQLite or PostgreSQL [env: PORTOLAN_DATABASE_URL] [default: SQLite in the data folder].
    ///
    /// Other programs of this machine can read flags: give a password by the variable.
    #[arg(long, value_name = "URL")]
    database_url: Option<DatabaseUrl>,
    /// The key that encrypts secrets [env: PORTOLAN_MASTER_KEY_FILE] [default: in the data folder].
    #[arg(long, value_name = "FILE")]
    master_key_file: Option<PathBuf>,
    /// Also write the one-time setup token to this file [env: PORTOLAN_SETUP_TOKEN_FILE].
    #[arg(long, value_name = "FILE")]
    setup_token_file: Option<PathBuf>,
    /// Believe these reverse proxies when they name the caller in X-Forwarded-For
    /// [env: PORTOLAN_TRUSTED_PROXY].
    #[arg(long, value_name = "CIDR[,CIDR]")]
    trusted_proxy: Option<Networks>,
    /// Requests that one caller may make in a minute [env: PORTOLAN_RATE_LIMIT] [default: 600].
    #[arg(long, value_name = "N")]
    rate_limit: Option<NonZeroU32>,
    /// How often each destination is verified by itself, like `90m`, `24h` or `7d`; or `off`
    /// [env: PORTOLAN_VERIFY_EVERY] [default: 24h].
    #[arg(long, value_name = "PAUSE")]
    verify_every: Option<Every>,
    /// Days for which events are kept [env: PORTOLAN_KEEP_EVENTS] [default: 90].
    #[arg(long, value_name = "DAYS")]
    keep_events: Option<NonZeroU32>,
    /// End sessions that were not used for so long, like `12h` or `7d` [env: PORTOLAN_SESSION_IDLE]
    /// [default: 7d].
    #[arg(long, value_name = "TIME")]
    session_idle: Option<Pause>,
    /// End sessions after so long, however much they are used [env: PORTOLAN_SESSION_LIFETIME]
    /// [default: 30d].
    #[arg(long, value_name = "TIME")]
    session_lifetime: Option<Pause>,
    /// Send mail through this server, like `smtps://USER@mail.example.com` or
    /// `smtp://mail.example.com:587`, which has to offer STARTTLS unless `?tls=none` is behind it
    /// [env: PORTOLAN_SMTP_URL].
    ///
    /// Other programs of this machine can read flags: give a password by --smtp-password-file.
    #[arg(long, value_name = "URL")]
    smtp_url: Option<SmtpUrl>,
    /// The mail server's password is in this file [env: PORTOLAN_SMTP_PASSWORD_FILE].
    #[arg(long, value_name = "FILE")]
    smtp_password_file: Option<PathBuf>,
    /// Send mail as this, like `Portolan <portolan@example.com>` [env: PORTOLAN_SMTP_FROM].
    #[arg(long, value_name = "ADDRESS")]
    smtp_from: Option<String>,
    /// Let webhooks go to these networks, besides public addresses
    /// [env: PORTOLAN_ALLOW_WEBHOOKS_TO].
    #[arg(long, value_name = "CIDR[,CIDR]")]
    allow_webhooks_to: Option<Networks>,
    /// How browsers reach this control plane, like `https://portolan.example.com`
    /// [env: PORTOLAN_PUBLIC_URL].
    ///
    /// Passkeys and OpenID Connect need it. Providers stand in the settings file, as `[[oidc]]`.
    #[arg(long, value_name = "URL")]
    public_url: Option<PublicUrl>,
    /// Let issuers of OpenID Connect be in these networks, besides public addresses
    /// [env: PORTOLAN_ALLOW_ISSUERS_TO].
    #[arg(long, value_name = "CIDR[,CIDR]")]
    allow_issuers_to: Option<Networks>,
    /// Let Git repositories be in these networks, besides public addresses
    /// [env: PORTOLAN_ALLOW_REPOSITORIES_AT].
    #[arg(long, value_name = "CIDR[,CIDR]")]
    allow_repositories_at: Option<Networks>,
    /// Let buckets of backups be in these networks, besides public addresses
    /// [env: PORTOLAN_ALLOW_STORAGES_AT].
    #[arg(long, value_name = "CIDR[,CIDR]")]
    allow_storages_at: Option<Networks>,
    /// Let servers be at these networks too: this machine, its links and the services of clouds
    /// are refused otherwise [env: PORTOLAN_ALLOW_SERVERS_AT].
    #[arg(long, value_name = "CIDR[,CIDR]")]
    allow_servers_at: Option<Networks>,
    /// Let servers be engines behind these sockets of this machine, or `none`
    /// [env: PORTOLAN_LOCAL_SOCKETS] [default: /var/run/docker.sock].
    ///
    /// Whoever may add servers is root on this machine through each of them.
    #[arg(long, value_name = "PATH[,PATH]")]
    local_sockets: Option<Sockets>,
    /// What to log, like `info` or `info,portolan_server=debug` [env: PORTOLAN_LOG]
    /// [default: info].
    #[arg(long, value_name = "FILTER")]
    log: Option<LogFilter>,
    /// How to log [env: PORTOLAN_LOG_FORMAT] [default: text].
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

impl ConfigArgs {
    pub(crate) fn into_flags(self) -> Flags {
        Flags {
            config: self.config,
            listen: self.listen,
            data_dir: self.data_dir,
            database_url: self.database_url,
            master_key_file: self.master_key_file,
            setup_token_file: self.setup_token_file,
            trusted_proxy: self.trusted_proxy,
            rate_limit: self.rate_limit,
            verify_every: self.verify_every,
            keep_events: self.keep_events,
            session_idle: self.session_idle,
            session_lifetime: self.session_lifetime,
            reachable: ReachableFlags {
                allow_servers_at: self.allow_servers_at,
                local_sockets: self.local_sockets,
            },
            notifications: NotificationFlags {
                smtp_url: self.smtp_url,
                smtp_password_file: self.smtp_password_file,
                smtp_from: self.smtp_from,
                allow_webhooks_to: self.allow_webhooks_to,
            },
            allow_repositories_at: self.allow_repositories_at,
            allow_storages_at: self.allow_storages_at,
            sign_in: SignInFlags {
                public_url: self.public_url,
                allow_issuers_to: self.allow_issuers_to,
            },
            log: self.log,
            log_format: self.log_format,
        }
    }
}
