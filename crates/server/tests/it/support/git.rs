//! Real Git repositories behind a real Git server (`git http-backend`), for stories.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use anyhow::{Context, Result, ensure};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::any,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use tempfile::TempDir;
use tokio::{io::AsyncWriteExt, net::TcpListener, process, task::JoinHandle};

/// A server with one repository, `shop.git`, that ends with it.
pub(crate) struct GitServer {
    folder: Arc<TempDir>,
    /// Where the repository is.
    pub(crate) url: String,
    serving: JoinHandle<()>,
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[derive(Clone)]
struct Served {
    root: Arc<TempDir>,
    /// What the login has to be, as HTTP's basic scheme has it.
    login: Option<String>,
}

impl GitServer {
    /// Everybody may read.
    pub(crate) async fn start() -> Result<Self> {
        Self::serve(None).await
    }

    /// Only with this login.
    pub(crate) async fn with_login(user: &str, password: &str) -> Result<Self> {
        let pair = BASE64_STANDARD.encode(format!("{user}:{password}"));
        Self::serve(Some(format!("Basic {pair}"))).await
    }

    async fn serve(login: Option<String>) -> Result<Self> {
        let folder = Arc::new(tempfile::tempdir()?);
        let work = folder.path().join("work");
        fs::create_dir(&work)?;
        git(&work, &["init", "--quiet", "--initial-branch=main"])?;
        git(folder.path(), &["init", "--quiet", "--bare", "--initial-branch=main", "shop.git"])?;
        let served = Served { root: folder.clone(), login };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/shop.git", listener.local_addr()?);
        let router = Router::new().fallback(any(answer)).with_state(served);
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Ok(Self { folder, url, serving })
    }

    /// Where the repository is on this machine.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("shop.git")
    }

    /// Commits files to a branch and pushes it; answers the commit's id.
    pub(crate) fn commit(&self, branch: &str, files: &[(&str, &str)]) -> Result<String> {
        let work = self.folder.path().join("work");
        git(&work, &["checkout", "--quiet", "-B", branch])?;
        for (path, text) in files {
            let path = work.join(path);
            fs::create_dir_all(path.parent().context("a folder")?)?;
            fs::write(path, text)?;
        }
        git(&work, &["add", "--all"])?;
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        git(
            &work,
            &["commit", "--quiet", "--allow-empty", "-m", &format!("Change {}", names.join(" "))],
        )?;
        git(&work, &["push", "--quiet", "--force", &self.path().display().to_string(), branch])?;
        Ok(git(&work, &["rev-parse", "HEAD"])?.trim().to_owned())
    }

    /// Commits a link in the place of a file.
    pub(crate) fn link(&self, branch: &str, path: &str, target: &str) -> Result<()> {
        let place = self.folder.path().join("work").join(path);
        fs::remove_file(&place)?;
        std::os::unix::fs::symlink(target, &place)?;
        self.commit(branch, &[]).map(drop)
    }

    /// Gives the branch's commit a tag.
    pub(crate) fn tag(&self, name: &str) -> Result<()> {
        let work = self.folder.path().join("work");
        git(&work, &["tag", "-a", "-m", name, name])?;
        git(&work, &["push", "--quiet", &self.path().display().to_string(), name]).map(drop)
    }
}

/// Nothing of the person's own settings has a part in it.
#[expect(clippy::disallowed_methods, reason = "the repository is that of a person at work")]
fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let done = Command::new("git")
        .args(["-c", "user.name=Story", "-c", "user.email=story@example.com"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .context("git")?;
    ensure!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(String::from_utf8(done.stdout)?)
}

async fn answer(State(served): State<Served>, request: Request) -> Response {
    let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if served.login.is_some() && shown != served.login.as_deref() {
        let asks = [(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")];
        return (StatusCode::UNAUTHORIZED, asks).into_response();
    }
    backend(&served, request).await.expect("git http-backend answers")
}

/// As a web server calls it (RFC 3875).
#[expect(clippy::disallowed_methods, reason = "this process is a peer of the test")]
async fn backend(served: &Served, request: Request) -> Result<Response> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 << 20).await?;
    let text = |name: &str| {
        head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    let mut child = process::Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", served.root.path())
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("REQUEST_METHOD", head.method.as_str())
        .env("PATH_INFO", head.uri.path())
        .env("QUERY_STRING", head.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", text("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("GIT_PROTOCOL", text("git-protocol"))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut stdin = child.stdin.take().context("stdin")?;
    let (written, done) =
        tokio::join!(async move { stdin.write_all(&body).await }, child.wait_with_output());
    written?;
    said(&Bytes::from(done?.stdout))
}

/// Heads, an empty line, and the body.
fn said(bytes: &Bytes) -> Result<Response> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").context("heads")?;
    let heads = std::str::from_utf8(&bytes[..end])?;
    let mut response = Response::builder();
    for line in heads.lines() {
        let (name, value) = line.split_once(':').context("a head")?;
        response = match name {
            "Status" => response.status(value.trim()[..3].parse::<u16>()?),
            _ => response.header(name, value.trim()),
        };
    }
    Ok(response.body(Body::from(bytes.slice(end + 4..)))?)
}
