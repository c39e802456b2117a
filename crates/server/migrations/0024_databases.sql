-- Databases: each is run by the application of its id.

create table databases (
    id text primary key,
    team_id text not null,
    engine text not null,
    version text not null,
    -- Settings, limits and the port of the host, as JSON.
    config text not null,
    -- In the engine, where it has such.
    user_name text,
    database_name text,
    -- That of the user and that of the engine's root, as JSON.
    sealed_passwords text not null,
    -- What the engine runs when it is made.
    sealed_script text,
    unique (id, team_id),
    foreign key (id, team_id) references applications (id, team_id) on delete cascade
);

-- Variables of applications that are taken from databases.
create table database_references (
    application_id text not null,
    team_id text not null,
    variable text not null,
    -- Without `on delete`: what is referred to stays.
    database_id text not null,
    part text not null,
    updated_at bigint not null,
    primary key (application_id, variable),
    foreign key (application_id, team_id) references applications (id, team_id) on delete cascade,
    foreign key (database_id, team_id) references databases (id, team_id)
);

create index database_references_by_database on database_references (database_id);
