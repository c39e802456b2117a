//! Services of a swarm: made, changed, removed, and the networks that their tasks are on.
//!
//! What is asked for as a whole is written in `service_spec`. Else a definition goes back as it came, but for its networks: what this version of Portolan does not
//! know of it is not lost. So it is JSON here, and no model.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value, json};

use super::{
    super::{HostError, NewService, RegistryLogin, ServiceChange, engine::Engine},
    id::DockerId,
    networks::unless_missing,
    registry, service_spec,
};

/// How often a change is tried that somebody else's came before.
const TRIES: usize = 5;

/// Docker's words for a definition that was changed since it was read.
const OUTDATED: &str = "out of sequence";

/// A service as the engine answers it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(rename = "ID")]
    id: String,
    version: Version,
    spec: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Made {
    #[serde(rename = "ID")]
    id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    index: u64,
}

/// Lets a service be what is asked for.
pub(super) async fn update(
    engine: &Engine,
    docker_id: &str,
    new: &NewService,
    login: Option<&RegistryLogin>,
) -> Result<(), HostError> {
    let spec = service_spec::of(new);
    again_when_outdated(engine, docker_id, login, |present| {
        present.clone_from(&spec);
        true
    })
    .await
}

/// Changes one thing of a service.
pub(super) async fn change_one(
    engine: &Engine,
    docker_id: &str,
    one: ServiceChange,
) -> Result<(), HostError> {
    again_when_outdated(engine, docker_id, None, |spec| {
        let (path, number) = match one {
            ServiceChange::Replicas(number) => {
                (&["Mode", "Replicated", "Replicas"][..], u64::from(number))
            }
            ServiceChange::Forced(number) => (&["TaskTemplate", "ForceUpdate"][..], number),
        };
        put(spec, path, number)
    })
    .await
}

/// Writes a number; `false` when it is there already.
fn put(spec: &mut Map<String, Value>, path: &[&str], number: u64) -> bool {
    let [key, rest @ ..] = path else { return false };
    let place = spec.entry(*key).or_insert(Value::Null);
    if rest.is_empty() {
        return std::mem::replace(place, number.into()) != number;
    }
    if !place.is_object() {
        *place = json!({});
    }
    place.as_object_mut().is_some_and(|inner| put(inner, rest, number))
}

pub(super) async fn create(
    engine: &Engine,
    new: &NewService,
    login: Option<&RegistryLogin>,
) -> Result<String, HostError> {
    let body = Value::Object(service_spec::of(new));
    let content = registry::json(&body, login.map(|login| (login, new.task.image.as_str())))?;
    let made = engine.send::<Made>("create service", "/services/create", content).await;
    let made = made.map_err(|error| registry::hidden(login, error))?;
    Ok(DockerId::parse(&made.id)?.to_string())
}

pub(super) async fn remove(engine: &Engine, docker_id: &str) -> Result<(), HostError> {
    let id = DockerId::parse(docker_id)?;
    let removing = engine.docker().delete_service(id.as_str());
    unless_missing(engine.ask("remove service", removing).await).map(drop)
}

pub(super) async fn connect(
    engine: &Engine,
    network: &str,
    service: &str,
    like: &str,
) -> Result<(), HostError> {
    let network = DockerId::parse(network)?;
    change(engine, service, |places| join(places, network.as_str(), like)).await
}

pub(super) async fn disconnect(
    engine: &Engine,
    network: &str,
    service: &str,
) -> Result<(), HostError> {
    let network = DockerId::parse(network)?;
    change(engine, service, |places| leave(places, network.as_str())).await
}

/// Changes the places of a service's tasks.
async fn change(
    engine: &Engine,
    service: &str,
    change: impl Fn(&mut Vec<Value>) -> bool + Send + Sync,
) -> Result<(), HostError> {
    again_when_outdated(engine, service, None, |spec| with_places(spec, &change)).await
}

/// Changes a definition, again when somebody else was faster. Without a login that of the definition
/// before stays.
async fn again_when_outdated(
    engine: &Engine,
    service: &str,
    login: Option<&RegistryLogin>,
    change: impl Fn(&mut Map<String, Value>) -> bool + Send + Sync,
) -> Result<(), HostError> {
    let service = DockerId::parse(service)?.to_string();
    for tried in 1.. {
        let Answer { id, version, mut spec } =
            engine.read("inspect service", &format!("/services/{service}")).await?;
        if id != service {
            let message = format!("service {service} not found");
            return Err(HostError::Docker { status: 404, message });
        }
        if !change(&mut spec) {
            return Ok(());
        }
        let path = format!("/services/{service}/update?version={}", version.index);
        let body = Value::Object(spec);
        let image = body["TaskTemplate"]["ContainerSpec"]["Image"].as_str().unwrap_or_default();
        let content = registry::json(&body, login.map(|login| (login, image)))?;
        let answer = engine.send::<IgnoredAny>("update service", &path, content).await;
        match answer.map(drop) {
            Err(HostError::Docker { message, .. })
                if message.contains(OUTDATED) && tried < TRIES => {}
            answer => return answer.map_err(|error| registry::hidden(login, error)),
        }
    }
    Ok(())
}

/// Lets a definition name other networks; `false` when it is as it was. Old clients name them
/// beside the tasks' template, where a newer engine no longer reads them once the template has some.
fn with_places(spec: &mut Map<String, Value>, change: impl Fn(&mut Vec<Value>) -> bool) -> bool {
    let template = spec.get("TaskTemplate").and_then(|template| list(template.get("Networks")));
    let mut places = match template {
        Some(places) if !places.is_empty() => places,
        _ => list(spec.get("Networks")).unwrap_or_default(),
    };
    if !change(&mut places) {
        return false;
    }
    spec.remove("Networks");
    let template = spec.entry("TaskTemplate").or_insert_with(|| json!({}));
    if let Value::Object(template) = template {
        template.insert("Networks".to_owned(), Value::Array(places));
    }
    true
}

fn list(value: Option<&Value>) -> Option<Vec<Value>> {
    value?.as_array().cloned()
}

fn is_of(place: &Value, network: &str) -> bool {
    place.get("Target").and_then(Value::as_str) == Some(network)
}

/// Everything else of a place (aliases, the driver's options) is taken from the other one.
fn join(places: &mut Vec<Value>, network: &str, like: &str) -> bool {
    if places.iter().any(|place| is_of(place, network)) {
        return false;
    }
    let other = places.iter().find(|place| is_of(place, like)).cloned();
    let mut place = other.unwrap_or_else(|| json!({}));
    if let Value::Object(place) = &mut place {
        place.insert("Target".to_owned(), network.into());
    }
    places.push(place);
    true
}

fn leave(places: &mut Vec<Value>, network: &str) -> bool {
    let before = places.len();
    places.retain(|place| !is_of(place, network));
    places.len() != before
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).expect("a definition")
    }

    #[test]
    fn a_place_is_made_like_another_and_the_rest_is_kept() {
        let mut shop = spec(json!({
            "Name": "shop", "Unheard": { "of": 9_007_199_254_740_993_u64 },
            "TaskTemplate": {
                "ContainerSpec": { "Image": "web" },
                "Networks": [{ "Target": "old", "Aliases": ["www"], "DriverOpts": { "a": "b" } }],
            },
        }));
        assert!(with_places(&mut shop, |places| join(places, "new", "old")));
        assert!(!with_places(&mut shop, |places| join(places, "new", "old")), "again");
        assert!(with_places(&mut shop, |places| leave(places, "old")));
        assert!(!with_places(&mut shop, |places| leave(places, "old")), "again");
        let after = json!({
            "Name": "shop", "Unheard": { "of": 9_007_199_254_740_993_u64 },
            "TaskTemplate": {
                "ContainerSpec": { "Image": "web" },
                "Networks": [{ "Target": "new", "Aliases": ["www"], "DriverOpts": { "a": "b" } }],
            },
        });
        assert_eq!(Value::Object(shop), after);
    }

    #[test]
    fn one_number_is_changed_and_the_rest_is_kept() {
        let mut shop = spec(json!({
            "Mode": { "Replicated": { "Replicas": 2, "Unheard": 1 } }, "TaskTemplate": null,
        }));
        assert!(put(&mut shop, &["Mode", "Replicated", "Replicas"], 0));
        assert!(!put(&mut shop, &["Mode", "Replicated", "Replicas"], 0), "again");
        assert!(put(&mut shop, &["TaskTemplate", "ForceUpdate"], 7));
        let after = json!({
            "Mode": { "Replicated": { "Replicas": 0, "Unheard": 1 } },
            "TaskTemplate": { "ForceUpdate": 7 },
        });
        assert_eq!(Value::Object(shop), after);
    }

    #[test]
    fn networks_that_old_clients_named_come_along() {
        let mut old = spec(json!({
            "Networks": [{ "Target": "old" }, { "Target": "other" }],
            "TaskTemplate": { "Networks": null },
        }));
        assert!(with_places(&mut old, |places| join(places, "new", "old")));
        let targets =
            [{ json!({"Target": "old"}) }, json!({"Target": "other"}), json!({"Target": "new"})];
        assert_eq!(Value::Object(old), json!({ "TaskTemplate": { "Networks": targets } }));
    }
}
