//! As whom the repository of a build is asked: what of that is refused.

use portolan_types::Build;
use sqlx::AnyConnection;

use crate::{Actor, Error, keys, policy::Policy};

/// By HTTP it is asked with a password, by SSH with a key. A key of the team opens its servers, and
/// perhaps what not everybody in it may read: only admins say to which repository it logs in. What was
/// there before stays with whoever changes the rest.
pub(super) async fn check(
    conn: &mut AnyConnection,
    actor: &Actor,
    (before, build): (Option<&Build>, Option<&Build>),
) -> Result<(), Error> {
    let Some(build) = build else { return Ok(()) };
    fits(build)?;
    let Some(key) = &build.key_id else { return Ok(()) };
    let asked = |build: &Build| (build.repository.clone(), build.key_id.clone());
    if before.map(asked) == Some(asked(build)) {
        return Ok(());
    }
    actor.require(Policy::Admin)?;
    keys::find(conn, actor, key).await.map(drop)
}

fn fits(build: &Build) -> Result<(), Error> {
    let by_ssh = build.repository.by_ssh().is_some();
    let wrong = if by_ssh {
        match (&build.key_id, &build.login) {
            (None, _) => Some(("key_id", "a repository by SSH is asked with a key of the team")),
            (Some(_), Some(_)) => Some(("login", "by SSH the key logs in")),
            (Some(_), None) => None,
        }
    } else if build.key_id.is_some() {
        Some(("key_id", "only a repository by SSH is asked with a key"))
    } else if build.host_key.is_some() {
        Some(("host_key", "only the host of a repository by SSH shows a key"))
    } else {
        None
    };
    match wrong {
        Some((field, why)) => Err(Error::field(format!("spec.build.{field}"), why)),
        None => Ok(()),
    }
}
