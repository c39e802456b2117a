//! Routes as nobody would think of them: whatever the API takes, the real proxy takes as well, and
//! answers as the routes say.

use std::{cmp::Reverse, collections::BTreeMap};

use anyhow::{Context, Result, ensure};
use proptest::{
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, TestError, TestRunner},
};
use serde_json::{Value, json};

use super::Stage;
use crate::support::{Api, eventually};

/// Sets of routes for each kind, and how many are in one.
const SETS: u32 = 5;
const ROUTES: usize = 16;

/// A host of a few, so that some have several routes, or of all that a host can be.
fn host() -> impl Strategy<Value = String> {
    const FEW: [&str; 5] =
        ["shop.example.com", "www.shop.example.com", "a.test", "www.a.test", "intranet"];
    prop_oneof![
        3 => select(&FEW[..]).prop_map(str::to_owned),
        2 => "[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9_])?(\\.[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?){0,4}\\.[a-z]{2,9}",
        // The longest that there is, and the longest that gets a certificate.
        1 => select(&[61_usize, 38][..])
            .prop_map(|rest| format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(rest))),
    ]
}

fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just("/".to_owned()),
        2 => select(&["/api", "/api/v1", "/apis", "/API", "/a.b~c_d-e"][..]).prop_map(str::to_owned),
        1 => "(/[a-zA-Z0-9_~-][a-zA-Z0-9._~-]{0,12}){1,6}",
    ]
}

/// Visible ASCII without braces: what is a quote, a variable or a template somewhere is in it.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[ -z|~]{0,60}",
        1 => select(&[
            "", "`", "\"", "'", "\\", "$1", "${HOME}", "%0d%0a", "#", "!!binary", "&a", "*a", "- a",
            "default-src 'self'; img-src *", "$$", "@", "\\u007b", "<%= 1 %>",
        ][..])
        .prop_map(str::to_owned),
    ]
}

fn headers() -> impl Strategy<Value = Vec<Value>> {
    const NAMED: [&str; 5] =
        ["authorization", "cookie", "x-frame-options", "strict-transport-security", "server"];
    let name = prop_oneof![
        2 => "x-[A-Za-z0-9_-]{1,20}",
        1 => select(&NAMED[..]).prop_map(str::to_owned),
        1 => "[_-][a-z0-9_-]{1,10}",
    ];
    let header = (select(&["request", "response"][..]), name, value());
    let header =
        header.prop_map(|(on, name, value)| json!({"on": on, "name": name, "value": value}));
    prop::collection::vec(header, 0..5)
}

fn auth() -> impl Strategy<Value = Value> {
    let pair = ("[!-9;-~]{1,40}", "[ -~]{8,40}");
    prop_oneof![
        2 => Just(Value::Null),
        1 => pair.prop_map(|(user, password)| json!({"user": user, "password": password})),
    ]
}

/// A route as the API takes it, but for where it leads.
fn route() -> impl Strategy<Value = Value> {
    let https = select(&["redirect", "both", "off"][..]);
    let www = prop_oneof![3 => Just("keep"), 1 => Just("strip"), 1 => Just("add")];
    let limit = prop_oneof![Just(None), (1..=1_u64 << 40).prop_map(Some)];
    (host(), path(), (https, www, any::<bool>(), limit), headers(), auth()).prop_map(
        |(host, path, (https, www, strip_path, limit), headers, auth)| {
            let mut options = json!({
                "https": https, "www": www, "strip_path": strip_path, "headers": headers,
            });
            if let Some(limit) = limit {
                options["body_limit_bytes"] = limit.into();
            }
            let mut route = json!({"host": host, "path": path, "options": options});
            if !auth.is_null() {
                route["basic_auth"] = auth;
            }
            route
        },
    )
}

/// Who answers a request: decided here from the routes alone, as `docs/guide.md` says it.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    /// The target of the route with this mark.
    Target(String),
    /// Another address, which begins so.
    SentOn(String),
    Password,
    Nobody,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Http,
    Https,
}

impl Way {
    fn authority(self, host: &str) -> String {
        match self {
            Self::Http => format!("http://{host}:{}", super::HTTP),
            Self::Https => format!("https://{host}:{}", super::HTTPS),
        }
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The other host whose requests a route sends on to its own.
fn other_host(route: &Value) -> Option<String> {
    let host = text(route, "/host");
    match text(route, "/options/www") {
        "strip" => Some(format!("www.{host}")),
        "add" => host.strip_prefix("www.").map(str::to_owned),
        _ => None,
    }
}

fn is_below(path: &str, route: &str) -> bool {
    route == "/"
        || path.strip_prefix(route).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn expected(routes: &[Value], way: Way, host: &str, path: &str) -> Answer {
    let takes =
        |route: &&Value| text(route, "/host") == host && is_below(path, text(route, "/path"));
    if let Some(route) = routes.iter().filter(takes).max_by_key(|route| text(route, "/path").len())
    {
        return match (way, text(route, "/options/https")) {
            (Way::Http, "redirect") => Answer::SentOn(Way::Https.authority(host)),
            (Way::Https, "off") => Answer::Nobody,
            _ if !route["user"].is_null() => Answer::Password,
            _ => Answer::Target(text(route, "/id").to_owned()),
        };
    }
    let sends_on = |route: &&Value| {
        let is_answered = way == Way::Http || text(route, "/options/https") != "off";
        is_answered && other_host(route).as_deref() == Some(host)
    };
    let longest = |route: &&Value| {
        let path = text(route, "/path");
        (Reverse(path.len()), path.to_owned())
    };
    let Some(route) = routes.iter().filter(sends_on).min_by_key(longest) else {
        return Answer::Nobody;
    };
    let to = match (way, text(route, "/options/https")) {
        (Way::Http, "both" | "off") => Way::Http,
        _ => Way::Https,
    };
    Answer::SentOn(to.authority(text(route, "/host")))
}

fn answer(stage: &Stage, way: Way, host: &str, path: &str) -> Result<Answer> {
    let (status, said) = match way {
        Way::Http => stage.http(host, path, &[])?,
        Way::Https => stage.https(host, path, &[])?,
    };
    let after = |name: &str| {
        said.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    Ok(match status.as_str() {
        "200" => Answer::Target(after("x-portolan-route").context(said.clone())?),
        "301" | "308" => {
            let to = after("location").context("a location")?;
            Answer::SentOn(to.strip_suffix(path).context(to.clone())?.to_owned())
        }
        "401" => Answer::Password,
        "404" => Answer::Nobody,
        // Caddy does not even greet whoever asks for a host that it has no certificate for.
        "000" if way == Way::Https => Answer::Nobody,
        _ => anyhow::bail!("{way:?} {host}{path}: {status}: {said}"),
    })
}

/// A running proxy with a target, through whose API sets of routes come and go.
struct Field {
    stage: Stage,
    api: Api,
    runtime: tokio::runtime::Runtime,
    destination: String,
    target: String,
}

impl Field {
    /// Adds those that the API takes; answers them as they are shown when the proxy has them.
    fn add(&self, routes: &[Value]) -> Result<Vec<Value>> {
        let mut ids = Vec::new();
        for (place, route) in routes.iter().enumerate() {
            let mut route = route.clone();
            route["destination_id"] = self.destination.as_str().into();
            route["target"] = self.target.as_str().into();
            route["port"] = 80.into();
            let mark =
                json!({"on": "request", "name": "x-portolan-route", "value": place.to_string()});
            route["options"]["headers"].as_array_mut().context("headers")?.push(mark);
            if let Some(made) = self.runtime.block_on(self.api.add_route(&route))? {
                ids.push((text(&made, "/id").to_owned(), place.to_string()));
            }
        }
        let ids: BTreeMap<String, String> = ids.into_iter().collect();
        let mut shown = self.settled(ids.len())?;
        for route in &mut shown {
            // What the target tells.
            route["id"] = ids[text(route, "/id")].as_str().into();
        }
        Ok(shown)
    }

    /// The routes, when each was judged.
    fn settled(&self, count: usize) -> Result<Vec<Value>> {
        eventually("every route is judged", || {
            let listed = self.stage.portolan.json(&["route", "list", "--all"])?;
            let routes = listed["items"].as_array().cloned().unwrap_or_default();
            let judged = routes.iter().all(|route| route["state"] != "pending");
            Ok((routes.len() == count && judged).then_some(routes))
        })
    }

    fn clear(&self) -> Result<()> {
        let listed = self.stage.portolan.json(&["route", "list", "--all"])?;
        for route in listed["items"].as_array().context("routes")? {
            self.runtime.block_on(self.api.remove_route(text(route, "/id")))?;
        }
        Ok(())
    }

    /// All are taken, and some of what can be asked is answered as they say.
    fn judge(&self, routes: &[Value], picks: &[Index]) -> Result<()> {
        self.clear()?;
        let taken = self.add(routes)?;
        for route in &taken {
            ensure!(route["state"] == "live", "{route}");
        }
        let proxy = self.stage.portolan.json(&["proxy", "show", &self.stage.host.name])?;
        ensure!(proxy["configuration"]["refused"].is_null(), "{proxy}");
        if taken.is_empty() {
            return Ok(());
        }
        for pick in picks {
            self.ask_about(&taken, pick.get(&taken))?;
        }
        Ok(())
    }

    fn ask_about(&self, routes: &[Value], route: &Value) -> Result<()> {
        let (host, path) = (text(route, "/host"), text(route, "/path").trim_end_matches('/'));
        let hosts = [Some(host.to_owned()), other_host(route)];
        let beside = if path.is_empty() { "/".to_owned() } else { format!("{path}s") };
        let paths = [format!("{path}/x"), beside, "/zz".to_owned()];
        for host in hosts.iter().flatten() {
            for path in &paths {
                for way in [Way::Http, Way::Https] {
                    let wanted = expected(routes, way, host, path);
                    let got = answer(&self.stage, way, host, path)?;
                    ensure!(got == wanted, "{way:?} {host}{path}: {got:?}, and not {wanted:?}");
                }
            }
        }
        Ok(())
    }
}

#[test]
#[ignore = "needs the lab"]
fn caddy_takes_whatever_the_api_takes() -> Result<()> {
    takes("caddy")
}

#[test]
#[ignore = "needs the lab"]
fn traefik_takes_whatever_the_api_takes() -> Result<()> {
    takes("traefik")
}

fn takes(kind: &str) -> Result<()> {
    let stage = Stage::set("charlie")?;
    stage.proxy(kind, &[])?;
    let (network, echo) = stage.echo()?;
    let shown = stage.portolan.json(&["destination", "show", &network])?;
    let field = Field {
        api: stage.portolan.api()?,
        runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        destination: text(&shown, "/id").to_owned(),
        target: echo.name.clone(),
        stage,
    };
    // A set takes seconds: what fails is shown as it is, not made smaller.
    let config = Config { cases: SETS, max_shrink_iters: 0, ..Config::default() };
    let sets =
        (prop::collection::vec(route(), 1..=ROUTES), prop::collection::vec(any::<Index>(), 3));
    let outcome = TestRunner::new(config).run(&sets, |(routes, picks)| {
        field.judge(&routes, &picks).map_err(|error| TestCaseError::fail(format!("{error:#}")))
    });
    drop(echo);
    match outcome {
        Ok(()) => Ok(()),
        Err(TestError::Fail(why, (routes, _))) => {
            anyhow::bail!("{why}\n{}", serde_json::to_string_pretty(&routes)?)
        }
        Err(error) => anyhow::bail!("{error}"),
    }
}
