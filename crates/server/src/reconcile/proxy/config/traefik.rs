//! Traefik's dynamic configuration: JSON, which is YAML. Traefik runs it through a template before
//! it reads it, so that `{` is written as an escape in every text.

use std::io;

use base64::{Engine, engine::general_purpose::STANDARD};
use portolan_types::{
    CertificateSource, Direction, Header, Https, Proxy, ProxyKind, Route, RouteId, RoutePath,
};
use serde::Serialize;
use serde_json::{
    Map, Value, json,
    ser::{Formatter, Serializer},
};

use super::{
    File, INTERNAL_CHAIN, INTERNAL_KEY, Ingredients, Keyed, TRAEFIK_FOLDER, Unfit, Way, has_own,
    in_order, plain_below, sending_on, sent_to, target,
};
use crate::db::route::Assigned;

/// The name of the resolver for certificates by ACME.
pub(in super::super) const RESOLVER: &str = "portolan";

/// Where Traefik tells, to its own container alone, which configuration it serves.
pub(in super::super) const MARK_ENTRY_POINT: &str = "mark";
pub(in super::super) const MARK_ADDRESS: &str = "127.0.0.1:8083";

/// What the names of our routers begin with.
const ROUTER_PREFIX: &str = "portolan-";

/// Above what Traefik gives by itself, which is the length of the rule: a rule of the user's own
/// goes before ours only when it says so.
const PRIORITY: u64 = 1_000_000;

/// Stands in place of a hash for people.
const HIDDEN: &str = "(hidden)";

/// The user's own file, and what is written into it without any: files can be put into a container,
/// not taken out of it.
pub(super) fn extra(proxy: &Proxy) -> File {
    let extra = proxy.extra.as_deref().filter(|_| proxy.kind == ProxyKind::Traefik);
    let extra = extra.unwrap_or("{}");
    File::open(&format!("{TRAEFIK_FOLDER}/b-extra.yml"), extra.to_owned(), extra.to_owned())
}

/// The file that is generated, with a mark that tells which configuration it is of.
pub(super) fn own(ingredients: &Ingredients<'_>, mark: Option<&str>) -> Result<File, Unfit> {
    let mut whole = config(ingredients, Hashes::Kept);
    let shown = config(ingredients, Hashes::Hidden);
    if let Some(digest) = mark {
        whole["http"]["routers"]["portolan-mark"] = marking(digest);
    }
    let unfit = |error: serde_json::Error| Unfit(error.to_string());
    let pretty = serde_json::to_string_pretty(&shown).map_err(unfit)?;
    let path = format!("{TRAEFIK_FOLDER}/a-portolan.yml");
    Ok(File::open(&path, untemplated(&whole).map_err(unfit)?, pretty))
}

fn marking(digest: &str) -> Value {
    json!({
        "rule": format!("Header(`Authorization`, `Basic {}`)", STANDARD.encode(credentials(digest))),
        "service": "ping@internal",
        "entryPoints": [MARK_ENTRY_POINT],
    })
}

fn credentials(digest: &str) -> String {
    format!("portolan:{digest}")
}

/// Asks Traefik whether it serves the configuration with this digest. Its own health check is the one
/// client that every image has: it tells nothing but whether an address is answered with 200, and
/// sends the credentials that stand in the address.
pub(in super::super) fn mark_seen(digest: &str) -> [String; 5] {
    let address = format!("{}@{MARK_ADDRESS}", credentials(digest));
    [
        "traefik".to_owned(),
        "healthcheck".to_owned(),
        "--ping=true".to_owned(),
        format!("--ping.entrypoint={MARK_ENTRY_POINT}"),
        format!("--entrypoints.{MARK_ENTRY_POINT}.address={address}"),
    ]
}

/// JSON in which no text has a `{`.
fn untemplated(value: &Value) -> Result<String, serde_json::Error> {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, Untemplated))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

struct Untemplated;

impl Formatter for Untemplated {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        writer.write_all(fragment.replace('{', "\\u007b").as_bytes())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hashes {
    Kept,
    Hidden,
}

/// Everything below `http` and `tls`, by name.
#[derive(Debug, Default)]
struct Parts {
    routers: Map<String, Value>,
    middlewares: Map<String, Value>,
    services: Map<String, Value>,
}

impl Parts {
    /// Adds a middleware and answers its name.
    fn middleware(&mut self, id: &RouteId, what: &str, value: Value) -> String {
        let name = format!("{ROUTER_PREFIX}{id}-{what}");
        self.middlewares.insert(name.clone(), value);
        name
    }
}

fn config(ingredients: &Ingredients<'_>, hashes: Hashes) -> Value {
    let mut parts = Parts::default();
    for row in in_order(ingredients.routes) {
        add(&mut parts, ingredients, row, hashes);
    }
    for way in [Way::Http, Way::Https] {
        send_on(&mut parts, ingredients, way);
    }
    let Parts { routers, middlewares, services } = parts;
    // Traefik refuses an empty table in place of none.
    let mut http = Map::new();
    for (key, table) in [("routers", routers), ("middlewares", middlewares), ("services", services)]
    {
        if !table.is_empty() {
            http.insert(key.to_owned(), table.into());
        }
    }
    let mut config = Map::new();
    if !http.is_empty() {
        config.insert("http".to_owned(), http.into());
    }
    let mut files: Vec<Value> = ingredients.certificates.iter().map(files_of).collect();
    if !ingredients.internal.is_empty() {
        files.push(json!({"certFile": INTERNAL_CHAIN, "keyFile": INTERNAL_KEY}));
    }
    if !files.is_empty() {
        config.insert("tls".to_owned(), json!({"certificates": files}));
    }
    config.into()
}

fn files_of(keyed: &Keyed) -> Value {
    json!({"certFile": keyed.chain_path(), "keyFile": keyed.key_path()})
}

fn add(parts: &mut Parts, ingredients: &Ingredients<'_>, row: &Assigned, hashes: Hashes) {
    let route = &row.route;
    let name = format!("{ROUTER_PREFIX}{}", route.id);
    let service =
        json!({"loadBalancer": {"servers": [{"url": format!("http://{}", target(route))}]}});
    parts.services.insert(name.clone(), service);
    let chain = middlewares(parts, row, hashes);
    let mut router = json!({
        "rule": rule(route),
        "priority": PRIORITY + route.path.as_str().len() as u64,
        "service": name,
        "middlewares": chain,
    });
    if route.options.https != Https::Off {
        let mut secure = router.clone();
        secure["rule"] = secure_rule(ingredients, route).into();
        secure["entryPoints"] = json!(["websecure"]);
        secure["tls"] = tls(ingredients, route.host.as_str());
        parts.routers.insert(format!("{name}-https"), secure);
    }
    router["entryPoints"] = json!(["web"]);
    if route.options.https == Https::Redirect {
        let to_https = to_https(parts, ingredients.proxy, route);
        router["middlewares"] = json!([to_https]);
    }
    parts.routers.insert(format!("{name}-http"), router);
}

/// Which route a router of ours is of.
pub(in super::super) fn router_of(name: &str) -> Option<RouteId> {
    name.strip_prefix(ROUTER_PREFIX)?.split(['-', '@']).next()?.parse().ok()
}

/// The host and path can hold nothing that ends a text in a rule: see their types.
fn rule(route: &Route) -> String {
    let host = format!("Host(`{}`)", route.host);
    if route.path.is_root() { host } else { format!("{host} && {}", below(&route.path)) }
}

fn secure_rule(ingredients: &Ingredients<'_>, route: &Route) -> String {
    let plain = plain_below(ingredients.routes, route);
    let without = plain.iter().map(|path| format!(" && !{}", below(path)));
    std::iter::once(rule(route)).chain(without).collect()
}

fn below(path: &RoutePath) -> String {
    format!("(Path(`{path}`) || PathPrefix(`{path}/`))")
}

fn tls(ingredients: &Ingredients<'_>, host: &str) -> Value {
    match &ingredients.proxy.certificates {
        CertificateSource::Acme { .. } if !has_own(ingredients.certificates, host) => {
            json!({"certResolver": RESOLVER})
        }
        CertificateSource::Acme { .. } | CertificateSource::Internal => json!({}),
    }
}

fn to_https(parts: &mut Parts, proxy: &Proxy, route: &Route) -> String {
    let port = proxy.https_port.get();
    let mut scheme = json!({"scheme": "https", "permanent": true});
    if port != 443 {
        scheme["port"] = port.to_string().into();
    }
    parts.middleware(&route.id, "to-https", json!({"redirectScheme": scheme}))
}

/// Requests for other hosts are sent on.
fn send_on(parts: &mut Parts, ingredients: &Ingredients<'_>, way: Way) {
    for (route, other) in sending_on(ingredients.routes, way) {
        let to = sent_to(ingredients.proxy, route, way);
        let (what, entry_point) = match way {
            Way::Http => ("www-http", "web"),
            Way::Https => ("www-https", "websecure"),
        };
        let name = format!("{ROUTER_PREFIX}{}", route.id);
        let mut router = json!({
            "rule": format!("Host(`{other}`)"), "priority": PRIORITY, "service": name,
            "middlewares": [to_host(parts, route, what, &to)], "entryPoints": [entry_point],
        });
        if way == Way::Https {
            router["tls"] = tls(ingredients, other.as_str());
        }
        parts.routers.insert(format!("{name}-{what}"), router);
    }
}

fn to_host(parts: &mut Parts, route: &Route, what: &str, to: &str) -> String {
    let redirect = json!({"redirectRegex": {
        "regex": "^https?://[^/]+(.*)$", "replacement": format!("{to}${{1}}"), "permanent": true,
    }});
    parts.middleware(&route.id, what, redirect)
}

/// In the order in which a request meets them.
fn middlewares(parts: &mut Parts, row: &Assigned, hashes: Hashes) -> Vec<String> {
    let (id, options) = (&row.route.id, &row.route.options);
    let mut chain = Vec::new();
    if let (Some(user), Some(hash)) = (&row.route.user, &row.password_hash) {
        let hash = if hashes == Hashes::Kept { hash.as_str() } else { HIDDEN };
        // The password is between the visitor and the proxy.
        let auth = json!({
            "basicAuth": {"users": [format!("{user}:{hash}")], "removeHeader": true},
        });
        chain.push(parts.middleware(id, "auth", auth));
    }
    if let Some(limit) = options.body_limit_bytes {
        let buffering = json!({"buffering": {"maxRequestBodyBytes": limit.bytes()}});
        chain.push(parts.middleware(id, "body", buffering));
    }
    if !options.headers.is_empty() {
        let mut headers = Map::new();
        for (direction, key) in [
            (Direction::Request, "customRequestHeaders"),
            (Direction::Response, "customResponseHeaders"),
        ] {
            let table = table(options.headers.on(direction));
            // Traefik refuses an empty table in place of none.
            if !table.is_empty() {
                headers.insert(key.to_owned(), table.into());
            }
        }
        chain.push(parts.middleware(id, "headers", json!({"headers": headers})));
    }
    if options.strip_path && !row.route.path.is_root() {
        let strip = json!({"stripPrefix": {"prefixes": [row.route.path]}});
        chain.push(parts.middleware(id, "strip", strip));
    }
    chain
}

/// Traefik takes a header off when its value is empty.
fn table<'a>(headers: impl Iterator<Item = &'a Header>) -> Map<String, Value> {
    headers.map(|header| (header.name.to_string(), header.value.as_str().into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_template() {
        let text = "{{ env \"HOME\" }} \u{1}";
        let written = untemplated(&json!({"a": {"b": [{"c": text}]}})).expect("JSON");
        assert!(!written.contains("{{"), "{written}");
        let read: Value = serde_json::from_str(&written).expect("JSON");
        assert_eq!(read["a"]["b"][0]["c"], text);
    }

    #[test]
    fn a_router_tells_its_route() {
        let id = RouteId::generate();
        assert_eq!(router_of(&format!("{ROUTER_PREFIX}{id}-www-https@file")), Some(id));
        assert_eq!(router_of("mine@file"), None);
    }
}
