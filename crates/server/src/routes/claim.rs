//! Who answers for an address. A host and path belong to one route on each proxy; of two routes on
//! one host the longer path wins, which is no conflict. A redirect claims a whole host.

use portolan_types::{Destination, Https, Invalid, Route, RouteHost, TeamId, Timestamp, Www};
use sqlx::AnyConnection;

use crate::{
    Error,
    db::{
        self, Transaction,
        route::{Assigned, Claim},
    },
};

/// The proxies that serve a destination: that of its server, or those of its swarm.
fn scope(destination: &Destination) -> &str {
    destination.cluster_id.as_deref().unwrap_or_else(|| destination.server_id.as_str())
}

/// The host whose requests a route sends on to its own.
fn other_host(route: &Route) -> Result<Option<RouteHost>, Error> {
    match route.options.www {
        Www::Keep => Ok(None),
        Www::Strip if route.host.without_www().is_some() => Err(Error::field(
            "options.www",
            "the host begins with `www.`: requests for it cannot be sent on to itself",
        )),
        Www::Strip => {
            let too_long = |invalid: Invalid| Error::field("options.www", invalid.to_string());
            Ok(Some(route.host.with_www().map_err(too_long)?))
        }
        Www::Add => route.host.without_www().map(Some).ok_or_else(|| {
            Error::field("options.www", "the host has to begin with `www.` for this redirect")
        }),
    }
}

/// The longest host that gets a certificate, `www.` included: Caddy keeps what it knows of it in files
/// that are called `issue_cert_HOST.lock` and alike, and a file's name has at most 255 bytes.
const MAX_SECURE_HOST: usize = 230;

fn check_length(route: &Route, other: Option<&RouteHost>) -> Result<(), Error> {
    let longest = std::iter::once(&route.host).chain(other).map(|host| host.as_str().len()).max();
    if route.options.https == Https::Off || longest.is_none_or(|length| length <= MAX_SECURE_HOST) {
        return Ok(());
    }
    Err(Error::field(
        "host",
        format!(
            "a host that is answered over HTTPS has at most {MAX_SECURE_HOST} characters, with the \
             `www.` that is sent on: proxies keep its certificate in files of its name"
        ),
    ))
}

/// Refuses an address that another route answers for, with its owner. Whoever comes at the same
/// time waits until this transaction is over.
pub(super) async fn check(
    tx: &mut Transaction,
    team: &TeamId,
    destination: &Destination,
    route: &Route,
) -> Result<(), Error> {
    db::team::lock(tx, team).await?;
    let other = other_host(route)?;
    check_length(route, other.as_ref())?;
    let claiming =
        db::route::list_claiming(tx, scope(destination), &route.host, other.as_ref()).await?;
    let rivals = claiming.iter().map(|row| &row.route).filter(|rival| rival.id != route.id);
    for rival in rivals {
        conflict(route, other.as_ref(), rival)?;
    }
    Ok(())
}

fn conflict(route: &Route, other: Option<&RouteHost>, rival: &Route) -> Result<(), Error> {
    if rival.host == route.host {
        return if rival.path == route.path { Err(taken(rival)) } else { Ok(()) };
    }
    if other == Some(&rival.host) {
        return Err(overlapping(route, rival, "its redirect of www would take the requests of"));
    }
    // The rest claim the host by their own redirect.
    Err(overlapping(route, rival, "its host is sent on by the redirect of www of"))
}

fn taken(rival: &Route) -> Error {
    Error::refused(
        "route-exists",
        format!("`{}` is answered by {} already", rival.address(), owner(rival)),
        "choose another host or path, or change that route (`update_route`)",
    )
}

fn overlapping(route: &Route, rival: &Route, why: &str) -> Error {
    Error::refused(
        "route-overlaps",
        format!("`{}` overlaps: {why} `{}`, {}", route.address(), rival.address(), owner(rival)),
        "leave the redirect of one of them out (`update_route.www`)",
    )
}

fn owner(rival: &Route) -> String {
    format!(
        "a route to `{}:{}` on destination `{}` of server `{}`",
        rival.target, rival.port, rival.destination_name, rival.server_name
    )
}

fn claim<'a>(
    destination: &'a Destination,
    route: &'a Route,
    other: Option<&'a RouteHost>,
) -> Claim<'a> {
    Claim { scope: scope(destination), host: &route.host, other_host: other }
}

pub(super) async fn insert(
    conn: &mut AnyConnection,
    team: &TeamId,
    destination: &Destination,
    row: &Assigned,
) -> Result<(), Error> {
    let other = other_host(&row.route)?;
    let claim = claim(destination, &row.route, other.as_ref());
    let stored = db::route::insert(conn, team, &claim, row).await;
    stored.map_err(|error| Error::on_unique(error, || taken(&row.route)))
}

pub(super) async fn replace(
    conn: &mut AnyConnection,
    team: &TeamId,
    destination: &Destination,
    row: &Assigned,
) -> Result<bool, Error> {
    let other = other_host(&row.route)?;
    let claim = claim(destination, &row.route, other.as_ref());
    Ok(db::route::replace(conn, team, &claim, row, Timestamp::now()).await?)
}
