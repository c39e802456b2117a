-- Destinations on which a service of a stack is besides its own, by which names there (JSON).

create table stack_visits (
    application_id text not null references stack_services (application_id) on delete cascade,
    -- One that is removed is not visited any more.
    destination_id text not null references destinations (id) on delete cascade,
    aliases text not null,
    primary key (application_id, destination_id)
);

create index stack_visits_by_destination on stack_visits (destination_id);
