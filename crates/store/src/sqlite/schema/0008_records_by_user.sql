-- The deleted records of a table, in the order of their creation.
CREATE INDEX records_deleted ON records (table_name, created_at) WHERE deleted_at IS NOT NULL;
-- The records of a user, newest first.
CREATE INDEX records_by_user ON records (user_id, table_name, deleted_at, created_at)
    WHERE user_id IS NOT NULL;

-- What the planner has to know of a large database, so that its plans do not depend on when somebody
-- ran ANALYZE: the rows of an index, and how many have the same first one, two, … columns. Without
-- it, SQLite takes a table's name and a kind to be as rare as an id.
ANALYZE sqlite_schema;
DELETE FROM sqlite_stat1 WHERE tbl IN ('records', 'executions');
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('records', 'records_by_table', '1000000 200000 100000 1'),
    ('records', 'records_deleted', '100000 20000 1'),
    ('records', 'records_by_gateway_id', '1000000 2 2 2 1'),
    ('records', 'records_by_external_id_property', '1000000 2 2 2 1'),
    ('records', 'records_by_external_id', '1000000 2 2 2 1'),
    ('records', 'records_by_user', '1000000 100 50 50 1'),
    ('executions', 'sqlite_autoindex_executions_1', '1000000 1'),
    ('executions', 'executions_by_key', '1000000 400000 1'),
    ('executions', 'executions_by_state', '1000000 1000 1'),
    ('executions', 'executions_by_kind', '1000000 400000 1'),
    ('executions', 'executions_by_order', '1000000 20 1'),
    ('executions', 'executions_open_by_order', '1000 2 1 1'),
    ('executions', 'executions_unsent', '1000 300 1'),
    ('executions', 'executions_by_end', '1000000 400000 1'),
    ('executions', 'executions_by_time', '1000000 1 1');
-- Loads them into this connection.
ANALYZE sqlite_schema;
