//! The containers of a host, and those on a network.

use std::collections::HashMap;

use bollard::{
    models::{ContainerSummary, EndpointSettings},
    query_parameters::{ListContainersOptions, ListContainersOptionsBuilder},
};

use futures_util::FutureExt;
use portolan_types::Timestamp;

use super::{
    super::{
        Attachment, HostContainer, HostError, Member, ProbeMark, engine::Engine, label, probe,
    },
    id::{self, DockerId},
    networks,
};

/// Who groups containers, and under which label.
pub(super) const PROJECT_LABELS: [&str; 3] =
    [label::APPLICATION_NAME, "com.docker.compose.project", "com.docker.stack.namespace"];

/// Every container of the host.
pub(super) async fn list_all(engine: &Engine) -> Result<Vec<HostContainer>, HostError> {
    let options = ListContainersOptionsBuilder::new().all(true).build();
    read(engine, "list containers", "/containers/json?all=1", options).await
}

/// Running or not: inspecting a network tells of the running ones only.
pub(super) async fn list(engine: &Engine, docker_id: &str) -> Result<Vec<Member>, HostError> {
    DockerId::parse(docker_id)?;
    let Some(network) = networks::find(engine, docker_id).await? else { return Ok(Vec::new()) };
    // A container that was never started knows its networks by the name it was given.
    let either = [docker_id, &network.name];
    let filters = HashMap::from([("network", either.to_vec())]);
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let path = format!("/containers/json?all=1&filters={}", id::filter("network", &either));
    let found = read(engine, "list members of network", &path, options).await?;
    let on_it = found.into_iter().filter(|one| one.is_on(docker_id, &network.name));
    Ok(on_it.map(|one| one.member).collect())
}

async fn read(
    engine: &Engine,
    action: &str,
    path: &str,
    options: ListContainersOptions,
) -> Result<Vec<HostContainer>, HostError> {
    let asking = engine.docker().list_containers(Some(options)).boxed();
    let (found, mut odd) = engine.ask_forgiving::<Vec<_>>(action, path, asking).await?;
    let ours = found.into_iter().enumerate().map(|(index, container)| {
        let odd_state = odd.remove(&format!("[{index}].State"));
        describe(container, odd_state)
    });
    Ok(ours.collect())
}

fn describe(container: ContainerSummary, odd_state: Option<String>) -> HostContainer {
    let labels = container.labels.clone().unwrap_or_default();
    let status = container.status.as_deref();
    HostContainer {
        image: container.image.clone().unwrap_or_default(),
        service_id: labels.get("com.docker.swarm.service.id").cloned(),
        proxy_of: labels.get(label::PROXY).cloned(),
        application: labels.get(label::APPLICATION).cloned(),
        health: status.and_then(health).map(str::to_owned),
        exit_code: status.and_then(exit_code),
        published: published(&container),
        project: PROJECT_LABELS.iter().find_map(|key| labels.get(*key).cloned()),
        routes: routes(&labels),
        attachments: attachments(&container),
        probe: mark(&labels, container.created),
        member: member(container, odd_state),
    }
}

/// Of `Up 5 minutes (healthy)` or `Up 2 seconds (health: starting)`: lists of containers say it in no
/// other way (`State.String` in `moby/daemon/container`).
fn health(status: &str) -> Option<&str> {
    let said = status.strip_prefix("Up ")?.rsplit_once('(')?.1.strip_suffix(')')?;
    let word = said.strip_prefix("health: ").unwrap_or(said);
    matches!(word, "starting" | "healthy" | "unhealthy").then_some(word)
}

/// Of `Exited (137) 5 seconds ago` or `Restarting (1) 2 seconds ago`.
fn exit_code(status: &str) -> Option<i64> {
    let rest = status.strip_prefix("Exited (").or_else(|| status.strip_prefix("Restarting ("))?;
    rest.split_once(')')?.0.parse().ok()
}

fn mark(labels: &HashMap<String, String>, created: Option<i64>) -> Option<ProbeMark> {
    let operation = labels.get(probe::LABEL)?.clone();
    let made_at = Timestamp::from_millis(created.unwrap_or_default().saturating_mul(1_000));
    Some(ProbeMark { operation, made_at })
}

fn published(container: &ContainerSummary) -> Vec<u16> {
    let ports = container.ports.iter().flatten();
    let mut ports: Vec<u16> = ports.filter_map(|port| port.public_port).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Traefik's rules, and the sites of caddy-docker-proxy, which may be numbered (`caddy_1`).
pub(super) fn routes(labels: &HashMap<String, String>) -> Vec<String> {
    let is_rule = |key: &str| {
        let router = key.strip_prefix("traefik.http.routers.");
        let of_traefik = router.and_then(|rest| rest.strip_suffix(".rule")).is_some();
        let number = key.strip_prefix("caddy_");
        let numbered = number.is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        of_traefik || key == "caddy" || numbered
    };
    let found = labels.iter().filter(|(key, _)| is_rule(key));
    let mut rules: Vec<String> = found.map(|(_, rule)| rule.clone()).collect();
    rules.sort();
    rules.dedup();
    rules
}

fn attachments(container: &ContainerSummary) -> Vec<Attachment> {
    let networks = container.network_settings.as_ref().and_then(|all| all.networks.as_ref());
    networks.into_iter().flatten().map(|(key, settings)| attachment(key, settings)).collect()
}

pub(super) fn attachment(key: &str, settings: &EndpointSettings) -> Attachment {
    Attachment {
        key: key.to_owned(),
        network_id: settings.network_id.clone().unwrap_or_default(),
        endpoint_id: settings.endpoint_id.clone().unwrap_or_default(),
        address: said(settings.ip_address.as_ref()),
        ipv6_address: said(settings.global_ipv6_address.as_ref()),
        aliases: Vec::new(),
    }
}

/// Docker writes an empty text where there is nothing.
pub(super) fn said(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

/// A state that is new to bollard comes beside.
fn member(container: ContainerSummary, odd_state: Option<String>) -> Member {
    let docker_id = container.id.unwrap_or_default();
    let names = container.names.unwrap_or_default();
    // Links add names such as `/other/alias`; its own has one slash.
    let own = names.iter().filter_map(|name| name.strip_prefix('/'));
    let name = own.clone().find(|name| !name.contains('/')).or_else(|| own.clone().next());
    let state = container.state.map(|state| state.to_string()).or(odd_state);
    Member {
        name: name.unwrap_or(&docker_id).to_owned(),
        docker_id,
        state: state.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_container_shows_its_project_its_rules_and_whether_it_routes() {
        let container = json!({
            "Id": "0af", "Names": ["/web-1"], "State": "running", "Image": "docker.io/traefik:v3",
            "Labels": {
                "com.docker.compose.project": "shop", "caddy_1": "a.example", "caddy.x": "no",
                "traefik.http.routers.web.rule": "Host(`b.example`)",
            },
        });
        let seen = describe(serde_json::from_value(container).expect("a container"), None);
        assert_eq!(seen.project.as_deref(), Some("shop"));
        assert_eq!(seen.routes, ["Host(`b.example`)", "a.example"]);
        assert!(seen.is_proxy());
    }

    #[test]
    fn a_member_has_its_own_name() {
        let name = |names: Value| {
            let container = json!({"Id": "0af", "Names": names, "State": "exited"});
            member(serde_json::from_value(container).expect("a container"), None).name
        };
        assert_eq!(name(json!(["/other/alias", "/web-1"])), "web-1");
        assert_eq!(name(json!(["/other/alias"])), "other/alias");
        assert_eq!(name(json!(null)), "0af");
    }
}
