//! The control plane as this program sees it.
//!
//! A stand-in while `portolan-server` is being written. To use the real one, replace all below by
//! `pub(crate) use portolan_server::{Config, Finding, Level, doctor, run};`

use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf};

use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What the control plane needs to know, checked.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) data_dir: PathBuf,
    pub(crate) database_url: Option<SecretString>,
    pub(crate) master_key_file: Option<PathBuf>,
    pub(crate) setup_token_file: Option<PathBuf>,
    pub(crate) requests_per_minute: NonZeroU32,
}

/// Why the control plane could not run.
#[derive(Debug, thiserror::Error)]
#[error("the control plane failed")]
pub(crate) struct Error;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Ok,
    Warn,
    Fail,
}

/// What one check of an installation found.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) name: String,
    pub(crate) level: Level,
    pub(crate) detail: String,
    pub(crate) remedy: Option<String>,
}

pub(crate) async fn run(
    config: Config,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let Config { listen, data_dir, master_key_file, setup_token_file, .. } = &config;
    let Config { database_url, requests_per_minute, .. } = &config;
    tracing::info!(%listen, ?data_dir, ?master_key_file, "the stand-in serves nothing");
    tracing::debug!(?database_url, ?setup_token_file, %requests_per_minute, "its other settings");
    let _bound = listener;
    shutdown.cancelled().await;
    Ok(())
}

pub(crate) async fn doctor(_config: &Config) -> Vec<Finding> {
    let levels = [Level::Ok, Level::Warn, Level::Fail];
    tracing::debug!(?levels, "the stand-in checks nothing");
    std::future::ready(Vec::new()).await
}
