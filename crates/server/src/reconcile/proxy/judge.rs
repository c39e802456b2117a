//! Has a proxy read a configuration before it is taken: in a short-lived container of the same
//! image, which reaches nothing and nobody.
//!
//! Caddy has a command for it. Traefik has none, and leaves out what it does not understand while it
//! serves the rest: it is started, and tells while it builds its routers which it could not.

use std::time::Duration;

use portolan_types::{ProxyKind, RouteId};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use super::{
    super::{recorder::failure, work::Halt},
    Scene, authority,
    config::{DATA, Generated, Slot, below_data, router_of},
    definition::{self, CHECK, is_ours},
    job::halt,
};
use crate::host::{FileOwner, LogQuery, NewFile, clean};

/// How long the proxy may take to read it, and how often it is listened to.
const READING: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(100);

/// Longest words of a proxy that go into a reason.
const WORDS: usize = 600;

/// What the proxy says of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted,
    Refused {
        /// The proxy's own.
        words: String,
        /// Those of our routes that it names.
        routes: Vec<RouteId>,
    },
}

pub(super) async fn run(scene: &Scene<'_>, generated: &Generated) -> Result<Verdict, Halt> {
    let host = scene.host;
    let cannot = |error| halt(scene, &error, "have the proxy check its configuration");
    if let Some(left) = host.find_container(CHECK).await.map_err(cannot)?
        && is_ours(scene, &left)
    {
        host.remove_container(&left.member.docker_id).await.map_err(cannot)?;
    }
    let id = host.create_container(&definition::check(scene)).await.map_err(cannot)?;
    let verdict = heard(scene, &id, generated).await;
    host.remove_container(&id).await.map_err(cannot)?;
    verdict
}

async fn heard(scene: &Scene<'_>, id: &str, generated: &Generated) -> Result<Verdict, Halt> {
    let cannot = |error| halt(scene, &error, "have the proxy check its configuration");
    let mut files = generated.new_files(Slot::First);
    if !generated.internal.is_empty() {
        files.extend(authority::files(scene, id, &generated.internal).await?);
    }
    if scene.row.proxy.kind == ProxyKind::Traefik {
        files.push(sentinel());
    }
    // The folder is the image's own affair: it may not be there.
    for file in &mut files {
        file.path = format!("{}/{}", DATA.trim_start_matches('/'), file.path);
    }
    scene.host.put_files(id, "/", &files).await.map_err(cannot)?;
    scene.host.start_container(id).await.map_err(cannot)?;
    match scene.row.proxy.kind {
        ProxyKind::Caddy => by_caddy(scene, id, generated).await,
        ProxyKind::Traefik => by_traefik(scene, id).await,
    }
}

async fn logs(scene: &Scene<'_>, id: &str) -> Result<String, Halt> {
    let query = LogQuery { lines: 1_000_000, since: None, timestamps: false };
    let said = scene.host.container_logs(id, &query).await;
    said.map_err(|error| halt(scene, &error, "read what the proxy says of its configuration"))
}

async fn by_caddy(scene: &Scene<'_>, id: &str, generated: &Generated) -> Result<Verdict, Halt> {
    let ended = scene.host.wait_container(id, READING).await;
    let code = ended.map_err(|error| halt(scene, &error, "have Caddy check its configuration"))?;
    let said = logs(scene, id).await?;
    Ok(if code == 0 { Verdict::Accepted } else { caddys_refusal(&said, generated) })
}

fn caddys_refusal(said: &str, generated: &Generated) -> Verdict {
    let lines = || said.lines().rev();
    let error = lines().find_map(|line| line.strip_prefix("Error: ")).or_else(|| lines().next());
    let words = in_words(error.unwrap_or("nothing"));
    let routes = caddys_route(&words, generated).into_iter().collect();
    Verdict::Refused { words, routes }
}

/// `... server https: setting up route handlers: route 2: ...`
fn caddys_route(words: &str, generated: &Generated) -> Option<RouteId> {
    let (_, rest) = words.split_once("server ")?;
    let (server, rest) = rest.split_once(':')?;
    let (_, rest) = rest.split_once("route ")?;
    let (number, _) = rest.split_once(':')?;
    generated.numbered(server, number.parse().ok()?)
}

/// A router that is certain to come to be: when it did, the others of its entry point did too.
fn sentinel() -> NewFile {
    let router = |entry_point: &str| {
        serde_json::json!({
            "rule": "Host(`check.invalid`)", "service": "noop@internal",
            "entryPoints": [entry_point],
        })
    };
    let mut secure = router("websecure");
    secure["tls"] = serde_json::json!({});
    let config = serde_json::json!({
        "http": {"routers": {"check-web": router("web"), "check-websecure": secure}},
    });
    NewFile {
        path: below_data(&Slot::First.path("c-check.yml")),
        content: config.to_string().into_bytes().into(),
        mode: 0o600,
        owner: FileOwner::default(),
    }
}

async fn by_traefik(scene: &Scene<'_>, id: &str) -> Result<Verdict, Halt> {
    let deadline = Instant::now() + READING;
    loop {
        let heard = Heard::from(&logs(scene, id).await?);
        if let Some(verdict) = heard.verdict() {
            return Ok(verdict);
        }
        let found = scene.host.find_container(id).await;
        let found = found.map_err(|error| halt(scene, &error, "inspect Traefik's check"))?;
        let runs = found.is_some_and(|found| found.is_running());
        if !runs {
            // With what it said between the two looks.
            return Ok(Heard::from(&logs(scene, id).await?).at_its_end());
        }
        if Instant::now() >= deadline {
            let message =
                format!("Traefik did not tell whether it takes the configuration: {}", heard.last);
            return Err(failure("not-judged", message, "look at its image, then try again").into());
        }
        sleep(PAUSE).await;
    }
}

/// A line of Traefik's log.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Line {
    level: String,
    message: String,
    error: String,
    router_name: String,
    entry_point_name: serde_json::Value,
    middleware_name: String,
    provider_name: String,
}

/// What Traefik said so far.
#[derive(Debug, Default)]
struct Heard {
    errors: Vec<Line>,
    /// Entry points whose check was seen, and then all of which were built.
    checked: Vec<String>,
    built: Vec<String>,
    last: String,
}

const ENTRY_POINTS: [&str; 2] = ["web", "websecure"];

impl Heard {
    fn from(said: &str) -> Self {
        let mut heard = Self::default();
        for text in said.lines() {
            match serde_json::from_str::<Line>(text) {
                Ok(line) => heard.hear(line),
                Err(_) => heard.last = in_words(text),
            }
        }
        heard
    }

    fn hear(&mut self, line: Line) {
        let entry_point = line.entry_point_name.as_str().unwrap_or_default().to_owned();
        if line.router_name.starts_with("check-") && !self.checked.contains(&entry_point) {
            self.checked.push(entry_point);
        } else if line.middleware_name == "traefik-internal-recovery"
            && self.checked.contains(&entry_point)
            && !self.built.contains(&entry_point)
        {
            self.built.push(entry_point);
        }
        if matches!(line.level.as_str(), "error" | "fatal" | "panic") && !is_of_acme(&line) {
            self.errors.push(line);
        }
    }

    /// Known once all entry points are built, or when the files could not be read at all.
    fn verdict(&self) -> Option<Verdict> {
        let built = |name: &&str| self.built.iter().any(|built| built == name);
        if ENTRY_POINTS.iter().all(built) {
            return Some(self.told());
        }
        let whole = self.errors.iter().any(|line| line.router_name.is_empty());
        whole.then(|| self.told())
    }

    fn told(&self) -> Verdict {
        if self.errors.is_empty() {
            return Verdict::Accepted;
        }
        let mut routes: Vec<RouteId> =
            self.errors.iter().filter_map(|line| router_of(&line.router_name)).collect();
        routes.sort();
        routes.dedup();
        let of_others = |line: &&Line| router_of(&line.router_name).is_none();
        // Somebody else's mistake goes first: without it ours may be none.
        let first = self.errors.iter().find(of_others).or_else(|| self.errors.first());
        let words = first.map(Line::words).unwrap_or_default();
        Verdict::Refused {
            words,
            routes: if self.errors.iter().any(|line| of_others(&line)) {
                Vec::new()
            } else {
                routes
            },
        }
    }

    /// It ended, which is a refusal in any case.
    fn at_its_end(&self) -> Verdict {
        match self.told() {
            Verdict::Accepted => Verdict::Refused { words: self.last.clone(), routes: Vec::new() },
            refused @ Verdict::Refused { .. } => refused,
        }
    }
}

impl Line {
    fn words(&self) -> String {
        let parts = [
            self.router_name.strip_suffix("@file").unwrap_or(&self.router_name),
            &self.message,
            &self.error,
        ];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        in_words(&parts.join(": "))
    }
}

/// Without a way out no certificate is issued, which says nothing of the configuration.
fn is_of_acme(line: &Line) -> bool {
    line.provider_name.split('.').any(|part| part == "acme") || line.message.contains("ACME")
}

fn in_words(text: &str) -> String {
    clean(text).chars().take(WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILT: &str = r#"
{"level":"debug","entryPointName":"web","routerName":"check-web@file","message":"Creating"}
{"level":"debug","entryPointName":"web","middlewareName":"traefik-internal-recovery"}
{"level":"debug","entryPointName":"websecure","routerName":"check-websecure@file","message":"x"}
{"level":"debug","entryPointName":["a"],"routerName":"r","message":"x"}
"#;
    const LAST: &str = r#"
{"level":"debug","entryPointName":"websecure","middlewareName":"traefik-internal-recovery"}
"#;

    #[test]
    fn traefik_is_heard_to_the_end() {
        assert_eq!(Heard::from(BUILT).verdict(), None, "one entry point is not built yet");
        let whole = format!("{BUILT}{LAST}");
        assert_eq!(Heard::from(&whole).verdict(), Some(Verdict::Accepted));
    }

    #[test]
    fn a_broken_router_of_ours_names_its_route() {
        let id = RouteId::generate();
        let error = format!(
            r#"{{"level":"error","entryPointName":"web","routerName":"portolan-{id}-http@file","error":"error while parsing rule"}}"#
        );
        let heard = Heard::from(&format!("{error}\n{BUILT}{LAST}"));
        let Some(Verdict::Refused { words, routes }) = heard.verdict() else { panic!("{heard:?}") };
        assert_eq!(routes, std::slice::from_ref(&id));
        assert_eq!(words, format!("portolan-{id}-http: error while parsing rule"));
    }

    #[test]
    fn files_that_cannot_be_read_are_refused_at_once() {
        let error = r#"{"level":"error","error":"yaml: line 1: did not find","message":"Cannot start the provider *file.Provider"}"#;
        let Some(Verdict::Refused { words, routes }) = Heard::from(error).verdict() else {
            panic!("no verdict")
        };
        assert!(words.contains("yaml: line 1"), "{words}");
        assert!(routes.is_empty());
    }
}
