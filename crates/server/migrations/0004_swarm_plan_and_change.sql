-- Destinations anew, because a check cannot be altered on SQLite: a state for changes in place, and
-- one network once in a swarm, through whichever of its managers it was asked for.
create table destinations_next (
    id text primary key,
    team_id text not null,
    server_id text not null,
    network text not null,
    name text not null,
    kind text not null check (kind in ('standalone', 'swarm')),
    origin text not null check (origin in ('created', 'adopted')),
    state text not null
        check (state in ('pending', 'ready', 'drifted', 'changing', 'failed', 'deleting')),
    reason text,
    options text not null,
    -- The subnets that Portolan chose where the options leave them open.
    planned text,
    -- Grows with each change in place: the network carries it as a label.
    revision bigint not null,
    -- The swarm, for those that are in one.
    cluster_id text,
    observed text,
    operation_id text,
    created_at bigint not null,
    updated_at bigint not null,
    unique (server_id, network),
    unique (team_id, cluster_id, network),
    foreign key (server_id, team_id) references servers (id, team_id)
);

insert into destinations_next
    (id, team_id, server_id, network, name, kind, origin, state, reason, options, revision,
     observed, operation_id, created_at, updated_at)
select id, team_id, server_id, network, name, kind, origin, state, reason, options, 1,
       observed, operation_id, created_at, updated_at
from destinations;

drop table destinations;
alter table destinations_next rename to destinations;

create index destinations_by_age on destinations (team_id, created_at, id);
create index destinations_by_operation on destinations (operation_id);

-- The engine's part in a swarm, as it said it: the whole, and what is searched for.
alter table servers add column swarm text;
alter table servers add column cluster_id text;
alter table servers add column node_id text;
-- The pools from which subnets on this server are taken instead of the team's.
alter table servers add column pools text;

create index servers_by_cluster on servers (team_id, cluster_id);

-- How far an operation came, for one that has to know after a crash.
alter table operations add column memo text;

-- What was last seen on each host: networks, containers, services, routes.
create table sightings (
    server_id text primary key references servers (id) on delete cascade,
    at bigint not null,
    sighting text not null
);

-- From where subnets are taken, and what they keep clear of. A team without a row has the defaults.
create table address_plans (
    team_id text primary key references teams (id),
    pools text not null,
    reserved text not null,
    across_fleet bigint not null check (across_fleet in (0, 1)),
    ula text not null,
    updated_at bigint not null
);
