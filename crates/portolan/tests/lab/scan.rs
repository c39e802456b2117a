//! Networks that are on a host already: found with evidence, adopted, never altered.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::support::{Host, Portolan, unique};

#[test]
#[ignore = "needs the lab"]
fn networks_made_by_hand_and_by_compose_are_adopted() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("bravo")?;
    portolan.add_server(&host, "deploy")?;
    let (by_hand, compose) = (unique("hand"), unique("shop_default"));
    host.docker(&["network", "create", "--subnet", "10.96.1.0/24", &by_hand])?;
    let label = "com.docker.compose.project=shop";
    host.docker(&["network", "create", "--label", label, "--subnet", "10.96.2.0/24", &compose])?;
    let web = host.container(&compose, &unique("shop-web"))?;
    let before = host.docker(&["network", "inspect", &by_hand, &compose])?;

    let scan = portolan.json(&["server", "scan", "bravo"])?;
    let networks = scan["result"]["networks"].as_array().context("networks")?;
    let of = |name: &str| -> Result<&Value> {
        networks.iter().find(|network| network["name"] == name).context("not listed")
    };
    assert_eq!(of(&compose)?["maker"]["detail"], "shop");
    assert_eq!(of(&compose)?["members"][0]["name"], web.name.as_str());
    assert_eq!(of(&by_hand)?["adoptability"]["type"], "adoptable");
    ensure!(of(&by_hand)?["created_at"].is_string(), "no age");
    assert_eq!(of("bridge")?["adoptability"]["type"], "refused");
    assert_eq!(of("host")?["maker"]["kind"], "docker");

    let adopt = ["destination", "adopt", "--server", "bravo", &by_hand, &compose];
    let table = portolan.run(&adopt)?;
    ensure!(table.contains(&by_hand) && table.contains(&compose), "{table}");
    let said = portolan.refuse(&["destination", "adopt", "--server", "bravo", &by_hand, "host"])?;
    ensure!(said.contains("Network already added to this server."), "{said}");
    ensure!(said.contains("Docker keeps it for itself"), "{said}");

    // They are destinations now, unaltered, and forgotten when they are removed.
    let shown = portolan.json(&["destination", "show", &compose])?;
    assert_eq!(
        (shown["origin"].as_str(), shown["state"].as_str()),
        (Some("adopted"), Some("ready"))
    );
    assert_eq!(host.docker(&["network", "inspect", &by_hand, &compose])?, before);
    for name in [&by_hand, &compose] {
        portolan.remove(name)?;
        assert_eq!(host.networks(name)?.len(), 1, "{name} was removed from Docker");
    }
    drop(web);
    host.docker(&["network", "rm", &by_hand, &compose])?;
    Ok(())
}
