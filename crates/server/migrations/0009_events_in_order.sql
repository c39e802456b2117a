-- Events get a number by which readers go on where they were, and say who did it, what it was
-- before and after, and where.
-- The number is given after the commit: see docs/decisions/0022-events-are-numbered-after-commit.md.
alter table events add column sequence bigint;
-- In which order they were written, as the process that wrote them saw it: microseconds since 1970.
alter table events add column written bigint not null default 0;
-- Who or what did it, as JSON; null in events of earlier versions.
alter table events add column author text;
-- Where it happened. No foreign keys: an event outlives what it is about.
alter table events add column server_id text;
alter table events add column destination_id text;
alter table events add column operation_id text;
-- What differed, as JSON.
alter table events add column value_before text;
alter table events add column value_after text;

update events set written = at * 1000;
update events set server_id = subject_id where subject_type = 'server';
update events
set destination_id = subject_id,
    server_id = (select d.server_id from destinations d where d.id = events.subject_id)
where subject_type = 'destination';

drop index events_by_age;
create unique index events_by_sequence on events (sequence);
create index events_of_team on events (team_id, sequence);
create index events_of_subject on events (subject_id, sequence);
create index events_of_server on events (server_id, sequence);
create index events_of_destination on events (destination_id, sequence);
create index events_unnumbered on events (written, id) where sequence is null;

create table event_sequence (
    id bigint primary key check (id = 1),
    -- The latest number that was given.
    latest bigint not null,
    -- The highest number whose event was swept away.
    swept bigint not null
);

insert into event_sequence (id, latest, swept) values (1, 0, 0);
