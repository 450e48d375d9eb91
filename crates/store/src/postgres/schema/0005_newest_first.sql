-- A look-up by a gateway's id asks for the newest: the index has them in that order.
DROP INDEX records_by_gateway_id;
DROP INDEX records_by_external_id_property;
DROP INDEX records_by_external_id;
CREATE INDEX records_by_gateway_id
    ON records (gateway_id_text, table_name, created_at, id) WHERE gateway_id_text IS NOT NULL;
CREATE INDEX records_by_external_id_property
    ON records (external_id_text, table_name, created_at, id) WHERE external_id_text IS NOT NULL;
CREATE INDEX records_by_external_id
    ON records (external_id, table_name, created_at, id) WHERE external_id IS NOT NULL;
-- The newest executions, for the console and the command line: they were sorted anew for each page.
CREATE INDEX executions_by_time ON executions (created_at, id);
