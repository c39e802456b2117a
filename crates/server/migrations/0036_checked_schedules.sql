-- A schedule that has each of its backups restored on trial. See
-- docs/decisions/0053-backups-are-taken-kept-and-checked-by-themselves.md.

-- 1 where a backup is checked as soon as it is whole.
alter table backup_schedules add column checked bigint not null default 0 check (checked in (0, 1));
