-- Applications and their deployments.

-- What work can be about grew: a check cannot be altered on SQLite, so the table is made anew, the
-- last time: the types of the program say which there are. Steps go with the operations that they
-- are of.
create table operations_next (
    id text primary key,
    team_id text not null references teams (id),
    kind text not null,
    subject_type text not null,
    subject_id text not null,
    subject_name text not null,
    state text not null check (state in ('queued', 'running', 'succeeded', 'failed')),
    failure text,
    created_at bigint not null,
    started_at bigint,
    finished_at bigint,
    input text,
    result text,
    memo text,
    server_id text,
    -- In which project, so that whoever sees only that follows the work on what is in it.
    project_id text
);

insert into operations_next
    (id, team_id, kind, subject_type, subject_id, subject_name, state, failure, created_at,
     started_at, finished_at, input, result, memo, server_id)
select id, team_id, kind, subject_type, subject_id, subject_name, state, failure, created_at,
       started_at, finished_at, input, result, memo, server_id
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

create table applications (
    id text primary key,
    team_id text not null references teams (id),
    -- Without `on delete`: what is in an environment, or on a destination, keeps it.
    environment_id text not null,
    destination_id text not null references destinations (id),
    name text not null,
    -- What the next deployment makes, as JSON.
    spec text not null,
    -- Environment variables, as JSON.
    sealed_variables text,
    -- Grows when the spec or a variable changes.
    revision bigint not null,
    -- What a person asked for last.
    wanted text not null check (wanted in ('running', 'stopped')),
    state text not null check (
        state in ('new', 'starting', 'running', 'unhealthy', 'restarting', 'stopped', 'down',
                  'missing', 'removing')
    ),
    reason text,
    -- The deployment that serves.
    deployment_id text,
    -- 1 while the container that serves is stopped for a deployment.
    halted bigint not null default 0 check (halted in (0, 1)),
    operation_id text,
    created_at bigint not null,
    updated_at bigint not null,
    unique (environment_id, name),
    unique (id, team_id),
    foreign key (environment_id, team_id) references environments (id, team_id)
);

create index applications_by_age on applications (team_id, created_at, id);
create index applications_by_destination on applications (destination_id);
create index applications_by_operation on applications (operation_id);

-- Names on a network that are an application's.
create table application_aliases (
    destination_id text not null references destinations (id),
    alias text not null,
    application_id text not null references applications (id) on delete cascade,
    primary key (destination_id, alias)
);

create index application_aliases_by_owner on application_aliases (application_id);

create table deployments (
    id text primary key,
    team_id text not null,
    application_id text not null,
    number bigint not null,
    state text not null check (
        state in ('pending', 'serving', 'replaced', 'failed', 'cancelled')
    ),
    image text not null,
    image_id text,
    rolled_back_to bigint,
    container text not null,
    author text not null,
    operation_id text not null,
    revision bigint not null,
    -- Spec and variables as they were, as JSON.
    sealed_plan text not null,
    reason text,
    created_at bigint not null,
    -- When requests were led to it.
    switched_at bigint,
    finished_at bigint,
    unique (application_id, number),
    foreign key (application_id, team_id) references applications (id, team_id) on delete cascade
);

create index deployments_by_age on deployments (application_id, created_at, id);

-- A route may lead to an application: its target is the container that serves.
alter table routes add column application_id text references applications (id);

create index routes_by_application on routes (application_id);
