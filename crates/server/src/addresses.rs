//! The address plan as people see and change it, and the choice of subnets for destinations.
//!
//! Owns what counts as occupied on a server (`known`), the choice (`choose`), what a subnet that
//! somebody asks for is refused for (`asked`), and the answers (`view`, `picture`). The arithmetic
//! is in `plan`, the drawing in `chart`.

use ipnet::Ipv6Net;
use portolan_types::{
    AddressPlan, FleetAddresses, PageQuery, Server, ServerAddresses, ServerId, Subject, SubnetPool,
    TeamId, Timestamp, UpdateAddressPlan, network::random_ula,
};
use sqlx::AnyConnection;

use crate::{
    Actor, App, Error, chart,
    db::{self, Transaction},
    events::{self, Happened},
    plan::Planner,
    rights::Visible,
    servers,
};

mod asked;
mod choose;
pub(crate) mod exhausted;
mod known;
mod picture;
mod view;
mod warnings;

pub(crate) use choose::{Choice, choose, choose_again, choose_for_change};
pub(crate) use known::{overlap, subnets};
pub(crate) use view::uses;

use known::{Known, Scope};

/// The team's plan, and what is left of it on each server.
pub async fn show(app: &App, actor: &Actor) -> Result<FleetAddresses, Error> {
    let mut conn = app.db.acquire().await?;
    let (plan, fleet) = fleet(&mut conn, actor.visible()).await?;
    let mut occupied = Vec::new();
    let mut servers = Vec::new();
    for known in fleet {
        let planner = known.planner();
        servers.push(view::server(&known, &planner));
        occupied.extend_from_slice(planner.occupied());
    }
    let ipv4 = Planner::new(plan.pools.as_slice(), plan.ula, occupied).ipv4_use();
    Ok(FleetAddresses { plan, ipv4, servers })
}

/// The team's plan as a picture: what is free on every server, and what takes the rest.
pub async fn draw(app: &App, actor: &Actor) -> Result<String, Error> {
    let mut conn = app.db.acquire().await?;
    let (plan, fleet) = fleet(&mut conn, actor.visible()).await?;
    Ok(chart::draw(&picture::of_fleet(&plan, &fleet)))
}

/// The addresses of one server.
pub async fn show_server(
    app: &App,
    actor: &Actor,
    id: &ServerId,
) -> Result<ServerAddresses, Error> {
    let known = known_server(app, actor, id).await?;
    Ok(view::addresses(&known, &known.planner()))
}

/// The addresses of one server as a picture.
pub async fn draw_server(app: &App, actor: &Actor, id: &ServerId) -> Result<String, Error> {
    let known = known_server(app, actor, id).await?;
    Ok(chart::draw(&picture::of_server(&known)))
}

/// Changes the team's plan. Networks that are there already stay as they are.
pub async fn update(
    app: &App,
    actor: &Actor,
    input: UpdateAddressPlan,
) -> Result<AddressPlan, Error> {
    let team = actor.team_id();
    let mut tx = app.db.begin().await?;
    db::team::lock(&mut tx, team).await?;
    let before = plan_of(&mut tx, team).await?;
    let mut plan = before.clone();
    plan.pools = input.pools.unwrap_or(plan.pools);
    plan.reserved = input.reserved.unwrap_or(plan.reserved);
    plan.across_fleet = input.across_fleet.unwrap_or(plan.across_fleet);
    if plan.pools.is_empty() {
        plan.pools = SubnetPool::DEFAULT.into();
    }
    store(&mut tx, team, &mut plan).await?;
    let happened = Happened {
        team,
        kind: "addresses.changed",
        subject: Subject::Team(team.clone()),
        name: actor.team.name.as_str(),
        message: format!("the address plan was changed by {}", actor.user.email),
    };
    let entry = happened.by(actor.author()).change(&before, &plan);
    events::record(&mut tx, entry, Timestamp::now()).await?;
    tx.commit().await?;
    tracing::info!(team.id = %team, user.id = %actor.user.id, "the address plan was changed");
    Ok(plan)
}

async fn known_server(app: &App, actor: &Actor, id: &ServerId) -> Result<Known, Error> {
    let mut conn = app.db.acquire().await?;
    let server = servers::find(&mut conn, actor, id).await?;
    let plan = plan_of(&mut conn, actor.team_id()).await?;
    Known::read(&mut conn, actor.visible(), server, plan, Scope::Team).await
}

/// The plan, and what is known of each server that is visible.
async fn fleet(
    conn: &mut AnyConnection,
    visible: Visible<'_>,
) -> Result<(AddressPlan, Vec<Known>), Error> {
    let plan = plan_of(conn, visible.team()).await?;
    let of_team = known::of_team(conn, visible, &plan).await?;
    let mut fleet = Vec::new();
    for server in servers(conn, visible).await? {
        let known = Known::read(conn, visible, server, plan.clone(), Scope::Server).await?;
        fleet.push(Known { of_team: of_team.clone(), ..known });
    }
    Ok((plan, fleet))
}

/// Every server that is visible, page by page.
async fn servers(conn: &mut AnyConnection, visible: Visible<'_>) -> Result<Vec<Server>, Error> {
    let mut servers: Vec<Server> = Vec::new();
    let mut query = PageQuery::default();
    loop {
        let rows = db::server::list(conn, visible, &query).await?;
        let page = crate::page::of(rows, &query, |server| (server.created_at, server.id.as_str()));
        servers.extend(page.items);
        match page.next {
            Some(cursor) => query.cursor = Some(cursor),
            None => return Ok(servers),
        }
    }
}

/// The team's plan; the defaults when it has said nothing yet.
async fn plan_of(conn: &mut AnyConnection, team: &TeamId) -> Result<AddressPlan, Error> {
    let stored = db::address_plan::find(conn, team).await?;
    Ok(stored.unwrap_or_else(|| AddressPlan {
        pools: SubnetPool::DEFAULT.into(),
        reserved: portolan_types::ReservedRanges::default(),
        across_fleet: false,
        ula: None,
    }))
}

/// Stores the plan, with an IPv6 range when it has none yet. The team has to be locked.
async fn store(
    tx: &mut Transaction,
    team: &TeamId,
    plan: &mut AddressPlan,
) -> Result<Ipv6Net, Error> {
    let ula = *plan.ula.get_or_insert_with(random_ula);
    db::address_plan::upsert(tx, team, plan, ula, Timestamp::now()).await?;
    Ok(ula)
}
