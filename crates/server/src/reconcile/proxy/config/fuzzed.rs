//! Configurations from anything, for the fuzzer. Owns what holds for all of them.

use portolan_types::{
    CertificateSource, DestinationId, Image, Proxy, ProxyKind, ProxyState, Route, RouteId,
    RouteOptions, RouteState, ServerId, Timestamp,
};
use serde_json::{Value, json};

use super::{CADDY_ADMIN, CADDY_FILE, Generated, Ingredients, Slot, below_data};
use crate::db::route::Assigned;

/// What must not be seen of a route's password.
const HASH: &str = "$2b$10$hash";

/// From a host, a path, the name and the value of a header and a user, where they are any, and what
/// people add of their own.
pub(crate) fn generate_anything(texts: [&str; 5], extra: &str) {
    let routes: Vec<Assigned> = route(texts).into_iter().collect();
    // What people write themselves is shown, whatever it is.
    let is_secret = !texts.iter().chain([&extra]).any(|text| text.contains(HASH));
    for kind in [ProxyKind::Caddy, ProxyKind::Traefik] {
        let plain = generate(kind, &routes, None).expect("routes alone can always be written");
        check(kind, &plain, None);
        assert!(!is_secret || !shows_hash(&plain));
        if let Some(more) = generate(kind, &routes, Some(extra)) {
            check(kind, &more, Some(&main_file(kind, &plain)));
            assert!(!is_secret || !shows_hash(&more));
        }
    }
}

fn shows_hash(generated: &Generated) -> bool {
    generated.shown().files.iter().any(|file| file.content.contains(HASH))
}

fn route([host, path, name, value, user]: [&str; 5]) -> Option<Assigned> {
    let user = user.parse().ok();
    let now = Timestamp::from_millis(0);
    let header = json!([{ "name": name, "value": value, "on": "request" }]);
    let headers = serde_json::from_value(header).unwrap_or_default();
    let route = Route {
        id: RouteId::generate(),
        destination_id: DestinationId::generate(),
        destination_name: "shop".parse().ok()?,
        network: "shop".parse().ok()?,
        server_id: ServerId::generate(),
        server_name: "alpha".parse().ok()?,
        host: host.parse().ok()?,
        path: path.parse().unwrap_or_default(),
        target: "web".parse().ok()?,
        application_id: None,
        port: 80.try_into().ok()?,
        options: RouteOptions { headers, ..RouteOptions::default() },
        user,
        state: RouteState::Pending,
        reason: None,
        created_at: now,
        updated_at: now,
    };
    let password_hash = route.user.as_ref().map(|_| HASH.to_owned());
    Some(Assigned { route, password_hash })
}

fn generate(kind: ProxyKind, routes: &[Assigned], extra: Option<&str>) -> Option<Generated> {
    let port = |number: u16| number.try_into().expect("a port");
    let now = Timestamp::from_millis(0);
    let proxy = Proxy {
        server_id: ServerId::generate(),
        server_name: "alpha".parse().expect("a name"),
        kind,
        image: Image::published(kind),
        http_port: port(80),
        https_port: port(443),
        certificates: CertificateSource::Internal,
        extra: extra.map(str::to_owned),
        state: ProxyState::Running,
        reason: None,
        revision: 1,
        observed: None,
        configuration: None,
        operation_id: None,
        created_at: now,
        updated_at: now,
    };
    let ingredients = Ingredients { proxy: &proxy, routes, certificates: &[], internal: &[] };
    Generated::from(&ingredients).ok()
}

/// Readable, and what is generated stands whatever was added to it.
fn check(kind: ProxyKind, generated: &Generated, plain: Option<&Value>) {
    let main = main_file(kind, generated);
    match kind {
        ProxyKind::Caddy => {
            assert_eq!(main["admin"]["listen"], CADDY_ADMIN);
            if let Some(plain) = plain {
                stands(&main, plain);
            }
        }
        // People's own are in another file.
        ProxyKind::Traefik => assert!(main.is_object()),
    }
}

/// Everything is where it was; lists have more at their end. What no route takes is the last of all.
fn stands(now: &Value, plain: &Value) {
    match (now, plain) {
        (Value::Object(now), Value::Object(plain)) => {
            plain.iter().for_each(|(key, value)| stands(&now[key], value));
        }
        (Value::Array(now), Value::Array(plain)) => {
            assert!(now.len() >= plain.len());
            let begin = plain.len().saturating_sub(1);
            now.iter().zip(&plain[..begin]).for_each(|(now, plain)| stands(now, plain));
        }
        (now, plain) => assert_eq!(now, plain),
    }
}

fn main_file(kind: ProxyKind, generated: &Generated) -> Value {
    let path = match kind {
        ProxyKind::Caddy => below_data(CADDY_FILE),
        ProxyKind::Traefik => below_data(&Slot::First.path("a-portolan.yml")),
    };
    let files = generated.new_files(Slot::First);
    let file = files.iter().find(|file| file.path == path).expect("its file");
    let text = str::from_utf8(file.bytes()).expect("UTF-8");
    if kind == ProxyKind::Traefik {
        assert!(!text.contains("{{"), "a template: {text}");
    }
    serde_json::from_str(text).expect("JSON")
}
