-- For the sweep of old operations, and for naming the latest one of a subject.
create index operations_by_end on operations (finished_at);
create index servers_by_operation on servers (operation_id);
create index destinations_by_operation on destinations (operation_id);
