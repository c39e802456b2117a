-- What the chart shows of servers, proxies, destinations, attachments and routes, as it was before
-- each change: read backwards from the rows as they are, it gives the chart of any moment that is
-- kept. See docs/decisions/0042-the-past-is-kept-as-what-was-before.md.
create table past (
    team_id text not null references teams (id),
    thing text not null
        check (thing in ('server', 'proxy', 'destination', 'attachment', 'route')),
    -- The server of a proxy; server and destination of an attachment. No foreign keys: the past
    -- outlives what it is about.
    thing_id text not null,
    -- Counts the changes of one thing.
    turn bigint not null,
    -- The moment of the change: until then it was so.
    until bigint not null,
    -- 0 when it was not there until then; the rest is empty then.
    existed bigint not null check (existed in (0, 1)),
    -- On which server it was: who sees that may see this.
    server_id text not null,
    destination_id text,
    -- Of a route the host.
    name text,
    kind text,
    state text,
    reason text,
    reachability text,
    wanted bigint,
    observed bigint,
    path text,
    target text,
    primary key (thing, thing_id, turn)
);

create index past_of_team on past (team_id, until);
create index past_by_age on past (until);

create table past_since (
    id bigint primary key check (id = 1),
    -- From when on the past is kept: the first start with this schema, or what was not swept yet.
    since bigint not null
);
