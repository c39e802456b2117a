//! An engine's role, and its part in a swarm.

use bollard::models::{ClusterInfo, PeerNode, SwarmInfo, SystemInfo};
use futures_util::FutureExt;
use portolan_types::{ServerKind, Swarm, SwarmManager, server::Pool};

use super::super::{
    HostError, HostRole,
    engine::{Engine, Odd},
    limits,
    words::clean,
};

/// `GET /info`, which an engine answers from memory.
pub(super) async fn read(engine: &Engine) -> Result<HostRole, HostError> {
    let asking = engine.docker().info().boxed();
    let (info, mut odd) = engine.ask_forgiving::<SystemInfo>("read info", "/info", asking).await?;
    Ok(of(info.swarm.unwrap_or_default(), &mut odd).0)
}

/// The role, and a warning where the swarm does not work. Such a node cannot make networks for
/// its swarm; nor is it standalone. A state that is new to bollard must not pass for none.
pub(super) fn of(info: SwarmInfo, odd: &mut Odd) -> (HostRole, Option<String>) {
    let known = info.local_node_state.map(|state| state.to_string());
    let state = known.or_else(|| odd.remove("Swarm.LocalNodeState")).unwrap_or_default();
    let control = info.control_available.unwrap_or_default();
    let error = said(info.error.as_ref());
    let (kind, warning) = match state.as_str() {
        "" | "inactive" => return (HostRole { kind: ServerKind::Standalone, swarm: None }, None),
        "active" if control => (ServerKind::SwarmManager, None),
        "active" => (ServerKind::SwarmWorker, None),
        state => {
            let why = error.as_ref().map_or_else(String::new, |error| format!(": {error}"));
            (ServerKind::SwarmWorker, Some(format!("the engine's swarm is {}{why}", clean(state))))
        }
    };
    let swarm = swarm(info, error.or_else(|| warning.clone()));
    (HostRole { kind, swarm: Some(swarm) }, warning)
}

fn swarm(info: SwarmInfo, error: Option<String>) -> Swarm {
    let mut managers: Vec<SwarmManager> =
        info.remote_managers.iter().flatten().filter_map(manager).take(limits::LISTED).collect();
    // The engine tells them in another order each time.
    managers.sort();
    let cluster = info.cluster.unwrap_or_default();
    Swarm {
        cluster_id: said(cluster.id.as_ref()),
        node_id: said(info.node_id.as_ref()).unwrap_or_default(),
        address: said(info.node_addr.as_ref()),
        managers,
        pools: pools(cluster),
        error,
        servers: Vec::new(),
    }
}

fn manager(node: &PeerNode) -> Option<SwarmManager> {
    let address = said(node.addr.as_ref()).unwrap_or_default();
    Some(SwarmManager { node_id: said(node.node_id.as_ref())?, address })
}

/// A size that is no prefix length is nothing to count with.
fn pools(cluster: ClusterInfo) -> Vec<Pool> {
    let size = cluster.subnet_size.and_then(|size| size.try_into().ok());
    let bases = cluster.default_addr_pool.unwrap_or_default().into_iter();
    let pools = bases.filter_map(|base| Some(Pool { base: clean(&base), size: size? }));
    pools.take(limits::LISTED).collect()
}

/// Docker writes an empty text where there is nothing.
fn said(text: Option<&String>) -> Option<String> {
    text.map(|text| clean(text)).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read_from(info: Value) -> (HostRole, Option<String>) {
        of(serde_json::from_value(info).expect("a swarm"), &mut Odd::new())
    }

    #[test]
    fn the_swarm_tells_the_kind() {
        let of = |state: &str, control: bool| {
            let info = json!({ "LocalNodeState": state, "ControlAvailable": control });
            read_from(info).0.kind
        };
        assert_eq!(of("", false), ServerKind::Standalone);
        assert_eq!(of("inactive", false), ServerKind::Standalone);
        assert_eq!(of("active", true), ServerKind::SwarmManager);
        assert_eq!(of("active", false), ServerKind::SwarmWorker);
    }

    #[test]
    fn a_swarm_that_does_not_work_is_told() {
        for state in ["pending", "error", "locked", "new-in-30"] {
            let mut odd = Odd::from([("Swarm.LocalNodeState".to_owned(), state.to_owned())]);
            let info = SwarmInfo { error: Some("no quorum".into()), ..SwarmInfo::default() };
            let (role, warning) = super::of(info, &mut odd);
            assert_eq!(role.kind, ServerKind::SwarmWorker);
            assert_eq!(warning, Some(format!("the engine's swarm is {state}: no quorum")));
        }
    }

    #[test]
    fn a_manager_knows_its_swarm() {
        let (role, _) = read_from(json!({
            "NodeID": "n1", "NodeAddr": "10.0.0.1", "LocalNodeState": "active",
            "ControlAvailable": true, "Error": "",
            "RemoteManagers": [
                { "NodeID": "n2", "Addr": "10.0.0.2:2377" },
                { "NodeID": "n1", "Addr": "10.0.0.1:2377" },
            ],
            "Cluster": { "ID": "c1", "DefaultAddrPool": ["10.0.0.0/8"], "SubnetSize": 24 },
        }));
        let swarm = role.swarm.expect("a swarm");
        assert_eq!((swarm.cluster_id.as_deref(), swarm.node_id.as_str()), (Some("c1"), "n1"));
        let managers: Vec<&str> = swarm.managers.iter().map(|one| one.node_id.as_str()).collect();
        assert_eq!(managers, ["n1", "n2"]);
        assert_eq!(swarm.pools, [Pool { base: "10.0.0.0/8".into(), size: 24 }]);
        assert_eq!(swarm.error, None);
    }
}
