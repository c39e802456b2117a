-- Other ways in than a password: providers of OpenID Connect, and passkeys.

-- Which provider's groups a membership came from; null when people gave it.
alter table memberships add column granted_by text;

-- A person as an issuer knows them. The pair is what does not change; the address is what was last
-- said.
create table identities (
    id text primary key,
    user_id text not null references users (id) on delete cascade,
    issuer text not null,
    subject text not null,
    email text,
    created_at bigint not null,
    last_used_at bigint not null,
    unique (issuer, subject)
);

create index identities_of_user on identities (user_id, created_at, id);

-- Sign-ins that have begun. All that binds them follows from a secret that the browser has.
create table openid_flows (
    secret_hash text primary key,
    provider text not null,
    -- Who confirms that they are known there; null when somebody signs in.
    user_id text references users (id) on delete cascade,
    -- With which session they do: it ends with that.
    session_id text references sessions (id) on delete cascade,
    return_to text not null,
    expires_at bigint not null
);

create index openid_flows_of_session on openid_flows (session_id);
create index openid_flows_by_end on openid_flows (expires_at);

create table passkeys (
    id text primary key,
    user_id text not null references users (id) on delete cascade,
    name text not null,
    -- The authenticator's name for it, and the public key as COSE; both in base64url.
    credential_id text not null unique,
    public_key text not null,
    -- How often it was used, by the authenticator's count; 0 when it does not count.
    counter bigint not null,
    backed_up integer not null check (backed_up in (0, 1)),
    created_at bigint not null,
    last_used_at bigint
);

create index passkeys_of_user on passkeys (user_id, created_at, id);

-- What an authenticator has to sign, once.
create table passkey_challenges (
    challenge_hash text primary key,
    -- Who makes a passkey; null when somebody signs in.
    user_id text references users (id) on delete cascade,
    expires_at bigint not null
);

create index passkey_challenges_by_end on passkey_challenges (expires_at);
