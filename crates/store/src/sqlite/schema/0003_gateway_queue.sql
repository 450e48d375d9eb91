-- Step 3: what waits for the gateway, found without looking through the events that wait beside it.
-- A payment that goes well is never among them: it is running until it ends.

CREATE INDEX executions_unsent ON executions (state, run_at)
    WHERE kind IN ('request_type', 'api_call')
      AND state IN ('available', 'retryable', 'unknown');
