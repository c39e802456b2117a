//! Ids and names in the addresses of the Engine API: whatever they are, they never lead to another
//! endpoint, add no parameter, and never end the line that they stand in.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use percent_encoding::percent_decode;
use portolan_server::host::{
    Afterwards, Dialer, Endpoint, Exec, FileContent, FileOwner, Host, Limits, LogQuery,
    NetworkMode, NewContainer, NewFile, Place, Privileges, Progress, PullProgress, Reachable,
    RealDialer, RestartPolicy, Route, Target,
};
use url::form_urlencoded;

use super::engine::{Asked, Engine, ordinary};

/// What hosts, rows and people might call a thing.
fn hostile() -> Vec<String> {
    let texts = [
        "",
        ".",
        "..",
        "../images",
        "../../v1.44/images",
        "..%2fimages",
        "%2e%2e%2fimages",
        "a/../../info",
        "a/json",
        "/etc",
        "//host/x",
        "http://169.254.169.254/",
        "a?all=1",
        "a&force=1",
        "a#b",
        "a;b",
        "a b",
        "a\tb",
        "a\r\nHost: x",
        "a HTTP/1.1\r\n\r\nDELETE /v1.44/networks/web HTTP/1.1\r\n\r\n",
        "a\nb",
        "a\0b",
        "a%00b",
        "a%0d%0ab",
        "a\\..\\b",
        "\u{1b}[2J",
        "\u{202e}web",
        "\u{ff0e}\u{ff0e}\u{2215}images",
        "\u{e4}",
        "{\"a\":1}",
        "\"],\"x\":[\"",
        "*",
        "@",
        "sha256:..",
        "caddy@sha256:../../x",
        "json",
        "create",
        "prune",
    ];
    let long = ["a".repeat(65_536), "/..".repeat(4_096), "0".repeat(63), "z".repeat(64)];
    texts.into_iter().map(str::to_owned).chain(long).collect()
}

/// Every call that takes an id or a name, with where it may lead: one segment for each `*`, any
/// number for `**`.
async fn call_all(host: &dyn Host, text: &str, id: &str) {
    let short = Duration::from_secs(2);
    let labels = BTreeMap::from([(text.to_owned(), text.to_owned())]);
    let endpoint = Endpoint { aliases: vec![text.to_owned()], ..Endpoint::default() };
    let query = LogQuery { lines: 1, since: None, timestamps: false };
    let file = NewFile {
        path: "file".into(),
        content: FileContent::Bytes(b"text".to_vec()),
        mode: 0o600,
        owner: FileOwner::default(),
    };
    let progress = PullProgress::default();
    let tell = || {};
    let exec = Exec::new([text], short);
    // That it is refused, or not there, is no matter here: what was asked for on the way is.
    drop(host.find_network(text).await);
    drop(host.remove_network(text).await);
    drop(host.list_members(text).await);
    drop(host.find_container(text).await);
    drop(host.connect(text, id, &endpoint).await);
    drop(host.connect(id, text, &endpoint).await);
    drop(host.disconnect(text, id).await);
    drop(host.disconnect(id, text).await);
    drop(host.find_image(text).await);
    drop(host.list_image_names(text).await);
    drop(host.pull_image(text, None, &progress.on_news(&tell)).await);
    drop(host.remove_image(text).await);
    drop(host.create_container(&container(text, id)).await);
    drop(host.start_container(text).await);
    drop(host.stop_container(text, short).await);
    drop(host.restart_container(text, short).await);
    drop(host.rename_container(text, "web").await);
    drop(host.rename_container(id, text).await);
    drop(host.remove_container(text).await);
    drop(host.wait_container(text, short).await);
    drop(host.container_logs(text, &query).await);
    drop(host.put_files(text, "/etc", std::slice::from_ref(&file)).await);
    drop(host.put_files(id, text, &[file]).await);
    drop(host.read_file(text, "/etc/passwd").await);
    drop(host.read_file(id, text).await);
    drop(host.exec(text, &exec).await);
    drop(host.exec(id, &exec).await);
    drop(host.create_volume(text, &labels).await);
    drop(host.find_volume(text).await);
    drop(host.remove_volume(text).await);
    drop(host.connect_service(text, id, id).await);
    drop(host.connect_service(id, text, text).await);
    drop(host.disconnect_service(text, id).await);
    drop(host.disconnect_service(id, text).await);
}

fn container(text: &str, id: &str) -> NewContainer {
    NewContainer {
        name: text.to_owned(),
        image: text.to_owned(),
        entrypoint: None,
        command: vec![text.to_owned()],
        environment: BTreeMap::from([(text.to_owned(), text.to_owned())]),
        labels: BTreeMap::from([(text.to_owned(), text.to_owned())]),
        user: Some(text.to_owned()),
        working_dir: Some(text.to_owned()),
        hostname: Some(text.to_owned()),
        init: true,
        stop_signal: Some(text.to_owned()),
        network: NetworkMode::Networks(vec![Place {
            network: id.to_owned(),
            endpoint: Endpoint::default(),
        }]),
        resolver_options: Vec::new(),
        ports: Vec::new(),
        mounts: Vec::new(),
        health: None,
        restart: RestartPolicy::Never,
        privileges: Privileges::default(),
        limits: Limits::default(),
        afterwards: Afterwards::Stays,
        stop_timeout: None,
    }
}

/// Where those calls may lead, and with which parameters.
const ENDPOINTS: [(&str, &[&str]); 33] = [
    ("GET /_ping", &[]),
    ("GET /info", &[]),
    ("GET /networks", &["filters"]),
    ("GET /networks/*", &["verbose", "scope"]),
    ("DELETE /networks/*", &[]),
    ("POST /networks/*/connect", &[]),
    ("POST /networks/*/disconnect", &[]),
    ("GET /containers/json", &["all", "filters", "size", "limit"]),
    ("GET /containers/*/json", &["size"]),
    ("POST /containers/create", &["name", "platform"]),
    ("POST /containers/*/start", &["detachKeys"]),
    ("POST /containers/*/stop", &["t", "signal"]),
    ("POST /containers/*/restart", &["t", "signal"]),
    ("POST /containers/*/rename", &["name"]),
    ("DELETE /containers/*", &["v", "force", "link"]),
    ("POST /containers/*/wait", &["condition"]),
    ("GET /containers/*/logs", &["stdout", "stderr", "tail", "since", "timestamps"]),
    ("PUT /containers/*/archive", &["path"]),
    ("GET /containers/*/archive", &["path"]),
    ("POST /containers/*/exec", &[]),
    ("POST /exec/*/start", &[]),
    ("GET /exec/*/json", &[]),
    ("GET /images/**/json", &["manifests"]),
    ("GET /images/json", &["all", "filters", "shared-size", "digests", "manifests", "identity"]),
    ("POST /images/create", &["fromImage", "tag"]),
    ("DELETE /images/**", &["force", "noprune", "platforms"]),
    ("POST /volumes/create", &[]),
    ("GET /volumes/*", &[]),
    ("DELETE /volumes/*", &["force"]),
    ("GET /services/*", &["insertDefaults"]),
    ("POST /services/*/update", &["version"]),
    ("GET /version", &[]),
    ("GET /nodes", &["filters"]),
];

/// Whether a path has this shape. Nothing in it may be resolved away, read twice or skipped.
fn is_shaped(path: &[&str], shape: &[&str]) -> bool {
    match (path.split_first(), shape.split_first()) {
        (None, None) => true,
        (Some((first, rest)), Some((&"**", shape_rest))) => {
            is_segment(first) && (is_shaped(rest, shape) || is_shaped(rest, shape_rest))
        }
        (Some((first, rest)), Some((&"*", shape_rest))) => {
            is_segment(first) && is_shaped(rest, shape_rest)
        }
        (Some((first, rest)), Some((word, shape_rest))) => {
            first == word && is_shaped(rest, shape_rest)
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn is_segment(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_.-:@".contains(&b);
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.bytes().all(plain)
}

fn judge(asked: &Asked) -> Result<()> {
    let head = String::from_utf8(asked.head.clone())?;
    let mut lines = head.trim_end_matches("\r\n").split("\r\n");
    let line = lines.next().context("a line")?;
    let words: Vec<&str> = line.split(' ').collect();
    let [method, target, "HTTP/1.1"] = words[..] else { anyhow::bail!("{line:?}") };
    ensure!(line.bytes().all(|b| b.is_ascii_graphic() || b == b' '), "{line:?}");
    let hosts = lines.clone().filter(|line| line.to_ascii_lowercase().starts_with("host:"));
    ensure!(hosts.count() == 1, "{head:?}");
    ensure!(lines.all(|line| line.contains(": ") && !line.contains(char::is_control)), "{head:?}");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let path = path.strip_prefix("/v1.44").unwrap_or(path);
    ensure!(percent_decode(path.as_bytes()).decode_utf8()? == path, "{line:?} is read twice");
    let path: Vec<&str> = path.split('/').skip(1).collect();
    let found = ENDPOINTS.iter().find(|(endpoint, _)| {
        let (of, shape) = endpoint.split_once(' ').expect("a method and a path");
        let shape: Vec<&str> = shape.split('/').skip(1).collect();
        of == method && is_shaped(&path, &shape)
    });
    let (_, parameters) = found.with_context(|| format!("{line:?} is another endpoint"))?;
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        ensure!(parameters.contains(&key.as_ref()), "{line:?}: {key:?}");
        if key == "filters" {
            let filters: BTreeMap<String, Vec<String>> = serde_json::from_str(&value)?;
            ensure!(filters.len() == 1, "{line:?}: {value}");
        }
    }
    Ok(())
}

/// Says yes to making programs and containers, so that the calls go on as far as they can.
pub(super) async fn host(engine: &Engine) -> Result<Arc<dyn Host>> {
    let route = Route::Local { socket: engine.socket.clone() };
    let target = Target { server: "hostile".into(), route };
    let sockets = vec![engine.socket.clone()];
    let dialer = RealDialer::new(Reachable { sockets, ..Reachable::default() });
    Ok(dialer.dial(&target, &Progress::silent()).await?.host)
}

#[tokio::test]
async fn nothing_leads_elsewhere() -> Result<()> {
    let engine = Engine::start(ordinary)?;
    let host = host(&engine).await?;
    for text in hostile() {
        call_all(host.as_ref(), &text, &"0af1".repeat(16)).await;
    }
    // Whole ids of either kind, in all places: so that the judge has seen every endpoint.
    call_all(host.as_ref(), &"0af1".repeat(16), &"0af1".repeat(16)).await;
    call_all(host.as_ref(), "a1b2c3d4e5f6g7h8i9j0k1l2m", &"0af1".repeat(16)).await;
    let asked = engine.asked();
    ensure!(asked.len() > 200, "only {} requests came", asked.len());
    for one in &asked {
        judge(one).with_context(|| format!("{:.500?}", one.line()))?;
    }
    Ok(())
}

/// An engine's own answers name things too, and those go into the next address.
#[tokio::test]
async fn what_an_engine_names_leads_nowhere() -> Result<()> {
    for text in hostile() {
        let named = serde_json::json!({ "Id": text, "ID": text, "Warnings": [] });
        let engine = Engine::start(move |asked: &Asked| {
            match (asked.what().as_str(), asked.line().starts_with("POST ")) {
                (what, true) if what.ends_with("/exec") || what.ends_with("/create") => {
                    super::engine::Reply::json(&named)
                }
                _ => ordinary(asked),
            }
        })?;
        let host = host(&engine).await?;
        let id = "0af1".repeat(16);
        let exec = Exec::new(["true"], Duration::from_secs(2));
        ensure!(host.exec(&id, &exec).await.is_err(), "{text:?} is no id");
        ensure!(host.create_container(&container("web", &id)).await.is_err(), "{text:?} is no id");
        for one in engine.asked() {
            judge(&one)?;
        }
    }
    Ok(())
}
