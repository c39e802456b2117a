//! Proving whether one end reaches another: a connection is tried from where the one end is, to
//! where the other is met, and compared with the answer from what was seen.
//!
//! Owns the order of what is tried. Where the ends are is in `ends`, what an outcome means in
//! `explain`; probes are removed by whoever called for the trial, however it ended.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU16,
    time::Duration,
};

use portolan_types::{Destination, Evidence, Obstacle, Reach, ReachOutcome, ReachProof, Server};

use self::{
    ends::{End, look},
    explain::{Explained, Facts, explain},
};
use super::{
    answer::{Dialled, Listeners, Resolved, Word},
    probes::{Ground, Power, Probe, Probes, Stop, Trouble, foreign_machine},
};
use crate::{host::NetworkMode, reconcile::recorder::Recorder};

mod ends;
mod explain;

const DIAL: Duration = Duration::from_secs(3);
/// An overlay learns where a new address is within a few seconds.
const DIAL_ACROSS: Duration = Duration::from_secs(8);
const ASK: Duration = Duration::from_secs(3);
/// A port at which nobody listens: a machine that is there refuses.
const ANY_PORT: u16 = 9;
/// How many addresses of the other end are tried.
const ADDRESSES: usize = 4;

/// A question of reach with what a trial of it has at hand.
#[derive(Debug)]
pub(super) struct Trial<'a> {
    /// From what was seen, when it was asked.
    pub(super) answer: &'a Reach,
    pub(super) port: Option<NonZeroU16>,
    /// The one end's.
    pub(super) server: &'a Server,
    /// The destinations that the ends are, where they are none but containers.
    pub(super) destinations: (Option<Destination>, Option<Destination>),
    /// Where the one end is, and where the other is; `None` when that server is not connected.
    pub(super) near: Ground<'a>,
    pub(super) far: Option<Ground<'a>>,
    pub(super) probes: Probes<'a>,
    pub(super) recorder: &'a Recorder<'a>,
}

/// Why a trial stops before a connection was tried.
#[derive(Debug)]
enum Halt {
    Untried(Obstacle),
    Stop(Stop),
}

impl From<Trouble> for Halt {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Refused(error) => {
                untried(format!("it could not be tried: {error}"), error.remedy())
            }
            Trouble::Stop(stop) => Self::Stop(stop),
        }
    }
}

impl<S: Into<Stop>> From<S> for Halt {
    fn from(stop: S) -> Self {
        Self::Stop(stop.into())
    }
}

fn untried(reason: impl Into<String>, remedy: impl Into<String>) -> Halt {
    Halt::Untried(Obstacle { reason: reason.into(), remedy: remedy.into() })
}

/// The one end, with a probe where it is.
#[derive(Debug)]
struct Near {
    end: End,
    probe: Probe,
    /// As the evidence names it.
    title: String,
}

/// Where the other end is to be met.
#[derive(Debug)]
struct Goal {
    addresses: Vec<IpAddr>,
    port: u16,
    /// What is heard there, where it is a probe of ours.
    nonce: Option<String>,
    /// Where its programs listen, as far as that is known.
    listeners: Option<Vec<SocketAddr>>,
    /// A name that has to lead there.
    name: Option<String>,
}

/// A trial that came to its end.
#[derive(Debug)]
struct Found {
    near: Near,
    goal: Goal,
    outcome: ReachOutcome,
}

impl Trial<'_> {
    pub(super) async fn run(&self) -> Result<ReachProof, Stop> {
        let mut evidence = Vec::new();
        match self.attempt(&mut evidence).await {
            Ok(found) => Ok(self.proof(&found, evidence)),
            Err(Halt::Untried(cause)) => Ok(ReachProof {
                outcome: ReachOutcome::Untried,
                port: self.port.map(NonZeroU16::get),
                evidence,
                contradicts: false,
                cause: Some(cause),
            }),
            Err(Halt::Stop(stop)) => Err(stop),
        }
    }

    fn proof(&self, found: &Found, evidence: Vec<Evidence>) -> ReachProof {
        let Found { near, goal, outcome } = found;
        let facts = Facts {
            answer: self.answer,
            outcome: *outcome,
            port: goal.port,
            stand_in: near.end.idle_state(),
            listeners: goal.listeners.as_deref(),
        };
        let Explained { contradicts, cause } = explain(&facts);
        ReachProof { outcome: *outcome, port: Some(goal.port), evidence, contradicts, cause }
    }

    async fn attempt(&self, evidence: &mut Vec<Evidence>) -> Result<Found, Halt> {
        let near = self.step("from", self.stand()).await?;
        let goal = self.step("to", self.aim(&near, evidence)).await?;
        let named = self.step("name", self.resolve(&near, &goal, evidence)).await?;
        let met = self.step("connect", self.dial_all(&near, &goal, evidence)).await?;
        let outcome = if named { met } else { ReachOutcome::NameNotFound };
        Ok(Found { near, goal, outcome })
    }

    /// One step of the operation. What could not be tried is something to know, not a failure.
    async fn step<T>(
        &self,
        name: &str,
        doing: impl Future<Output = Result<(T, String), Halt>>,
    ) -> Result<T, Halt> {
        let step = self.recorder.begin(name).await?;
        match doing.await {
            Ok((found, words)) => {
                self.recorder.done(step, &words).await?;
                Ok(found)
            }
            Err(Halt::Untried(cause)) => {
                self.recorder.warn(step, &cause.reason).await?;
                Err(Halt::Untried(cause))
            }
            Err(Halt::Stop(why)) => Err(Halt::Stop(why)),
        }
    }

    /// Puts a probe where the one end is. For a container that does not run, one on its networks
    /// stands in.
    async fn stand(&self) -> Result<(Near, String), Halt> {
        if let Some((why, remedy)) = foreign_machine(self.server) {
            return Err(untried(why, remedy));
        }
        self.probes.bring_image(&self.near).await?;
        let (from, server) = (&self.answer.from, self.near.server);
        let end = look(&self.near, from, self.destinations.0.as_ref()).await?;
        let (mode, title) = match (&end, end.idle_state()) {
            (End::Container(container), None) => (
                NetworkMode::Container(container.member.docker_id.clone()),
                format!("a probe in the network of `{}`", from.name),
            ),
            (End::Container(_), Some(state)) => (
                NetworkMode::Networks(end.places()),
                format!("a probe on the networks of `{}`, which is {state},", from.name),
            ),
            (End::Destination(network), _) => {
                (NetworkMode::Networks(end.places()), format!("a probe on `{}`", network.name))
            }
        };
        let probe = self.probes.start(&self.near, "from", mode, Power::Nothing).await?;
        let title = format!("{title} on server `{server}`");
        Ok((Near { end, probe, title: title.clone() }, title))
    }

    /// Finds where the other end is to be met.
    async fn aim(&self, near: &Near, evidence: &mut Vec<Evidence>) -> Result<(Goal, String), Halt> {
        let to = &self.answer.to;
        let Some(far) = &self.far else {
            return Err(untried(
                format!(
                    "server `{}` is not connected, so that `{}` cannot be found",
                    to.server_name, to.name
                ),
                format!("see `show_server {}`", to.server_name),
            ));
        };
        let end = look(far, to, self.destinations.1.as_ref()).await?;
        let goal = match &end {
            End::Destination(_) => self.answering(far, &end).await?,
            End::Container(container) if !container.is_running() => {
                let reason =
                    format!("`{}` is {}: it has no address", to.name, container.member.state);
                return Err(untried(reason, "start it"));
            }
            End::Container(container) => {
                let addresses = self.addresses(near, &end)?;
                let listeners = self.listeners(far, &container.member.docker_id, evidence).await?;
                let port =
                    self.port.map_or_else(|| reachable_port(listeners.as_deref()), NonZeroU16::get);
                let shared = end.shares_names_with(&near.end) && container.member.name == to.name;
                let name = shared.then(|| to.name.clone());
                Goal { addresses, port, nonce: None, listeners, name }
            }
        };
        let at: Vec<String> = goal.addresses.iter().map(ToString::to_string).collect();
        let words = format!("`{}` is met at {}, port {}", to.name, at.join(" and "), goal.port);
        Ok((goal, words))
    }

    /// A probe on the destination stands for any container on it.
    async fn answering(&self, far: &Ground<'_>, end: &End) -> Result<Goal, Halt> {
        self.probes.bring_image(far).await?;
        let port = self.port.map_or(Probe::PORT, NonZeroU16::get);
        let mode = NetworkMode::Networks(end.places());
        let probe = self.probes.start_at(far, "to", mode, port).await?;
        let Probe { addresses, nonce, .. } = probe;
        if addresses.is_empty() {
            let reason = format!("`{}` gave the probe no address", self.answer.to.name);
            return Err(untried(reason, "see `docker network inspect` on the host"));
        }
        Ok(Goal { addresses, port, nonce: Some(nonce), listeners: None, name: None })
    }

    /// On the networks that both are on; else by what the answer names, or all of them: silence
    /// there is a proof too. On another host they would be somebody else's.
    fn addresses(&self, near: &Near, end: &End) -> Result<Vec<IpAddr>, Halt> {
        let Reach { from, to, paths, .. } = self.answer;
        let shared = end.addresses_shared_with(&near.end);
        if !shared.is_empty() {
            return Ok(shared);
        }
        let named = paths.iter().filter_map(|path| path.address.as_ref()?.parse().ok());
        let named: Vec<IpAddr> = named.collect();
        let all = end.addresses();
        if !named.is_empty() {
            Ok(named)
        } else if from.server_id == to.server_id && !all.is_empty() {
            Ok(all)
        } else {
            Err(untried(
                format!("`{}` has no address that means anything to `{}`", to.name, from.name),
                "put both on one network, or let the one publish a route or a port",
            ))
        }
    }

    /// Asked in the other end's own network namespace. Nothing depends on it but the explanation.
    async fn listeners(
        &self,
        far: &Ground<'_>,
        container: &str,
        evidence: &mut Vec<Evidence>,
    ) -> Result<Option<Vec<SocketAddr>>, Halt> {
        match self.ask_listeners(far, container).await {
            Ok(told) => {
                let (from, to) = (
                    format!("a probe in the network of `{}`", self.answer.to.name),
                    "its listening sockets",
                );
                saw(evidence, (&from, to), "reading them", told.in_words());
                Ok(Some(told.listeners))
            }
            Err(Trouble::Refused(error)) => {
                tracing::debug!(%error, "could not see who listens");
                Ok(None)
            }
            Err(Trouble::Stop(stop)) => Err(stop.into()),
        }
    }

    async fn ask_listeners(&self, far: &Ground<'_>, container: &str) -> Result<Listeners, Trouble> {
        self.probes.bring_image(far).await?;
        let mode = NetworkMode::Container(container.to_owned());
        let beside = self.probes.start(far, "beside", mode, Power::Nothing).await?;
        self.probes.ask(far, &beside, &["listeners"], ASK).await
    }

    /// Whether the other end's name leads to it, where it has to.
    async fn resolve(
        &self,
        near: &Near,
        goal: &Goal,
        evidence: &mut Vec<Evidence>,
    ) -> Result<(bool, String), Halt> {
        let Some(name) = &goal.name else {
            return Ok((true, "no name has to lead there".to_owned()));
        };
        let millis = ASK.as_millis().to_string();
        let question = ["resolve", name.as_str(), millis.as_str()];
        let resolved: Resolved = self.probes.ask(&self.near, &near.probe, &question, ASK).await?;
        let to = format!("the resolver {}", resolved.resolver);
        let words = resolved.in_words();
        saw(evidence, (&near.title, &to), format!("asking for `{name}`"), words.clone());
        let right = resolved.addresses.iter().any(|address| goal.addresses.contains(address));
        Ok((right, format!("`{name}`: {words}")))
    }

    async fn dial_all(
        &self,
        near: &Near,
        goal: &Goal,
        evidence: &mut Vec<Evidence>,
    ) -> Result<(ReachOutcome, String), Halt> {
        let across = self.answer.from.server_id != self.answer.to.server_id;
        let within = if across { DIAL_ACROSS } else { DIAL };
        let mut best: Option<Dialled> = None;
        for address in goal.addresses.iter().take(ADDRESSES) {
            let at = (*address, goal.port);
            let nonce = goal.nonce.as_deref();
            let dialled = self.probes.dial_at(&self.near, &near.probe, at, nonce, within).await?;
            let to = format!("`{}`, {}", self.answer.to.name, SocketAddr::from(at));
            saw(evidence, (&near.title, &to), "a TCP connection", dialled.in_words());
            let better = best.as_ref().is_none_or(|best| rank(dialled.answer) > rank(best.answer));
            if better {
                best = Some(dialled);
            }
        }
        let Some(best) = best else {
            return Err(untried("there is no address to connect to", "ask again"));
        };
        Ok((outcome(&best), best.in_words()))
    }
}

fn saw(
    evidence: &mut Vec<Evidence>,
    (from, to): (&str, &str),
    tried: impl Into<String>,
    answer: String,
) {
    let (from, to) = (from.to_owned(), to.to_owned());
    evidence.push(Evidence { from, to, tried: tried.into(), answer });
}

/// The lowest one at which somebody from outside is heard.
fn reachable_port(listeners: Option<&[SocketAddr]>) -> u16 {
    let open = listeners.unwrap_or_default().iter().filter(|one| !one.ip().is_loopback());
    open.map(SocketAddr::port).min().unwrap_or(ANY_PORT)
}

fn outcome(dialled: &Dialled) -> ReachOutcome {
    match dialled.answer {
        Word::Answered => ReachOutcome::Connected,
        Word::Stranger => ReachOutcome::Stranger,
        Word::Refused => ReachOutcome::Refused,
        Word::Silent => ReachOutcome::TimedOut,
        Word::Unreachable => ReachOutcome::Unreachable,
    }
}

/// Of several addresses the one that got farthest counts.
const fn rank(word: Word) -> u8 {
    match word {
        Word::Answered => 4,
        Word::Refused => 3,
        Word::Stranger => 2,
        Word::Unreachable => 1,
        Word::Silent => 0,
    }
}
