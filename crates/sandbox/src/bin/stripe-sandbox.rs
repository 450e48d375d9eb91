//! `stripe-sandbox`: a stateful Stripe for tests, as a server.

use clap::Parser;
use sluicegate_sandbox::{Config, Error, Sandbox, WebhookPorts};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Events and answers are many small texts: the system's allocator took a third of the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A stateful Stripe for tests, in any language.
///
/// Point your Stripe client at the printed address and use any key that starts with `sk_test_`.
/// The dashboard is at `/`, the control interface at `/_sandbox`.
#[derive(Debug, Parser)]
#[command(name = "stripe-sandbox", version)]
struct Arguments {
    /// Address to listen on; port 0 takes a free port
    #[arg(long, default_value = "127.0.0.1:12111")]
    addr: SocketAddr,
    /// File that stores the state over restarts; without it the state is in memory only
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Derives all ids from this string, so that a run can be repeated
    #[arg(long)]
    seed: Option<String>,
    /// Makes money available at once instead of two days later, as at Stripe
    #[arg(long)]
    settle_immediately: bool,
    /// Allows transfers to accounts without the capability, which Stripe refuses
    #[arg(long)]
    ignore_capabilities: bool,
    /// API version of requests without a Stripe-Version header
    #[arg(long, value_name = "VERSION", default_value_t = Config::default().api_version)]
    api_version: String,
    /// Pauses in seconds between attempts to deliver a webhook; "" delivers once
    #[arg(long, value_name = "SECONDS,…", default_value = "1,5,15", value_parser = backoff)]
    webhook_backoff: Backoff,
    /// Port of this machine that webhook endpoints may have; repeatable
    #[arg(long, value_name = "PORT")]
    allow_webhook_port: Vec<u16>,
    /// Allows webhook endpoints at every port of this machine
    #[arg(long, conflicts_with = "allow_webhook_port")]
    allow_any_webhook_port: bool,
    /// Isolated states (by keys like sk_test_world_NAME) beside the default one, at most
    #[arg(long, value_name = "N", default_value_t = Config::default().worlds)]
    worlds: usize,
    /// Objects of each state, at most; beyond, new ones are refused until a reset
    #[arg(long, value_name = "N", default_value_t = Config::default().objects)]
    max_objects: usize,
    /// Name by which the sandbox may be asked, beside localhost and its address; repeatable
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
}

#[derive(Debug, Clone)]
struct Backoff(Vec<Duration>);

fn backoff(list: &str) -> Result<Backoff, String> {
    let pauses = list.split(',').map(str::trim).filter(|pause| !pause.is_empty());
    let pause = |text: &str| {
        let seconds = text.parse::<f64>().ok();
        seconds
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .ok_or_else(|| format!("`{text}` is not a number of seconds"))
    };
    pauses.map(pause).collect::<Result<_, _>>().map(Backoff)
}

impl From<Arguments> for Config {
    fn from(arguments: Arguments) -> Self {
        Self {
            addr: arguments.addr,
            data: arguments.data,
            api_version: arguments.api_version,
            webhook_backoff: arguments.webhook_backoff.0,
            settle_immediately: arguments.settle_immediately,
            enforce_capabilities: !arguments.ignore_capabilities,
            seed: arguments.seed,
            webhook_ports: match arguments.allow_any_webhook_port {
                true => WebhookPorts::Any,
                false => WebhookPorts::Only(arguments.allow_webhook_port),
            },
            hosts: arguments.allow_host,
            worlds: arguments.worlds,
            objects: arguments.max_objects,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::from(Arguments::parse());
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .init();
    match serve(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stripe-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What a caller should know about it.
fn conditions(version: &str, at_once: bool) -> String {
    let money = match at_once {
        true => "money is available at once (at Stripe: after two days)",
        false => "money is available after two days (at once: --settle-immediately)",
    };
    format!("API {version}, {money}")
}

/// Serves until SIGINT or SIGTERM.
async fn serve(config: Config) -> Result<(), Error> {
    let (version, at_once) = (config.api_version.clone(), config.settle_immediately);
    let sandbox = Sandbox::start(config).await?;
    println!("stripe-sandbox listens on {}", sandbox.url());
    // A reader of the address may have closed the pipe by now.
    let _ = writeln!(std::io::stderr(), "{}", conditions(&version, at_once));
    signal().await;
    sandbox.stop().await;
    Ok(())
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => {
                signals.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

#[cfg(not(unix))]
async fn signal() {
    let _ = tokio::signal::ctrl_c().await;
}
