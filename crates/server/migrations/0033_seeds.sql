-- Clones whose volumes are yet to be filled with what is in those of their originals.

create table seeds (
    application_id text primary key references applications (id) on delete cascade,
    -- Null once the original is gone: there is nothing to fill them with any more.
    original_id text references applications (id) on delete set null,
    -- 1 while something of the copying may be left on a host.
    begun bigint not null check (begun in (0, 1))
);

create index seeds_by_original on seeds (original_id);
