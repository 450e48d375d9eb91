-- Step 1: the tables, as in SQLite (store/sqlite/schema).
-- Timestamps are integer microseconds since the epoch. JSON is stored as it was written (`json`, not
-- `jsonb`), because the order of properties and the spelling of numbers belong to the module.
-- Strings compare by their bytes, as in SQLite and in Rust.

CREATE TABLE records (
    id          BIGINT PRIMARY KEY,
    table_name  TEXT COLLATE "C" NOT NULL,
    properties  JSON   NOT NULL,
    user_id     TEXT COLLATE "C",
    external_id TEXT COLLATE "C",
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    deleted_at  BIGINT,
    -- The strings of the two properties by which gateways find records, written by the store: an index
    -- expression of PostgreSQL cannot compute them.
    gateway_id_text  TEXT COLLATE "C",
    external_id_text TEXT COLLATE "C"
);
CREATE INDEX records_by_table ON records (table_name, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX records_by_gateway_id ON records (gateway_id_text, table_name)
    WHERE gateway_id_text IS NOT NULL;
CREATE INDEX records_by_external_id_property ON records (external_id_text, table_name)
    WHERE external_id_text IS NOT NULL;
CREATE INDEX records_by_external_id ON records (external_id, table_name)
    WHERE external_id IS NOT NULL;

-- Ids are reserved in blocks, so that no two processes use the same one.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    next BIGINT NOT NULL
);
INSERT INTO counters (name, next) VALUES ('record', 1);

CREATE TABLE executions (
    id              TEXT COLLATE "C" PRIMARY KEY,
    kind            TEXT COLLATE "C" NOT NULL,
    name            TEXT COLLATE "C" NOT NULL,
    input           TEXT   NOT NULL,
    idempotency_key TEXT COLLATE "C",
    fingerprint     TEXT   NOT NULL,
    state           TEXT COLLATE "C" NOT NULL CHECK (state IN
        ('available', 'running', 'completed', 'retryable', 'unknown', 'discarded')),
    attempt         BIGINT NOT NULL,
    run_at          BIGINT NOT NULL,
    lease_until     BIGINT,
    outcome         TEXT,
    error           TEXT,
    ordering_key    TEXT COLLATE "C",
    created_at      BIGINT NOT NULL,
    finished_at     BIGINT
);
CREATE UNIQUE INDEX executions_by_key ON executions (kind, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX executions_by_state ON executions (state, run_at);
CREATE INDEX executions_by_kind ON executions (kind, created_at);
CREATE INDEX executions_by_order ON executions (ordering_key, created_at)
    WHERE ordering_key IS NOT NULL;
-- Pending executions, and their order.
CREATE INDEX executions_open ON executions (run_at)
    WHERE state IN ('available', 'running', 'retryable', 'unknown');
CREATE INDEX executions_open_by_order ON executions (ordering_key, created_at, id)
    WHERE ordering_key IS NOT NULL
      AND state IN ('available', 'running', 'retryable', 'unknown');
CREATE INDEX executions_by_end ON executions (kind, finished_at) WHERE state = 'completed';

CREATE TABLE steps (
    execution_id  TEXT COLLATE "C" NOT NULL REFERENCES executions (id),
    seq           BIGINT NOT NULL,
    kind          TEXT   NOT NULL,
    request       TEXT   NOT NULL,
    fingerprint   TEXT   NOT NULL,
    response      TEXT,
    template_hash TEXT,
    created_at    BIGINT NOT NULL,
    answered_at   BIGINT,
    PRIMARY KEY (execution_id, seq)
);

CREATE TABLE constants (
    name       TEXT COLLATE "C" PRIMARY KEY,
    sealed     TEXT   NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    id_hash    TEXT   PRIMARY KEY,
    data       TEXT   NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE activities (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid       TEXT   NOT NULL UNIQUE,
    payload    TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);

-- The last transaction of each writer, written inside it. With it, a writer finds out whether a
-- COMMIT took effect whose answer was lost. (A transaction id does not show it: PostgreSQL may reuse
-- the id of a transaction that was lost in a crash.)
CREATE TABLE writers (
    id    BIGINT PRIMARY KEY,
    token BIGINT NOT NULL,
    at    TIMESTAMPTZ NOT NULL DEFAULT now()
) WITH (fillfactor = 10);
