-- Who outside of Portolan is told of events.
create table notifiers (
    id text primary key,
    team_id text not null references teams (id),
    name text not null,
    kind text not null check (kind in ('webhook', 'email')),
    -- Of a webhook: what is shown of its URL, the URL, and what it is signed with.
    origin text,
    sealed_url text,
    sealed_secret text,
    -- Of mail: the addresses, as JSON.
    recipients text,
    topics text not null,
    min_severity text not null check (min_severity in ('info', 'warning', 'error')),
    quiet_seconds bigint not null,
    grace_seconds bigint not null,
    state text not null check (state in ('active', 'paused')),
    reason text,
    -- Every event up to this number was heard.
    position bigint not null,
    -- What was heard and is not told yet, as JSON, and when some of it is due.
    held text,
    due_at bigint,
    -- How many messages it had: the place of the latest.
    deliveries bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    unique (team_id, name),
    unique (id, team_id),
    check (kind <> 'webhook' or (origin is not null and sealed_url is not null
                                 and sealed_secret is not null)),
    check (kind <> 'email' or recipients is not null)
);

create index notifiers_by_age on notifiers (team_id, created_at, id);

-- What they tell: written before it is sent, with the position up to which events were heard.
create table deliveries (
    id text primary key,
    notifier_id text not null,
    team_id text not null,
    -- Its place among those of its notifier, in which they are delivered.
    place bigint not null,
    kind text not null check (kind in ('event', 'repeated', 'away', 'summary', 'test')),
    title text not null,
    -- What a webhook gets, as JSON.
    body text not null,
    events bigint not null,
    first_sequence bigint,
    last_sequence bigint,
    state text not null check (state in ('waiting', 'delivered', 'failed')),
    attempts bigint not null,
    answer text,
    error text,
    created_at bigint not null,
    next_attempt_at bigint,
    finished_at bigint,
    unique (notifier_id, place),
    foreign key (notifier_id, team_id) references notifiers (id, team_id) on delete cascade,
    check ((state = 'waiting') = (next_attempt_at is not null)),
    check ((state = 'waiting') = (finished_at is null))
);

create index deliveries_waiting on deliveries (notifier_id, place) where state = 'waiting';
create index deliveries_by_age on deliveries (created_at);
