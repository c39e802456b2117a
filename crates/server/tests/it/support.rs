//! The harness: a running control plane whose methods read as what people do.

use std::{
    iter::StepBy,
    net::SocketAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::{Arc, Once},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use portolan_server::{
    Config, RunError,
    config::{Builds, Notifications, Sessions, Storages},
    host::{
        Dialer, Reachable,
        fake::{FakeEngine, FakeFleet},
    },
};
use portolan_types::{
    Destination, DestinationState, Operation, Page, Problem, Reachability, Route, Server, SetupDone,
};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sqlx::{AnyPool, any::install_default_drivers};
use tokio::{net::TcpListener, runtime::Runtime, task::JoinHandle};
use tokio_util::sync::CancellationToken;

mod barriers;
mod chromium;
mod database;
mod eventually;
pub(crate) mod git;
pub(crate) mod s3;
mod schema;
pub(crate) mod sources;

pub(crate) use chromium::Chromium;
pub(crate) use database::Database;
pub(crate) use eventually::eventually;

/// Of an owner who has one.
pub(crate) const PASSWORD: &str = "seven small boats at anchor";

/// How long anything in memory may take before the test calls it broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running control plane.
pub(crate) struct TestApp {
    pub(crate) fleet: Arc<FakeFleet>,
    /// How hosts are reached: the fleet, unless a story has others too.
    pub(crate) dialer: Arc<dyn Dialer>,
    pub(crate) folder: Arc<tempfile::TempDir>,
    pub(crate) database: Database,
    pub(crate) owner: Client,
    pub(crate) config: Config,
    process: Option<Process>,
}

/// The server has a runtime of its own: dropping it ends every task where it stands, which is
/// what `kill -9` does.
struct Process {
    runtime: Runtime,
    shutdown: CancellationToken,
    running: JoinHandle<Result<(), RunError>>,
}

impl TestApp {
    /// A new control plane with an owner.
    pub(crate) async fn start(database: Database) -> Result<Self> {
        Self::with_owner(database, None).await
    }

    /// The same with an owner who signs in with [`PASSWORD`].
    pub(crate) async fn with_password(database: Database) -> Result<Self> {
        Self::with_owner(database, Some(PASSWORD)).await
    }

    async fn with_owner(database: Database, password: Option<&str>) -> Result<Self> {
        let folder = Arc::new(tempfile::tempdir()?);
        let mut app = Self::prepare(database, folder)?;
        if matches!(app.database, Database::Sqlite) {
            schema::on_disk(&app.config.data_dir).await?;
        }
        app.launch().await?;
        let mut setup = json!({ "setup_token": app.setup_token()?, "email": "owner@example.com" });
        if let Some(password) = password {
            setup["password"] = password.into();
        }
        let done: SetupDone = app.owner.post("/v1/setup", setup).await?.created()?;
        app.owner = app.owner.with_token(&done.token.secret);
        Ok(app)
    }

    /// A control plane that was not started yet.
    pub(crate) fn prepare(database: Database, folder: Arc<tempfile::TempDir>) -> Result<Self> {
        let config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data_dir: folder.path().join("data"),
            database_url: database.url(),
            master_key: None,
            master_key_file: None,
            setup_token_file: Some(folder.path().join("setup-token")),
            trusted_proxies: Vec::new(),
            requests_per_minute: NonZeroU32::MAX,
            verify_every: None,
            keep_events_days: NonZeroU32::MAX,
            sessions: Sessions::default(),
            sign_in: crate::openid::nowhere()?,
            reachable: Reachable::default(),
            notifications: Notifications::default(),
            storages: Storages { allow_storages_at: vec!["127.0.0.0/8".parse()?] },
            builds: Builds { allow_repositories_at: vec!["127.0.0.0/8".parse()?] },
        };
        let owner = Client::new("http://127.0.0.1:0")?;
        let fleet = Arc::new(FakeFleet::default());
        let dialer = fleet.clone();
        Ok(Self { fleet, dialer, folder, database, owner, config, process: None })
    }

    /// Starts the process and waits until it answers.
    pub(crate) async fn launch(&mut self) -> Result<()> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let listener = TcpListener::bind(self.config.listen).await?.into_std()?;
        let address = listener.local_addr()?;
        let config = Config { listen: address, ..self.config.clone() };
        let (dialer, shutdown) = (self.dialer.clone(), CancellationToken::new());
        let stop = shutdown.clone();
        let running = runtime.spawn(async move {
            let listener = TcpListener::from_std(listener).expect("a socket that listens");
            portolan_server::run_with(config, listener, stop, dialer).await
        });
        self.process = Some(Process { runtime, shutdown, running });
        self.owner.url = format!("http://{address}");
        let owner = &self.owner;
        eventually("the control plane answers", || async move {
            Ok(owner.get("/readyz").await.is_ok_and(|answer| answer.status == 200).then_some(()))
        })
        .await
    }

    pub(crate) fn setup_token(&self) -> Result<String> {
        let path = self.folder.path().join("setup-token");
        Ok(std::fs::read_to_string(path)?.trim().to_owned())
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.config.data_dir.clone()
    }

    /// The rows, for what no person does.
    pub(crate) async fn pool(&self) -> Result<AnyPool> {
        install_default_drivers();
        let file = self.data_dir().join("portolan.db");
        let url = match self.database.url() {
            None => format!("sqlite://{}", file.display()),
            Some(url) => url.expose_secret().to_owned(),
        };
        Ok(AnyPool::connect(&url).await?)
    }

    /// Ends every task where it stands, without a word to anybody.
    pub(crate) fn kill(&mut self) {
        if let Some(process) = self.process.take() {
            // A runtime must not be waited for on another's thread. The wait is for the tasks to
            // be dropped: the kernel too frees a killed process's locks before it is gone.
            let killer = std::thread::spawn(|| process.runtime.shutdown_timeout(PATIENCE));
            killer.join().expect("ending a runtime does not panic");
        }
    }

    /// Ends politely and answers how it went.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        let Some(process) = self.process.take() else { return Ok(()) };
        process.shutdown.cancel();
        let ended = tokio::time::timeout(PATIENCE, process.running).await;
        process.runtime.shutdown_background();
        ended.context("it did not stop")???;
        Ok(())
    }

    /// Kills and starts again with the same data.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        self.kill();
        self.launch().await
    }

    /// The calls at which a long story troubles a host: all of them on SQLite. On PostgreSQL, where
    /// a kill and a restart take three times as long and nothing but the SQL is another, some.
    pub(crate) fn some_of<I: Iterator<Item = usize>>(&self, calls: I) -> StepBy<I> {
        calls.step_by(match self.database {
            Database::Sqlite => 1,
            Database::Postgres { .. } => 4,
        })
    }

    /// A new fake host at `NAME:22`, added as a server and validated.
    pub(crate) async fn add_server(&self, name: &str) -> Result<(Server, Arc<FakeEngine>)> {
        let engine = self.fleet.add(&format!("{name}:22"));
        Ok((self.add_known_server(name).await?, engine))
    }

    /// The same of a fake host that is there already.
    pub(crate) async fn add_known_server(&self, name: &str) -> Result<Server> {
        let key = self.owner.key(&format!("key of {name}")).await?;
        let body = json!({
            "name": name,
            "connection": { "type": "ssh", "host": name, "key_id": key },
        });
        let server: Server = self.owner.post("/v1/servers", body).await?.created()?;
        self.owner.outcome(server.operation_id.as_ref().context("an operation")?.as_str()).await?;
        let server = self.owner.reachable(server.id.as_str(), Reachability::Reachable).await?;
        // The first look is over, so that no call to the host is under way.
        eventually("the host was looked at", || async {
            let path = format!("/v1/servers/{}/addresses", server.id);
            let shown: Value = self.owner.get(&path).await?.ok()?;
            Ok((!shown["seen_at"].is_null()).then_some(()))
        })
        .await?;
        Ok(server)
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if let Some(process) = self.process.take() {
            process.runtime.shutdown_background();
        }
    }
}

/// Someone who talks to the control plane.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) url: String,
    pub(crate) token: Option<String>,
    http: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Client {
    pub(crate) fn new(url: &str) -> Result<Self> {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // Another test binary in this process cannot have come first.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let http = reqwest::Client::builder().timeout(Duration::from_secs(70)).build()?;
        Ok(Self { url: url.to_owned(), token: None, http })
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same caller elsewhere.
    pub(crate) fn at(&self, url: &str) -> Self {
        Self { url: url.to_owned(), ..self.clone() }
    }

    /// The same caller, coming from another address of this machine (`127.0.0.0/8`).
    pub(crate) fn at_address(&self, address: [u8; 4]) -> Result<Self> {
        let builder = reqwest::Client::builder().timeout(Duration::from_secs(70));
        let http = builder.local_address(std::net::IpAddr::from(address)).build()?;
        Ok(Self { http, ..self.clone() })
    }

    /// The secret of its token or session.
    pub(crate) fn secret(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    pub(crate) fn anonymous(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, text: response.text().await? })
    }

    /// The beginning of an answer that does not end by itself; the whole of one that is a problem.
    pub(crate) async fn open(&self, request: reqwest::RequestBuilder) -> Result<Answer> {
        let mut response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let text = if status.is_success() {
            let chunk = response.chunk().await?.context("the stream ended")?;
            String::from_utf8(chunk.into())?
        } else {
            response.text().await?
        };
        Ok(Answer { status, headers, text })
    }

    /// Sends it until the server that it is about is reachable: after a trouble that takes a
    /// moment.
    pub(crate) async fn insist(
        &self,
        request: impl Fn() -> reqwest::RequestBuilder,
    ) -> Result<Answer> {
        eventually("the server is reachable", || async {
            let answer = self.send(request()).await?;
            let away = answer.status == 409 && answer.text.contains("server-unreachable");
            Ok((!away).then_some(answer))
        })
        .await
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer> {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<Answer> {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Result<Answer> {
        self.send(self.request(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Result<Answer> {
        self.send(self.request(Method::PUT, path).json(&body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Result<Answer> {
        self.send(self.request(Method::PATCH, path).json(&body)).await
    }

    /// A new key; answers its id.
    pub(crate) async fn key(&self, name: &str) -> Result<String> {
        let key: Value = self.post("/v1/keys", json!({ "name": name })).await?.created()?;
        Ok(key["id"].as_str().context("an id")?.to_owned())
    }

    /// Creates a destination and waits for it.
    pub(crate) async fn destination(&self, server: &Server, network: &str) -> Result<Destination> {
        let body = json!({ "server_id": server.id, "network": network });
        let create = || self.request(Method::POST, "/v1/destinations?wait=20").json(&body);
        self.insist(create).await?.created()
    }

    /// The destination on this network.
    pub(crate) async fn find_destination(&self, network: &str) -> Result<Destination> {
        let page: Page<Destination> =
            self.get(&format!("/v1/destinations?search={network}")).await?.ok()?;
        page.items.into_iter().next().with_context(|| format!("no destination `{network}`"))
    }

    /// A route to port 80 of `web`.
    pub(crate) async fn route(&self, destination: &Destination, host: &str) -> Result<Route> {
        let body = json!({
            "destination_id": destination.id, "host": host, "target": "web", "port": 80,
        });
        self.post("/v1/routes", body).await?.created()
    }

    pub(crate) async fn show(&self, destination: &Destination) -> Result<Destination> {
        self.get(&format!("/v1/destinations/{}", destination.id)).await?.ok()
    }

    /// The operation when it is over.
    pub(crate) async fn outcome(&self, operation: &str) -> Result<Operation> {
        let operation: Operation =
            self.get(&format!("/v1/operations/{operation}?wait=20")).await?.ok()?;
        ensure!(operation.state.is_over(), "still {}: {operation:?}", operation.state);
        Ok(operation)
    }

    /// The destination when it has come to a state.
    pub(crate) async fn settled(
        &self,
        destination: &Destination,
        state: DestinationState,
    ) -> Result<Destination> {
        eventually(&format!("destination {} is {state}", destination.name), || async {
            let shown = self.show(destination).await?;
            Ok((shown.state == state).then_some(shown))
        })
        .await
    }

    /// The server when its reachability is this.
    pub(crate) async fn reachable(&self, id: &str, wanted: Reachability) -> Result<Server> {
        eventually(&format!("server {id} is {wanted}"), || async {
            let server: Server = self.get(&format!("/v1/servers/{id}")).await?.ok()?;
            Ok((server.reachability == wanted).then_some(server))
        })
        .await
    }
}

impl Answer {
    fn json<T: DeserializeOwned>(&self, status: StatusCode) -> Result<T> {
        ensure!(self.status == status, "{} instead of {status}: {}", self.status, self.text);
        serde_json::from_str(&self.text).with_context(|| self.text.clone())
    }

    pub(crate) fn ok<T: DeserializeOwned>(&self) -> Result<T> {
        self.json(StatusCode::OK)
    }

    pub(crate) fn created<T: DeserializeOwned>(&self) -> Result<T> {
        self.json(StatusCode::CREATED)
    }

    pub(crate) fn accepted<T: DeserializeOwned>(&self) -> Result<T> {
        self.json(StatusCode::ACCEPTED)
    }

    /// That it was refused, by the code of the refusal.
    pub(crate) fn refused(&self, code: &str) -> Result<Problem> {
        let problem = self.problem(409)?;
        ensure!(problem.kind == format!("/problems/{code}"), "{problem:?}");
        Ok(problem)
    }

    /// A problem with its status and media type.
    pub(crate) fn problem(&self, status: u16) -> Result<Problem> {
        let media = self.headers.get("content-type").map(reqwest::header::HeaderValue::as_bytes);
        ensure!(media == Some(b"application/problem+json"), "{media:?}: {}", self.text);
        let problem: Problem = self.json(StatusCode::from_u16(status)?)?;
        ensure!(problem.status == status, "{problem:?}");
        Ok(problem)
    }
}

/// The rights of a file or folder.
pub(crate) fn mode(path: &Path) -> Result<u32> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o777)
}

/// One story, told on SQLite and on PostgreSQL.
macro_rules! story {
    ($(#[$meta:meta])* async fn $name:ident($app:ident) $body:block) => {
        mod $name {
            use super::*;

            $(#[$meta])*
            async fn story($app: &mut $crate::support::TestApp) -> anyhow::Result<()> {
                $body
                Ok(())
            }

            #[tokio::test]
            async fn sqlite() -> anyhow::Result<()> {
                let database = $crate::support::Database::Sqlite;
                let mut app = $crate::support::TestApp::start(database).await?;
                story(&mut app).await?;
                app.stop().await
            }

            #[tokio::test]
            #[ignore = "needs PostgreSQL (make test)"]
            async fn postgres() -> anyhow::Result<()> {
                let database = $crate::support::Database::postgres().await?;
                let mut app = $crate::support::TestApp::start(database).await?;
                story(&mut app).await?;
                app.stop().await?;
                app.database.drop().await
            }
        }
    };
}

pub(crate) use story;
