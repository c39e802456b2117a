//! Puts a checked configuration into a proxy, and waits until it is the one that is served.

use std::time::Duration;

use portolan_types::{ProxyKind, RouteId};
use tokio::time::{Instant, sleep};

use super::{
    super::work::Halt,
    Scene, authority,
    config::{CADDY_ADMIN, CADDY_FILE, DATA, Generated, SLOT_FILE, Slot, below_data, mark_seen},
    job::halt,
};
use crate::host::{ContainerDetail, Exec, FileOwner, NewFile, clean};

/// How long a proxy may take to change over, how often Traefik is asked whether it has, and how long
/// its answer may take.
const RELOAD: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(100);
const ANSWER: Duration = Duration::from_secs(10);

/// What became of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Visitors get what it says.
    Served,
    Refused {
        /// The proxy's own.
        words: String,
        /// Those of our routes that it names.
        routes: Vec<RouteId>,
    },
    /// It is where the proxy reads it, and the proxy did not say in time that it has.
    Unheard,
}

/// Puts it into a running proxy. What the proxy then does not take is taken out again.
pub(super) async fn run(
    scene: &Scene<'_>,
    container: &ContainerDetail,
    generated: &Generated,
) -> Result<Outcome, Halt> {
    let id = &container.member.docker_id;
    match scene.row.proxy.kind {
        ProxyKind::Caddy => reloaded(scene, id, generated).await,
        // It sees by itself that its files are others.
        ProxyKind::Traefik => {
            put(scene, id, generated).await?;
            changed_over(scene, id, generated).await
        }
    }
}

async fn reloaded(scene: &Scene<'_>, id: &str, generated: &Generated) -> Result<Outcome, Halt> {
    let action = "tell Caddy of its configuration";
    let cannot = |error| halt(scene, &error, action);
    let before = scene.host.read_file(id, CADDY_FILE).await.map_err(cannot)?;
    put(scene, id, generated).await?;
    let output = scene.host.exec(id, &reload(CADDY_FILE, RELOAD)).await.map_err(cannot)?;
    if output.exit_code == 0 {
        return Ok(Outcome::Served);
    }
    if let Some(content) = before {
        let content = content.into();
        let (path, owner) = (below_data(CADDY_FILE), FileOwner::default());
        let file = NewFile { path, content, mode: 0o600, owner };
        scene.host.put_files(id, DATA, &[file]).await.map_err(cannot)?;
    }
    let said = output.stderr.lines().rev().find_map(|line| line.strip_prefix("Error: "));
    let words = clean(said.unwrap_or(&output.stderr));
    Ok(Outcome::Refused { words, routes: Vec::new() })
}

/// Waits until Traefik says that it serves what it was given: a route is live when visitors get
/// answers, not when a file has been written.
async fn changed_over(scene: &Scene<'_>, id: &str, generated: &Generated) -> Result<Outcome, Halt> {
    let deadline = Instant::now() + RELOAD;
    let asked = Exec::new(mark_seen(&generated.digest), ANSWER);
    loop {
        let answer = scene.host.exec(id, &asked).await;
        let answer = answer.map_err(|error| halt(scene, &error, "ask Traefik what it serves"))?;
        if answer.exit_code == 0 {
            return Ok(Outcome::Served);
        }
        if Instant::now() >= deadline {
            return Ok(Outcome::Unheard);
        }
        sleep(PAUSE).await;
    }
}

/// Has Caddy read a file and change over to it, or stay as it is.
pub(super) fn reload(file: &str, within: Duration) -> Exec {
    Exec::new(["caddy", "reload", "--config", file, "--address", CADDY_ADMIN], within)
}

/// Writes the files into a container's volume, running or not.
pub(super) async fn put(
    scene: &Scene<'_>,
    container: &str,
    generated: &Generated,
) -> Result<(), Halt> {
    let mut files = Vec::new();
    // First, for what names them.
    if !generated.internal.is_empty() {
        files = authority::files(scene, container, &generated.internal).await?;
    }
    files.extend(generated.new_files(free_slot(scene, container).await?));
    let done = scene.host.put_files(container, DATA, &files).await;
    done.map_err(|error| halt(scene, &error, "put the configuration into the proxy"))
}

/// Where Traefik does not read now.
async fn free_slot(scene: &Scene<'_>, container: &str) -> Result<Slot, Halt> {
    if scene.row.proxy.kind == ProxyKind::Caddy {
        return Ok(Slot::First);
    }
    let read = scene.host.read_file(container, SLOT_FILE).await;
    let read = read.map_err(|error| halt(scene, &error, "read the proxy's configuration"))?;
    Ok(Slot::beside(read.as_deref()))
}
