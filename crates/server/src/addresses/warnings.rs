//! What runs short: said before it is exhausted.

use portolan_types::address::{AddressUse, NetworkUse, SubnetUse};

/// Few are those that one deployment may use up.
const FEW: u64 = 10;

/// Above 80 % in use, or fewer than ten free once more than half is in use: a small network that
/// is new is no reason to warn.
fn runs_short(used: u64, free: u64) -> bool {
    used * 5 > (used + free) * 4 || (free < FEW && used > free)
}

/// Of the subnets of a server.
pub(super) fn of_subnets(what: &str, subnets: &SubnetUse) -> Option<String> {
    runs_short(subnets.used, subnets.free).then(|| {
        let SubnetUse { total, used, free, .. } = subnets;
        format!("{used} of {total} {what} subnets are in use, {free} are left")
    })
}

/// Of the addresses of a network.
pub(super) fn of_network(network: &NetworkUse) -> impl Iterator<Item = String> {
    network.subnets.iter().filter_map(|subnet| of_addresses(&network.network, subnet))
}

fn of_addresses(network: &str, subnet: &AddressUse) -> Option<String> {
    let AddressUse { subnet, capacity, used, .. } = subnet;
    let free = u64::from(capacity.saturating_sub(*used));
    runs_short(u64::from(*used), free).then(|| {
        format!("{used} of {capacity} addresses of network `{network}` ({subnet}) are in use")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_comes_before_the_end() {
        let short = [(0, 0), (81, 19), (9, 2), (6, 5), (246, 8), (4, 0)];
        let fine = [(80, 20), (1, 5), (3, 3), (1, 253), (5, 9)];
        assert!(!runs_short(0, 0), "nothing to give is nothing to warn of");
        for (used, free) in &short[1..] {
            assert!(runs_short(*used, *free), "{used} {free}");
        }
        for (used, free) in fine {
            assert!(!runs_short(used, free), "{used} {free}");
        }
    }
}
