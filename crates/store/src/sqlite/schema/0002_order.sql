-- Step 2: the order of pending executions, and what is old enough to be purged.

CREATE INDEX executions_open_by_order ON executions (ordering_key, created_at, id)
    WHERE ordering_key IS NOT NULL
      AND state IN ('available', 'running', 'retryable', 'unknown');
CREATE INDEX executions_by_end ON executions (kind, finished_at)
    WHERE state = 'completed';
