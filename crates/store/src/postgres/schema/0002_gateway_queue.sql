-- Step 2: the pending calls to the gateway, found without scanning the pending events.

CREATE INDEX executions_open_sent ON executions (run_at)
    WHERE kind IN ('request_type', 'api_call')
      AND state IN ('available', 'running', 'retryable', 'unknown');
