-- Whether terminals may be opened on a server. New servers say so themselves; those that were there
-- before keep them closed until an admin opens them: an upgrade leads nobody into a host.
alter table servers add column terminal text not null default 'off'
    check (terminal in ('on', 'off'));
