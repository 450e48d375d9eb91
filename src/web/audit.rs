//! The audit log: one structured line for each action of an operator in the console.
//!
//! The lines have the target `sluicegate::audit` and are written whatever `SLUICEGATE_LOG` says. No
//! token and no data of a request is in them.

use std::net::IpAddr;

/// One action.
#[derive(Debug, Clone, Copy)]
pub struct Action<'a> {
    /// What was done, such as `sign_in`.
    pub action: &'a str,
    /// What it was done to, such as the name of a request type.
    pub object: &'a str,
    /// What became of it.
    pub result: &'a str,
    /// Who did it: the fingerprint of the token, or `loopback`.
    pub operator: &'a str,
    /// The scope of the operator.
    pub scope: &'a str,
    /// The address of the client.
    pub ip: IpAddr,
}

/// Writes the line.
pub fn record(action: Action<'_>) {
    let Action { action, object, result, operator, scope, ip } = action;
    tracing::info!(
        target: "sluicegate::audit",
        action, object, result, operator, scope, %ip,
        "an operator's action"
    );
}
