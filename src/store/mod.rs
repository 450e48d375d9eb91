//! What happened: records, executions, steps, constants and sessions in a database.
