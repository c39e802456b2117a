//! Resources of two environments on real engines: apart, until they are linked.

use anyhow::{Result, ensure};

use crate::support::{Host, Portolan, create, eventually, unique};

/// An application of an environment and a destination of its own.
struct Side {
    network: String,
    name: String,
}

impl Side {
    fn set(portolan: &Portolan, host: &Host, name: &str) -> Result<Self> {
        let side = Self { network: unique("side"), name: unique(name) };
        portolan.run(&create(&host.name, &side.network))?;
        let project = unique("project");
        portolan.run(&["project", "create", &project])?;
        let environment = format!("{project}/production");
        let add = ["app", "add", &side.name, "--environment", &environment];
        let more = ["--destination", &side.network, "--image", "echo:1", "--port", "80"];
        let plain = ["--stop-within", "1", "--deploy"];
        portolan.run(&[&add[..], &more, &plain].concat())?;
        Ok(side)
    }

    fn container(&self, portolan: &Portolan) -> Result<String> {
        let shown = portolan.json(&["app", "show", &self.name])?;
        Ok(shown["container"].as_str().unwrap_or_default().to_owned())
    }

    /// Whether it is answered when it asks for another one by its name.
    fn reaches(&self, (portolan, host): (&Portolan, &Host), other: &Self) -> Result<bool> {
        let url = format!("http://{}/", other.name);
        let wget = ["wget", "-q", "-t", "1", "-T", "2", "-O", "/dev/null", &url];
        let container = self.container(portolan)?;
        let said = host.try_docker(&[&["exec", &container], &wget[..]].concat())?;
        Ok(said.code == 0)
    }
}

#[test]
#[ignore = "needs the lab"]
fn resources_of_two_environments_meet_by_a_link_alone() -> Result<()> {
    let (portolan, host) = (Portolan::start()?, Host::find("bravo")?);
    portolan.add_server(&host, "deploy")?;
    let (web, mail) = (Side::set(&portolan, &host, "web")?, Side::set(&portolan, &host, "mail")?);
    let at = (&portolan, &host);
    ensure!(!web.reaches(at, &mail)?, "they meet without a link");
    let late = unique("late");
    let add = ["app", "add", &late, "--image", "echo:1", "--destination", &web.network];
    let project = unique("project");
    portolan.run(&["project", "create", &project])?;
    let environment = format!("{project}/production");
    let said = portolan.refuse(&[&add[..], &["--environment", &environment]].concat())?;
    ensure!(said.contains("they share no network") && said.contains("portolan app link"), "{said}");

    portolan.run(&["app", "link", &web.name, &mail.name])?;
    eventually("it is reached", || Ok(web.reaches(at, &mail)?.then_some(())))?;
    ensure!(portolan.run(&["app", "links", &mail.name])?.contains("up"), "it is not told");
    // In one direction it has a name, and what leads outside is its own destination still.
    ensure!(!mail.reaches(at, &web)?, "it is reached the other way");
    portolan.run(&["app", "deploy", &mail.name])?;
    ensure!(web.reaches(at, &mail)?, "the new container is not on it");
    host.docker(&["restart", "-t", "0", &web.container(&portolan)?])?;
    eventually("it is reached after a restart", || Ok(web.reaches(at, &mail)?.then_some(())))?;

    portolan.run(&["app", "unlink", &web.name, &mail.name])?;
    eventually("they are apart", || Ok((!web.reaches(at, &mail)?).then_some(())))?;
    let named = |line: &&str| line.starts_with("link-");
    eventually("its network is gone", || {
        let networks = host.docker(&["network", "ls", "--format", "{{.Name}}"])?;
        Ok((networks.lines().filter(named).count() == 0).then_some(()))
    })?;
    for side in [&web, &mail] {
        portolan.run(&["app", "remove", &side.name, "--yes"])?;
        portolan.remove(&side.network)?;
    }
    Ok(())
}
