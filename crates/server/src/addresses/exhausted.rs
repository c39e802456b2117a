//! How the want of subnets is told, whether a request is refused or a piece of work fails.

use crate::plan::Exhausted;

/// For programs; stable.
pub(crate) const CODE: &str = "addresses-exhausted";

/// What to do about it.
pub(crate) const REMEDY: &str = "see what takes them (`portolan addresses show --server`), then widen the plan (`portolan \
     addresses set --pool`, for this server alone `portolan server edit --pool`), remove what is \
     not needed, or give a free subnet yourself (`--subnet`)";

/// What failed, on which server, and why.
pub(crate) fn message(server: &str, exhausted: &Exhausted) -> String {
    format!("there is no free subnet on server `{server}`: {exhausted}")
}
