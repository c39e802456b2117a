//! How the want of subnets is told, whether a request is refused or a piece of work fails.

use crate::plan::Exhausted;

/// For programs; stable.
pub(crate) const CODE: &str = "addresses-exhausted";

/// What to do about it.
pub(crate) const REMEDY: &str = "see what takes them (`show_server_addresses`), then widen the plan \
     (`update_addresses.pools`, for this server alone `update_server.address_pools`), remove what is \
     not needed, or give a free subnet yourself";

/// What failed, on which server, and why.
pub(crate) fn message(server: &str, exhausted: &Exhausted) -> String {
    format!("there is no free subnet on server `{server}`: {exhausted}")
}
