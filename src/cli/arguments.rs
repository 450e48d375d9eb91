//! Every command with its arguments, as `--help` shows them.

use crate::config::Flags;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Payments in Liquid: drop a file into a module and get a Stripe operation that happens exactly
/// once.
#[derive(Debug, Parser)]
#[command(name = "sluicegate", version, about, propagate_version = true)]
pub struct Arguments {
    /// What to do; without a command, `serve`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What every command takes.
    #[command(flatten)]
    pub common: Common,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub struct Common {
    /// The folder of the instance: its `views/`, `modules/` and `data/`. [default: .]
    #[arg(long, global = true, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Where records and executions are kept: `sqlite:PATH`, or `postgres://USER@HOST/DATABASE` for
    /// many processes. [default: sqlite:ROOT/data/sluicegate.db]
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    /// `sandbox`, `live`, or the URL of a server in Stripe's place.
    /// [default: live when STRIPE_SECRET_KEY is set, else sandbox]
    #[arg(long, global = true, value_name = "WHICH")]
    pub stripe: Option<String>,
    /// Where the embedded sandbox listens. [default: 127.0.0.1:12111]
    #[arg(long, global = true, value_name = "ADDR")]
    pub sandbox_addr: Option<String>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

impl Common {
    /// The settings among them.
    pub fn flags(&self) -> Flags {
        Flags {
            root: self.root.clone(),
            addr: None,
            database: self.database.clone(),
            stripe: self.stripe.clone(),
            sandbox_addr: self.sandbox_addr.clone(),
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the instance: its pages, forms, GraphQL, endpoints and webhooks.
    Serve(Serve),
    /// Run one request type and print its outcome.
    Call(Call),
    /// Render a template with data.
    Render(Render),
    /// List every fault of every module with file, line and column.
    Check,
    /// Run pending migrations.
    Migrate,
    /// Copy the database to a new file while it is in use.
    Backup {
        /// The file, which must not be there yet.
        file: PathBuf,
    },
    /// Look at and repair executions.
    #[command(subcommand)]
    Executions(Executions),
    /// Look at and replay webhook events.
    #[command(subcommand)]
    Events(Events),
    /// Run the Stripe sandbox alone.
    Sandbox(Sandbox),
    /// Write the files of something new.
    New(New),
    /// List every route with the file that answers it.
    Routes,
}

/// Arguments of `serve`.
#[derive(Debug, Clone, Default, Args)]
pub struct Serve {
    /// Where to listen; port 0 takes a free one. [default: 127.0.0.1:3000]
    #[arg(long, value_name = "ADDR")]
    pub addr: Option<String>,
}

/// Arguments of `call`.
#[derive(Debug, Clone, Args)]
pub struct Call {
    /// The request type, such as create_payment.
    pub name: String,
    /// Its data as a JSON object.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub data: String,
    /// Its configuration as a JSON object.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub config: String,
    /// A repeat with the same key returns the stored outcome.
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
}

/// Arguments of `render`.
#[derive(Debug, Clone, Args)]
pub struct Render {
    /// The template, or `-` for standard input.
    #[arg(required_unless_present = "jsonl")]
    pub file: Option<PathBuf>,
    /// The variables as a JSON object.
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub data: String,
    /// Where `include` and `render` find partials.
    #[arg(long, value_name = "DIR")]
    pub partials: Option<PathBuf>,
    /// One JSON object a line on standard input, one a line on standard output.
    #[arg(long)]
    pub jsonl: bool,
}

/// What to do with executions.
#[derive(Debug, Clone, Subcommand)]
pub enum Executions {
    /// List them, newest first.
    List {
        /// Only in these states, such as unknown,retryable.
        #[arg(long, value_delimiter = ',')]
        state: Vec<String>,
        /// Only of this kind, such as request_type or webhook_event.
        #[arg(long)]
        kind: Option<String>,
        /// Which page of 50.
        #[arg(long, default_value_t = 1)]
        page: u32,
    },
    /// One with its steps.
    Show {
        /// Its id.
        id: String,
    },
    /// Run a stuck one again, with its stored bytes and key.
    Retry {
        /// Its id.
        id: String,
    },
    /// Give up a stuck one. It is not undone at Stripe.
    Discard {
        /// Its id.
        id: String,
    },
}

/// What to do with webhook events.
#[derive(Debug, Clone, Subcommand)]
pub enum Events {
    /// List them, newest first.
    List {
        /// Which of them.
        #[command(flatten)]
        which: WhichEvents,
        /// Only in these states; dead letters are `discarded`.
        #[arg(long, value_delimiter = ',')]
        state: Vec<String>,
        /// Which page of 50.
        #[arg(long, default_value_t = 1)]
        page: u32,
    },
    /// One with its body.
    Show {
        /// `evt_…`, or the execution's id.
        id: String,
    },
    /// Process one again, or all of a type, a time or that failed.
    Replay {
        /// `evt_…`, or the execution's id.
        #[arg(required_unless_present_any = ["kind", "from", "to", "failed"])]
        id: Option<String>,
        /// Which of them, without an id.
        #[command(flatten)]
        which: WhichEvents,
        /// Only dead letters: events that were given up.
        #[arg(long)]
        failed: bool,
        /// Print the records that would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

/// Which webhook events.
#[derive(Debug, Clone, Args)]
pub struct WhichEvents {
    /// Only of this type, such as charge.refunded.
    #[arg(id = "kind", long = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// Only those that arrived at this moment or later, such as 2026-11-20T12:00:00Z.
    #[arg(id = "from", long, value_name = "TIME")]
    pub from: Option<jiff::Timestamp>,
    /// Only those that arrived before this moment.
    #[arg(id = "to", long, value_name = "TIME")]
    pub to: Option<jiff::Timestamp>,
}

/// Arguments of `sandbox`.
#[derive(Debug, Clone, Args)]
pub struct Sandbox {
    /// Where to listen. [default: --sandbox-addr]
    #[arg(long, value_name = "ADDR")]
    pub addr: Option<String>,
}

/// Arguments of `new`.
#[derive(Debug, Clone, Args)]
pub struct New {
    /// Of what kind.
    pub kind: NewKind,
    /// Its name: a module's, `create_payout`, or `charge.updated`.
    pub name: String,
    /// The gateway module it belongs to.
    #[arg(long, default_value = "stripe")]
    pub module: String,
}

/// What `new` can write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NewKind {
    /// An empty module.
    Module,
    /// The API call, mapper, template, form and table of a request type.
    RequestType,
    /// The partial that an event runs.
    WebhookProcessor,
}
