//! Starting probes, asking them, and removing them.
//!
//! A probe is a container of our own image that may do nothing: no capability, no writing, little
//! memory, and an end of its own that needs nobody. All that one verification makes carries its
//! operation as a label, by which whatever a crash left behind is found again (`sweep`).

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use portolan_types::{OperationId, Server, id::cuid2};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::answer::Dialled;
use crate::{
    host::{
        Afterwards, Attachment, Capabilities, Exec, Gaining, Host, HostError, Limits, NetworkMode,
        NewContainer, Place, Privileges, RestartPolicy, RootFilesystem, probe,
    },
    reconcile::{PassError, compare::LABEL_MANAGED},
};

/// How long a probe lives when nobody removes it: longer than a verification may take.
const LIFE: Duration = Duration::from_mins(4);
const MEMORY: u64 = 32 << 20;
const PROCESSES: u32 = 32;
/// How much longer than its question an answer may take: the way to the host and back.
const GRACE: Duration = Duration::from_secs(10);

/// Why a probe could not be made or asked.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The host's words.
    Refused(HostError),
    /// The verification is to end.
    Stop(Stop),
}

/// Why a verification ends before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// Newer work takes its place, or the process ends.
    Cancelled,
    /// The connection is lost: the work is taken up again over the next one.
    Pass(PassError),
}

impl<E: Into<PassError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Pass(error.into())
    }
}

impl From<Stop> for Trouble {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// A host on which probes are started.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) host: &'a dyn Host,
    /// The server's name.
    pub(super) server: &'a str,
    pub(super) whose: Whose,
}

/// Whose connection it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// The keeper's that does the work: without it the work waits.
    Own,
    /// Another keeper's: without it something cannot be proved.
    Others,
}

impl Ground<'_> {
    /// A host's answer. Its refusal is something to report.
    pub(super) fn answer<T>(&self, answer: Result<T, HostError>) -> Result<T, Trouble> {
        answer.map_err(|error| {
            let slow = error.is_late();
            if self.whose == Whose::Own && error.is_connection() && !slow {
                Trouble::Stop(Stop::Pass(error.into()))
            } else {
                Trouble::Refused(error)
            }
        })
    }
}

/// A probe that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Probe {
    pub(super) docker_id: String,
    pub(super) name: String,
    /// What it is to the verification, as the evidence names it.
    role: String,
    /// What it answers whoever connects, and where.
    pub(super) nonce: String,
    port: u16,
    /// Its addresses on the network that it was put on: none on a network that is another's.
    pub(super) addresses: Vec<IpAddr>,
}

impl Probe {
    /// Where probes answer, unless another port is to be tried.
    pub(super) const PORT: u16 = 7411;

    /// The address of IPv4, or else any.
    pub(super) fn address(&self) -> Option<IpAddr> {
        let ipv4 = self.addresses.iter().find(|address| address.is_ipv4());
        ipv4.or(self.addresses.first()).copied()
    }

    /// As the evidence names it.
    pub(super) fn at(&self) -> String {
        self.address()
            .map_or_else(|| self.title(), |address| format!("{}, {address}", self.title()))
    }

    /// The same as the target of a connection.
    pub(super) fn at_port(&self, address: IpAddr) -> String {
        format!("{}, {}", self.title(), SocketAddr::from((address, self.port)))
    }

    fn title(&self) -> String {
        format!("the {} probe", self.role)
    }
}

/// Why no probe runs on a server, and what to do about it; `None` where one does.
pub(super) fn foreign_machine(server: &Server) -> Option<(String, String)> {
    let architecture = server.engine.as_ref().map(|engine| &engine.architecture);
    let foreign = architecture.filter(|one| !probe::runs_on(one))?;
    let why = format!(
        "server `{}` is a {foreign} machine, and this Portolan carries a probe for {} alone",
        server.name,
        probe::architecture()
    );
    Some((why, "run Portolan on a machine of that architecture to verify it".to_owned()))
}

/// What a probe may do besides talking on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Power {
    Nothing,
    /// Seeing packets that are not its own.
    Watch,
}

/// The probes of one verification.
#[derive(Debug)]
pub(super) struct Probes<'a> {
    pub(super) operation: &'a OperationId,
    pub(super) cancel: &'a CancellationToken,
}

impl Probes<'_> {
    /// The labels of all that is made.
    pub(super) fn labels(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (LABEL_MANAGED.to_owned(), "true".to_owned()),
            (probe::LABEL.to_owned(), self.operation.to_string()),
        ])
    }

    /// A name of its own, which DNS can carry.
    pub(super) fn name(&self, role: &str) -> String {
        format!("portolan-probe-{}-{role}", self.operation)
    }

    /// Brings the image where the host lacks it.
    pub(super) async fn bring_image(&self, ground: &Ground<'_>) -> Result<&'static str, Trouble> {
        self.goes_on()?;
        if ground.answer(ground.host.find_image(probe::reference()).await)?.is_some() {
            return Ok("the host has the probe's image");
        }
        let archive = ground.answer(probe::archive())?;
        ground.answer(ground.host.load_image(archive).await)?;
        self.remove_old_images(ground).await?;
        Ok("the probe's image was loaded")
    }

    /// Each version of Portolan may bring another probe. One that is in use stays.
    async fn remove_old_images(&self, ground: &Ground<'_>) -> Result<(), Trouble> {
        let names = ground.host.list_image_names(probe::REPOSITORY).await;
        for name in ground.answer(names)?.iter().filter(|name| *name != probe::reference()) {
            self.goes_on()?;
            if let Err(error) = ground.host.remove_image(name).await {
                tracing::debug!(%error, image = %name, "the image of an older probe stays");
            }
        }
        Ok(())
    }

    /// Starts a probe on a network by Docker id.
    pub(super) async fn start_on(
        &self,
        ground: &Ground<'_>,
        role: &str,
        network: &str,
    ) -> Result<Probe, Trouble> {
        let place = Place { network: network.to_owned(), ..Place::default() };
        let mode = NetworkMode::Networks(vec![place]);
        self.start(ground, role, mode, Power::Nothing).await
    }

    /// Starts a probe.
    pub(super) async fn start(
        &self,
        ground: &Ground<'_>,
        role: &str,
        network: NetworkMode,
        power: Power,
    ) -> Result<Probe, Trouble> {
        let nonce = cuid2();
        let container = self.container(role, network, power, (Probe::PORT, &nonce));
        self.launch(ground, role, container, (Probe::PORT, nonce)).await
    }

    /// Starts a probe that answers at a port of the caller's choice.
    pub(super) async fn start_at(
        &self,
        ground: &Ground<'_>,
        role: &str,
        network: NetworkMode,
        port: u16,
    ) -> Result<Probe, Trouble> {
        let nonce = cuid2();
        let container = self.container(role, network, Power::Nothing, (port, &nonce));
        self.launch(ground, role, container, (port, nonce)).await
    }

    async fn launch(
        &self,
        ground: &Ground<'_>,
        role: &str,
        container: NewContainer,
        (port, nonce): (u16, String),
    ) -> Result<Probe, Trouble> {
        self.goes_on()?;
        let docker_id = ground.answer(ground.host.create_container(&container).await)?;
        self.goes_on()?;
        ground.answer(ground.host.start_container(&docker_id).await)?;
        self.goes_on()?;
        let found = ground.answer(ground.host.find_container(&docker_id).await)?;
        let endpoints = found.iter().flat_map(|one| &one.endpoints);
        let addresses = endpoints.flat_map(|one| addresses(&one.attachment)).collect();
        Ok(Probe { docker_id, name: container.name, role: role.to_owned(), nonce, port, addresses })
    }

    fn container(
        &self,
        role: &str,
        network: NetworkMode,
        power: Power,
        (port, nonce): (u16, &str),
    ) -> NewContainer {
        let capabilities = match power {
            Power::Nothing => Vec::new(),
            Power::Watch => vec!["NET_RAW".to_owned()],
        };
        // In a namespace that is not its own it opens no port.
        let mut command = vec!["hold".to_owned(), LIFE.as_secs().to_string()];
        if matches!(network, NetworkMode::Networks(_)) {
            command.extend([port.to_string(), nonce.to_owned()]);
        }
        NewContainer {
            name: self.name(role),
            image: probe::reference().to_owned(),
            command,
            labels: self.labels(),
            network,
            restart: RestartPolicy::Never,
            afterwards: Afterwards::Removed,
            privileges: Privileges {
                capabilities: Capabilities::Only(capabilities),
                root: RootFilesystem::ReadOnly,
                gaining: Gaining::Never,
            },
            limits: Limits {
                memory_bytes: Some(MEMORY),
                millicpus: None,
                processes: Some(PROCESSES),
            },
            ..NewContainer::default()
        }
    }

    /// Lets a probe connect to another one, and expects that one's word.
    pub(super) async fn dial(
        &self,
        ground: &Ground<'_>,
        from: &Probe,
        to: &Probe,
        within: Duration,
    ) -> Result<Dialled, Trouble> {
        let address = to.address().ok_or_else(|| without_address(&to.name))?;
        self.dial_at(ground, from, (address, to.port), Some(&to.nonce), within).await
    }

    /// Lets a probe connect to an address, and takes any answer when no word is expected.
    pub(super) async fn dial_at(
        &self,
        ground: &Ground<'_>,
        from: &Probe,
        (address, port): (IpAddr, u16),
        nonce: Option<&str>,
        within: Duration,
    ) -> Result<Dialled, Trouble> {
        let to = SocketAddr::from((address, port)).to_string();
        let millis = within.as_millis().to_string();
        let mut question = vec!["dial", &to, &millis];
        question.extend(nonce);
        self.ask(ground, from, &question, within).await
    }

    /// Asks a probe one question.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        ground: &Ground<'_>,
        probe: &Probe,
        question: &[&str],
        within: Duration,
    ) -> Result<T, Trouble> {
        self.goes_on()?;
        let words = [probe::PATH].iter().chain(question);
        let exec = Exec {
            command: words.map(|word| (*word).to_owned()).collect(),
            user: None,
            environment: Vec::new(),
            within: within + GRACE,
        };
        // An answer that nobody wants any more leaves nothing behind, unlike a probe half made.
        let heard = tokio::select! {
            () = self.cancel.cancelled() => return Err(Stop::Cancelled.into()),
            heard = ground.host.exec(&probe.docker_id, &exec) => heard,
        };
        let output = ground.answer(heard)?;
        serde_json::from_str(output.stdout.trim()).map_err(|_| {
            let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
            let said: String = said.chars().take(200).collect();
            let why = format!("the probe ended with {}: {said}", output.exit_code);
            Trouble::Refused(HostError::Protocol { why })
        })
    }

    fn goes_on(&self) -> Result<(), Stop> {
        if self.cancel.is_cancelled() { Err(Stop::Cancelled) } else { Ok(()) }
    }
}

fn without_address(name: &str) -> Trouble {
    let why = format!("probe `{name}` was given no address");
    Trouble::Refused(HostError::Protocol { why })
}

/// The addresses of a place on a network.
pub(super) fn addresses(place: &Attachment) -> Vec<IpAddr> {
    let texts = [&place.address, &place.ipv6_address];
    texts.into_iter().flatten().filter_map(|text| text.parse().ok()).collect()
}
