-- A look-up by a gateway's id asks for the newest. Without the time in the index, SQLite read the
-- table's records newest first, and parsed each, until it found one with the id.
DROP INDEX records_by_gateway_id;
DROP INDEX records_by_external_id_property;
DROP INDEX records_by_external_id;
CREATE INDEX records_by_gateway_id
    ON records (gateway_id_text, table_name, deleted_at, created_at)
    WHERE gateway_id_text IS NOT NULL;
CREATE INDEX records_by_external_id_property
    ON records (external_id_text, table_name, deleted_at, created_at)
    WHERE external_id_text IS NOT NULL;
CREATE INDEX records_by_external_id
    ON records (external_id, table_name, deleted_at, created_at)
    WHERE external_id IS NOT NULL;
-- The newest executions, for the console and the command line: they were sorted anew for each page.
CREATE INDEX executions_by_time ON executions (created_at, id);
