//! Runs a sandbox until it is killed, for clients written in other languages.

use super::client::{Sandbox, options};
use sluicegate_sandbox::server::Options;

/// `SANDBOX_ADDR=127.0.0.1:12111 cargo test --test it sandbox::serve -- --ignored`
#[tokio::test]
#[ignore = "serves until killed; for driving the sandbox with the official SDKs"]
async fn serve() {
    let addr = std::env::var("SANDBOX_ADDR").unwrap_or("127.0.0.1:12111".into()).parse().unwrap();
    let _sandbox = Sandbox::with(Options { addr, seed: None, ..options() }).await;
    std::future::pending::<()>().await;
}
