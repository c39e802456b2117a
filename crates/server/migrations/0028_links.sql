-- Links between resources of different destinations: each has a network of its own on its server.

create table links (
    id text primary key,
    server_id text not null references servers (id) on delete cascade,
    -- Without one of them the link is over: its network goes, and then its row.
    from_id text references applications (id) on delete set null,
    to_id text references applications (id) on delete set null,
    state text not null check (state in ('waiting', 'up')),
    reason text,
    created_at bigint not null,
    unique (from_id, to_id)
);

create index links_by_server on links (server_id);
create index links_by_target on links (to_id);
