-- What is done about differences, said for a team, a server or a destination.
create table drift_rules (
    -- The team's, server's or destination's id.
    scope_id text primary key,
    scope text not null check (scope in ('team', 'server', 'destination')),
    team_id text not null references teams (id),
    server_id text references servers (id) on delete cascade,
    destination_id text references destinations (id) on delete cascade,
    -- JSON.
    rules text not null,
    -- Grows with each change: what was decided under older rules is decided again.
    revision bigint not null,
    updated_at bigint not null
);

create index drift_rules_by_server on drift_rules (server_id);
create index drift_rules_by_destination on drift_rules (destination_id);

-- Found differences, and what became of them.
create table drifts (
    id text primary key,
    team_id text not null references teams (id),
    kind text not null check (
        kind in ('missing', 'recreated', 'options-differ', 'label-lost', 'attachment-lost',
                 'proxy-down', 'unexpected-member', 'route-dark')
    ),
    subject_type text not null check (subject_type in ('server', 'destination', 'route')),
    subject_id text not null,
    subject_name text not null,
    server_id text not null references servers (id) on delete cascade,
    destination_id text references destinations (id) on delete cascade,
    state text not null check (
        state in ('healing', 'asked', 'told', 'failed', 'dismissed', 'healed', 'gone')
    ),
    policy text not null check (policy in ('heal', 'ask', 'tell')),
    message text not null,
    reason text,
    remedy text,
    -- Facts, as JSON.
    facts_before text not null,
    facts_after text not null,
    facts_mended text,
    cause text not null,
    -- The sum of the revisions of the rules by which it was decided.
    decided_under bigint not null,
    -- Whether a person asked for the repair.
    by_person bigint not null check (by_person in (0, 1)),
    operation_id text,
    found_at bigint not null,
    ended_at bigint
);

-- One thing differs in one way once at a time.
create unique index drifts_standing on drifts (subject_id, server_id, kind) where ended_at is null;
create index drifts_by_age on drifts (team_id, found_at, id);
create index drifts_by_subject on drifts (subject_id, kind, found_at);
create index drifts_by_server on drifts (server_id);
create index drifts_by_destination on drifts (destination_id);
create index drifts_by_end on drifts (ended_at);
