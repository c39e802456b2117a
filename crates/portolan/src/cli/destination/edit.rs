//! `portolan destination edit` as it is typed.

use std::net::Ipv4Addr;

use clap::{ArgGroup, Args};
use ipnet::{Ipv4Net, Ipv6Net};
use portolan_types::{Invalid, Name, NetworkOptions, ProxyAttachment, VerifyEvery};

use super::label;
use crate::{cli::shared::MannerArgs, find::Reference};

/// What to change of a destination.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("edit").multiple(true).required(true).args([
    "name", "subnet", "any_subnet", "gateway", "range", "ipv6", "ipv6_subnet", "internal", "mtu",
    "default_mtu", "encrypted", "labels", "unlabels", "proxy", "verify_every",
]))]
pub(crate) struct EditDestinationArgs {
    /// Id, name or network.
    pub(crate) destination: Reference,
    /// The label that people see.
    #[arg(long)]
    pub(crate) name: Option<Name>,
    /// Whether the server's proxy is to be on it.
    #[arg(long, value_name = "attach|never")]
    pub(crate) proxy: Option<ProxyAttachment>,
    /// How often it is verified by itself: `default` is as the installation has it.
    #[arg(long, value_name = "6h|never|default")]
    pub(crate) verify_every: Option<VerifyEvery>,
    #[command(flatten)]
    pub(crate) manner: MannerArgs,
    #[command(flatten)]
    pub(crate) options: OptionChange,
}

/// Options of the network that are to be others.
#[derive(Debug, Args)]
#[command(next_help_heading = "Network options")]
pub(crate) struct OptionChange {
    /// IPv4 addresses.
    #[arg(long, value_name = "CIDR")]
    subnet: Option<Ipv4Net>,
    /// Any free IPv4 addresses instead of those that were asked for.
    #[arg(long, conflicts_with_all = ["subnet", "gateway", "range"])]
    any_subnet: bool,
    /// The host's own address in the subnet.
    #[arg(long, value_name = "ADDRESS")]
    gateway: Option<Ipv4Addr>,
    /// The part of the subnet from which containers get addresses.
    #[arg(long, value_name = "CIDR")]
    range: Option<Ipv4Net>,
    /// Give containers IPv6 addresses too, or no longer.
    #[arg(long, value_name = "true|false")]
    ipv6: Option<bool>,
    /// IPv6 addresses; implies --ipv6 true.
    #[arg(long, value_name = "CIDR")]
    ipv6_subnet: Option<Ipv6Net>,
    /// No way in or out, except between members; or open again.
    #[arg(long, value_name = "true|false")]
    internal: Option<bool>,
    /// Bytes in the largest packet.
    #[arg(long, value_name = "BYTES")]
    mtu: Option<u16>,
    /// As many bytes as the engine takes by itself.
    #[arg(long, conflicts_with = "mtu")]
    default_mtu: bool,
    /// Encrypt what goes between the nodes of a swarm, or no longer.
    #[arg(long, value_name = "true|false")]
    encrypted: Option<bool>,
    /// Label on the Docker network; may be given again.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// Label to take off; may be given again.
    #[arg(long = "unlabel", value_name = "KEY")]
    unlabels: Vec<String>,
}

impl OptionChange {
    /// The present options with what was typed instead, checked against each other. A gateway and
    /// a range belong to their subnet: they go with it.
    pub(crate) fn applied_to(&self, present: &NetworkOptions) -> Result<NetworkOptions, Invalid> {
        let mut options = present.clone();
        if self.any_subnet || self.subnet.is_some_and(|subnet| present.subnet != Some(subnet)) {
            (options.subnet, options.gateway, options.range) = (self.subnet, None, None);
        }
        options.gateway = self.gateway.or(options.gateway);
        options.range = self.range.or(options.range);
        options.ipv6 = self.ipv6.unwrap_or(options.ipv6 || self.ipv6_subnet.is_some());
        options.ipv6_subnet = self.ipv6_subnet.or(options.ipv6_subnet.filter(|_| options.ipv6));
        options.internal = self.internal.unwrap_or(options.internal);
        options.encrypted = self.encrypted.unwrap_or(options.encrypted);
        options.mtu = self.mtu.or(options.mtu.filter(|_| !self.default_mtu));
        options.labels.extend(self.labels.iter().cloned());
        options.labels.retain(|key, _| !self.unlabels.contains(key));
        options.check().map(|()| options)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Typed {
        #[command(flatten)]
        change: OptionChange,
    }

    fn changed(present: &NetworkOptions, typed: &[&str]) -> NetworkOptions {
        let typed = Typed::try_parse_from([&["edit"], typed].concat()).expect("it is accepted");
        typed.change.applied_to(present).expect("options")
    }

    #[test]
    fn what_is_not_typed_stays_and_what_belongs_together_goes_together() {
        let text = r#"{
            "subnet": "10.1.0.0/24", "gateway": "10.1.0.1", "mtu": 1400, "labels": {"a": "1"}
        }"#;
        let present: NetworkOptions = serde_json::from_str(text).expect("options");
        assert_eq!(changed(&present, &[]), present);
        let other = changed(&present, &["--subnet", "10.2.0.0/24"]);
        assert_eq!((other.gateway, other.mtu), (None, Some(1_400)));
        let same = changed(&present, &["--subnet", "10.1.0.0/24"]);
        assert_eq!(same, present);
        let any = changed(&present, &["--any-subnet", "--default-mtu", "--internal", "true"]);
        assert_eq!((any.subnet, any.gateway, any.mtu, any.internal), (None, None, None, true));
        let labels = changed(&present, &["--label", "b=2", "--unlabel", "a"]).labels;
        assert_eq!(labels.into_iter().collect::<Vec<_>>(), [("b".to_owned(), "2".to_owned())]);
        assert!(changed(&present, &["--ipv6-subnet", "fd00::/64"]).ipv6);
        let encrypted = changed(&present, &["--encrypted", "true"]);
        assert!(encrypted.encrypted && !changed(&encrypted, &["--encrypted", "false"]).encrypted);
    }
}
