//! Choosing subnets: when a destination is created, and again when the host turns out to be
//! otherwise than it was last seen.

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use portolan_types::{Destination, NetworkOptions, PlannedSubnets, Server};

use super::{
    exhausted,
    known::{Known, Scope, overlap},
    plan_of, store,
};
use crate::{
    App, Error,
    db::{self, Transaction, destination::Assigned},
    host::HostNetwork,
    plan::{By, Exhausted, Occupied, Planner},
    rights::Visible,
};

/// What came of choosing again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    Chosen(PlannedSubnets),
    Exhausted(Exhausted),
    /// The destination moved on meanwhile.
    Moved,
}

/// Chooses the subnets that the options leave open, and refuses those that cannot be. Whoever
/// chooses next waits for the end of this transaction.
pub(crate) async fn choose(
    tx: &mut Transaction,
    visible: Visible<'_>,
    server: &Server,
    options: &NetworkOptions,
) -> Result<PlannedSubnets, Error> {
    let known = read(tx, visible, server, options).await?;
    let planner = known.planner();
    super::asked::check(&known, &planner, options)?;
    fill(&planner, options, &PlannedSubnets::default(), |_| false)
        .map_err(|exhausted| refusal(server, &exhausted))
}

/// Chooses for a destination as a change would make it: its own network is not in its way, and what
/// it has stays where the options leave it open, in a pool of the engine too.
pub(crate) async fn choose_for_change(
    tx: &mut Transaction,
    visible: Visible<'_>,
    server: &Server,
    after: &Destination,
) -> Result<PlannedSubnets, Error> {
    let mut known = read(tx, visible, server, &after.options).await?;
    known.forget(&after.id);
    let planner = known.planner();
    super::asked::check(&known, &planner, &after.options)?;
    let is_own = |one: &Occupied| one.by == By::EnginePool;
    fill(&planner, &after.options, &after.planned, is_own)
        .map_err(|exhausted| refusal(server, &exhausted))
}

fn refusal(server: &Server, exhausted: &Exhausted) -> Error {
    let message = exhausted::message(server.name.as_str(), exhausted);
    Error::refused(exhausted::CODE, message, exhausted::REMEDY)
}

/// Chooses for a network that is about to be made: what is planned stays, unless something on the
/// host is in its way or Docker refused it.
pub(crate) async fn choose_again(
    app: &App,
    row: &Assigned,
    destination: &Destination,
    networks: &[HostNetwork],
    refused: &[IpNet],
) -> Result<Choice, Error> {
    let mut tx = app.db.begin().await?;
    // What it says if there is none left is for everybody who sees the destination.
    let visible = Visible::whole(&row.team_id);
    let server = db::server::find(&mut tx, visible, &destination.server_id).await?;
    let Some(server) = server else { return Ok(Choice::Moved) };
    let options = &destination.options;
    let mut known = read(&mut tx, visible, &server, options).await?;
    known.see(networks);
    known.forget(&destination.id);
    let mut planner = known.planner();
    for range in refused {
        planner.occupy(Occupied { range: *range, by: By::Refused });
    }
    let subnets = match fill(&planner, options, &destination.planned, |_| false) {
        Ok(subnets) => subnets,
        Err(exhausted) => return Ok(Choice::Exhausted(exhausted)),
    };
    if !db::destination::set_planned(&mut tx, destination, &subnets).await? {
        return Ok(Choice::Moved);
    }
    tx.commit().await?;
    Ok(Choice::Chosen(subnets))
}

/// What is known, under the team's lock. The plan gets its IPv6 range when it is first needed.
async fn read(
    tx: &mut Transaction,
    visible: Visible<'_>,
    server: &Server,
    options: &NetworkOptions,
) -> Result<Known, Error> {
    let team = visible.team();
    db::team::lock(tx, team).await?;
    let mut plan = plan_of(tx, team).await?;
    let wants_ipv6 = options.ipv6 && options.ipv6_subnet.is_none();
    if wants_ipv6 && plan.ula.is_none() {
        store(tx, team, &mut plan).await?;
    }
    let scope = if plan.across_fleet || wants_ipv6 { Scope::Team } else { Scope::Server };
    Known::read(tx, visible, server.clone(), plan, scope).await
}

/// The subnets that the options leave open: those planned before where they are still free, but
/// for what does not count.
fn fill(
    planner: &Planner,
    options: &NetworkOptions,
    before: &PlannedSubnets,
    counts_not: impl Fn(&Occupied) -> bool,
) -> Result<PlannedSubnets, Exhausted> {
    let in_the_way = |one: &Occupied, range: IpNet| overlap(one.range, range) && !counts_not(one);
    let is_free = |range: IpNet| !planner.occupied().iter().any(|one| in_the_way(one, range));
    let mut subnets = PlannedSubnets::default();
    if options.subnet.is_none() {
        let kept = before.subnet.filter(|net: &Ipv4Net| is_free((*net).into()));
        subnets.subnet = Some(kept.map_or_else(|| planner.next_ipv4(), Ok)?);
    }
    if options.ipv6 && options.ipv6_subnet.is_none() {
        let kept = before.ipv6_subnet.filter(|net: &Ipv6Net| is_free((*net).into()));
        subnets.ipv6_subnet = Some(kept.map_or_else(|| planner.next_ipv6(), Ok)?);
    }
    Ok(subnets)
}
