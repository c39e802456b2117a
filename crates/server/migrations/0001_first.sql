-- One text for SQLite and PostgreSQL: identifiers and words are text, moments are milliseconds
-- since 1970, booleans are 0 or 1, structures that are only read whole are JSON text.
-- Every row belongs to one team; composite foreign keys keep it so.

create table teams (
    id text primary key,
    name text not null,
    created_at bigint not null
);

create table users (
    id text primary key,
    email text not null unique,
    created_at bigint not null
);

create table memberships (
    team_id text not null references teams (id),
    user_id text not null references users (id),
    role text not null check (role in ('owner', 'admin', 'member')),
    created_at bigint not null,
    primary key (team_id, user_id)
);

-- The one way in before there is an owner. One row, replaced until it is used.
create table setup (
    id bigint primary key check (id = 1),
    token_hash text not null,
    expires_at bigint not null,
    used_at bigint
);

create table tokens (
    id text primary key,
    team_id text not null,
    user_id text not null,
    name text not null,
    secret_hash text not null unique,
    abilities text not null,
    expires_at bigint,
    last_used_at bigint,
    created_at bigint not null,
    foreign key (team_id, user_id) references memberships (team_id, user_id) on delete cascade
);

create index tokens_by_age on tokens (team_id, created_at, id);

create table keys (
    id text primary key,
    team_id text not null references teams (id),
    name text not null,
    algorithm text not null check (algorithm in ('ed25519', 'ecdsa', 'rsa')),
    public_key text not null,
    fingerprint text not null,
    sealed_private_key text not null,
    created_at bigint not null,
    unique (team_id, name),
    unique (team_id, fingerprint),
    unique (id, team_id)
);

create index keys_by_age on keys (team_id, created_at, id);

create table servers (
    id text primary key,
    team_id text not null references teams (id),
    name text not null,
    description text not null,
    connection text not null check (connection in ('local', 'ssh')),
    socket text,
    host text,
    port bigint,
    account text,
    key_id text,
    -- Grows when the connection changes, so that an older connection is not taken for the new one.
    revision bigint not null,
    build_server bigint not null check (build_server in (0, 1)),
    state text not null check (state in ('new', 'ready', 'failed')),
    reason text,
    kind text check (kind in ('standalone', 'swarm-manager', 'swarm-worker')),
    reachability text not null check (reachability in ('unknown', 'reachable', 'unreachable')),
    last_contact_at bigint,
    host_key_algorithm text,
    host_key_fingerprint text,
    host_key text,
    host_key_pinned_at bigint,
    access text,
    engine text,
    operation_id text,
    created_at bigint not null,
    updated_at bigint not null,
    unique (team_id, name),
    unique (team_id, host, port),
    unique (team_id, socket),
    unique (id, team_id),
    foreign key (key_id, team_id) references keys (id, team_id),
    check (
        (connection = 'local' and socket is not null)
        or (connection = 'ssh' and host is not null and port is not null
            and account is not null and key_id is not null)
    )
);

create index servers_by_age on servers (team_id, created_at, id);
create index servers_by_key on servers (key_id);

create table destinations (
    id text primary key,
    team_id text not null,
    server_id text not null,
    network text not null,
    name text not null,
    kind text not null check (kind in ('standalone', 'swarm')),
    origin text not null check (origin in ('created', 'adopted')),
    state text not null check (state in ('pending', 'ready', 'drifted', 'failed', 'deleting')),
    reason text,
    options text not null,
    observed text,
    operation_id text,
    created_at bigint not null,
    updated_at bigint not null,
    unique (server_id, network),
    foreign key (server_id, team_id) references servers (id, team_id)
);

create index destinations_by_age on destinations (team_id, created_at, id);

create table operations (
    id text primary key,
    team_id text not null references teams (id),
    kind text not null,
    subject_type text not null check (subject_type in ('server', 'destination')),
    subject_id text not null,
    subject_name text not null,
    state text not null check (state in ('queued', 'running', 'succeeded', 'failed')),
    failure text,
    created_at bigint not null,
    started_at bigint,
    finished_at bigint
);

create index operations_by_age on operations (team_id, created_at, id);
create index operations_by_subject on operations (subject_id, created_at, id);

create table steps (
    operation_id text not null references operations (id) on delete cascade,
    position bigint not null,
    name text not null,
    state text not null check (state in ('running', 'succeeded', 'warned', 'failed')),
    detail text,
    remedy text,
    started_at bigint not null,
    finished_at bigint,
    primary key (operation_id, position)
);

create table events (
    id text primary key,
    team_id text not null references teams (id),
    at bigint not null,
    kind text not null,
    subject_type text not null check (subject_type in ('server', 'destination')),
    subject_id text not null,
    subject_name text not null,
    message text not null
);

create index events_by_age on events (team_id, at, id);
create index events_by_time on events (at);

-- A create that was sent twice with one key happens once: the row is written with the resource.
create table idempotency_keys (
    team_id text not null references teams (id),
    key text not null,
    request_hash text not null,
    resource_id text not null,
    created_at bigint not null,
    primary key (team_id, key)
);

create index idempotency_keys_by_time on idempotency_keys (created_at);
