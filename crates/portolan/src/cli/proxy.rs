//! `portolan proxy` as it is typed.

use std::{num::NonZeroU16, path::PathBuf};

use clap::{Args, Subcommand};
use portolan_types::{AcmeDirectory, CertificateSource, Email, Image, ProxyKind};

use super::shared::{DryRunArgs, ListArgs, MannerArgs, WaitArgs};
use crate::find::Reference;

/// What can be done with proxies.
#[derive(Debug, Subcommand)]
pub(crate) enum ProxyCommand {
    /// List the proxies of all servers.
    List(ListArgs),
    /// Show the proxy of a server, and on which destinations' networks it is.
    Show {
        /// The server: id or name.
        server: Reference,
    },
    /// Give a server a proxy, or another in place of the one it has.
    #[command(after_help = "Examples:
  portolan proxy set web-1 --kind caddy --email ops@example.com
  portolan proxy set lab-1 --kind traefik --certificates internal
  portolan proxy set web-1 --kind caddy --http-port 8080 --https-port 8443
  portolan proxy set web-1 --kind caddy --extra more.json
  portolan proxy set db-1 --kind caddy --acme-root root.pem \\
    --acme-directory https://ca.example.com/acme/acme/directory

Routes stay. What is not named is the default: this says what the proxy is to be from now on, whole.
The new one is made, and has read its configuration, before the old one lets go of the ports.")]
    Set(Box<SetProxyArgs>),
    /// Start a proxy that was stopped, or that failed.
    Start(ProxyArgs),
    /// Stop a proxy until it is started again.
    Stop(InterruptProxyArgs),
    /// Restart a proxy.
    Restart(InterruptProxyArgs),
    /// Fetch the newest image and run it; the old one comes back when it does not serve.
    Upgrade(InterruptProxyArgs),
    /// Remove the proxy of a server; its certificates stay on the host.
    Remove {
        /// The server: id or name.
        server: Reference,
        /// Also while it has routes: they lead nowhere then.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        manner: MannerArgs,
    },
    /// Show what the proxy said last.
    Logs {
        /// The server: id or name.
        server: Reference,
        /// The last lines.
        #[arg(long, value_name = "N", default_value_t = 100,
              value_parser = clap::value_parser!(u32).range(1..=5_000))]
        lines: u32,
        #[command(flatten)]
        wait: WaitArgs,
    },
    /// Show the configuration that is generated from the routes, without secrets.
    Config {
        /// The server: id or name.
        server: Reference,
    },
}

/// A proxy that something is done with.
#[derive(Debug, Args)]
pub(crate) struct ProxyArgs {
    /// The server: id or name.
    pub(crate) server: Reference,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// A proxy that is interrupted by what is done with it.
#[derive(Debug, Args)]
pub(crate) struct InterruptProxyArgs {
    /// The server: id or name.
    pub(crate) server: Reference,
    #[command(flatten)]
    pub(crate) run: DryRunArgs,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// The proxy that a server is to have.
#[derive(Debug, Args)]
pub(crate) struct SetProxyArgs {
    /// The server: id or name.
    pub(crate) server: Reference,
    /// caddy or traefik.
    #[arg(long)]
    pub(crate) kind: ProxyKind,
    /// Image to run instead of the published one.
    #[arg(long)]
    pub(crate) image: Option<Image>,
    /// Port of the host for HTTP.
    #[arg(long, value_name = "PORT", default_value = "80")]
    pub(crate) http_port: NonZeroU16,
    /// Port of the host for HTTPS.
    #[arg(long, value_name = "PORT", default_value = "443")]
    pub(crate) https_port: NonZeroU16,
    /// Where certificates come from that the team has none of.
    #[arg(long, value_enum, default_value_t = Certificates::Acme)]
    certificates: Certificates,
    /// Whom the authority tells when a certificate is about to end.
    #[arg(long, value_name = "ADDRESS")]
    email: Option<Email>,
    /// Ask Let's Encrypt for certificates that browsers do not trust: for trying out.
    #[arg(long, conflicts_with = "acme_directory")]
    staging: bool,
    /// Another authority than Let's Encrypt: the https URL of its directory.
    #[arg(long, value_name = "URL")]
    acme_directory: Option<AcmeDirectory>,
    /// A file with what that authority's own server is trusted by, when it is not public: PEM.
    #[arg(long, value_name = "FILE", requires = "acme_directory")]
    pub(crate) acme_root: Option<PathBuf>,
    /// A file with more configuration: JSON for Caddy, YAML for Traefik.
    #[arg(long, value_name = "FILE")]
    pub(crate) extra: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) run: DryRunArgs,
    #[command(flatten)]
    pub(crate) wait: WaitArgs,
}

/// Sources of certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Certificates {
    /// Let's Encrypt, or the authority of `--acme-directory`.
    Acme,
    /// An authority of the proxy's own: for labs and closed networks.
    Internal,
}

impl SetProxyArgs {
    /// With what belongs to it. `root` is what the file of `--acme-root` holds.
    pub(crate) fn certificates(
        &self,
        root: Option<String>,
    ) -> Result<CertificateSource, &'static str> {
        let (email, directory) = (self.email.clone(), self.acme_directory.clone());
        match self.certificates {
            Certificates::Acme => {
                Ok(CertificateSource::Acme { email, staging: self.staging, directory, root })
            }
            Certificates::Internal if email.is_some() || self.staging || directory.is_some() => {
                Err("`--email`, `--staging` and `--acme-directory` are for certificates by ACME")
            }
            Certificates::Internal => Ok(CertificateSource::Internal),
        }
    }
}
