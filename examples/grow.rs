//! Fills a database with payments, to see how an instance behaves with many:
//! `cargo run --release --example grow -- --payments 1000000`.
//!
//! It makes one payment in an instance of its own over the embedded sandbox, and copies what that
//! payment left into the database. `sluicegate serve` in the printed folder then serves it.

#[path = "../benches/support/grow.rs"]
mod grow;
#[path = "../benches/support/instance.rs"]
#[allow(dead_code, reason = "the benches use more of it")]
mod instance;

use grow::Payment;
use instance::{copy_instance, pay, start};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

const USAGE: &str = "usage: grow --payments N [--root FOLDER] [--database URL]\n\
    FOLDER is new, or an instance that this program made; the default is target/grow.\n\
    URL is that of a database of PostgreSQL; the default is a file in FOLDER.";

struct Arguments {
    payments: u64,
    root: PathBuf,
    database: Option<String>,
}

fn arguments() -> Option<Arguments> {
    let mut all = Arguments { payments: 0, root: PathBuf::from("target/grow"), database: None };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let value = given.next()?;
        match name.as_str() {
            "--payments" => all.payments = value.parse().ok()?,
            "--root" => all.root = value.into(),
            "--database" => all.database = Some(value),
            _ => return None,
        }
    }
    (all.payments > 0).then_some(all)
}

fn main() -> ExitCode {
    let Some(Arguments { payments, root, database }) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    copy_instance(&root);
    let served = start(&root, database);
    let store = &*served.runtime.store;
    let payment = Payment::read(store, &pay(&served));
    println!("one payment has {} events; copying it {payments} times", payment.events());
    let started = Instant::now();
    let mut done = 0;
    while done < payments {
        let until = (done + 10_000).min(payments);
        payment.copy(store, done..until);
        done = until;
        println!("{done} payments after {:.1?}", started.elapsed());
    }
    println!("the instance is in {}", root.display());
    ExitCode::SUCCESS
}
