-- Images that are built: from what, and what was said meanwhile. See
-- docs/decisions/0046-sources-are-fetched-by-the-control-plane.md.
alter table deployments add column commit_id text;
alter table deployments add column commit_subject text;

-- What builds said, in parts of some lines each. It goes with its deployment.
create table build_logs (
    deployment_id text not null references deployments (id) on delete cascade,
    -- Counts the parts of a deployment, from 1.
    part bigint not null,
    said_at bigint not null,
    -- Lines, each but the last with its end.
    lines text not null,
    primary key (deployment_id, part)
);

-- By which a repository's host tells of a push. What it starts is done with the rights of a token,
-- with which it goes.
create table hooks (
    application_id text primary key,
    team_id text not null,
    token_id text not null references tokens (id) on delete cascade,
    sealed_secret text not null,
    created_at bigint not null,
    -- The latest call that was signed, and what came of it.
    called_at bigint,
    outcome text,
    foreign key (application_id, team_id) references applications (id, team_id) on delete cascade
);

create index hooks_by_token on hooks (token_id);
