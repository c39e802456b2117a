//! A registry behind a login, as real Docker asks it.

use anyhow::{Result, ensure};

use crate::support::{Host, Portolan, eventually};

pub(crate) const REGISTRY: &str = "10.88.0.2:5001";

impl Portolan {
    /// Stores a login of the lab's registry.
    pub(crate) fn login(&self, name: &str, host: &str, password: &str) -> Result<()> {
        let file = self.path(&format!("password-of-{name}"));
        std::fs::write(&file, password)?;
        let typed = ["registry", "add", name, "--host", host, "--user", "robot"];
        self.run(&[&typed[..], &["--password-file", &file]].concat()).map(drop)
    }
}

#[test]
#[ignore = "needs the lab"]
fn a_login_is_tried_and_used_where_it_is_wanted() -> Result<()> {
    let portolan = Portolan::start()?;
    let host = Host::find("bravo")?;
    portolan.add_server(&host, "deploy")?;
    portolan.login("wrong", REGISTRY, "close sesame")?;
    let said = portolan.refuse(&["registry", "check", "wrong", "--server", "bravo"])?;
    ensure!(said.contains("refused `robot`") && said.contains("401"), "{said}");
    ensure!(!said.contains("sesame"), "{said}");
    assert_eq!(portolan.json(&["registry", "show", "wrong"])?["check"]["outcome"], "refused");

    portolan.login("away", "10.88.0.2:5002", "open sesame")?;
    let said = portolan.refuse(&["registry", "check", "away", "--server", "bravo"])?;
    ensure!(said.contains("could not ask registry") && said.contains("refused"), "{said}");
    assert_eq!(portolan.json(&["registry", "show", "away"])?["check"]["outcome"], "failed");

    // With the wrong login the image is not there; with the right one it is.
    let image = format!("{REGISTRY}/library/caddy:2");
    let set = ["proxy", "set", "bravo", "--kind", "caddy", "--image", &image];
    let said = portolan.refuse(&set)?;
    ensure!(said.contains("pull image") && !said.contains("sesame"), "{said}");
    let file = portolan.path("password-of-away");
    portolan.run(&["registry", "edit", "wrong", "--rename", "right", "--password-file", &file])?;
    portolan.run(&["registry", "check", "right", "--server", "bravo"])?;
    assert_eq!(portolan.json(&["registry", "show", "right"])?["check"]["outcome"], "accepted");
    portolan.run(&set)?;
    eventually("the image is on the host", || {
        let found = host.try_docker(&["image", "inspect", &image])?;
        Ok((found.code == 0).then_some(()))
    })?;
    // Docker keeps nothing of it: without Portolan the image is out of reach.
    let by_hand = host.try_docker(&["pull", &image])?;
    ensure!(by_hand.code != 0, "{by_hand:?}");
    portolan.run(&["proxy", "remove", "bravo", "--yes"])?;
    host.docker(&["image", "rm", &image])?;
    Ok(())
}
