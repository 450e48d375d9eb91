-- Old executions are reduced to what their idempotency keys need.
ALTER TABLE executions ADD COLUMN reduced_at INTEGER;
DROP INDEX executions_by_end;
CREATE INDEX executions_by_end ON executions (kind, finished_at)
    WHERE finished_at IS NOT NULL AND reduced_at IS NULL;
