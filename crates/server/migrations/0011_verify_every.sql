-- How often a destination is verified by itself: `default` is the installation's own pause, `never`,
-- or a pause like `6h`.
alter table destinations add column verify_every text not null default 'default';
