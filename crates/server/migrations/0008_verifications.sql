-- What was proved of each destination: the latest few, with all evidence.
create table verifications (
    -- The piece of work that made it.
    operation_id text primary key,
    team_id text not null references teams (id),
    destination_id text not null references destinations (id) on delete cascade,
    outcome text not null check (outcome in ('passed', 'failed', 'skipped')),
    checks text not null,
    started_at bigint not null,
    finished_at bigint not null
);

create index verifications_by_age
    on verifications (destination_id, finished_at, operation_id);
