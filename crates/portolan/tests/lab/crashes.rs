//! `kill -9` on the real program at moments nobody chose.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::support::{Host, Portolan, create, eventually, unique};

#[test]
#[ignore = "needs the lab"]
fn killed_while_it_creates_it_makes_each_network_once() -> Result<()> {
    let mut portolan = Portolan::start()?;
    let host = Host::find("alpha")?;
    portolan.add_server(&host, "root")?;
    let mut networks = Vec::new();
    for round in 0..8_u32 {
        let network = unique("crash");
        portolan.run(&[&create("alpha", &network), &["--no-wait"][..]].concat())?;
        networks.push(network);
        // The moment of the kill moves through the work, from before its first call to after its last.
        let moment = std::time::Instant::now() + Duration::from_millis(u64::from(round) * 60);
        while std::time::Instant::now() < moment {
            std::hint::spin_loop();
        }
        portolan.kill_and_restart()?;
        eventually("the server is back", || {
            let server = portolan.json(&["server", "show", "alpha"])?;
            Ok((server["reachability"] == "reachable").then_some(()))
        })?;
    }
    for network in &networks {
        let shown: Value = portolan.settled(network, "ready")?;
        let found = host.networks(network)?;
        assert_eq!(found.len(), 1, "{network}: {found:?}");
        ensure!(shown["observed"]["docker_id"] == found[0].as_str(), "{shown}");
        portolan.remove(network)?;
        ensure!(host.networks(network)?.is_empty(), "{network} was left behind");
    }
    Ok(())
}
