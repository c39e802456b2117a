-- Moves of applications to other destinations that are not over: one of each at most.

create table moves (
    application_id text primary key,
    team_id text not null,
    -- The work that does it.
    operation_id text not null,
    -- What is forgotten keeps nothing.
    from_id text not null references destinations (id) on delete cascade,
    to_id text not null references destinations (id) on delete cascade,
    -- `moving` while its work is under way, `waiting` while what is left at the one place waits for a
    -- person, `over` until what is left of it is gone.
    state text not null check (state in ('moving', 'waiting', 'over')),
    -- What the hosts cannot tell, as JSON.
    memo text,
    created_at bigint not null,
    foreign key (application_id, team_id) references applications (id, team_id) on delete cascade
);

create index moves_by_source on moves (from_id);
create index moves_by_target on moves (to_id);
