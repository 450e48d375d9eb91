//! Every command with its arguments; the docstrings are the `--help` texts.

use crate::config::{Flags, RETENTION_DAYS_MIN};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Payments in Liquid: drop a file into a module and get a Stripe operation that happens exactly
/// once.
#[derive(Debug, Parser)]
#[command(name = "sluicegate", version, about, propagate_version = true)]
pub struct Arguments {
    /// The command to run; `serve` if none is passed.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The instance folder, with `views/`, `modules/` and `data/`. [default: .]
    #[arg(long, global = true, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// The database: `sqlite:PATH`, or `postgres://USER@HOST/DATABASE` to run several processes.
    /// [default: sqlite:ROOT/data/sluicegate.db]
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    /// `sandbox`, `live`, or the URL of a server that replaces Stripe.
    /// [default: live when STRIPE_SECRET_KEY is set, else sandbox]
    #[arg(long, global = true, value_name = "WHICH")]
    pub stripe: Option<String>,
    /// The address of the embedded sandbox. [default: 127.0.0.1:12111]
    #[arg(long, global = true, value_name = "ADDR")]
    pub sandbox_addr: Option<String>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

impl Common {
    /// The options that are settings.
    pub fn flags(&self) -> Flags {
        Flags {
            root: self.root.clone(),
            addr: None,
            database: self.database.clone(),
            stripe: self.stripe.clone(),
            sandbox_addr: self.sandbox_addr.clone(),
            metrics_addr: None,
        }
    }
}

/// The command to run.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the instance: pages, forms, GraphQL, API endpoints and webhooks.
    Serve(Serve),
    /// Run one request type and print its outcome.
    Call(Call),
    /// Render a template with data.
    Render(Render),
    /// Show every setting with its source, and everything that `serve` would refuse or that is
    /// probably a mistake. Changes nothing.
    Doctor,
    /// Show the effective settings.
    #[command(subcommand)]
    Config(Config),
    /// Check all modules and list every problem with file, line and column.
    Check,
    /// Run pending migrations.
    Migrate,
    /// Copy the database to a new file, even while it is in use.
    Backup {
        /// The file to create; it must not exist.
        file: PathBuf,
    },
    /// List, show, retry or discard executions.
    #[command(subcommand)]
    Executions(Executions),
    /// List, show or replay webhook events.
    #[command(subcommand)]
    Events(Events),
    /// Remove the personal data of a customer and keep the books: amounts, ids, states and times.
    /// It can be repeated. Stripe's own data, backups and logs are not touched.
    Forget(Forget),
    /// End the sessions of a user.
    #[command(subcommand)]
    Sessions(Sessions),
    /// Run only the Stripe sandbox.
    Sandbox(Sandbox),
    /// Cause an event in the running Stripe sandbox: `trigger charge.refunded`.
    Trigger(Trigger),
    /// Create the files of a new module, request type or webhook processor.
    New(New),
    /// List every route with the file that handles it.
    Routes,
}

/// Arguments of `serve`.
#[derive(Debug, Clone, Default, Args)]
pub struct Serve {
    /// The address to listen on; port 0 picks a free one. [default: 127.0.0.1:3000]
    #[arg(long, value_name = "ADDR")]
    pub addr: Option<String>,
    /// An address of its own for `/metrics`, `/healthz` and `/readyz`, which need no token there;
    /// a port alone is on 127.0.0.1.
    #[arg(long, value_name = "ADDR")]
    pub metrics_addr: Option<String>,
    /// Print the effective settings, secrets masked, and exit.
    #[arg(long)]
    pub print_config: bool,
}

/// Subcommands of `config`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Config {
    /// Print each setting with its value and its source; secrets are masked.
    Print,
}

/// Arguments of `call`.
#[derive(Debug, Clone, Args)]
pub struct Call {
    /// The request type, such as create_payment.
    pub name: String,
    /// The request data as a JSON object.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub data: String,
    /// The configuration as a JSON object.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub config: String,
    /// A repeated call with the same key returns the stored outcome.
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
}

/// Arguments of `render`.
#[derive(Debug, Clone, Args)]
pub struct Render {
    /// The template file, or `-` for standard input.
    #[arg(required_unless_present = "jsonl")]
    pub file: Option<PathBuf>,
    /// The variables as a JSON object.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub data: String,
    /// The folder in which `include` and `render` find partials.
    #[arg(long, value_name = "DIR")]
    pub partials: Option<PathBuf>,
    /// Read one JSON object per line from standard input and write one per line to standard output.
    #[arg(long)]
    pub jsonl: bool,
}

/// Arguments of `forget`.
#[derive(Debug, Clone, Args)]
pub struct Forget {
    /// Stripe's id of the customer, such as cus_NffrFeUfNV2Hib.
    #[arg(long, value_name = "ID")]
    pub customer: String,
    /// Only count what would be removed.
    #[arg(long)]
    pub dry_run: bool,
}

/// Subcommands of `executions`.
#[derive(Debug, Clone, Subcommand)]
pub enum Executions {
    /// List executions, newest first.
    List {
        /// Only in these states, such as unknown,retryable.
        #[arg(long, value_delimiter = ',')]
        state: Vec<String>,
        /// Only of this kind, such as request_type or webhook_event.
        #[arg(long)]
        kind: Option<String>,
        /// The page to show; a page has 50 executions.
        #[arg(long, default_value_t = 1)]
        page: u32,
    },
    /// Show one execution with its steps.
    Show {
        /// The execution's id.
        id: String,
    },
    /// Run a stuck execution again, with its stored bytes and key.
    Retry {
        /// The execution's id.
        id: String,
    },
    /// Discard a stuck execution. This does not undo it at Stripe.
    Discard {
        /// The execution's id.
        id: String,
    },
    /// Delete the data of old finished executions. Idempotency keys stay: the same key does not do
    /// an operation twice. What is open, or needs an operator's decision, stays as it is.
    Prune {
        /// Finished so many days ago, such as 90d. [default: SLUICEGATE_EXECUTION_RETENTION]
        #[arg(long, value_name = "DAYS", value_parser = days)]
        older_than: Option<i64>,
        /// Only count them.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Subcommands of `events`.
#[derive(Debug, Clone, Subcommand)]
pub enum Events {
    /// List events, newest first.
    List {
        /// The selection of events.
        #[command(flatten)]
        which: EventSelection,
        /// Only in these states; dead letters are `discarded`.
        #[arg(long, value_delimiter = ',')]
        state: Vec<String>,
        /// The page to show; a page has 50 events.
        #[arg(long, default_value_t = 1)]
        page: u32,
    },
    /// Show one event with its body.
    Show {
        /// The event's id, `evt_…`, or its execution's id.
        id: String,
    },
    /// Process one event again, or all that match a type, a time range or `--failed`.
    Replay {
        /// The event's id, `evt_…`, or its execution's id.
        #[arg(required_unless_present_any = ["kind", "from", "to", "failed"])]
        id: Option<String>,
        /// The selection of events if no id is passed.
        #[command(flatten)]
        which: EventSelection,
        /// Only dead letters: events discarded after their last attempt.
        #[arg(long)]
        failed: bool,
        /// Print the records that would change, without changing them.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Subcommands of `sessions`.
#[derive(Debug, Clone, Subcommand)]
pub enum Sessions {
    /// End all sessions of a user, wherever they are signed in.
    End {
        /// The user's id, as `sign_in` was given it.
        #[arg(long, value_name = "ID")]
        user: String,
    },
}

/// A selection of webhook events.
#[derive(Debug, Clone, Args)]
pub struct EventSelection {
    /// Only of this type, such as charge.refunded.
    #[arg(id = "kind", long = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// Only events that arrived at this time or later, such as 2026-11-20T12:00:00Z.
    #[arg(id = "from", long, value_name = "TIME")]
    pub from: Option<jiff::Timestamp>,
    /// Only events that arrived before this time.
    #[arg(id = "to", long, value_name = "TIME")]
    pub to: Option<jiff::Timestamp>,
}

/// Arguments of `sandbox`.
#[derive(Debug, Clone, Args)]
pub struct Sandbox {
    /// The address to listen on. [default: --sandbox-addr]
    #[arg(long, value_name = "ADDR")]
    pub addr: Option<String>,
    /// A port of this machine, beside that of SLUICEGATE_ADDR, that webhook endpoints may have;
    /// repeatable.
    #[arg(long, value_name = "PORT")]
    pub allow_webhook_port: Vec<u16>,
    /// Makes money available at once instead of two days later, as at Stripe.
    #[arg(long)]
    pub settle_immediately: bool,
    /// Allows transfers to accounts without the capability, which Stripe refuses.
    #[arg(long)]
    pub ignore_capabilities: bool,
}

/// Arguments of `trigger`.
#[derive(Debug, Clone, Args)]
pub struct Trigger {
    /// The event. Without one, all that can be triggered are listed.
    pub event: Option<String>,
    /// List all that can be triggered.
    #[arg(long)]
    pub list: bool,
    /// Replaces a parameter of the requests that cause the event, or adds it to the last:
    /// `amount=500`, `metadata[order]=7`; repeatable.
    #[arg(long = "override", value_name = "NAME=VALUE")]
    pub overrides: Vec<String>,
}

/// Arguments of `new`.
#[derive(Debug, Clone, Args)]
pub struct New {
    /// The kind of files to create.
    pub kind: NewKind,
    /// The name, such as my_module, create_topup or charge.updated.
    pub name: String,
    /// The gateway module to which the files belong.
    #[arg(long, default_value = "stripe")]
    pub module: String,
    /// Write the processor of an event that this version does not know.
    #[arg(long)]
    pub force: bool,
}

/// What `new` can create.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NewKind {
    /// An empty module.
    Module,
    /// The API call, mapper, template, form and table of a request type. The verb of its name says
    /// what is sent: create, update, delete, get (one object) or list.
    RequestType,
    /// The partial that processes a webhook event.
    WebhookProcessor,
}

/// Reads `90d` or `90`.
fn days(text: &str) -> Result<i64, String> {
    let days = text.trim().trim_end_matches('d').parse::<i64>().ok();
    days.filter(|days| (RETENTION_DAYS_MIN..=36_500).contains(days)).ok_or_else(|| {
        format!("expected a number of days from {RETENTION_DAYS_MIN} to 36500, such as 90d")
    })
}
