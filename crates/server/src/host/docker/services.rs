//! Services of a swarm: the networks that their tasks are on.
//!
//! A definition goes back as it came, but for its networks: what this version of Portolan does not
//! know of it is not lost. So it is JSON here, and no model.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    super::{HostError, engine::Engine},
    id::DockerId,
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
struct Version {
    index: u64,
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

/// Changes the places of a service's tasks, again when somebody else was faster.
async fn change(
    engine: &Engine,
    service: &str,
    change: impl Fn(&mut Vec<Value>) -> bool + Send,
) -> Result<(), HostError> {
    let service = DockerId::parse(service)?.to_string();
    for tried in 1.. {
        let Answer { id, version, mut spec } =
            engine.read("inspect service", &format!("/services/{service}")).await?;
        if id != service {
            let message = format!("service {service} not found");
            return Err(HostError::Docker { status: 404, message });
        }
        if !with_places(&mut spec, &change) {
            return Ok(());
        }
        let path = format!("/services/{service}/update?version={}", version.index);
        match engine.post("update service", &path, &Value::Object(spec)).await {
            Err(HostError::Docker { message, .. })
                if message.contains(OUTDATED) && tried < TRIES => {}
            answer => return answer,
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
