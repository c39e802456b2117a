//! As whom the repository of a build or a stack is asked: what of that is refused, and the key that logs in.

use portolan_types::{Build, KeyId, RepositoryUrl, StackRepository, server::Fingerprint};
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error,
    git::{Access, KeyLogin},
    keys,
    policy::Policy,
};

/// Which repository a key logs in to.
type Asked<'a> = (&'a RepositoryUrl, &'a Option<KeyId>);

/// By HTTP it is asked with a password, by SSH with a key.
pub(super) async fn check(
    conn: &mut AnyConnection,
    actor: &Actor,
    (before, build): (Option<&Build>, Option<&Build>),
) -> Result<(), Error> {
    let Some(build) = build else { return Ok(()) };
    let asked = (&build.repository, &build.key_id);
    let wrong = match (build.repository.by_ssh(), &build.key_id, &build.login) {
        (Some(_), Some(_), Some(_)) => Some(("login", "by SSH the key logs in")),
        _ => unfit(asked, build.host_key.as_ref()),
    };
    if let Some((field, why)) = wrong {
        return Err(Error::field(format!("spec.build.{field}"), why));
    }
    may_log_in(conn, actor, (before.map(|one| (&one.repository, &one.key_id)), asked)).await
}

/// The same of a stack's.
pub(crate) async fn of_stack(
    conn: &mut AnyConnection,
    actor: &Actor,
    (before, repository): (Option<&StackRepository>, &StackRepository),
) -> Result<(), Error> {
    let asked = (&repository.repository, &repository.key_id);
    if let Some((field, why)) = unfit(asked, repository.host_key.as_ref()) {
        return Err(Error::field(format!("repository.{field}"), why));
    }
    may_log_in(conn, actor, (before.map(|one| (&one.repository, &one.key_id)), asked)).await
}

/// The field that does not fit, and why.
fn unfit(
    (repository, key): Asked<'_>,
    host_key: Option<&Fingerprint>,
) -> Option<(&'static str, &'static str)> {
    match (repository.by_ssh(), key, host_key) {
        (Some(_), None, _) => {
            Some(("key_id", "a repository by SSH is asked with a key of the team"))
        }
        (None, Some(_), _) => Some(("key_id", "only a repository by SSH is asked with a key")),
        (None, None, Some(_)) => {
            Some(("host_key", "only the host of a repository by SSH shows a key"))
        }
        (Some(_), Some(_), _) | (None, None, None) => None,
    }
}

/// A key of the team opens its servers, and perhaps what not everybody in it may read: only admins say
/// to which repository it logs in. What was there before stays with whoever changes the rest.
async fn may_log_in(
    conn: &mut AnyConnection,
    actor: &Actor,
    (before, asked): (Option<Asked<'_>>, Asked<'_>),
) -> Result<(), Error> {
    let Some(key) = asked.1 else { return Ok(()) };
    if before == Some(asked) {
        return Ok(());
    }
    actor.require(Policy::Admin)?;
    keys::find(conn, actor, key).await.map(drop)
}

/// With the private side of a key, to a host that shows the one that is named. Nothing when the key is
/// gone.
pub(crate) async fn by_key(
    app: &App,
    key: &KeyId,
    host_key: Option<Fingerprint>,
) -> Result<Option<Access>, Error> {
    match keys::open(app, key).await {
        Err(Error::NotFound(_)) => Ok(None),
        opened => Ok(Some(Access::Key(KeyLogin { private_key: opened?, host_key }))),
    }
}
