//! The proxy's configuration: generated from the routes, checked by the proxy itself, put in. What
//! is refused changes nothing: the last good one stays.

use portolan_types::{
    CertificateSource, Configuration, Failure, GeneratedConfiguration, Proxy, ProxyKind, RouteHost,
    RouteState, Server, Timestamp,
};
use sha2::{Digest, Sha256};
use sqlx::AnyConnection;
use tokio::time::Instant;

use super::{
    super::{PassError, drift::thing::sentence, recorder::failure, work::Halt},
    Memory, Refusal, Scene,
    apply::{self, Outcome},
    config::{Generated, Ingredients, Keyed, Unfit, hosts_of, renewal, without_own},
    definition,
    job::happened,
    judge::{self, Verdict},
    routes, routes_of,
};
use crate::{
    Error,
    certificates::seal_context,
    db::{self, certificate::Sealed, route::Assigned},
    events,
    host::ContainerDetail,
    vault::to_hex,
};

/// Why routes are not said to be live that may be so.
const UNHEARD: &str = "it accepts the latest one, and did not say in time that it serves it";

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

/// What a configuration is generated from, as it is stored.
#[derive(Debug)]
struct Stored {
    /// Those that the proxy did not refuse.
    routes: Vec<Assigned>,
    /// The team's own certificates that serve them.
    certificates: Vec<Sealed>,
}

impl Stored {
    async fn read(scene: &Scene<'_>) -> Result<Self, Error> {
        let mut conn = scene.app.db.acquire().await?;
        let routes = routes_of(&mut conn, &scene.server.server).await?;
        let mut certificates = db::certificate::list_sealed(&mut conn, &scene.row.team_id).await?;
        // No server gets the key of a name that it does not serve.
        let hosts: Vec<RouteHost> = routes.iter().flat_map(|row| hosts_of(&row.route)).collect();
        let names = |one: &Sealed| hosts.iter().any(|host| one.certificate.names(host.as_str()));
        certificates.retain(names);
        Ok(Self { routes: accepted(routes), certificates })
    }

    fn generate(&self, scene: &Scene<'_>) -> Result<Result<Generated, Unfit>, Error> {
        let (proxy, routes) = (&scene.row.proxy, &self.routes);
        let opened: Result<Vec<Keyed>, Error> =
            self.certificates.iter().map(|sealed| opened(scene, sealed)).collect();
        let certificates = &opened?;
        let internal = &internal_hosts(proxy, routes, certificates);
        Ok(Generated::from(&Ingredients { proxy, routes, certificates, internal }))
    }

    /// Tells whether the same would be generated, without opening a key.
    fn fingerprint(&self, proxy: &Proxy) -> String {
        let settings = (proxy.kind, proxy.http_port, proxy.https_port);
        let texts = (&proxy.certificates, &proxy.extra);
        let own: Vec<_> = self.certificates.iter().map(|one| &one.certificate).collect();
        let all = format!("{settings:?} {texts:?} {:?} {own:?} {}", self.routes, renewal());
        to_hex(&Sha256::digest(all))
    }
}

fn opened(scene: &Scene<'_>, sealed: &Sealed) -> Result<Keyed, Error> {
    let context = seal_context(sealed.certificate.id.as_str());
    Ok(Keyed {
        private_key: scene.app.vault.open_sealed(&sealed.sealed_private_key, &context)?,
        chain: sealed.chain.clone(),
        id: sealed.certificate.id.to_string(),
        certificate: sealed.certificate.clone(),
    })
}

/// What the latest configuration was generated from, and which one it is: of the same the same is
/// generated, and no key has to be opened to know that.
#[derive(Debug)]
pub(super) struct Drawn {
    from: String,
    digest: String,
}

/// The configuration of all routes that were not refused.
pub(super) async fn prepared(scene: &Scene<'_>) -> Result<Result<Generated, Unfit>, Error> {
    Stored::read(scene).await?.generate(scene)
}

/// Puts in what the routes ask for now, where it is not in force.
pub(super) async fn pass(
    scene: &Scene<'_>,
    memory: &mut Memory,
    container: &ContainerDetail,
) -> Result<(), PassError> {
    if !container.is_running() {
        return routes::without_program(scene).await;
    }
    if !definition::is_as_wanted(scene, container) {
        let stored = Stored::read(scene).await?;
        return routes::by_an_earlier_proxy(scene, container, &stored.routes).await;
    }
    loop {
        let stored = Stored::read(scene).await?;
        let (routes, from) = (&stored.routes, stored.fingerprint(&scene.row.proxy));
        let known = memory.drawn.as_ref().filter(|drawn| drawn.from == from);
        if known.is_some_and(|drawn| is_in_force(scene, &drawn.digest)) {
            return routes::judge(scene, container, routes).await;
        }
        let generated = match stored.generate(scene)? {
            Ok(generated) => generated,
            Err(Unfit(words)) => {
                refused(scene, &words).await?;
                return waits(scene, container, routes, &as_failure(scene, &words)).await;
            }
        };
        memory.drawn = Some(Drawn { from, digest: generated.digest.clone() });
        if is_in_force(scene, &generated.digest) {
            return routes::judge(scene, container, routes).await;
        }
        if let Some(refusal) = memory.refusal(&generated.digest) {
            return waits(scene, container, routes, &refusal.why).await;
        }
        let (words, why) = match taken(scene, container, &generated).await {
            Ok(Outcome::Served) => {
                in_force(scene, &generated).await?;
                // That took its time, and somebody waits for how the routes are now.
                let seen = routes::seen_now(scene).await?;
                let scene = &Scene { seen: &seen, ..*scene };
                return routes::judge(scene, container, routes).await;
            }
            Ok(Outcome::Refused { words, routes: named }) if !named.is_empty() => {
                // The others go on without these.
                for row in routes.iter().filter(|row| named.contains(&row.route.id)) {
                    routes::set(scene, &row.route, RouteState::Refused, Some(&words)).await?;
                }
                continue;
            }
            Ok(Outcome::Refused { words, .. }) => (words.clone(), as_failure(scene, &words)),
            Ok(Outcome::Unheard) => (UNHEARD.to_owned(), unheard(scene)),
            Err(Halt::Refused(failure)) => (failure.message.clone(), failure),
            Err(Halt::Pass(error)) => return Err(error),
        };
        refused(scene, &words).await?;
        let refusal = Refusal { digest: generated.digest, at: Instant::now(), why };
        let refusal = memory.refused.insert(refusal);
        return waits(scene, container, routes, &refusal.why).await;
    }
}

/// Tells those who wait for what the proxy does not take.
async fn waits(
    scene: &Scene<'_>,
    container: &ContainerDetail,
    routes: &[Assigned],
    why: &Failure,
) -> Result<(), PassError> {
    let words = sentence(&why.message, None, why.remedy.as_deref());
    routes::not_taken(scene, container, routes, &words).await
}

fn is_in_force(scene: &Scene<'_>, digest: &str) -> bool {
    let known = scene.row.proxy.configuration.as_ref();
    known.is_some_and(|known| known.digest.as_deref() == Some(digest) && known.refused.is_none())
}

async fn taken(
    scene: &Scene<'_>,
    container: &ContainerDetail,
    generated: &Generated,
) -> Result<Outcome, Halt> {
    match judge::run(scene, generated).await? {
        Verdict::Accepted => apply::run(scene, container, generated).await,
        Verdict::Refused { words, routes } => Ok(Outcome::Refused { words, routes }),
    }
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
pub(super) fn as_failure(scene: &Scene<'_>, words: &str) -> Failure {
    failure(
        "configuration-refused",
        format!("the proxy of server `{}` refuses its configuration: {words}", scene.server_name()),
        "correct the extra configuration (`set_proxy.extra`); what ran before goes on",
    )
}

/// The same of one that said nothing.
pub(super) fn unheard(scene: &Scene<'_>) -> Failure {
    failure(
        "configuration-unheard",
        format!("the proxy of server `{}` has its configuration: {UNHEARD}", scene.server_name()),
        "see its logs (`read_proxy_logs`), then restart it (`restart_proxy`)",
    )
}
