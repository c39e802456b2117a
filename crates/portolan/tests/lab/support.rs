//! The harness: a real control plane and its command line; the lab's hosts are in `host`.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

mod browser;
mod clock;
pub(crate) mod git;
mod host;

pub(crate) use browser::Chromium;
pub(crate) use clock::Clock;
pub(crate) use host::{Container, Host};

/// Real hosts are slow when everything runs at once.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A running control plane whose owner is signed in.
pub(crate) struct Portolan {
    folder: tempfile::TempDir,
    address: String,
    process: Child,
    clock: Option<Clock>,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

#[expect(clippy::disallowed_methods, reason = "the test is about the built program")]
fn command(program: &str) -> Command {
    Command::new(program)
}

impl Portolan {
    /// Starts `portolan serve` in an empty directory and signs its owner in.
    pub(crate) fn start() -> Result<Self> {
        Self::start_by(None)
    }

    /// The same by a clock of its own.
    pub(crate) fn start_by(clock: Option<Clock>) -> Result<Self> {
        let portolan = Self::serve_by(clock)?;
        let token = portolan.path("setup-token");
        let url = format!("http://{}", portolan.address);
        portolan.run(&[
            "login",
            "--url",
            &url,
            "--setup-token-file",
            &token,
            "--email",
            "owner@example.com",
        ])?;
        Ok(portolan)
    }

    /// Starts it, and leaves it without an owner.
    pub(crate) fn serve() -> Result<Self> {
        Self::serve_by(None)
    }

    fn serve_by(clock: Option<Clock>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let address = free_address()?;
        let process = serve(&folder, &address, clock.as_ref())?;
        Ok(Self { folder, address, process, clock })
    }

    /// Where a browser finds the pages: it keeps a sign-in for this name without TLS.
    pub(crate) fn pages(&self) -> String {
        format!("http://{}", self.address.replace("127.0.0.1", "localhost"))
    }

    /// What makes the first owner.
    pub(crate) fn setup_token(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.path("setup-token"))?.trim().to_owned())
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    pub(crate) fn clock(&self) -> Result<&Clock> {
        self.clock.as_ref().context("it goes by the kernel's clock")
    }

    /// `kill -9`, then a new start with the same data.
    pub(crate) fn kill_and_restart(&mut self) -> Result<()> {
        self.kill()?;
        self.process = serve(&self.folder, &self.address, self.clock.as_ref())?;
        Ok(())
    }

    pub(crate) fn kill(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// A command that is not begun yet.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = command(env!("CARGO_BIN_EXE_portolan"));
        command
            .args(args)
            .env("HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.folder.path().join("config"))
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command, whatever its outcome.
    pub(crate) fn try_run(&self, args: &[&str]) -> Result<Said> {
        said(self.command(args).output()?)
    }

    /// Runs a command that has to succeed; answers its standard output.
    pub(crate) fn run(&self, args: &[&str]) -> Result<String> {
        let said = self.try_run(args)?;
        ensure!(said.code == 0, "{args:?} ended with {}: {}{}", said.code, said.out, said.err);
        Ok(said.out)
    }

    /// Runs a command that has to fail; answers what it said.
    pub(crate) fn refuse(&self, args: &[&str]) -> Result<String> {
        let said = self.try_run(args)?;
        ensure!(said.code == 1, "{args:?} ended with {}: {}{}", said.code, said.out, said.err);
        Ok(said.out + &said.err)
    }

    /// Runs a command with `--json`.
    pub(crate) fn json(&self, args: &[&str]) -> Result<Value> {
        let out = self.run(&[args, &["--json"]].concat())?;
        serde_json::from_str(&out).with_context(|| out)
    }

    /// The API itself, where a process for each request would be too much.
    pub(crate) fn api(&self) -> Result<Api> {
        let stored = std::fs::read_to_string(self.path("config/portolan/client.toml"))?;
        let stored: toml::Table = stored.parse()?;
        let token = stored["token"].as_str().context("a token")?.to_owned();
        choose_crypto();
        // A connection that the server is about to close is not asked by.
        let http = reqwest::Client::builder()
            .timeout(PATIENCE + PATIENCE)
            .pool_idle_timeout(Duration::from_secs(5))
            .build()?;
        Ok(Api { http, url: format!("http://{}", self.address), token })
    }

    /// Imports the lab's key of a family, once.
    pub(crate) fn import_key(&self, host: &Host, family: &str) -> Result<String> {
        if self.try_run(&["key", "show", family])?.code != 0 {
            let file = &host.keys[family];
            self.run(&["key", "create", "--name", family, "--from-file", file])?;
        }
        Ok(family.to_owned())
    }

    /// Adds a host of the lab as a server and waits for its validation.
    pub(crate) fn add_server(&self, host: &Host, user: &str) -> Result<Value> {
        let key = self.import_key(host, "ed25519")?;
        self.run(&[
            "server",
            "add",
            &host.name,
            "--host",
            &host.address,
            "--user",
            user,
            "--key",
            &key,
        ])?;
        self.json(&["server", "show", &host.name])
    }

    /// Creates a destination whose label is its network's name, and waits for it.
    pub(crate) fn create(&self, server: &str, network: &str) -> Result<()> {
        self.run(&create(server, network)).map(drop)
    }

    /// Removes a destination, and waits for it.
    pub(crate) fn remove(&self, destination: &str) -> Result<()> {
        self.run(&["destination", "remove", destination, "--yes"]).map(drop)
    }

    /// Waits until a destination has come to a state.
    pub(crate) fn settled(&self, destination: &str, state: &str) -> Result<Value> {
        eventually(&format!("{destination} is {state}"), || {
            let shown = self.json(&["destination", "show", destination])?;
            Ok((shown["state"] == state).then_some(shown))
        })
    }
}

/// What clients of HTTP need in each process; another test of this one may have come first.
pub(crate) fn choose_crypto() {
    drop(rustls::crypto::ring::default_provider().install_default());
}

impl Drop for Portolan {
    fn drop(&mut self) {
        // It may have been killed by the test already.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A client of the API that waits for outcomes.
#[derive(Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Api {
    /// A destination as it is when it is ready: the subnet that was planned for it may have been
    /// taken by a neighbour meanwhile.
    pub(crate) async fn create(&self, body: &Value) -> Result<Value> {
        let destinations = format!("{}/v1/destinations", self.url);
        let made = self.send(self.http.post(&destinations).json(body)).await?;
        self.succeeded(made["operation_id"].as_str().context("an operation")?).await?;
        let id = made["id"].as_str().context("an id")?;
        self.send(self.http.get(format!("{destinations}/{id}"))).await
    }

    /// Removes a destination; the operation when it is over.
    pub(crate) async fn remove(&self, id: &str) -> Result<Value> {
        let begun =
            self.send(self.http.delete(format!("{}/v1/destinations/{id}", self.url))).await?;
        self.succeeded(begun["id"].as_str().context("an operation")?).await
    }

    /// Adds a route; `None` when it is refused for what it is.
    pub(crate) async fn add_route(&self, body: &Value) -> Result<Option<Value>> {
        let request = self.http.post(format!("{}/v1/routes", self.url)).json(body);
        let answer = request.bearer_auth(&self.token).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        match status.as_u16() {
            201 => Ok(Some(serde_json::from_str(&text)?)),
            409 | 422 => Ok(None),
            _ => bail!("{status}: {text}"),
        }
    }

    pub(crate) async fn remove_route(&self, id: &str) -> Result<()> {
        let request = self.http.delete(format!("{}/v1/routes/{id}", self.url));
        let status = request.bearer_auth(&self.token).send().await?.status();
        ensure!(status.is_success(), "{status}");
        Ok(())
    }

    async fn succeeded(&self, operation: &str) -> Result<Value> {
        let path = format!("{}/v1/operations/{operation}?wait=60", self.url);
        for _ in 0..5 {
            let shown = self.send(self.http.get(&path)).await?;
            match shown["state"].as_str() {
                Some("succeeded") => return Ok(shown),
                Some("failed") => bail!("{shown}"),
                _ => {}
            }
        }
        bail!("operation {operation} does not end")
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Value> {
        let answer = request.bearer_auth(&self.token).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "{status}: {text}");
        serde_json::from_str(&text).with_context(|| text)
    }
}

/// The command that creates a destination whose label is its network's name.
pub(crate) fn create<'a>(server: &'a str, network: &'a str) -> [&'a str; 8] {
    ["destination", "create", "--server", server, "--network", network, "--name", network]
}

/// A port that was free a moment ago.
fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// Starts the control plane and waits until it says that it is ready.
fn serve(folder: &tempfile::TempDir, address: &str, clock: Option<&Clock>) -> Result<Child> {
    let in_folder = |name: &str| folder.path().join(name);
    let mut process = command(env!("CARGO_BIN_EXE_portolan"));
    if let Some(clock) = clock {
        process.envs(clock.environment()?);
    }
    let mut process = process
        .args(["serve", "--rate-limit", "1000000", "--listen", address, "--data-dir"])
        .arg(in_folder("data"))
        .arg("--setup-token-file")
        .arg(in_folder("setup-token"))
        // Repositories of stories are on this machine.
        .args(["--allow-repositories-at", "127.0.0.0/8"])
        .env("HOME", folder.path())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut log = BufReader::new(process.stderr.take().context("standard error")?);
    let mut said = String::new();
    while log.read_line(&mut said)? > 0 {
        if said.contains("portolan is ready at") {
            // Somebody has to read on, or a full pipe would stop the process.
            std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
            return Ok(process);
        }
    }
    bail!("`portolan serve` ended: {said}")
}

/// What an HTTP client on this machine says.
pub(crate) fn curl(args: &[&str]) -> Result<Said> {
    let patient = ["--silent", "--insecure", "--max-time", "3"];
    let output = command("curl").args(patient).args(args).stdin(Stdio::null()).output()?;
    said(output)
}

/// The same, by one that trusts what is signed by this root and nothing else.
pub(crate) fn curl_trusting(root: &Path, args: &[&str]) -> Result<Said> {
    let patient = ["--silent", "--max-time", "3", "--cacert"];
    let mut curl = command("curl");
    said(curl.args(patient).arg(root).args(args).stdin(Stdio::null()).output()?)
}

fn said(output: Output) -> Result<Said> {
    Ok(Said {
        code: output.status.code().context("ended by a signal")?,
        out: String::from_utf8(output.stdout)?,
        err: String::from_utf8(output.stderr)?,
    })
}

/// Asks again until there is an answer, with a deadline instead of a blind sleep.
pub(crate) fn eventually<T>(what: &str, ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    eventually_within(PATIENCE, what, ask)
}

/// The same, for what takes its time.
#[expect(clippy::disallowed_methods, reason = "a pause between two questions, not instead of one")]
pub(crate) fn eventually_within<T>(
    patience: Duration,
    what: &str,
    mut ask: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + patience;
    // What takes long is asked less often: most questions are processes.
    let (mut pause, longest) = (Duration::from_millis(50), Duration::from_millis(400));
    while Instant::now() < deadline {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        std::thread::sleep(pause);
        pause = longest.min(pause * 3 / 2);
    }
    bail!("never happened: {what}")
}

/// A name that no other test uses.
pub(crate) fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", portolan_types::id::cuid2())
}
