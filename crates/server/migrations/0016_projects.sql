-- Projects and environments, and rights of members in projects.

create table projects (
    id text primary key,
    team_id text not null references teams (id),
    name text not null,
    -- The name in lower case: what is one name to people is one here, and the same on both databases.
    folded text not null,
    description text not null,
    created_at bigint not null,
    unique (team_id, folded),
    unique (id, team_id)
);

create index projects_by_age on projects (team_id, created_at, id);

create table environments (
    id text primary key,
    team_id text not null,
    project_id text not null,
    name text not null,
    folded text not null,
    default_destination_id text references destinations (id) on delete set null,
    created_at bigint not null,
    unique (project_id, folded),
    unique (id, team_id),
    -- What will be in an environment holds it by a key without `on delete`: a project goes with its
    -- environments only where all of them are empty.
    foreign key (project_id, team_id) references projects (id, team_id) on delete cascade
);

create index environments_by_age on environments (team_id, created_at, id);
create index environments_by_destination on environments (default_destination_id);

-- A right is on a server or in a project, and ends with it. The table is made anew, because a check
-- cannot be altered on SQLite.
create table grants_next (
    team_id text not null,
    user_id text not null,
    subject_type text not null check (subject_type in ('server', 'project')),
    subject_id text not null,
    server_id text,
    project_id text,
    level text not null check (level in ('view', 'use', 'operate', 'manage')),
    created_at bigint not null,
    primary key (team_id, user_id, subject_type, subject_id),
    foreign key (team_id, user_id) references memberships (team_id, user_id) on delete cascade,
    foreign key (server_id, team_id) references servers (id, team_id) on delete cascade,
    foreign key (project_id, team_id) references projects (id, team_id) on delete cascade,
    check ((subject_type = 'server') = (server_id is not null)),
    check ((subject_type = 'project') = (project_id is not null)),
    check (coalesce(server_id, project_id) = subject_id)
);

insert into grants_next
    (team_id, user_id, subject_type, subject_id, server_id, level, created_at)
select team_id, user_id, subject_type, subject_id, server_id, level, created_at
from grants;

drop table grants;
alter table grants_next rename to grants;

create index grants_by_server on grants (server_id);
create index grants_by_project on grants (project_id);

-- Invitations say what their rights are on as grants do. Ids and rights are words without quotes.
update invites
set grants = replace(
    replace(grants, '{"server_id":"', '{"on":{"type":"server","id":"'),
    '","right":', '"},"right":'
);

-- Events are about more and more kinds of things, and a check cannot be altered: the types of the
-- program say which there are, and this is the last time that the table is made anew for one.
create table events_next (
    id text primary key,
    team_id text not null references teams (id),
    at bigint not null,
    kind text not null,
    subject_type text not null,
    subject_id text not null,
    subject_name text not null,
    message text not null,
    sequence bigint,
    written bigint not null default 0,
    author text,
    server_id text,
    destination_id text,
    operation_id text,
    value_before text,
    value_after text
);

insert into events_next
    (id, team_id, at, kind, subject_type, subject_id, subject_name, message, sequence, written,
     author, server_id, destination_id, operation_id, value_before, value_after)
select id, team_id, at, kind, subject_type, subject_id, subject_name, message, sequence, written,
       author, server_id, destination_id, operation_id, value_before, value_after
from events;

drop table events;
alter table events_next rename to events;

create index events_by_time on events (at);
create unique index events_by_sequence on events (sequence);
create index events_of_team on events (team_id, sequence);
create index events_of_subject on events (subject_id, sequence);
create index events_of_server on events (server_id, sequence);
create index events_of_destination on events (destination_id, sequence);
create index events_unnumbered on events (written, id) where sequence is null;
