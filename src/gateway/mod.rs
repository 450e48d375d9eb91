//! Request types: render the call, send it, map the answer.
