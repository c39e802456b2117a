-- What of the team a member sees: all of it, or what they have a right on. It is looked at where
-- the role is `member`; admins and owners see everything.
alter table memberships add column sees text not null default 'team'
    check (sees in ('team', 'granted'));
alter table invites add column sees text not null default 'team'
    check (sees in ('team', 'granted'));

-- On which server a piece of work was asked for, so that whoever may see only that server is still
-- told how a removal ended. Null for what makes a destination: its row says where it is.
alter table operations add column server_id text;

update operations set server_id = subject_id where subject_type = 'server';
update operations
set server_id = (select d.server_id from destinations d where d.id = operations.subject_id)
where subject_type = 'destination';
