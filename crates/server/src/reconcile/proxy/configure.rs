//! The proxy's configuration: generated from the routes, checked by the proxy itself, put in. What
//! is refused changes nothing: the last good one stays.

use std::time::Duration;

use portolan_types::{
    CertificateSource, Configuration, GeneratedConfiguration, Proxy, ProxyKind, RouteHost, RouteState,
    Server, TeamId, Timestamp,
};
use sqlx::AnyConnection;

use super::{
    super::{PassError, recorder::failure, work::Halt},
    Memory, Scene, authority, certificates_for,
    config::{CADDY_ADMIN, CADDY_FILE, DATA, Generated, Ingredients, Keyed, Unfit, without_own},
    definition,
    job::{halt, happened},
    judge::{self, Verdict},
    routes, routes_of,
};
use crate::{
    Error,
    db::{self, route::Assigned},
    events,
    host::{ContainerDetail, Exec, NewFile, clean},
};

/// How long a proxy may take to change over.
const RELOAD: Duration = Duration::from_secs(30);

/// What is generated now, for people.
pub(crate) async fn generated(
    conn: &mut AnyConnection,
    server: &Server,
    proxy: &Proxy,
) -> Result<GeneratedConfiguration, Error> {
    let routes = accepted(routes_of(conn, server).await?);
    let internal = internal_hosts(proxy, &routes, &[]);
    let ingredients =
        Ingredients { proxy, routes: &routes, certificates: &[], internal: &internal };
    let unfit = |Unfit(words)| Error::field("extra", words);
    Ok(Generated::from(&ingredients).map_err(unfit)?.shown())
}

/// Those that the proxy did not refuse.
fn accepted(routes: Vec<Assigned>) -> Vec<Assigned> {
    let taken = |row: &Assigned| row.route.state != RouteState::Refused;
    routes.into_iter().filter(taken).collect()
}

/// Hosts for which Portolan issues certificates itself: Caddy has an authority of its own.
fn internal_hosts(proxy: &Proxy, routes: &[Assigned], own: &[Keyed]) -> Vec<RouteHost> {
    if proxy.kind != ProxyKind::Traefik || proxy.certificates != CertificateSource::Internal {
        return Vec::new();
    }
    without_own(routes, own)
}

async fn ingredients(scene: &Scene<'_>) -> Result<(Vec<Assigned>, Vec<Keyed>), Error> {
    let mut conn = scene.app.db.acquire().await?;
    let routes = routes_of(&mut conn, &scene.server.server).await?;
    let team: &TeamId = &scene.row.team_id;
    let certificates = certificates_for(scene.app, &mut conn, team, &routes).await?;
    Ok((routes, certificates))
}

/// The configuration of all routes that were not refused.
pub(super) async fn prepared(scene: &Scene<'_>) -> Result<Result<Generated, Unfit>, Error> {
    let (routes, certificates) = ingredients(scene).await?;
    Ok(generate(scene, &accepted(routes), &certificates))
}

fn generate(
    scene: &Scene<'_>,
    routes: &[Assigned],
    certificates: &[Keyed],
) -> Result<Generated, Unfit> {
    let proxy = &scene.row.proxy;
    let internal = internal_hosts(proxy, routes, certificates);
    Generated::from(&Ingredients { proxy, routes, certificates, internal: &internal })
}

/// Puts in what the routes ask for now, where it is not in force.
pub(super) async fn pass(
    scene: &Scene<'_>,
    memory: &mut Memory,
    container: &ContainerDetail,
) -> Result<(), PassError> {
    if !container.is_running() || !definition::is_as_wanted(scene, container) {
        return Ok(());
    }
    loop {
        let (routes, certificates) = ingredients(scene).await?;
        let routes = accepted(routes);
        let generated = match generate(scene, &routes, &certificates) {
            Ok(generated) => generated,
            Err(Unfit(words)) => return Ok(refused(scene, &words).await?),
        };
        if is_in_force(scene, &generated) {
            return routes::judge(scene, container, &routes).await;
        }
        if memory.refused.as_ref() == Some(&generated.digest) {
            return Ok(());
        }
        match taken(scene, container, &generated).await {
            Ok(Verdict::Accepted) => {
                in_force(scene, &generated).await?;
                // That took its time, and somebody waits for how the routes are now.
                let seen = routes::seen_now(scene).await?;
                let scene = &Scene { seen: &seen, ..*scene };
                return routes::judge(scene, container, &routes).await;
            }
            Ok(Verdict::Refused { words, routes: named }) if !named.is_empty() => {
                // The others go on without these.
                for row in routes.iter().filter(|row| named.contains(&row.route.id)) {
                    routes::set(scene, &row.route, RouteState::Refused, Some(&words)).await?;
                }
            }
            Ok(Verdict::Refused { words, .. }) => {
                memory.refused = Some(generated.digest.clone());
                return Ok(refused(scene, &words).await?);
            }
            Err(Halt::Refused(failure)) => {
                memory.refused = Some(generated.digest.clone());
                return Ok(refused(scene, &failure.message).await?);
            }
            Err(Halt::Pass(error)) => return Err(error),
        }
    }
}

fn is_in_force(scene: &Scene<'_>, generated: &Generated) -> bool {
    let known = scene.row.proxy.configuration.as_ref();
    known.is_some_and(|known| {
        known.digest.as_ref() == Some(&generated.digest) && known.refused.is_none()
    })
}

async fn taken(
    scene: &Scene<'_>,
    container: &ContainerDetail,
    generated: &Generated,
) -> Result<Verdict, Halt> {
    match judge::run(scene, generated).await? {
        Verdict::Accepted => apply(scene, container, generated).await,
        refused @ Verdict::Refused { .. } => Ok(refused),
    }
}

/// Puts it into a running proxy. What the proxy then does not take is taken out again.
pub(super) async fn apply(
    scene: &Scene<'_>,
    container: &ContainerDetail,
    generated: &Generated,
) -> Result<Verdict, Halt> {
    let id = &container.member.docker_id;
    let kind = scene.row.proxy.kind;
    // Traefik sees by itself that its files are others.
    if kind == ProxyKind::Traefik {
        put(scene, id, generated).await?;
        return Ok(Verdict::Accepted);
    }
    let action = "tell Caddy of its configuration";
    let cannot = |error| halt(scene, &error, action);
    let before = scene.host.read_file(id, CADDY_FILE).await.map_err(cannot)?;
    put(scene, id, generated).await?;
    let output = scene.host.exec(id, &reload(CADDY_FILE, RELOAD)).await.map_err(cannot)?;
    if output.exit_code == 0 {
        return Ok(Verdict::Accepted);
    }
    if let Some(content) = before {
        let file = NewFile { path: super::config::below_data(CADDY_FILE), content, mode: 0o600 };
        scene.host.put_files(id, DATA, &[file]).await.map_err(cannot)?;
    }
    let said = output.stderr.lines().rev().find_map(|line| line.strip_prefix("Error: "));
    let words = clean(said.unwrap_or(&output.stderr));
    Ok(Verdict::Refused { words, routes: Vec::new() })
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
    let mut files = generated.new_files();
    if !generated.internal.is_empty() {
        files.extend(authority::files(scene, container, &generated.internal).await?);
    }
    let done = scene.host.put_files(container, DATA, &files).await;
    done.map_err(|error| halt(scene, &error, "put the configuration into the proxy"))
}

/// Writes down what the proxy has now.
pub(super) async fn in_force(scene: &Scene<'_>, generated: &Generated) -> Result<(), Error> {
    let configuration = Configuration {
        digest: Some(generated.digest.clone()),
        applied_at: Some(Timestamp::now()),
        refused: None,
    };
    let mut conn = scene.app.db.acquire().await?;
    let server = &scene.server.server.id;
    Ok(db::proxy::set_configuration(&mut conn, server, &configuration).await?)
}

/// Writes down a refusal, once; what is in force stays.
async fn refused(scene: &Scene<'_>, words: &str) -> Result<(), Error> {
    let before = scene.row.proxy.configuration.clone();
    if before.as_ref().is_some_and(|before| before.refused.as_deref() == Some(words)) {
        return Ok(());
    }
    let (digest, applied_at) =
        before.map_or((None, None), |before| (before.digest, before.applied_at));
    let configuration = Configuration { digest, applied_at, refused: Some(words.to_owned()) };
    let mut tx = scene.app.db.begin().await?;
    db::proxy::set_configuration(&mut tx, &scene.server.server.id, &configuration).await?;
    let what = format!("refuses its configuration, and keeps the one before: {words}");
    let event = happened(scene, "proxy.configuration-refused", &what);
    events::record(&mut tx, event, Timestamp::now()).await?;
    Ok(tx.commit().await?)
}

/// The refusal as the outcome of work.
pub(super) fn as_failure(scene: &Scene<'_>, words: &str) -> portolan_types::Failure {
    failure(
        "configuration-refused",
        format!("the proxy of server `{}` refuses its configuration: {words}", scene.server_name()),
        "correct the extra configuration (`portolan proxy set --extra`); what ran before goes on",
    )
}
