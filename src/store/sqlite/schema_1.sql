-- Records, executions, steps, constants, sessions and activities. Times are Unix microseconds.
CREATE TABLE records (
  id          INTEGER PRIMARY KEY,
  table_name  TEXT NOT NULL,
  properties  TEXT NOT NULL,
  user_id     TEXT,
  external_id TEXT,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL,
  deleted_at  INTEGER
) STRICT;
CREATE INDEX records_by_table ON records (table_name, id) WHERE deleted_at IS NULL;
CREATE INDEX records_by_gateway_id ON records (table_name, CAST(properties ->> '$.gateway_id' AS TEXT));
CREATE INDEX records_by_external_id ON records (table_name, CAST(properties ->> '$.external_id' AS TEXT));

-- The highest id ever reserved in a block, so that ids of deleted or unwritten records are not reused.
CREATE TABLE record_ids (one INTEGER PRIMARY KEY CHECK (one = 1), reserved INTEGER NOT NULL) STRICT;
INSERT INTO record_ids VALUES (1, 0);

CREATE TABLE executions (
  id              TEXT PRIMARY KEY,
  kind            TEXT NOT NULL,
  name            TEXT NOT NULL,
  input           TEXT NOT NULL,
  idempotency_key TEXT,
  fingerprint     TEXT NOT NULL,
  state           TEXT NOT NULL,
  attempt         INTEGER NOT NULL,
  run_at          INTEGER NOT NULL,
  lease_until     INTEGER,
  outcome         TEXT,
  error           TEXT,
  ordering_key    TEXT,
  created_at      INTEGER NOT NULL,
  finished_at     INTEGER
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX executions_by_key ON executions (kind, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX executions_unfinished ON executions (state, run_at) WHERE state NOT IN ('completed', 'discarded');
CREATE INDEX executions_by_order ON executions (ordering_key, id) WHERE state NOT IN ('completed', 'discarded');
CREATE INDEX executions_by_kind ON executions (kind, id);

CREATE TABLE steps (
  execution_id  TEXT NOT NULL REFERENCES executions (id),
  seq           INTEGER NOT NULL,
  kind          TEXT NOT NULL,
  request       TEXT NOT NULL,
  response      TEXT,
  template_hash TEXT,
  created_at    INTEGER NOT NULL,
  PRIMARY KEY (execution_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE constants (name TEXT PRIMARY KEY, sealed TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (hash TEXT PRIMARY KEY, data TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE activities (uuid TEXT PRIMARY KEY, payload TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
