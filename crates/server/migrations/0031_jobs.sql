-- Jobs: programs that applications run again and again, and what came of each run. See
-- docs/decisions/0055-a-job-is-a-program-with-a-time.md.

create table jobs (
    id text primary key,
    team_id text not null,
    application_id text not null,
    name text not null,
    -- The name in lower case: what is one name to people is one here, and the same on both databases.
    folded text not null,
    -- The program and its arguments, as JSON.
    command text not null,
    -- Five fields, as cron has them, in UTC.
    expression text not null,
    within_seconds bigint not null check (within_seconds > 0),
    -- How many runs are kept.
    keep bigint not null check (keep > 0),
    state text not null check (state in ('active', 'paused')),
    -- Of one that is paused there is none.
    next_at bigint,
    created_at bigint not null,
    updated_at bigint not null,
    unique (application_id, folded),
    check (state = 'paused' or next_at is not null),
    foreign key (application_id, team_id) references applications (id, team_id) on delete cascade
);

create index jobs_by_age on jobs (application_id, created_at, id);
create index jobs_by_next on jobs (next_at);

create table job_runs (
    id text primary key,
    job_id text not null references jobs (id) on delete cascade,
    cause text not null check (cause in ('schedule', 'person')),
    operation_id text,
    state text not null check (
        state in ('running', 'succeeded', 'failed', 'timed-out', 'cut-off', 'skipped')
    ),
    reason text,
    exit_code bigint,
    -- What its program said, as JSON: it may have characters that a text of PostgreSQL cannot.
    output text,
    -- How many moments in a row were skipped for the same reason.
    times bigint not null default 1 check (times > 0),
    created_at bigint not null,
    started_at bigint,
    finished_at bigint
);

create index job_runs_by_age on job_runs (job_id, created_at, id);
-- One at a time of each job.
create unique index job_runs_at_work on job_runs (job_id) where state = 'running';
