//! Starting and stopping: the data directory, the lock, the parts in order, and the way back.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    App, Config,
    api::{self, Limiter},
    audit::{self, AuditError},
    connections,
    db::Db,
    git,
    host::{Dialer, RealDialer},
    notifiers::{Post, PostError},
    openid::Issuers,
    reconcile,
    secrets::{self, OpenError},
    setup,
    storages::Outside,
    tasks::Tasks,
    vault::{MasterKey, Missing, Vault, VaultError},
};

/// How long requests and tasks may take to end after the signal.
const GRACE: Duration = Duration::from_secs(20);

/// Why the control plane could not start, or stopped. Causes are in the message, so none is a
/// `source`: the command line would print them twice.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("could not use the data directory {}: {cause}", .path.display())]
    DataDir { path: PathBuf, cause: io::Error },

    #[error(
        "the data directory {} can be entered by others (mode {mode:04o}): run `chmod 700` on it",
        .path.display()
    )]
    Open { path: PathBuf, mode: u32 },

    #[error(
        "another portolan already runs with the data directory {}: stop it, or choose another \
         directory (`--data-dir`)",
        .path.display()
    )]
    Locked { path: PathBuf },

    #[error("could not open the database: {0}")]
    Database(sqlx::Error),

    #[error(
        "another portolan already works with this database, from another data directory: stop it, \
         or name another database (`--database-url`)"
    )]
    DatabaseInUse,

    #[error(
        "the master key {place} is not the one that sealed the stored keys: put that one in its place"
    )]
    OtherMasterKey { place: String },

    #[error(
        "there is no master key {place}, and what is stored was sealed with one: put that one there"
    )]
    NoMasterKey { place: String },

    #[error(transparent)]
    Vault(#[from] VaultError),

    #[error(transparent)]
    Audit(#[from] AuditError),

    #[error(transparent)]
    Post(#[from] PostError),

    #[error("could not tell who may do what: {0}")]
    Policy(#[from] api::PolicyError),

    #[error("could not prepare the folder for sources: {0}")]
    Sources(io::Error),

    #[error("could not prepare to ask issuers: {0}")]
    Issuers(reqwest::Error),

    #[error("could not prepare to use buckets: {0}")]
    Storages(reqwest::Error),

    #[error("could not prepare the first sign-in: {0}")]
    Setup(crate::Error),

    #[error("could not write the setup token: {0}")]
    Announce(io::Error),
}

/// Runs the control plane until `shutdown`, then lets requests and tasks end.
pub async fn run(
    config: Config,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<(), RunError> {
    let dialer = Arc::new(RealDialer::new(config.reachable.clone()));
    run_with(config, listener, shutdown, dialer).await
}

/// The same with other hosts than real ones.
pub async fn run_with(
    config: Config,
    listener: TcpListener,
    shutdown: CancellationToken,
    dialer: Arc<dyn Dialer>,
) -> Result<(), RunError> {
    // The lock is held until the end of this function, and by the kernel until then.
    let _lock = take_data_dir(&config)?;
    let db = Db::connect(&config.database_url()).await.map_err(RunError::Database)?;
    // Before the migrations: they must not pull the schema away from under another process.
    let _database_lock =
        db.lock().await.map_err(RunError::Database)?.ok_or(RunError::DatabaseInUse)?;
    db.migrate().await.map_err(RunError::Database)?;
    git::prepare(&config.sources()).map_err(RunError::Sources)?;
    let master = open_master_key(&config, &db).await?;
    let vault = open_vault(&config, &db, &master).await?;
    let audit = audit::open_key(&db, &vault).await?;
    let post = Post::new(&config.notifications)?;
    let issuers = Issuers::new(&config.sign_in).map_err(RunError::Issuers)?;
    let keys = (master, vault);
    let outside = Outside::new(&config.storages).map_err(RunError::Storages)?;
    let senders = (post, issuers, outside);
    let (app, ends) = App::new(config.clone(), db, keys, audit, senders, shutdown.clone());
    let app = Arc::new(app);
    let router = api::router(app.clone(), Arc::new(Limiter::new(config.requests_per_minute)))?;
    if let Some(offer) = setup::offer(&app).await.map_err(RunError::Setup)? {
        let file = config.setup_token_file.as_deref();
        setup::announce(&offer, config.listen, file).map_err(RunError::Announce)?;
    }
    let tasks = Tasks::new(app.board.clone(), app.metrics.clone());
    reconcile::start(&app, dialer, ends, &tasks, &shutdown);
    tasks.close();
    tracing::info!(listen = %config.listen, "portolan is ready at http://{}", config.listen);
    serve(router, listener, &shutdown).await;
    shutdown.cancel();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        tracing::warn!("background tasks did not end in time");
    }
    app.db.close().await;
    Ok(())
}

/// Made where nothing is sealed yet, and nowhere else: beside a database that came without its key, a
/// new one would pass for it.
async fn open_master_key(config: &Config, db: &Db) -> Result<MasterKey, RunError> {
    let is_needed = secrets::is_needed(db).await.map_err(RunError::Database)?;
    if is_needed && config.master_key.is_none() && !config.master_key_file().exists() {
        return Err(RunError::NoMasterKey { place: config.master_key_place() });
    }
    let missing = if is_needed { Missing::Refuse } else { Missing::Create };
    Ok(MasterKey::open(config, missing)?)
}

/// A key that does not fit would be found at the first dial, host by host, and only in the log.
async fn open_vault(config: &Config, db: &Db, master: &MasterKey) -> Result<Vault, RunError> {
    secrets::open(db, master).await.map_err(|error| match error {
        OpenError::Database(error) => RunError::Database(error),
        OpenError::Vault(error) => error.into(),
        OpenError::OtherMasterKey => RunError::OtherMasterKey { place: config.master_key_place() },
    })
}

async fn serve(router: Router, listener: TcpListener, shutdown: &CancellationToken) {
    let cut = async {
        shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        () = connections::serve(listener, router, shutdown) => {}
        () = cut => tracing::warn!("requests did not end in time"),
    }
}

/// Makes the directory when it is missing, refuses one that others may enter, and locks it.
pub(crate) fn take_data_dir(config: &Config) -> Result<File, RunError> {
    let path = &config.data_dir;
    let unusable = |cause| RunError::DataDir { path: path.clone(), cause };
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(unusable)?;
    let mode = fs::metadata(path).map_err(unusable)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(RunError::Open { path: path.clone(), mode });
    }
    lock(path)
}

/// One process a data directory. The kernel drops the lock with the process, however it ends.
fn lock(path: &Path) -> Result<File, RunError> {
    let unusable = |cause| RunError::DataDir { path: path.to_owned(), cause };
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path.join("portolan.lock"))
        .map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(RunError::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(cause)) => Err(unusable(cause)),
    }
}
