//! Makes a proxy what its row says: the image is there, the configuration is checked, the container
//! is made or left as it is, and in the end it is seen to serve.

use portolan_types::{OperationKind, ProxyKind};

use super::{
    super::{recorder::failure, work::Halt},
    apply::{self, Outcome},
    attachments,
    config::Generated,
    configure,
    definition::{self, GRACE, NETWORK},
    job::{Job, observed},
    judge::{self, Verdict},
    ports, replace, tidy,
};
use crate::host::{ContainerDetail, Exec, HostError, HostImage, NewNetwork, label};

/// How long `version` may take.
const VERSION: std::time::Duration = std::time::Duration::from_secs(10);

pub(super) async fn run(job: &Job<'_>) -> Result<(), Halt> {
    let serving = job.step("look", look(job)).await?;
    let image = job.step("image", image(job)).await?;
    let checked = job.step("check", check(job)).await?;
    let networks = job.step("network", networks(job)).await?;
    let container =
        job.step("container", container(job, serving, &image, checked, &networks)).await?;
    let observed = job.step("inspect", inspect(job, container)).await?;
    Ok(job.running(&observed).await?)
}

async fn look(job: &Job<'_>) -> Result<(Option<ContainerDetail>, String), Halt> {
    let serving = tidy::run(job).await?;
    let containers = job.scene.host.list_containers().await;
    ports::check(job, &job.answer(containers, "list the containers")?)?;
    let detail = match &serving {
        Some(found) => format!("its container is {}", found.member.state),
        None => "there is no container yet".to_owned(),
    };
    Ok((serving, detail))
}

/// The image on the host: it was fetched before (`pull`), where it was not there or the newest is
/// asked for.
async fn image(job: &Job<'_>) -> Result<(HostImage, String), Halt> {
    let reference = job.scene.row.proxy.image.as_str();
    let found = job.scene.host.find_image(reference).await;
    let image = job.answer(found, &format!("look for image `{reference}`"))?;
    let missing = || {
        failure(
            "image-missing",
            format!("image `{reference}` was there or pulled a moment ago, and is gone"),
            "see what removes images on the host (a `docker image prune`?), then start the proxy \
             (`start_proxy`)",
        )
    };
    Ok((image.ok_or_else(missing)?, format!("image `{reference}` is on the host")))
}

/// A configuration that the proxy refuses does not keep one from running that has an earlier one.
async fn check(job: &Job<'_>) -> Result<(Option<Generated>, String), Halt> {
    let ready = match configure::prepared(job.scene).await? {
        Ok(generated) => generated,
        Err(unfit) => return refused(job, &unfit.0),
    };
    match judge::run(job.scene, &ready).await? {
        Verdict::Accepted => {
            Ok((Some(ready), "the proxy accepts what is generated for it".to_owned()))
        }
        Verdict::Refused { words, .. } => refused(job, &words),
    }
}

fn refused(job: &Job<'_>, words: &str) -> Result<(Option<Generated>, String), Halt> {
    match job.kind {
        OperationKind::SetProxy | OperationKind::UpgradeProxy => {
            Err(configure::as_failure(job.scene, words).into())
        }
        _ => Ok((
            None,
            format!("the latest configuration is refused, the one before stays: {words}"),
        )),
    }
}

/// The network of the proxy itself, and the names of all that it is to be on.
async fn networks(job: &Job<'_>) -> Result<(Vec<String>, String), Halt> {
    let (scene, host) = (job.scene, job.scene.host);
    let found = job.answer(host.find_network(NETWORK).await, "look for the proxy's network")?;
    match found {
        Some(found) if found.labels.contains_key(label::PROXY) => {}
        Some(_) => {
            let message = format!(
                "a network called `{NETWORK}` on server `{}` is not Portolan's",
                scene.server_name()
            );
            let remedy = format!("remove it (`docker network rm {NETWORK}`), then start the proxy");
            return Err(failure("name-taken", message, remedy).into());
        }
        None => {
            let network = NewNetwork {
                kind: portolan_types::DestinationKind::Standalone,
                name: own_network()?,
                options: portolan_types::NetworkOptions::default(),
                labels: scene.labels(),
            };
            let made = host.create_network(&network).await;
            job.answer(made, "create the proxy's network")?;
        }
    }
    let wanted = attachments::wanted_networks(scene).await?;
    let detail = match wanted.as_slice() {
        [] => "no destination wants it yet".to_owned(),
        names => format!("it is to be on {}", names.join(", ")),
    };
    Ok((wanted, detail))
}

fn own_network() -> Result<portolan_types::NetworkName, Halt> {
    NETWORK.parse().map_err(|error: portolan_types::Invalid| {
        failure("network-name", error.to_string(), "report this").into()
    })
}

async fn container(
    job: &Job<'_>,
    serving: Option<ContainerDetail>,
    image: &HostImage,
    checked: Option<Generated>,
    networks: &[String],
) -> Result<(ContainerDetail, String), Halt> {
    let fits = |found: &ContainerDetail| {
        let newest = job.kind != OperationKind::UpgradeProxy || found.image_id == image.docker_id;
        definition::is_as_wanted(job.scene, found) && newest
    };
    if let Some(found) = serving.as_ref().filter(|found| fits(found)) {
        match revive(job, found).await {
            Ok(detail) => return Ok((configured(job, found, checked.as_ref()).await?, detail)),
            // One of its networks is gone: it is made anew on those that there are.
            Err(error) if error.is_not_found() => {}
            Err(error) if error.is_port_taken() => {
                return Err(ports::explained(job, &error).await?.into());
            }
            Err(error) => job.answer(Err(error), "start the proxy")?,
        }
    }
    let made = replace::run(job, serving, checked.as_ref(), networks).await?;
    if let Some(generated) = &checked {
        configure::in_force(job.scene, generated).await?;
    }
    Ok(made)
}

/// Tells one that stays of its configuration, once it listens.
async fn configured(
    job: &Job<'_>,
    found: &ContainerDetail,
    checked: Option<&Generated>,
) -> Result<ContainerDetail, Halt> {
    let container = replace::serves(job, &found.member.docker_id, None).await??;
    let Some(generated) = checked else { return Ok(container) };
    match apply::run(job.scene, &container, generated).await? {
        Outcome::Served => {
            configure::in_force(job.scene, generated).await?;
            Ok(container)
        }
        Outcome::Refused { words, .. } => Err(configure::as_failure(job.scene, &words).into()),
        Outcome::Unheard => Err(configure::unheard(job.scene).into()),
    }
}

/// Starts one that is as it is to be, or leaves it alone.
async fn revive(job: &Job<'_>, found: &ContainerDetail) -> Result<String, HostError> {
    let (host, id) = (job.scene.host, &found.member.docker_id);
    if job.kind == OperationKind::RestartProxy {
        host.restart_container(id, GRACE).await?;
        return Ok("the container was restarted".to_owned());
    }
    if found.is_running() {
        return Ok("the container is as it is to be, and runs".to_owned());
    }
    host.start_container(id).await?;
    Ok("the container was started".to_owned())
}

/// It has to serve, and stay so.
async fn inspect(
    job: &Job<'_>,
    container: ContainerDetail,
) -> Result<(portolan_types::ObservedProxy, String), Halt> {
    let serves = replace::serves(job, &container.member.docker_id, None).await?;
    let container = serves?;
    let version = version(job, &container).await?;
    let kind = job.scene.row.proxy.kind;
    let detail = match &version {
        Some(version) => format!("{kind} {version} serves"),
        None => format!("{kind} serves"),
    };
    Ok((observed(&container, version), detail))
}

/// What the program calls itself.
async fn version(job: &Job<'_>, container: &ContainerDetail) -> Result<Option<String>, Halt> {
    let program = match job.scene.row.proxy.kind {
        ProxyKind::Caddy => ["caddy", "version"],
        ProxyKind::Traefik => ["traefik", "version"],
    };
    let exec = Exec::new(program, VERSION);
    let said = job.scene.host.exec(&container.member.docker_id, &exec).await;
    let said = job.answer(said, "ask the proxy for its version")?;
    Ok(number_in(&said.stdout).filter(|_| said.exit_code == 0))
}

/// `v2.11.0 h1:...`, or `Version: 3.7.15` among other lines.
fn number_in(text: &str) -> Option<String> {
    let words = text.split_whitespace().map(|word| word.trim_start_matches('v'));
    let is_version = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_digit()) && word.contains('.') && word.len() < 40
    };
    words.into_iter().find(is_version).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(number_in("v2.11.0 h1:4pE=\n").as_deref(), Some("2.11.0"));
        let traefik = "Version:      3.7.15\nCodename:     x\nGo version:   go1.25\n";
        assert_eq!(number_in(traefik).as_deref(), Some("3.7.15"));
        assert_eq!(number_in("nothing"), None);
    }
}
