-- What members may do on single servers, and who is invited into a team.

-- Subjects are servers for now. A subject of another type gets a column of its own beside
-- `server_id`, so that a grant ends with what it is about.
create table grants (
    team_id text not null,
    user_id text not null,
    subject_type text not null,
    subject_id text not null,
    server_id text,
    level text not null check (level in ('view', 'use', 'operate', 'manage')),
    created_at bigint not null,
    primary key (team_id, user_id, subject_type, subject_id),
    foreign key (team_id, user_id) references memberships (team_id, user_id) on delete cascade,
    foreign key (server_id, team_id) references servers (id, team_id) on delete cascade,
    check ((subject_type = 'server') = (server_id is not null)),
    check (server_id is null or server_id = subject_id)
);

create index grants_by_server on grants (server_id);

-- An invitation is used by deleting its row, so that it can be used once. It ends with the
-- membership of whoever made it.
create table invites (
    id text primary key,
    team_id text not null,
    invited_by text not null,
    -- For whom alone it is; null for whoever has the link.
    email text,
    role text not null check (role in ('owner', 'admin', 'member')),
    -- Rights that come with it, as JSON.
    grants text not null,
    secret_hash text not null unique,
    created_at bigint not null,
    expires_at bigint not null,
    foreign key (team_id, invited_by) references memberships (team_id, user_id) on delete cascade
);

create index invites_by_age on invites (team_id, created_at, id);
create index invites_by_end on invites (expires_at);
create index memberships_by_user on memberships (user_id);
