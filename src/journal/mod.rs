//! Executions and their steps: begin, resume, finish; the only writer of both.
