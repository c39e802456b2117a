//! What is written into a proxy's container: files, generated from routes by serializers. Pure: no
//! host, no database.
//!
//! Nothing that a user gave is ever put into a text of the proxy's language by hand. What has a
//! meaning inside a text of it (rules, placeholders, templates) is escaped beside the type that
//! allows it: `caddy`, `traefik`.

use portolan_types::{
    Certificate, CertificateSource, ConfigurationFile, GeneratedConfiguration, Https, Proxy,
    ProxyKind, Route, RouteHost, RouteId, RoutePath, Timestamp, Www,
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::{
    db::route::Assigned,
    host::{FileContent, FileOwner, NewFile},
    vault::to_hex,
};

mod caddy;
#[cfg(feature = "fuzzing")]
mod fuzzed;
#[cfg(test)]
mod tests;
mod traefik;

pub(super) use caddy::ADMIN as CADDY_ADMIN;
#[cfg(feature = "fuzzing")]
pub(crate) use fuzzed::generate_anything;
pub(super) use traefik::{MARK_ADDRESS, MARK_ENTRY_POINT, RESOLVER, mark_seen, router_of};

/// Where the volume of the proxy is in its container. Caddy and Traefik write below it too.
pub(super) const DATA: &str = "/data";
/// What Portolan writes, below that.
pub(super) const OWN: &str = "/data/portolan";
/// What Caddy reads.
pub(super) const CADDY_FILE: &str = "/data/portolan/caddy.json";
/// The folder that Traefik reads: a link to one of two, see [`Slot`].
pub(super) const TRAEFIK_FOLDER: &str = "/data/portolan/traefik/current";

/// The certificate of Portolan's own authority, and its key.
pub(super) const INTERNAL_CHAIN: &str = "/data/portolan/internal.crt";
pub(super) const INTERNAL_KEY: &str = "/data/portolan/internal.key";

/// Let's Encrypt's authority for tests.
pub(super) const STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";

/// What a configuration is made from.
#[derive(Debug)]
pub(super) struct Ingredients<'a> {
    pub proxy: &'a Proxy,
    pub routes: &'a [Assigned],
    pub certificates: &'a [Keyed],
    /// Hosts that get a certificate of Portolan's own authority, in order: where the proxy has none
    /// itself.
    pub internal: &'a [RouteHost],
}

/// A certificate with its key.
#[derive(Debug)]
pub(super) struct Keyed {
    /// Names its files.
    pub id: String,
    pub certificate: Certificate,
    pub chain: String,
    pub private_key: SecretString,
}

impl Keyed {
    fn chain_path(&self) -> String {
        format!("{OWN}/certificates/{}.crt", self.id)
    }

    fn key_path(&self) -> String {
        format!("{OWN}/certificates/{}.key", self.id)
    }
}

/// A configuration, whole.
#[derive(Debug)]
pub(super) struct Generated {
    kind: ProxyKind,
    files: Vec<File>,
    /// Hosts that get a certificate of Portolan's own authority when it is put in.
    pub internal: Vec<RouteHost>,
    /// The routes in the order in which Caddy numbers them, by server.
    order: Vec<(RouteId, Https)>,
    /// SHA-256 of all of it, hexadecimal.
    pub digest: String,
}

#[derive(Debug)]
struct File {
    path: String,
    content: SecretString,
    /// The same for people: without what nobody is to read.
    shown: Option<String>,
}

/// Why nothing could be generated, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unfit(pub String);

impl Generated {
    /// Generates from routes in any order.
    pub(super) fn from(ingredients: &Ingredients<'_>) -> Result<Self, Unfit> {
        let mut files = named_files(ingredients);
        let main = match ingredients.proxy.kind {
            ProxyKind::Caddy => caddy::file(ingredients)?,
            ProxyKind::Traefik => {
                files.push(traefik::extra(ingredients.proxy));
                traefik::own(ingredients, None)?
            }
        };
        let digest = digest(files.iter().chain([&main]), ingredients.internal);
        files.push(match ingredients.proxy.kind {
            ProxyKind::Caddy => main,
            ProxyKind::Traefik => traefik::own(ingredients, Some(&digest))?,
        });
        let order = in_order(ingredients.routes);
        Ok(Self {
            kind: ingredients.proxy.kind,
            files,
            internal: ingredients.internal.to_vec(),
            order: order
                .iter()
                .map(|row| (row.route.id.clone(), row.route.options.https))
                .collect(),
            digest,
        })
    }

    /// As they are put below [`DATA`]: readable by root alone. The slot is the one that Traefik does
    /// not read now; for Caddy, which reads when it is told, there is none.
    pub(super) fn new_files(&self, slot: Slot) -> Vec<NewFile> {
        let file = |file: &File| {
            let path = match file.path.strip_prefix(TRAEFIK_FOLDER) {
                Some(name) => slot.path(name.trim_start_matches('/')),
                None => file.path.clone(),
            };
            new_file(&path, file.content.expose_secret().as_bytes().to_vec().into())
        };
        let mut files: Vec<NewFile> = self.files.iter().map(file).collect();
        if self.kind == ProxyKind::Traefik {
            files.extend(slot.taken());
        }
        files
    }

    /// The route that Caddy calls by a number in one of its servers.
    pub(super) fn numbered(&self, server: &str, number: usize) -> Option<RouteId> {
        let has = |(_, https): &&(RouteId, Https)| server == "http" || *https != Https::Off;
        self.order.iter().filter(has).nth(number).map(|(id, _)| id.clone())
    }

    /// For people.
    pub(super) fn shown(&self) -> GeneratedConfiguration {
        let shown = |file: &File| {
            let content = file.shown.clone()?;
            Some(ConfigurationFile { path: file.path.clone(), content })
        };
        let mut files: Vec<ConfigurationFile> = self.files.iter().filter_map(shown).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        GeneratedConfiguration { kind: self.kind, files }
    }
}

/// What the configuration names. It is written first: a proxy may read the rest as soon as that is
/// there.
fn named_files(ingredients: &Ingredients<'_>) -> Vec<File> {
    let mut files = Vec::new();
    if let Some(root) = root(ingredients.proxy) {
        files.push(File::secret(root.path, root.pem.to_owned().into()));
    }
    for keyed in ingredients.certificates {
        files.push(File::secret(keyed.chain_path(), keyed.chain.clone().into()));
        files.push(File::secret(keyed.key_path(), keyed.private_key.clone()));
    }
    files
}

/// What an authority by ACME is trusted by.
#[derive(Debug)]
pub(super) struct Root<'a> {
    /// Tells one from another: a proxy does not see that a file of the same name is another.
    pub path: String,
    pem: &'a str,
}

pub(super) fn root(proxy: &Proxy) -> Option<Root<'_>> {
    let CertificateSource::Acme { root: Some(pem), .. } = &proxy.certificates else { return None };
    Some(Root { path: format!("{OWN}/acme-root-{}.crt", short_digest(pem)), pem })
}

/// Enough of a digest to tell the few from each other that one proxy ever has.
pub(super) fn short_digest(text: &str) -> String {
    to_hex(&Sha256::digest(text)[..8])
}

fn new_file(path: &str, content: FileContent) -> NewFile {
    NewFile { path: below_data(path), content, mode: 0o600, owner: FileOwner::default() }
}

/// One of the two folders between which Traefik's link goes back and forth. Traefik looks whenever
/// something changes, also while it does: of files that are written in place it would serve some
/// without the others, and nobody at all while its own is away. It finds the link leading to one
/// whole folder or the other, or no folder, and then it stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    First,
    Second,
}

/// Says in each folder which one it is.
pub(super) const SLOT_FILE: &str = "/data/portolan/traefik/current/slot";

impl Slot {
    /// The one that is free, by what is read of [`SLOT_FILE`].
    pub(super) fn beside(read: Option<&[u8]>) -> Self {
        if read == Some(Self::First.as_str().as_bytes()) { Self::Second } else { Self::First }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::First => "1",
            Self::Second => "2",
        }
    }

    /// A file in it.
    pub(super) fn path(self, name: &str) -> String {
        format!("{OWN}/traefik/{}/{name}", self.as_str())
    }

    /// The link, and then what makes Traefik look: it watches the folder that the link led to when it
    /// started.
    fn taken(self) -> Vec<NewFile> {
        let told =
            |slot: Self| new_file(&slot.path("slot"), slot.as_str().as_bytes().to_vec().into());
        let link = FileContent::Link(self.as_str().to_owned());
        vec![new_file(TRAEFIK_FOLDER, link), told(Self::First), told(Self::Second)]
    }
}

/// A path as it is seen from [`DATA`].
pub(super) fn below_data(path: &str) -> String {
    path.strip_prefix(DATA).unwrap_or(path).trim_start_matches('/').to_owned()
}

impl File {
    fn secret(path: String, content: SecretString) -> Self {
        Self { path, content, shown: None }
    }

    fn open(path: &str, content: String, shown: String) -> Self {
        Self { path: path.to_owned(), content: content.into(), shown: Some(shown) }
    }
}

/// Certificates of Portolan's own authority are renewed so often: far before they end.
const RENEWAL: i64 = 180 * 24 * 60 * 60 * 1_000;

/// In which of these times it is now.
pub(super) fn renewal() -> i64 {
    Timestamp::now().as_millis() / RENEWAL
}

fn digest<'a>(files: impl Iterator<Item = &'a File>, internal: &[RouteHost]) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &str| {
        // With their lengths, so that no two lists of parts read the same.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    };
    for file in files {
        add(&file.path);
        add(file.content.expose_secret());
    }
    if !internal.is_empty() {
        add(&renewal().to_string());
        for host in internal {
            add(host.as_str());
        }
    }
    to_hex(&hash.finalize())
}

/// The routes in the order in which they are to be tried: of two on one host the longer path first.
fn in_order(routes: &[Assigned]) -> Vec<&Assigned> {
    let mut routes: Vec<&Assigned> = routes.iter().collect();
    routes.sort_by(|a, b| {
        let key = |one: &Assigned| {
            let path = one.route.path.as_str();
            (one.route.host.to_string(), std::cmp::Reverse(path.len()), path.to_owned())
        };
        key(a).cmp(&key(b))
    });
    routes
}

/// The host whose requests are sent on to the route's own.
fn other_host(route: &Route) -> Option<RouteHost> {
    match route.options.www {
        Www::Keep => None,
        // Refused where it is too long when the route is stored.
        Www::Strip => route.host.with_www().ok(),
        Www::Add => route.host.without_www(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Http,
    Https,
}

/// The paths below a route's that belong to routes of HTTP alone: over HTTPS they are nobody's.
/// Without this a visitor by HTTPS would be given to the shorter route, which is another target.
fn plain_below<'a>(routes: &'a [Assigned], route: &Route) -> Vec<&'a RoutePath> {
    let plain = routes.iter().map(|row| &row.route).filter(|other| {
        other.host == route.host
            && other.options.https == Https::Off
            && other.path != route.path
            && route.path.takes(&other.path)
    });
    let mut paths: Vec<&RoutePath> = plain.map(|other| &other.path).collect();
    paths.sort();
    paths
}

/// The redirects of www that answer over this way, each with the host that it answers: of several
/// routes of one host that with the longest path decides where all of it is sent, for a redirect
/// claims a whole host.
fn sending_on(routes: &[Assigned], way: Way) -> Vec<(&Route, RouteHost)> {
    let mut sending: Vec<(&Route, RouteHost)> = Vec::new();
    for row in in_order(routes) {
        let route = &row.route;
        let is_answered = way == Way::Http || route.options.https != Https::Off;
        let Some(other) = other_host(route).filter(|_| is_answered) else { continue };
        if sending.iter().all(|(_, host)| *host != other) {
            sending.push((route, other));
        }
    }
    sending
}

/// Where such a redirect sends to, without the path.
fn sent_to(proxy: &Proxy, route: &Route, way: Way) -> String {
    match (way, route.options.https) {
        (Way::Http, Https::Both | Https::Off) => {
            format!("http://{}", http_authority(proxy, &route.host))
        }
        (Way::Http, Https::Redirect) | (Way::Https, _) => {
            format!("https://{}", https_authority(proxy, &route.host))
        }
    }
}

/// Where a route leads: the container's name on this network and no other, as Docker's own name
/// server has it.
fn target(route: &Route) -> String {
    format!("{}.{}:{}", route.target, route.network, route.port)
}

/// Where clients are sent for HTTPS.
fn https_authority(proxy: &Proxy, host: &RouteHost) -> String {
    authority(host, proxy.https_port.get(), 443)
}

/// The same for HTTP.
fn http_authority(proxy: &Proxy, host: &RouteHost) -> String {
    authority(host, proxy.http_port.get(), 80)
}

fn authority(host: &RouteHost, port: u16, usual: u16) -> String {
    if port == usual { host.to_string() } else { format!("{host}:{port}") }
}

/// The hosts that a route answers.
pub(super) fn hosts_of(route: &Route) -> impl Iterator<Item = RouteHost> {
    std::iter::once(route.host.clone()).chain(other_host(route))
}

/// The hosts that are answered over HTTPS, and that no certificate of the team's own serves.
pub(super) fn without_own(routes: &[Assigned], own: &[Keyed]) -> Vec<RouteHost> {
    let secure = routes.iter().filter(|row| row.route.options.https != Https::Off);
    let mut hosts: Vec<RouteHost> = secure
        .flat_map(|row| hosts_of(&row.route))
        .filter(|host| !has_own(own, host.as_str()))
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

/// Whether a certificate of the team's own serves a host.
fn has_own(certificates: &[Keyed], host: &str) -> bool {
    certificates.iter().any(|keyed| keyed.certificate.names(host))
}
