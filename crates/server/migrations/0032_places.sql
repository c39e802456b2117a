-- Further places of applications: on each an application of its own follows, on another server.

create table places (
    -- The one that follows.
    application_id text primary key,
    team_id text not null,
    -- Without it, the other one is an application like others.
    original_id text not null,
    created_at bigint not null,
    foreign key (application_id, team_id) references applications (id, team_id) on delete cascade,
    foreign key (original_id, team_id) references applications (id, team_id) on delete cascade
);

create index places_by_original on places (original_id);

-- The reference by which any host gets the very image, where a registry has it.
alter table deployments add column pinned text;
