-- What work and events can be about grew: a check cannot be altered on SQLite, so their tables are
-- made anew. Steps go with the operations that they are of.
create table operations_next (
    id text primary key,
    team_id text not null references teams (id),
    kind text not null,
    subject_type text not null check (
        subject_type in ('server', 'destination', 'route', 'certificate', 'key', 'token', 'team',
                         'user', 'notifier')
    ),
    subject_id text not null,
    subject_name text not null,
    state text not null check (state in ('queued', 'running', 'succeeded', 'failed')),
    failure text,
    created_at bigint not null,
    started_at bigint,
    finished_at bigint,
    input text,
    result text,
    memo text
);

insert into operations_next
    (id, team_id, kind, subject_type, subject_id, subject_name, state, failure, created_at,
     started_at, finished_at, input, result, memo)
select id, team_id, kind, subject_type, subject_id, subject_name, state, failure, created_at,
       started_at, finished_at, input, result, memo
from operations;

create table steps_next (
    operation_id text not null references operations_next (id) on delete cascade,
    position bigint not null,
    name text not null,
    state text not null check (state in ('running', 'succeeded', 'warned', 'failed')),
    detail text,
    remedy text,
    started_at bigint not null,
    finished_at bigint,
    primary key (operation_id, position)
);

insert into steps_next
    (operation_id, position, name, state, detail, remedy, started_at, finished_at)
select operation_id, position, name, state, detail, remedy, started_at, finished_at
from steps;

drop table steps;
drop table operations;
alter table operations_next rename to operations;
alter table steps_next rename to steps;

create index operations_by_age on operations (team_id, created_at, id);
create index operations_by_subject on operations (subject_id, created_at, id);
create index operations_by_end on operations (finished_at);

create table events_next (
    id text primary key,
    team_id text not null references teams (id),
    at bigint not null,
    kind text not null,
    subject_type text not null check (
        subject_type in ('server', 'destination', 'route', 'certificate', 'key', 'token', 'team',
                         'user', 'notifier')
    ),
    subject_id text not null,
    subject_name text not null,
    message text not null
);

insert into events_next
    (id, team_id, at, kind, subject_type, subject_id, subject_name, message)
select id, team_id, at, kind, subject_type, subject_id, subject_name, message
from events;

drop table events;
alter table events_next rename to events;

create index events_by_age on events (team_id, at, id);
create index events_by_time on events (at);

-- Whether the server's proxy is to be on the destination's network.
alter table destinations add column proxy text not null default 'attach'
    check (proxy in ('attach', 'never'));

-- One proxy a server.
create table proxies (
    server_id text primary key,
    team_id text not null,
    kind text not null check (kind in ('caddy', 'traefik')),
    image text not null,
    http_port bigint not null,
    https_port bigint not null,
    -- From where its certificates come, as JSON.
    certificates text not null,
    -- Configuration of the user's own, in the proxy's language.
    extra text,
    state text not null check (
        state in ('pending', 'running', 'stopped', 'drifted', 'failed', 'removing')
    ),
    reason text,
    -- Grows when what its container is made by changes.
    revision bigint not null,
    -- The container as last inspected, as JSON.
    observed text,
    -- What the proxy said of its latest configuration, as JSON.
    configuration text,
    operation_id text,
    created_at bigint not null,
    updated_at bigint not null,
    unique (server_id, team_id),
    foreign key (server_id, team_id) references servers (id, team_id),
    check (http_port <> https_port)
);

create index proxies_by_age on proxies (team_id, created_at, server_id);
create index proxies_by_operation on proxies (operation_id);

-- That a proxy is on a destination's network: what is wanted, and what was last seen.
create table attachments (
    server_id text not null,
    destination_id text not null references destinations (id) on delete cascade,
    team_id text not null,
    wanted bigint not null check (wanted in (0, 1)),
    observed bigint not null check (observed in (0, 1)),
    -- Since when `observed` is so.
    since bigint not null,
    address text,
    -- The last try to reach something over it, as JSON.
    probe text,
    reason text,
    primary key (server_id, destination_id),
    foreign key (server_id, team_id) references proxies (server_id, team_id) on delete cascade
);

create index attachments_by_destination on attachments (destination_id);

-- A way from outside to a container on a destination.
create table routes (
    id text primary key,
    team_id text not null references teams (id),
    destination_id text not null references destinations (id),
    -- The proxies that serve it: a server's id, or a swarm's cluster id. One claim to a host and
    -- path on each.
    scope text not null,
    host text not null,
    path text not null,
    -- Whose requests are sent on to the host: with `www.` before it, or without.
    other_host text,
    target text not null,
    port bigint not null,
    -- Everything else, as JSON.
    options text not null,
    -- bcrypt, in the form that proxies take.
    password_hash text,
    state text not null check (state in ('pending', 'live', 'dark', 'refused')),
    reason text,
    created_at bigint not null,
    updated_at bigint not null,
    unique (scope, host, path)
);

create index routes_by_age on routes (team_id, created_at, id);
create index routes_by_destination on routes (destination_id);
create index routes_by_other_host on routes (scope, other_host);

-- Certificates of the team's own. They serve every route whose host they name.
create table certificates (
    id text primary key,
    team_id text not null references teams (id),
    name text not null,
    -- The hosts that it names, as JSON.
    hosts text not null,
    chain text not null,
    fingerprint text not null,
    sealed_private_key text not null,
    not_before bigint not null,
    not_after bigint not null,
    created_at bigint not null,
    unique (team_id, name)
);

create index certificates_by_age on certificates (team_id, created_at, id);
