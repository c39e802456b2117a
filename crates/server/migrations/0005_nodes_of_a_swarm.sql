-- On which nodes of its swarm a destination is live, as last seen.
alter table destinations add column nodes text;
