-- Step 1: the tables.
-- Timestamps are integer microseconds since the epoch; JSON is text as serde_json writes it.

CREATE TABLE records (
    id          INTEGER PRIMARY KEY,
    table_name  TEXT    NOT NULL,
    properties  TEXT    NOT NULL,
    user_id     TEXT,
    external_id TEXT,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    deleted_at  INTEGER,
    -- The strings of the two properties by which gateways find records (filter.rs writes the same
    -- expression for every other property).
    gateway_id_text TEXT GENERATED ALWAYS AS (
        CASE json_type(properties, '$."gateway_id"')
            WHEN 'text' THEN properties ->> '$."gateway_id"'
            WHEN 'null' THEN NULL
            ELSE properties -> '$."gateway_id"'
        END) VIRTUAL,
    external_id_text TEXT GENERATED ALWAYS AS (
        CASE json_type(properties, '$."external_id"')
            WHEN 'text' THEN properties ->> '$."external_id"'
            WHEN 'null' THEN NULL
            ELSE properties -> '$."external_id"'
        END) VIRTUAL
) STRICT;

CREATE INDEX records_by_table ON records (table_name, deleted_at, created_at);
CREATE INDEX records_by_gateway_id ON records (gateway_id_text, table_name, deleted_at)
    WHERE gateway_id_text IS NOT NULL;
CREATE INDEX records_by_external_id_property ON records (external_id_text, table_name, deleted_at)
    WHERE external_id_text IS NOT NULL;
CREATE INDEX records_by_external_id ON records (external_id, table_name, deleted_at)
    WHERE external_id IS NOT NULL;

-- Ids are reserved in blocks, so that no two processes use the same one.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters (name, next) VALUES ('record', 1);

CREATE TABLE executions (
    id              TEXT    NOT NULL PRIMARY KEY,
    kind            TEXT    NOT NULL,
    name            TEXT    NOT NULL,
    input           TEXT    NOT NULL,
    idempotency_key TEXT,
    fingerprint     TEXT    NOT NULL,
    state           TEXT    NOT NULL CHECK (state IN
        ('available', 'running', 'completed', 'retryable', 'unknown', 'discarded')),
    attempt         INTEGER NOT NULL,
    run_at          INTEGER NOT NULL,
    lease_until     INTEGER,
    outcome         TEXT,
    error           TEXT,
    ordering_key    TEXT,
    created_at      INTEGER NOT NULL,
    finished_at     INTEGER
) STRICT;

CREATE UNIQUE INDEX executions_by_key ON executions (kind, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX executions_by_state ON executions (state, run_at);
CREATE INDEX executions_by_kind ON executions (kind, created_at);
CREATE INDEX executions_by_order ON executions (ordering_key, created_at)
    WHERE ordering_key IS NOT NULL;

CREATE TABLE steps (
    execution_id  TEXT    NOT NULL REFERENCES executions (id),
    seq           INTEGER NOT NULL,
    kind          TEXT    NOT NULL,
    request       TEXT    NOT NULL,
    fingerprint   TEXT    NOT NULL,
    response      TEXT,
    template_hash TEXT,
    created_at    INTEGER NOT NULL,
    answered_at   INTEGER,
    PRIMARY KEY (execution_id, seq)
) STRICT;

CREATE TABLE constants (
    name       TEXT    NOT NULL PRIMARY KEY,
    sealed     TEXT    NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    id_hash    TEXT    NOT NULL PRIMARY KEY,
    data       TEXT    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_end ON sessions (expires_at);

CREATE TABLE activities (
    id         INTEGER PRIMARY KEY,
    uuid       TEXT    NOT NULL UNIQUE,
    payload    TEXT    NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
