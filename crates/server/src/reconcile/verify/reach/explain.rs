//! What an outcome means beside the answer from what was seen: whether they agree, and the likely
//! cause of what is in the way. Decided from facts alone: nobody is asked.

use std::net::{IpAddr, SocketAddr};

use portolan_types::{Obstacle, Reach, ReachOutcome, ReachVerdict};

/// What is known of a connection that was tried.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) answer: &'a Reach,
    pub(super) outcome: ReachOutcome,
    pub(super) port: u16,
    /// The one end's state, where a probe stood in for it because it does not run.
    pub(super) stand_in: Option<&'a str>,
    /// Where the other end listens, in its own network namespace; `None` where that is not known.
    pub(super) listeners: Option<&'a [SocketAddr]>,
}

/// How it fits together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Explained {
    pub(super) contradicts: bool,
    pub(super) cause: Option<Obstacle>,
}

impl Explained {
    const fn expected() -> Self {
        Self { contradicts: false, cause: None }
    }

    fn because(reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        let cause = Obstacle { reason: reason.into(), remedy: remedy.into() };
        Self { contradicts: false, cause: Some(cause) }
    }

    fn against(self, verdict: ReachVerdict, facts: &Facts<'_>) -> Self {
        Self { contradicts: facts.answer.verdict == verdict, ..self }
    }
}

pub(super) fn explain(facts: &Facts<'_>) -> Explained {
    match facts.outcome {
        ReachOutcome::Connected => connected(facts),
        ReachOutcome::Refused => refused(facts),
        ReachOutcome::TimedOut => timed_out(facts),
        ReachOutcome::Unreachable => unreachable(facts).against(ReachVerdict::Yes, facts),
        ReachOutcome::NameNotFound => name_not_found(facts).against(ReachVerdict::Yes, facts),
        ReachOutcome::Stranger => stranger(facts).against(ReachVerdict::Yes, facts),
        ReachOutcome::Untried => Explained::expected(),
    }
}

fn connected(facts: &Facts<'_>) -> Explained {
    match facts.answer.verdict {
        ReachVerdict::Yes | ReachVerdict::Unknown => Explained::expected(),
        ReachVerdict::No => match facts.stand_in {
            Some(state) => absent(facts, state),
            None => leaked(facts).against(ReachVerdict::No, facts),
        },
    }
}

/// Only the one end is missing, not the way.
fn absent(facts: &Facts<'_>, state: &str) -> Explained {
    let Reach { from, to, .. } = facts.answer;
    Explained::because(
        format!(
            "`{}` is {state}; a probe stood in for it, and the way to `{}` is there",
            from.name, to.name
        ),
        "start it",
    )
}

/// Something leads there that was not seen.
fn leaked(facts: &Facts<'_>) -> Explained {
    let Reach { from, to, .. } = facts.answer;
    let was_down = |state: &Option<String>| state.as_ref().is_some_and(|state| state != "running");
    if was_down(&from.state) || was_down(&to.state) {
        return Explained::because(
            "one of them did not run when its host was looked at, and does now",
            "ask again: the next answer is from a new look",
        );
    }
    Explained::because(
        format!(
            "nothing that was seen leads from `{}` to `{}`, and yet a connection came about: the \
             host does not keep its networks apart",
            from.name, to.name
        ),
        "look on the host for what lets it through: the engine's own rules (`iptables -vnL DOCKER-ISOLATION-STAGE-1`, `DOCKER-USER`), `\"iptables\": false` in /etc/docker/daemon.json, or a gateway mode that routes",
    )
}

fn refused(facts: &Facts<'_>) -> Explained {
    let (to, port) = (&facts.answer.to.name, facts.port);
    let Some(listeners) = facts.listeners else {
        return Explained::because(
            format!("nobody listens at port {port} of `{to}`, or a firewall rule rejects it"),
            "see whether the program in the container runs and listens at that port, on all its addresses",
        );
    };
    let at_port: Vec<IpAddr> =
        listeners.iter().filter(|one| one.port() == port).map(SocketAddr::ip).collect();
    if at_port.is_empty() {
        return Explained::because(
            format!("nobody listens at port {port} of `{to}`: {}", elsewhere(listeners)),
            "name the port at which the program in the container listens, or start it",
        );
    }
    if at_port.iter().all(IpAddr::is_loopback) {
        return Explained::because(
            format!("the program at port {port} of `{to}` listens on its loopback address alone"),
            "let it listen on all its addresses (0.0.0.0)",
        );
    }
    let explained = Explained::because(
        format!(
            "a program listens at port {port} of `{to}`, and yet connections are refused: a firewall \
             rule rejects them"
        ),
        FIREWALL,
    );
    explained.against(ReachVerdict::Yes, facts)
}

/// At which other ports somebody could be met.
fn elsewhere(listeners: &[SocketAddr]) -> String {
    let mut ports: Vec<u16> =
        listeners.iter().filter(|one| !one.ip().is_loopback()).map(SocketAddr::port).collect();
    ports.sort_unstable();
    ports.dedup();
    let ports: Vec<String> = ports.iter().take(SHOWN).map(ToString::to_string).collect();
    match ports.as_slice() {
        [] => "it listens at none that can be reached from outside".to_owned(),
        some => format!("it listens at {}", some.join(", ")),
    }
}

/// How many ports are named.
const SHOWN: usize = 8;

/// Silence is what the answer foretold where there is no way.
fn timed_out(facts: &Facts<'_>) -> Explained {
    let Reach { verdict, from, to, .. } = facts.answer;
    if *verdict != ReachVerdict::Yes {
        return Explained::expected();
    }
    let explained = if from.server_id == to.server_id {
        Explained::because(
            format!(
                "packets from `{}` to `{}` get lost on server `{}`: a firewall rule drops them",
                from.name, to.name, from.server_name
            ),
            FIREWALL,
        )
    } else {
        Explained::because(
            format!(
                "packets from `{}` on server `{}` to `{}` on server `{}` get lost on the way",
                from.name, from.server_name, to.name, to.server_name
            ),
            "open UDP 4789, TCP and UDP 7946, and for encrypted networks protocol 50 (ESP), between all nodes of the swarm; for encrypted ones the kernels of both need IPsec (`modprobe esp4`)",
        )
    };
    explained.against(ReachVerdict::Yes, facts)
}

fn unreachable(facts: &Facts<'_>) -> Explained {
    let Reach { from, to, .. } = facts.answer;
    Explained::because(
        format!("`{}` has no route to the address of `{}`, or a rule says so", from.name, to.name),
        "see the routes in the container (`ip route`), and the firewall of the host (`iptables -vnL DOCKER-USER`)",
    )
}

fn name_not_found(facts: &Facts<'_>) -> Explained {
    let Reach { from, to, .. } = facts.answer;
    Explained::because(
        format!(
            "`{}` cannot resolve the name `{}`, although both are on one network",
            from.name, to.name
        ),
        "names are answered by the engine: see which resolver the container asks (`cat /etc/resolv.conf` in it: it has to be 127.0.0.11), and the engine's log (`journalctl -u docker`)",
    )
}

fn stranger(facts: &Facts<'_>) -> Explained {
    Explained::because(
        format!("somebody else answers at the address of `{}`", facts.answer.to.name),
        "something else of the host, or of its neighbours, has the same address: look for overlapping subnets (`show_addresses`)",
    )
}

const FIREWALL: &str = "look for it on the host: `iptables -vnL DOCKER-USER`, `iptables -vnL FORWARD`, `nft list ruleset`, and what a firewall program adds there; then in the container";

#[cfg(test)]
mod tests {
    use portolan_types::{ReachEnd, ServerId, Timestamp};

    use super::*;

    fn end(name: &str) -> ReachEnd {
        ReachEnd {
            name: name.to_owned(),
            server_id: "tz4a98xxat96iws9zmbrgj3a".parse::<ServerId>().expect("an id"),
            server_name: "web-1".to_owned(),
            container_id: Some("c".to_owned()),
            destination_id: None,
            state: Some("running".to_owned()),
            places: Vec::new(),
            as_of: Timestamp::now(),
        }
    }

    fn answer(verdict: ReachVerdict) -> Reach {
        let (from, to) = (end("web"), end("db"));
        Reach { verdict, from, to, paths: Vec::new(), obstacles: Vec::new() }
    }

    fn facts(answer: &Reach) -> Facts<'_> {
        let outcome = ReachOutcome::Connected;
        Facts { answer, outcome, port: 80, stand_in: None, listeners: None }
    }

    fn told(
        verdict: ReachVerdict,
        outcome: ReachOutcome,
        listeners: Option<&[&str]>,
    ) -> (bool, String) {
        let listeners: Option<Vec<SocketAddr>> =
            listeners.map(|all| all.iter().map(|one| one.parse().expect("an address")).collect());
        let answer = answer(verdict);
        let facts = Facts { outcome, listeners: listeners.as_deref(), ..facts(&answer) };
        let Explained { contradicts, cause } = explain(&facts);
        (contradicts, cause.map(|cause| cause.reason).unwrap_or_default())
    }

    #[test]
    fn what_was_foretold_needs_no_explanation() {
        for (verdict, outcome) in [
            (ReachVerdict::Yes, ReachOutcome::Connected),
            (ReachVerdict::Unknown, ReachOutcome::Connected),
            (ReachVerdict::No, ReachOutcome::TimedOut),
            (ReachVerdict::Unknown, ReachOutcome::TimedOut),
        ] {
            assert_eq!(told(verdict, outcome, None), (false, String::new()), "{verdict} {outcome}");
        }
    }

    #[test]
    fn a_contradiction_has_a_likely_cause() {
        for (verdict, outcome, word) in [
            (ReachVerdict::Yes, ReachOutcome::TimedOut, "a firewall rule drops them"),
            (ReachVerdict::Yes, ReachOutcome::Unreachable, "has no route"),
            (ReachVerdict::Yes, ReachOutcome::NameNotFound, "cannot resolve the name `db`"),
            (ReachVerdict::Yes, ReachOutcome::Stranger, "somebody else"),
            (ReachVerdict::No, ReachOutcome::Connected, "does not keep its networks apart"),
        ] {
            let (contradicts, reason) = told(verdict, outcome, None);
            assert!(contradicts && reason.contains(word), "{verdict} {outcome}: {reason}");
        }
    }

    #[test]
    fn a_refusal_is_explained_by_who_listens() {
        let refused = |listeners| told(ReachVerdict::Yes, ReachOutcome::Refused, listeners);
        let none = refused(Some(&["127.0.0.11:40123"]));
        assert_eq!(
            (none.0, none.1.contains("at none that can be reached")),
            (false, true),
            "{none:?}"
        );
        let other = refused(Some(&["0.0.0.0:8080", "[::]:8080", "0.0.0.0:443"]));
        assert!(!other.0 && other.1.ends_with("it listens at 443, 8080"), "{other:?}");
        let own = refused(Some(&["127.0.0.1:80", "[::1]:80"]));
        assert!(!own.0 && own.1.contains("loopback"), "{own:?}");
        let rejected = refused(Some(&["0.0.0.0:80"]));
        assert!(rejected.0 && rejected.1.contains("firewall"), "{rejected:?}");
        let unknown = refused(None);
        assert!(!unknown.0 && unknown.1.contains("nobody listens at port 80"), "{unknown:?}");
    }

    #[test]
    fn between_hosts_the_way_is_suspected() {
        let mut answer = answer(ReachVerdict::Yes);
        answer.to.server_id = ServerId::generate();
        answer.to.server_name = "web-2".to_owned();
        let told = explain(&Facts { outcome: ReachOutcome::TimedOut, ..facts(&answer) });
        let cause = told.cause.expect("a cause");
        assert!(told.contradicts && cause.reason.contains("`web-1`"), "{cause:?}");
        assert!(cause.reason.contains("`web-2`") && cause.remedy.contains("UDP 4789"), "{cause:?}");
    }

    #[test]
    fn a_way_is_there_for_one_that_does_not_run() {
        let told = explain(&Facts { stand_in: Some("exited"), ..facts(&answer(ReachVerdict::No)) });
        let cause = told.cause.expect("a cause");
        assert!(!told.contradicts && cause.reason.contains("stood in"), "{cause:?}");
    }

    #[test]
    fn one_that_was_started_since_is_no_leak() {
        let mut answer = answer(ReachVerdict::No);
        answer.to.state = Some("exited".to_owned());
        let told = explain(&facts(&answer));
        let cause = told.cause.expect("a cause");
        assert!(told.contradicts && cause.reason.contains("did not run"), "{cause:?}");
    }
}
