-- Stacks: applications of one Compose file, and networks of their own.

create table stacks (
    id text primary key,
    team_id text not null references teams (id),
    -- Without `on delete`: what is in an environment, or on a destination, keeps it.
    environment_id text not null,
    destination_id text not null references destinations (id),
    name text not null,
    state text not null check (state in ('placed', 'removing')),
    -- The file with the values of its variables and its repository, as JSON.
    sealed_source text not null,
    created_at bigint not null,
    updated_at bigint not null,
    unique (environment_id, name),
    foreign key (environment_id, team_id) references environments (id, team_id)
);

create index stacks_by_age on stacks (team_id, created_at, id);
create index stacks_by_destination on stacks (destination_id);

create table stack_services (
    application_id text primary key references applications (id) on delete cascade,
    stack_id text not null references stacks (id),
    name text not null,
    position bigint not null,
    -- 1 where it is on networks of the stack alone, and not on the destination.
    apart bigint not null check (apart in (0, 1)),
    unique (stack_id, name)
);

-- What is waited for before a service is deployed.
create table stack_needs (
    application_id text not null references stack_services (application_id) on delete cascade,
    needed_id text not null references stack_services (application_id) on delete cascade,
    condition text not null check (condition in ('started', 'healthy')),
    primary key (application_id, needed_id)
);

create index stack_needs_by_needed on stack_needs (needed_id);

create table stack_networks (
    id text primary key,
    server_id text not null references servers (id) on delete cascade,
    -- Without it the network goes, and then its row.
    stack_id text references stacks (id) on delete set null,
    name text not null,
    internal bigint not null check (internal in (0, 1)),
    unique (stack_id, name)
);

create index stack_networks_by_server on stack_networks (server_id);

-- Who is on a network, by which names (JSON).
create table stack_places (
    network_id text not null references stack_networks (id) on delete cascade,
    application_id text not null references stack_services (application_id) on delete cascade,
    aliases text not null,
    primary key (network_id, application_id)
);

create index stack_places_by_application on stack_places (application_id);
