-- Backups of databases, where they are kept, and when they are taken. See
-- docs/decisions/0050-a-backup-is-what-the-engine-says.md.
create table storages (
    id text primary key,
    team_id text not null references teams (id),
    name text not null,
    -- The name in lower case: what is one name to people is one here, and the same on both databases.
    folded text not null,
    kind text not null check (kind in ('disk', 's3')),
    -- Where it is, as JSON, where its kind does not say.
    place text,
    sealed_secret text,
    created_at bigint not null,
    updated_at bigint not null,
    unique (team_id, folded),
    unique (id, team_id)
);

create index storages_by_age on storages (team_id, created_at, id);

create table backups (
    id text primary key,
    team_id text not null references teams (id),
    project_id text not null,
    storage_id text not null,
    -- Without a foreign key: a backup outlives its database.
    database_id text not null,
    database_name text not null,
    engine text not null,
    version text not null,
    state text not null check (state in ('running', 'ready', 'failed', 'removing')),
    reason text,
    size bigint,
    sha256 text,
    operation_id text not null,
    -- 1 where a schedule asked for it.
    scheduled bigint not null default 0 check (scheduled in (0, 1)),
    created_at bigint not null,
    finished_at bigint,
    -- When it was last restored to see whether it can be, and why it could not.
    checked_at bigint,
    check_failure text,
    foreign key (project_id, team_id) references projects (id, team_id),
    foreign key (storage_id, team_id) references storages (id, team_id)
);

create index backups_by_age on backups (team_id, created_at, id);
create index backups_by_database on backups (database_id, created_at, id);
create index backups_by_storage on backups (storage_id);
-- One at a time of each database.
create unique index backups_at_work on backups (database_id) where state = 'running';

create table backup_schedules (
    database_id text primary key,
    team_id text not null,
    storage_id text not null,
    -- Five fields, as cron has them, in UTC.
    expression text not null,
    -- How many backups that it asked for are kept.
    keep bigint not null check (keep > 0),
    next_at bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    foreign key (database_id, team_id) references databases (id, team_id) on delete cascade,
    foreign key (storage_id, team_id) references storages (id, team_id)
);

create index backup_schedules_by_next on backup_schedules (next_at);
create index backup_schedules_by_storage on backup_schedules (storage_id);
