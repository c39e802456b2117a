//! What a destination should be in Docker, and how what is there differs.

use std::collections::BTreeMap;

use portolan_types::{
    Destination, DestinationKind, DriftKind, Origin, Timestamp, destination::Observed,
};

use crate::host::HostNetwork;

/// Docker's option for the largest packet.
pub(super) const MTU: &str = "com.docker.network.driver.mtu";

/// Docker's option for the encryption of an overlay.
const ENCRYPTED: &str = "encrypted";

/// The label that says whose a network is.
pub(crate) const LABEL_DESTINATION: &str = "dev.portolan.destination";
pub(super) const LABEL_MANAGED: &str = "dev.portolan.managed";
/// Which of a destination's networks it is: absent on the first, counted by changes in place.
pub(super) const LABEL_REVISION: &str = "dev.portolan.revision";

/// The mark of a network that only holds containers together while another is replaced.
pub(super) const LABEL_INTERIM: &str = "dev.portolan.interim";

/// The labels of the interim network of a change.
pub(super) fn interim_labels(destination: &Destination) -> BTreeMap<String, String> {
    BTreeMap::from([
        (LABEL_MANAGED.into(), "true".into()),
        (LABEL_DESTINATION.into(), destination.id.to_string()),
        (LABEL_INTERIM.into(), "true".into()),
    ])
}

/// Which of the destination's networks it is; `None` when it is not one of them.
pub(super) fn revision(destination: &Destination, network: &HostNetwork) -> Option<u32> {
    let stands_alone = !network.labels.contains_key(LABEL_INTERIM);
    let label = network.labels.get(LABEL_REVISION);
    let number = label.map_or(Some(1), |text| text.parse().ok());
    number.filter(|_| stands_alone && is_ours(destination, network))
}

/// All labels of a destination's network: who made it, for what, and the user's own.
pub(super) fn labels(destination: &Destination) -> BTreeMap<String, String> {
    let mut labels = destination.options.labels.clone();
    labels.insert(LABEL_MANAGED.into(), "true".into());
    labels.insert(LABEL_DESTINATION.into(), destination.id.to_string());
    if destination.revision > 1 {
        labels.insert(LABEL_REVISION.into(), destination.revision.to_string());
    }
    labels
}

/// Whether this network is Portolan's, for this destination: by its label, or by Docker's id where
/// it was adopted and then taken over. Docker has no way to put a label on it.
pub(crate) fn is_ours(destination: &Destination, network: &HostNetwork) -> bool {
    match network.labels.get(LABEL_DESTINATION) {
        Some(id) => id == destination.id.as_str(),
        None => was_taken_over(destination, network),
    }
}

/// No other destination of ours can have been observed on a network without the label.
fn was_taken_over(destination: &Destination, network: &HostNetwork) -> bool {
    let observed = destination.observed.as_ref();
    destination.origin == Origin::Created
        && !network.labels.contains_key(LABEL_DESTINATION)
        && observed.is_some_and(|observed| observed.docker_id == network.docker_id)
}

/// One way in which a network is not what its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    pub kind: DriftKind,
    /// What differs, as people call it.
    pub what: String,
    pub wanted: String,
    pub has: String,
}

impl Difference {
    fn of(what: &str, wanted: impl Into<String>, has: impl Into<String>) -> Option<Self> {
        let (wanted, has) = (wanted.into(), has.into());
        let (kind, what) = (DriftKind::OptionsDiffer, what.to_owned());
        (wanted != has).then_some(Self { kind, what, wanted, has })
    }

    /// In words, as the end of a sentence about the network.
    pub(super) fn words(&self) -> String {
        match self.kind {
            DriftKind::LabelLost => format!("its {} is not what it should be", self.what),
            _ if self.what == ATTACHABLE => {
                "it is not attachable: containers cannot join it".to_owned()
            }
            _ => format!("its {} is {}, not {}", self.what, self.has, self.wanted),
        }
    }
}

const ATTACHABLE: &str = "attachable flag";

/// The first difference, in words; `None` when Docker has what the row says.
pub(crate) fn difference(destination: &Destination, network: &HostNetwork) -> Option<String> {
    differences(destination, network).first().map(Difference::words)
}

/// Every difference, what weighs more first.
pub(super) fn differences(destination: &Destination, network: &HostNetwork) -> Vec<Difference> {
    let options = &destination.effective_options();
    let (driver, scope) = match destination.kind {
        DestinationKind::Standalone => ("bridge", "local"),
        DestinationKind::Swarm => ("overlay", "swarm"),
    };
    let mtu = options.mtu.and_then(|mtu| {
        let has = network.options.get(MTU).map_or("unset", String::as_str);
        Difference::of("MTU", mtu.to_string(), has)
    });
    let single = [
        Difference::of("name", destination.network.as_str(), &network.name),
        Difference::of("driver", driver, &network.driver),
        Difference::of("scope", scope, &network.scope),
        attachable_difference(destination, network),
        encryption_difference(destination, network),
        Difference::of("internal flag", word(options.internal), word(network.internal)),
        Difference::of("IPv6 flag", word(options.ipv6), word(network.ipv6)),
        mtu,
        subnet_difference(destination, network),
    ];
    single.into_iter().flatten().chain(label_differences(destination, network)).collect()
}

const fn word(flag: bool) -> &'static str {
    if flag { "on" } else { "off" }
}

/// Only an overlay can be for services only; one that was adopted or taken over may be so.
fn attachable_difference(destination: &Destination, network: &HostNetwork) -> Option<Difference> {
    let made_here = network.labels.contains_key(LABEL_DESTINATION);
    let asked = destination.kind == DestinationKind::Swarm && made_here;
    asked.then(|| Difference::of(ATTACHABLE, word(true), word(network.attachable))).flatten()
}

/// Only an overlay can be encrypted.
fn encryption_difference(destination: &Destination, network: &HostNetwork) -> Option<Difference> {
    if destination.kind != DestinationKind::Swarm {
        return None;
    }
    Difference::of("encryption", word(destination.options.encrypted), word(is_encrypted(network)))
}

/// The option's presence is what counts, as it is for Docker (`com.docker.network.driver.overlay`
/// reads no value).
pub(super) fn is_encrypted(network: &HostNetwork) -> bool {
    network.options.contains_key(ENCRYPTED)
}

fn subnet_difference(destination: &Destination, network: &HostNetwork) -> Option<Difference> {
    let options = destination.effective_options();
    let wanted = [
        options.subnet.map(|subnet| subnet.to_string()),
        options.ipv6_subnet.map(|subnet| subnet.to_string()),
    ];
    let has = |subnet: &String| network.subnets.iter().any(|found| found.subnet == *subnet);
    let missing = wanted.into_iter().flatten().find(|subnet| !has(subnet))?;
    let found: Vec<&str> = network.subnets.iter().map(|found| found.subnet.as_str()).collect();
    Difference::of("subnet", missing, found.join(" and "))
}

fn label_differences(destination: &Destination, network: &HostNetwork) -> Vec<Difference> {
    // A network that was adopted carries no label of ours: it is not altered.
    if destination.origin == Origin::Adopted || was_taken_over(destination, network) {
        return Vec::new();
    }
    let lost = |(key, wanted): (String, String)| {
        let has = network.labels.get(&key);
        (has != Some(&wanted)).then(|| Difference {
            kind: DriftKind::LabelLost,
            what: format!("label `{key}`"),
            has: has.cloned().unwrap_or_else(|| "unset".to_owned()),
            wanted,
        })
    };
    labels(destination).into_iter().filter_map(lost).collect()
}

/// What is written down of an inspected network.
pub(super) fn observed(network: &HostNetwork) -> Observed {
    Observed {
        docker_id: network.docker_id.clone(),
        driver: network.driver.clone(),
        subnets: network.subnets.iter().map(|subnet| subnet.subnet.clone()).collect(),
        gateways: network.subnets.iter().filter_map(|subnet| subnet.gateway.clone()).collect(),
        inspected_at: Timestamp::now(),
    }
}
