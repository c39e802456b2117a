-- What people did, for good: appended, chained, never swept.
create table audit (
    id text primary key,
    -- No foreign keys: an entry outlives what it is about, the team included.
    team_id text,
    at bigint not null,
    -- In which order entries were written, as the process that wrote them saw it.
    written bigint not null,
    kind text not null,
    outcome text not null check (outcome in ('done', 'refused')),
    user_id text,
    -- Who it was and with which credential, as JSON.
    author text not null,
    -- From where, by which request, through which operation of the API.
    address text,
    request_id text,
    operation text,
    subject_type text,
    subject_id text,
    subject_name text,
    message text not null,
    event_id text,
    -- SHA-256 of the event's `before` and `after`, as hexadecimal.
    before_digest text,
    after_digest text,
    -- Proves all of the above: written with it.
    proof text not null,
    -- Its place in the chain: given after the commit, see docs/decisions/0031-audit.md.
    sequence bigint,
    previous_hash text,
    hash text,
    check ((sequence is null) = (hash is null)),
    check ((sequence is null) = (previous_hash is null))
);

create unique index audit_by_sequence on audit (sequence);
create index audit_of_team on audit (team_id, sequence);
create index audit_unchained on audit (written, id) where sequence is null;

-- The end of the chain, and the secret from which its keys come. One row.
create table audit_chain (
    id text primary key check (id = 'audit'),
    sealed_secret text,
    length bigint not null,
    head text not null
);

insert into audit_chain (id, length, head)
values ('audit', 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- What seals secrets: random keys, themselves under the master key.
create table data_keys (
    id text primary key,
    wrapped text not null,
    -- The same under the master key before, while that one is being replaced.
    wrapped_before text,
    created_at bigint not null,
    -- One is in use; since when another took its place.
    in_use bigint unique check (in_use = 1),
    retired_at bigint,
    check ((in_use is null) = (retired_at is not null))
);

-- From where a token may be used, as networks with commas between; from anywhere without it.
alter table tokens add column addresses text;
alter table tokens add column last_used_address text;
