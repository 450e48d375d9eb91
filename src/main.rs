//! The `sluicegate` binary: parses the arguments, runs the command, and reports an error in one
//! line.

use clap::Parser as _;
use sluicegate::cli::arguments::{Arguments, Command, Config as ConfigCommand, Serve};
use sluicegate::cli::output::Output;
use sluicegate::cli::{
    self, backup, call, check, doctor, events, executions, forget, migrate, render, routes,
    sandbox, scaffold, serve, sessions, trigger,
};
use sluicegate::config::{Config, log};
use sluicegate_secret::redaction;
use std::process::ExitCode;

/// Template values and JSON are many small allocations on dozens of threads: jemalloc spends a
/// third less time on them than the system's allocator, and keeps memory small (benches/README.md).
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log::start();
    match run(arguments) {
        Ok(code) => code,
        // Whoever read the output has seen enough: the code is that of a SIGPIPE.
        Err(error) if is_broken_pipe(&error) => ExitCode::from(141),
        Err(error) => {
            eprintln!("sluicegate: {}", redaction::text(&with_causes(&error)));
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// The message and its causes, until one that the message already includes: most messages end with
/// their cause.
fn with_causes(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if text.contains(&cause) {
            break;
        }
        text.push_str(": ");
        text.push_str(&cause);
    }
    text
}

fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let output = Output { json: arguments.common.json };
    let mut flags = arguments.common.flags();
    match arguments.command.unwrap_or(Command::Serve(Serve::default())) {
        Command::Serve(serve) => {
            flags.addr = serve.addr;
            flags.metrics_addr = serve.metrics_addr;
            if serve.print_config {
                return cli::config::run(&flags, &output);
            }
            serve::run(Config::new(flags)?)
        }
        Command::Call(call) => call::run(Config::new(flags)?, &call, &output),
        Command::Render(render) => render::run(&render),
        Command::Doctor => doctor::run(&flags, &output),
        Command::Config(ConfigCommand::Print) => cli::config::run(&flags, &output),
        Command::Check => check::run(&Config::new(flags)?, &output),
        Command::Backup { file } => backup::run(&Config::new(flags)?, &file, &output),
        Command::Migrate => migrate::run(Config::new(flags)?, &output),
        Command::Executions(what) => executions::run(Config::new(flags)?, &what, &output),
        Command::Events(what) => events::run(Config::new(flags)?, &what, &output),
        Command::Forget(what) => forget::run(Config::new(flags)?, &what, &output),
        Command::Sessions(what) => sessions::run(Config::new(flags)?, &what, &output),
        Command::Sandbox(which) => {
            flags.sandbox_addr = which.addr.clone().or(flags.sandbox_addr);
            sandbox::run(&Config::new(flags)?, &which, &output)
        }
        Command::Trigger(what) => trigger::run(&Config::new(flags)?, &what, &output),
        Command::New(new) => {
            scaffold::run(&flags.root.unwrap_or_else(|| ".".into()), &new, &output)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Routes => routes::run(&Config::new(flags)?, &output),
    }
}
