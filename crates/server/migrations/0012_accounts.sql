-- People sign in: passwords, second factors, sessions, and what is known of failed attempts.

-- A person who never chose a password signs in by other means.
alter table users add column password_hash text;

-- A sign-in that goes on. It belongs to a person and is in one of their teams; it ends with their
-- membership there.
create table sessions (
    id text primary key,
    user_id text not null,
    team_id text not null,
    secret_hash text not null unique,
    method text not null check (method in ('password', 'passkey', 'openid')),
    address text,
    user_agent text,
    created_at bigint not null,
    last_used_at bigint not null,
    -- However much it is used. How long it may be idle is a setting.
    expires_at bigint not null,
    foreign key (team_id, user_id) references memberships (team_id, user_id) on delete cascade
);

create index sessions_of_user on sessions (user_id, created_at, id);
create index sessions_of_member on sessions (team_id, user_id);
create index sessions_by_end on sessions (expires_at);

-- Codes of an authenticator (RFC 6238): wanted at sign-in once they were confirmed.
create table totps (
    user_id text primary key references users (id) on delete cascade,
    sealed_secret text not null,
    confirmed_at bigint,
    -- The latest step of which a code was taken: none is taken twice.
    last_step bigint not null,
    created_at bigint not null
);

create table recovery_codes (
    user_id text not null references users (id) on delete cascade,
    code_hash text not null,
    used_at bigint,
    primary key (user_id, code_hash)
);

-- The one way back for whoever forgot a password; the next takes its place.
create table password_resets (
    user_id text primary key references users (id) on delete cascade,
    secret_hash text not null unique,
    expires_at bigint not null
);

-- Where a person signed in from before: a device (by the hash of its secret) or an address. What
-- strangers do elsewhere does not slow them there.
create table known_places (
    user_id text not null references users (id) on delete cascade,
    place text not null,
    last_used_at bigint not null,
    primary key (user_id, place)
);

create index known_places_by_time on known_places (last_used_at);

-- Attempts that failed, counted by account and place, by account and by address.
create table throttles (
    key text primary key,
    attempts bigint not null,
    latest_at bigint not null
);

create index throttles_by_time on throttles (latest_at);
