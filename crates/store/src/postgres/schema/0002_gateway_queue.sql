-- Step 2: what waits for the gateway, found without looking through the events that wait beside it.

CREATE INDEX executions_open_sent ON executions (run_at)
    WHERE kind IN ('request_type', 'api_call')
      AND state IN ('available', 'running', 'retryable', 'unknown');
