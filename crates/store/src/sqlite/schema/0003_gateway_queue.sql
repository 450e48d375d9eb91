-- Step 3: the pending calls to the gateway, found without scanning the pending events.
-- A payment that succeeds is never among them: it is running until it ends.

CREATE INDEX executions_unsent ON executions (state, run_at)
    WHERE kind IN ('request_type', 'api_call')
      AND state IN ('available', 'retryable', 'unknown');
