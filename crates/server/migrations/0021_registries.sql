-- Logins of container registries. `user` is a word of PostgreSQL's own: the column is `username`.
create table registries (
    id text primary key,
    team_id text not null references teams (id),
    name text not null,
    -- The name in lower case: what is one name to people is one here, and the same on both databases.
    folded text not null,
    host text not null,
    username text not null,
    sealed_password text not null,
    -- Grows when what is sent changes: a check of what was sent before says nothing of it.
    revision bigint not null,
    checked_at bigint,
    check_server_name text,
    check_outcome text check (check_outcome in ('accepted', 'refused', 'failed')),
    check_words text,
    created_at bigint not null,
    updated_at bigint not null,
    unique (team_id, folded),
    unique (id, team_id),
    check ((checked_at is null) = (check_outcome is null)),
    check ((checked_at is null) = (check_server_name is null))
);

create index registries_by_age on registries (team_id, created_at, id);
create index registries_by_host on registries (team_id, host);
