//! What a payment costs as modules grow: its rate beside ever more request types and partials of
//! another module, and how long a start and a reload take.
//!
//! `REQUEST_TYPES=0,100,1000 cargo bench --bench module_size` sets the sizes; each request type
//! comes with five partials.

mod support;

use std::fs;
use std::path::Path;
use std::time::Instant;
use support::instance::{pay, start};
use support::payments::{self, Payments, wait_for_events};
use support::{Served, copy_instance, folder};

const SIZES: &str = "0,100,1000";
const PARTIALS_EACH: u64 = 5;
const CALLERS: u64 = 32;
/// Payments for one measurement.
const PAYMENTS: u64 = 2_000;
/// Measurements of each size, in turn, because the machine has other users.
const ROUNDS: usize = 3;

/// What is copied: a request type and a mapper of this repository.
const REQUEST_TYPE: &str =
    "modules/stripe/public/notifications/api_call_notifications/create_payment.liquid";
const PARTIAL: &str = "modules/stripe/public/views/partials/response_mapper/create_payment.liquid";

fn main() {
    let sizes = std::env::var("REQUEST_TYPES").unwrap_or_else(|_| SIZES.to_owned());
    let sizes: Vec<u64> = sizes.split(',').map(|one| one.trim().parse().expect("sizes")).collect();
    let folders: Vec<_> = sizes.iter().map(|_| folder()).collect();
    let mut instances = Vec::new();
    for (size, folder) in sizes.iter().zip(&folders) {
        copy_instance(folder.path());
        add_module(folder.path(), *size);
        let begun = Instant::now();
        let served = start(folder.path(), None);
        let started = begun.elapsed();
        let begun = Instant::now();
        served.runtime.reload();
        let partials = size * PARTIALS_EACH;
        println!(
            "{size} more request types, {partials} partials: started in {started:.0?}, \
             loaded again in {:.0?}",
            begun.elapsed()
        );
        pay(&served);
        instances.push(served);
    }
    for _ in 0..ROUNDS {
        for (size, served) in sizes.iter().zip(&instances) {
            payments(*size, served);
        }
    }
}

/// A module of its own with this many request types.
fn add_module(root: &Path, size: u64) {
    let public = root.join("modules/large/public");
    let folders = ["notifications/api_call_notifications", "views/partials"];
    let [request_types, partials] = folders.map(|folder| public.join(folder));
    for folder in [&request_types, &partials] {
        fs::create_dir_all(folder).expect("a folder");
    }
    let read = |path: &str| fs::read_to_string(root.join(path)).expect("a file of the instance");
    let (request_type, partial) = (read(REQUEST_TYPE), read(PARTIAL));
    for number in 0..size {
        let name = format!("create_payment_{number}");
        let text = request_type.replace("name: create_payment\n", &format!("name: {name}\n"));
        fs::write(request_types.join(format!("{name}.liquid")), text).expect("written");
        for part in 0..PARTIALS_EACH {
            let path = partials.join(format!("mapper_{number}_{part}.liquid"));
            fs::write(path, &partial).expect("written");
        }
    }
}

fn payments(size: u64, served: &Served) {
    let Payments { per_second, median, p99, cpu } = payments::measure(served, CALLERS, PAYMENTS);
    // The events of these payments must not slow down what is measured next.
    wait_for_events(served);
    println!(
        "  {size:>6} {per_second:>8.0}/s, p50 {median:.1?}, p99 {p99:.1?}, processor {cpu:.1?} each"
    );
}
