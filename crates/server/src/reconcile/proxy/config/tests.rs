//! What is written, where it is read by nobody but the proxy: passwords, authorities, redirects, and
//! the order of files. Whether proxies take it is tried on the lab.

use portolan_types::{
    CertificateSource, Image, NetworkName, Proxy, ProxyKind, ProxyState, RouteId, RouteOptions,
    RouteState, ServerId, Timestamp,
};
use serde_json::{Value, json};

use super::{CADDY_FILE, Generated, Ingredients, Slot, mark_seen};
use crate::{db::route::Assigned, host::FileContent};

fn proxy(kind: ProxyKind, certificates: Value) -> Proxy {
    let port = |number: u16| number.try_into().expect("a port");
    let now = Timestamp::now();
    Proxy {
        server_id: ServerId::generate(),
        server_name: "alpha".parse().expect("a name"),
        kind,
        image: Image::published(kind),
        http_port: port(8_080),
        https_port: port(8_443),
        certificates: serde_json::from_value(certificates).expect("a source"),
        extra: None,
        state: ProxyState::Running,
        reason: None,
        revision: 1,
        observed: None,
        configuration: None,
        operation_id: None,
        created_at: now,
        updated_at: now,
    }
}

fn route(host: &str, options: Value, user: Option<&str>) -> Assigned {
    let options: RouteOptions = serde_json::from_value(options).expect("options");
    let network: NetworkName = "shop".parse().expect("a network");
    let now = Timestamp::now();
    let route = portolan_types::Route {
        id: RouteId::generate(),
        destination_id: portolan_types::DestinationId::generate(),
        destination_name: "shop".parse().expect("a name"),
        network,
        server_id: ServerId::generate(),
        server_name: "alpha".parse().expect("a name"),
        host: host.parse().expect("a host"),
        path: portolan_types::RoutePath::default(),
        target: "web".parse().expect("a container"),
        application_id: None,
        port: 80.try_into().expect("a port"),
        options,
        user: user.map(|user| user.parse().expect("a user")),
        state: RouteState::Pending,
        reason: None,
        created_at: now,
        updated_at: now,
    };
    Assigned { route, password_hash: user.map(|_| "$2b$10$hash".to_owned()) }
}

fn generated(proxy: &Proxy, routes: &[Assigned]) -> Generated {
    let ingredients = Ingredients { proxy, routes, certificates: &[], internal: &[] };
    Generated::from(&ingredients).expect("a configuration")
}

/// The file of this path as JSON.
fn file(generated: &Generated, path: &str) -> Value {
    let path = super::below_data(path);
    let files = generated.new_files(Slot::First);
    let file = files.iter().find(|file| file.path == path).expect("the file");
    serde_json::from_slice(file.bytes()).expect("JSON")
}

fn dynamic(generated: &Generated) -> Value {
    file(generated, &Slot::First.path("a-portolan.yml"))
}

fn internal() -> Value {
    json!({"source": "internal"})
}

/// One that sends a password of its own to the target, after the visitor's was checked.
fn guarded() -> Assigned {
    let own = json!([{"on": "request", "name": "authorization", "value": "Bearer own"}]);
    route("shop.example.com", json!({"headers": own}), Some("visitor"))
}

#[test]
fn a_password_ends_at_caddy() {
    let config = file(&generated(&proxy(ProxyKind::Caddy, internal()), &[guarded()]), CADDY_FILE);
    let handlers = "/apps/http/servers/https/routes/0/handle/0/routes/0/handle";
    let handlers = config.pointer(handlers).and_then(Value::as_array).expect("handlers");
    let names: Vec<&str> = handlers.iter().filter_map(|one| one["handler"].as_str()).collect();
    assert_eq!(names, ["authentication", "headers", "headers", "reverse_proxy"]);
    assert_eq!(handlers[1]["request"]["delete"], json!(["Authorization"]));
    assert_eq!(handlers[2]["request"]["set"]["authorization"], json!(["Bearer own"]));
}

#[test]
fn a_password_ends_at_traefik() {
    let row = guarded();
    let id = row.route.id.clone();
    let config = dynamic(&generated(&proxy(ProxyKind::Traefik, internal()), &[row]));
    let http = &config["http"];
    let auth = &http["middlewares"][format!("portolan-{id}-auth")]["basicAuth"];
    assert_eq!(auth["removeHeader"], true);
    let chain = &http["routers"][format!("portolan-{id}-https")]["middlewares"];
    assert_eq!(*chain, json!([format!("portolan-{id}-auth"), format!("portolan-{id}-headers")]));
}

#[test]
fn a_private_authority_is_asked_for_each_host_by_name() {
    let of_ours = json!({
        "source": "acme", "email": "ops@example.com", "root": "PEM",
        "directory": "https://ca.example.com/acme/acme/directory",
    });
    let routes = [
        route("shop.internal", json!({"www": "strip"}), None),
        route("plain.internal", json!({"https": "off"}), None),
    ];
    let caddy = generated(&proxy(ProxyKind::Caddy, of_ours), &routes);
    let config = file(&caddy, CADDY_FILE);
    let policies = &config["apps"]["tls"]["automation"]["policies"];
    assert_eq!(policies[0]["subjects"], json!(["shop.internal", "www.shop.internal"]));
    let issuer = &policies[0]["issuers"][0];
    assert_eq!(issuer["ca"], "https://ca.example.com/acme/acme/directory");
    let root = issuer["trusted_roots_pem_files"][0].as_str().expect("a path");
    let files = caddy.new_files(Slot::First);
    assert_eq!(files[0].path, super::below_data(root), "what is named is written first");
    assert_eq!(files[0].bytes(), b"PEM");

    let of_all = json!({"source": "acme"});
    let config = file(&generated(&proxy(ProxyKind::Caddy, of_all), &routes), CADDY_FILE);
    let policies = config["apps"]["tls"]["automation"]["policies"].as_array().expect("policies");
    assert_eq!(policies.as_slice(), [json!({"issuers": [{"module": "acme"}]})]);
}

#[test]
fn another_root_is_another_file() {
    let path = |root: &str| {
        let source = CertificateSource::Acme {
            email: None,
            staging: false,
            directory: None,
            root: Some(root.to_owned()),
        };
        let proxy = Proxy { certificates: source, ..proxy(ProxyKind::Traefik, internal()) };
        super::root(&proxy).expect("a root").path
    };
    assert_eq!(path("one"), path("one"));
    assert_ne!(path("one"), path("two"));
}

#[test]
fn traefik_sends_www_on_by_the_way_it_came() {
    let both = json!({"https": "both", "www": "strip"});
    let row = route("shop.example.com", both, None);
    let id = row.route.id.clone();
    let config = dynamic(&generated(&proxy(ProxyKind::Traefik, internal()), &[row]));
    for (way, to) in
        [("http", "http://shop.example.com:8080"), ("https", "https://shop.example.com:8443")]
    {
        let middleware = format!("portolan-{id}-www-{way}");
        let router = &config["http"]["routers"][format!("portolan-{id}-www-{way}")];
        assert_eq!(router["middlewares"], json!([middleware]));
        let redirect = &config["http"]["middlewares"][&middleware]["redirectRegex"];
        assert_eq!(redirect["replacement"], format!("{to}${{1}}"));
    }
}

#[test]
fn of_several_routes_the_longest_path_decides_where_www_is_sent() {
    let deep = |options: Value| {
        let mut row = route("shop.example.com", options, None);
        row.route.path = "/deep".parse().expect("a path");
        row
    };
    let plain = deep(json!({"https": "off", "www": "strip"}));
    let secure = route("shop.example.com", json!({"www": "strip"}), None);
    let rows = [secure, plain];

    let config = dynamic(&generated(&proxy(ProxyKind::Traefik, internal()), &rows));
    let named = config["http"]["routers"].as_object().expect("routers");
    let sending: Vec<&String> = named.keys().filter(|name| name.contains("-www-")).collect();
    let expected = [(&rows[1], "http"), (&rows[0], "https")]
        .map(|(row, way)| format!("portolan-{}-www-{way}", row.route.id));
    assert_eq!(sending.len(), 2);
    assert!(expected.iter().all(|name| sending.contains(&name)), "{sending:?}");

    let config = file(&generated(&proxy(ProxyKind::Caddy, internal()), &rows), CADDY_FILE);
    for (way, to) in
        [("http", "http://shop.example.com:8080"), ("https", "https://shop.example.com:8443")]
    {
        let all = config["apps"]["http"]["servers"][way]["routes"].as_array().expect("routes");
        let of_www = |one: &&Value| one["match"][0]["host"] == json!(["www.shop.example.com"]);
        let sending: Vec<&Value> = all.iter().filter(of_www).collect();
        assert_eq!(sending.len(), 1);
        assert!(sending[0].to_string().contains(&format!("{to}{{http.request.uri}}")));
    }
}

#[test]
fn what_is_plain_is_nobodys_over_https() {
    let mut plain = route("shop.example.com", json!({"https": "off"}), None);
    plain.route.path = "/a.b".parse().expect("a path");
    let rows = [route("shop.example.com", json!({}), None), plain];

    let config = dynamic(&generated(&proxy(ProxyKind::Traefik, internal()), &rows));
    let rule = &config["http"]["routers"][format!("portolan-{}-https", rows[0].route.id)]["rule"];
    let without = "Host(`shop.example.com`) && !(Path(`/a.b`) || PathPrefix(`/a.b/`))";
    assert_eq!(*rule, without);

    let config = file(&generated(&proxy(ProxyKind::Caddy, internal()), &rows), CADDY_FILE);
    let matcher = &config["apps"]["http"]["servers"]["https"]["routes"][0]["match"][0];
    let without = json!([{"path_regexp": {"pattern": "^(?:/a\\.b)(?:/|$)"}}]);
    assert_eq!(matcher["not"], without);
    let matcher = &config["apps"]["http"]["servers"]["http"]["routes"][1]["match"][0];
    assert_eq!(*matcher, json!({"host": ["shop.example.com"]}));
}

#[test]
fn the_mark_tells_one_configuration_from_another() {
    let proxy = proxy(ProxyKind::Traefik, internal());
    let generated = |routes: &[Assigned]| {
        let generated = generated(&proxy, routes);
        let rule = dynamic(&generated)["http"]["routers"]["portolan-mark"]["rule"].clone();
        assert!(rule.as_str().is_some_and(|rule| rule.starts_with("Header(")), "{rule}");
        let shown = format!("{:?}", generated.shown());
        assert!(!shown.contains("portolan-mark"), "{shown}");
        (rule, mark_seen(&generated.digest))
    };
    let (empty, one) = (generated(&[]), generated(&[guarded()]));
    assert_ne!(empty.0, one.0);
    assert_ne!(empty.1, one.1);
    assert_eq!(empty, generated(&[]));
}

#[test]
fn traefik_is_led_to_a_whole_folder_and_then_told() {
    let generated = generated(&proxy(ProxyKind::Traefik, internal()), &[guarded()]);
    let paths: Vec<String> =
        generated.new_files(Slot::Second).into_iter().map(|file| file.path).collect();
    let below = |name: &str| format!("portolan/traefik/{name}");
    let wanted = ["2/b-extra.yml", "2/a-portolan.yml", "current", "1/slot", "2/slot"];
    assert_eq!(paths, wanted.map(below));
    let link = &generated.new_files(Slot::Second)[2];
    assert_eq!(link.content, FileContent::Link("2".to_owned()));

    assert_eq!(Slot::beside(None), Slot::First);
    assert_eq!(Slot::beside(Some(b"1")), Slot::Second);
    assert_eq!(Slot::beside(Some(b"2")), Slot::First);
}
