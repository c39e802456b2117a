//! Caddy's JSON.

use portolan_types::{
    CertificateSource, Direction, Header, Https, Proxy, ProxyKind, Route, RoutePath,
};
use serde_json::{Map, Value, json};

use super::{
    CADDY_FILE, File, Ingredients, STAGING, Unfit, Way, https_authority, in_order, plain_below,
    root, sending_on, sent_to, target, without_own,
};
use crate::db::route::Assigned;

/// Where Caddy takes changes: a socket that nobody outside its container reaches.
pub(in super::super) const ADMIN: &str = "unix//run/portolan/admin.sock";

/// How long a connection of a WebSocket outlives the configuration that it began with.
const STREAMS_STAY: &str = "24h";

/// Stands in place of a hash for people.
const HIDDEN: &str = "(hidden)";

pub(super) fn file(ingredients: &Ingredients<'_>) -> Result<File, Unfit> {
    let whole = config(ingredients)?;
    let hidden: Vec<Assigned> = ingredients.routes.iter().map(without_hash).collect();
    let shown = config(&Ingredients { routes: &hidden, ..*ingredients })?;
    let pretty = serde_json::to_string_pretty(&shown).map_err(|error| Unfit(error.to_string()))?;
    Ok(File::open(CADDY_FILE, whole.to_string(), pretty))
}

fn without_hash(row: &Assigned) -> Assigned {
    let password_hash = row.password_hash.as_ref().map(|_| HIDDEN.to_owned());
    Assigned { password_hash, route: row.route.clone() }
}

fn config(ingredients: &Ingredients<'_>) -> Result<Value, Unfit> {
    let mut config = json!({
        "admin": {"listen": ADMIN, "config": {"persist": false}},
        "storage": {"module": "file_system", "root": "/data/caddy"},
        "apps": {
            "http": {"servers": {
                "http": {
                    "listen": [":80"],
                    "protocols": ["h1"],
                    "automatic_https": {"disable": true},
                    "routes": routes(ingredients, Way::Http),
                },
                "https": {
                    "listen": [":443"],
                    // Only TCP is published, so HTTP/3 must not be offered.
                    "protocols": ["h1", "h2"],
                    "automatic_https": {"disable_redirects": true},
                    "tls_connection_policies": [{}],
                    "routes": routes(ingredients, Way::Https),
                },
            }},
            "tls": tls(ingredients),
            "pki": {"certificate_authorities": {"local": {"install_trust": false}}},
        },
    });
    if let Some(extra) = extra(ingredients.proxy)? {
        merge(&mut config, extra);
    }
    for server in ["http", "https"] {
        let routes = config.pointer_mut(&format!("/apps/http/servers/{server}/routes"));
        if let Some(Value::Array(routes)) = routes {
            routes.push(nobody());
        }
    }
    Ok(config)
}

/// The user's own, where it is Caddy's: that of a proxy that was another is kept for when it is
/// that again.
fn extra(proxy: &Proxy) -> Result<Option<Value>, Unfit> {
    let Some(extra) = proxy.extra.as_deref().filter(|_| proxy.kind == ProxyKind::Caddy) else {
        return Ok(None);
    };
    let parsed: Result<Map<String, Value>, _> = serde_json::from_str(extra);
    let unfit = |error| Unfit(format!("the extra configuration is no JSON object: {error}"));
    parsed.map(|parsed| Some(parsed.into())).map_err(unfit)
}

/// What is generated stays: objects take what they do not have, lists take more at their end, and
/// of two other values the generated one stands.
fn merge(generated: &mut Value, extra: Value) {
    match (generated, extra) {
        (Value::Object(generated), Value::Object(extra)) => {
            for (key, value) in extra {
                match generated.get_mut(&key) {
                    Some(there) => merge(there, value),
                    None => drop(generated.insert(key, value)),
                }
            }
        }
        (Value::Array(generated), Value::Array(extra)) => generated.extend(extra),
        _ => {}
    }
}

fn routes(ingredients: &Ingredients<'_>, way: Way) -> Vec<Value> {
    let proxy = ingredients.proxy;
    let ordered = in_order(ingredients.routes);
    let mut routes: Vec<Value> =
        ordered.iter().filter_map(|row| route(ingredients, row, way)).collect();
    for (route, other) in sending_on(ingredients.routes, way) {
        let to = sent_to(proxy, route, way);
        routes.push(terminal(&json!([{"host": [other]}]), &[redirect(&to)]));
    }
    routes
}

fn route(ingredients: &Ingredients<'_>, row: &Assigned, way: Way) -> Option<Value> {
    let route = &row.route;
    let handlers = match (way, route.options.https) {
        (Way::Https, Https::Off) => return None,
        (Way::Http, Https::Redirect) => {
            vec![redirect(&format!("https://{}", https_authority(ingredients.proxy, &route.host)))]
        }
        (Way::Http, Https::Both | Https::Off) | (Way::Https, Https::Redirect | Https::Both) => {
            handlers(row)
        }
    };
    Some(terminal(&matcher(ingredients, route, way), &handlers))
}

fn matcher(ingredients: &Ingredients<'_>, route: &Route, way: Way) -> Value {
    let mut matcher = Map::new();
    matcher.insert("host".to_owned(), json!([route.host]));
    if !route.path.is_root() {
        matcher.insert("path_regexp".to_owned(), below(&[&route.path]));
    }
    let plain = plain_below(ingredients.routes, route);
    if way == Way::Https && !plain.is_empty() {
        matcher.insert("not".to_owned(), json!([{"path_regexp": below(&plain)}]));
    }
    json!([matcher])
}

/// A path or what is below it. Not Caddy's matcher of paths: that takes `/API` for `/api`, which are
/// two routes. Of what a path can hold only the dot means something in a pattern.
fn below(paths: &[&RoutePath]) -> Value {
    let paths: Vec<String> = paths.iter().map(|path| path.as_str().replace('.', "\\.")).collect();
    json!({"pattern": format!("^(?:{})(?:/|$)", paths.join("|"))})
}

fn terminal(matcher: &Value, handlers: &[Value]) -> Value {
    json!({
        "match": matcher,
        "handle": [{"handler": "subroute", "routes": [{"handle": handlers}]}],
        "terminal": true,
    })
}

fn redirect(to: &str) -> Value {
    json!({
        "handler": "static_response",
        "status_code": 308,
        "headers": {"Location": [format!("{to}{{http.request.uri}}")]},
    })
}

/// What no route takes. Without it Caddy would answer 200 with nothing.
fn nobody() -> Value {
    json!({"handle": [{"handler": "static_response", "status_code": 404}]})
}

fn handlers(row: &Assigned) -> Vec<Value> {
    let options = &row.route.options;
    let mut handlers = Vec::new();
    if let (Some(user), Some(hash)) = (&row.route.user, &row.password_hash) {
        let account = json!({"username": literal(user.as_str()), "password": hash});
        handlers.push(json!({
            "handler": "authentication",
            "providers": {"http_basic": {
                "hash": {"algorithm": "bcrypt"}, "accounts": [account],
            }},
        }));
        // The password is between the visitor and the proxy.
        let taken_off = json!({"delete": ["Authorization"]});
        handlers.push(json!({"handler": "headers", "request": taken_off}));
    }
    if let Some(limit) = options.body_limit_bytes {
        handlers.push(json!({"handler": "request_body", "max_size": limit.bytes()}));
    }
    if !options.headers.is_empty() {
        let mut response = operations(options.headers.on(Direction::Response));
        // Set on what comes back, not before it is known.
        response["deferred"] = true.into();
        let request = operations(options.headers.on(Direction::Request));
        handlers.push(json!({"handler": "headers", "request": request, "response": response}));
    }
    if options.strip_path && !row.route.path.is_root() {
        handlers.push(json!({"handler": "rewrite", "strip_path_prefix": row.route.path}));
    }
    handlers.push(json!({
        "handler": "reverse_proxy",
        "upstreams": [{"dial": target(&row.route)}],
        "stream_close_delay": STREAMS_STAY,
    }));
    handlers
}

fn operations<'a>(headers: impl Iterator<Item = &'a Header>) -> Value {
    let (mut set, mut delete) = (Map::new(), Vec::new());
    for header in headers {
        let name = header.name.as_str();
        match header.value.as_str() {
            "" => delete.push(name.to_owned()),
            value => drop(set.insert(name.to_owned(), json!([literal(value)]))),
        }
    }
    json!({"set": set, "delete": delete})
}

/// Caddy would put something else in place of `{...}`.
fn literal(text: &str) -> String {
    text.chars().fold(String::new(), |mut literal, c| {
        if matches!(c, '{' | '}') {
            literal.push('\\');
        }
        literal.push(c);
        literal
    })
}

fn tls(ingredients: &Ingredients<'_>) -> Value {
    let file = |keyed: &super::Keyed| json!({"certificate": keyed.chain_path(), "key": keyed.key_path(), "format": "pem"});
    let files: Vec<Value> = ingredients.certificates.iter().map(file).collect();
    json!({
        "certificates": {"load_files": files},
        "automation": {"policies": policies(ingredients)},
    })
}

/// Names that the public does not know (`.internal`, ...) get certificates of Caddy's own authority,
/// but where a policy has them by name: who names an authority means it.
fn policies(ingredients: &Ingredients<'_>) -> Vec<Value> {
    let issuer = issuer(ingredients.proxy);
    let everything = json!({"issuers": [issuer]});
    let hosts = without_own(ingredients.routes, ingredients.certificates);
    match &ingredients.proxy.certificates {
        CertificateSource::Acme { directory: Some(_), .. } if !hosts.is_empty() => {
            vec![json!({"subjects": hosts, "issuers": [issuer]}), everything]
        }
        CertificateSource::Acme { .. } | CertificateSource::Internal => vec![everything],
    }
}

fn issuer(proxy: &Proxy) -> Value {
    let CertificateSource::Acme { email, staging, directory, .. } = &proxy.certificates else {
        return json!({"module": "internal"});
    };
    let mut issuer = json!({"module": "acme"});
    if let Some(email) = email {
        issuer["email"] = literal(email.as_str()).into();
    }
    if let Some(directory) = directory {
        issuer["ca"] = directory.as_str().into();
    } else if *staging {
        issuer["ca"] = STAGING.into();
    }
    if let Some(root) = root(proxy) {
        issuer["trusted_roots_pem_files"] = json!([root.path]);
    }
    issuer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_generated_stands_and_the_rest_is_added() {
        let mut generated = json!({"a": {"b": 1, "list": [1]}, "c": true});
        merge(&mut generated, json!({"a": {"b": 2, "new": 3, "list": [2]}, "c": {}, "d": 4}));
        assert_eq!(generated, json!({"a": {"b": 1, "list": [1, 2], "new": 3}, "c": true, "d": 4}));
    }

    #[test]
    fn placeholders_are_taken_as_text() {
        assert_eq!(literal("a {env.HOME} \\{"), "a \\{env.HOME\\} \\\\{");
    }
}
