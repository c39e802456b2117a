-- What a swarm runs of an application, as its keeper saw it last: JSON.
alter table applications add column tasks text;
