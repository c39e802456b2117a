//! Changes in place: the options become what was asked for, or stay what they were, and every
//! container that was on the network is on it afterwards, with its aliases, whatever happens.

use anyhow::{Context, Result, ensure};
use portolan_server::host::{Endpoint, HostError, fake::FakeEngine};
use portolan_types::{
    Destination, DestinationState, MovedContainer, Operation, OperationResult, Server,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

mod options;
mod swarm;
mod troubles;

/// A container as a test puts it on the network: name, state, aliases, fixed address.
const CREW: [(&str, &str, &[&str], Option<&str>); 3] = [
    ("web", "running", &["www", "shop"], None),
    ("db", "running", &["postgres"], Some("10.50.0.9")),
    ("job", "exited", &["cron"], None),
];

fn endpoint(aliases: &[&str], address: Option<&str>) -> Endpoint {
    Endpoint {
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        address: address.map(str::to_owned),
        ..Endpoint::default()
    }
}

/// A destination `10.50.0.0/24` with the crew on it.
async fn crewed(app: &TestApp, server: &Server, engine: &FakeEngine) -> Result<Destination> {
    let body = json!({
        "server_id": server.id, "network": "sea", "options": { "subnet": "10.50.0.0/24" },
    });
    let made: Destination = app.owner.post("/v1/destinations?wait=20", body).await?.created()?;
    assert_eq!(made.state, DestinationState::Ready, "{made:?}");
    for (name, state, aliases, address) in CREW {
        engine.join_as("sea", name, state, &endpoint(aliases, address));
    }
    Ok(made)
}

fn path(destination: &Destination) -> String {
    format!("/v1/destinations/{}", destination.id)
}

/// Asks for a change and does not wait for it.
async fn ask(app: &TestApp, destination: &Destination, options: Value) -> Result<Destination> {
    let (path, body) = (path(destination), json!({ "options": options }));
    app.owner.insist(|| app.owner.request(Method::PATCH, &path).json(&body)).await?.ok()
}

/// Asks for a change; answers how its operation ended.
async fn change(app: &TestApp, destination: &Destination, options: Value) -> Result<Operation> {
    let changing = ask(app, destination, options).await?;
    outcome(app, &changing).await
}

async fn outcome(app: &TestApp, destination: &Destination) -> Result<Operation> {
    let id = destination.operation_id.as_ref().context("an operation")?;
    app.owner.outcome(id.as_str()).await
}

fn moved(operation: &Operation) -> Result<&[MovedContainer]> {
    match &operation.result {
        Some(OperationResult::Change { containers, .. }) => Ok(containers),
        other => anyhow::bail!("not a change: {other:?}"),
    }
}

/// Every one of the crew is on the network and on no other, with its aliases; nothing of the
/// change is left.
fn ensure_crewed(engine: &FakeEngine, case: &str) -> Result<()> {
    assert_eq!(engine.network_names(), ["sea"], "{case}");
    let network = engine.network("sea").context("no network")?;
    for (name, _, aliases, _) in CREW {
        let container = engine.container(name).context("no container")?;
        ensure!(container.endpoints.len() == 1, "{case}: {container:?}");
        let place = container.endpoint(&network.docker_id, "sea");
        let place = place.with_context(|| format!("{case}: {name} is elsewhere: {container:?}"))?;
        ensure!(place.endpoint.aliases == aliases, "{case}: {container:?}");
    }
    Ok(())
}

fn subnet(engine: &FakeEngine) -> Result<String> {
    Ok(engine.network("sea").context("no network")?.subnets[0].subnet.clone())
}

fn refusal() -> HostError {
    HostError::Docker { status: 500, message: "refused by the test".into() }
}
