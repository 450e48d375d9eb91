//! Power cuts: images of the disk at any point of the run, opened by the real store.

use crate::disk::{Cut, Disk};
use crate::life::{self, Lived};
use crate::promises::{Promise, promises};
use crate::rng::Rng;
use crate::trace::{Call, Event};
use crate::witness::in_memory;
use jiff::Timestamp;
use rusqlite::Connection;
use sluicegate_store::contract::Store as _;
use sluicegate_store::execution::Queue;
use sluicegate_store::sqlite::database::Sqlite;
use sluicegate_store::write::Write;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

/// The number of images on which the complete host is started and must complete its work.
const RESTARTS: u64 = 4;
const REST: Duration = Duration::from_secs(60);

/// Simulates power cuts at `count` points.
///
/// # Errors
/// The first image that breaks a promise, with its point and seed.
pub fn cut(
    lived: &Lived,
    events: &[Event],
    seed: u64,
    count: u64,
    with_restarts: bool,
) -> Result<String, String> {
    let mut rng = Rng::new(seed ^ 0xc07);
    let cut_points = cut_points(lived, events, count, &mut rng);
    let mut disk = Disk::new(&lived.root);
    let mut debts: Vec<Promise> = Vec::new();
    let (mut images, mut torn, mut inside, mut restarted_instances) = (0_u64, 0, 0, 0);
    for (index, event) in events.iter().enumerate() {
        if let Event::Begin(_, call) = event {
            debts.extend(promises(call, lived)?);
        }
        disk.follow(event);
        if !cut_points.contains(&index) {
            continue;
        }
        inside += u64::from(disk.has_unsynced(".db"));
        torn += u64::from(disk.has_unsynced(".db-wal"));
        for cut in [Cut::Drops, Cut::Tears(rng.next()), Cut::Tears(rng.next())] {
            images += 1;
            let whole = |why: String| format!("at call {index} with {cut:?}: {why}");
            let folder = in_memory()?;
            disk.write_to(folder.path(), cut).map_err(|e| whole(e.to_string()))?;
            image(folder.path(), &debts).map_err(whole)?;
            // Late enough that there is work to resume.
            let due =
                with_restarts && restarted_instances < RESTARTS && index > events.len() * 2 / 3;
            if due && images % 7 == 0 {
                restarted_instances += 1;
                host(lived, folder.path()).map_err(whole)?;
                image(folder.path(), &debts).map_err(whole)?;
            }
        }
    }
    Ok(format!(
        "{images} images at {} moments ({torn} amid a commit, {inside} amid a checkpoint), all whole and paid; {restarted_instances} restarted hosts came to rest",
        cut_points.len()
    ))
}

/// Half of the points are random, half directly follow a byte sent by the host.
fn cut_points(lived: &Lived, events: &[Event], count: u64, rng: &mut Rng) -> BTreeSet<usize> {
    let is_debt = |event: &Event| match event {
        Event::Begin(_, call @ Call::Send { .. }) => matches!(promises(call, lived), Ok(Some(_))),
        _ => false,
    };
    let leaving: Vec<usize> = (0..events.len()).filter(|index| is_debt(&events[*index])).collect();
    let mut cut_points = BTreeSet::new();
    // Before the first file is touched, there is no disk image.
    let first =
        events.iter().position(|event| matches!(event, Event::Begin(_, Call::Write { .. })));
    let first = first.unwrap_or(0) as u64;
    for _ in 0..count / 2 {
        let index = first + rng.below(events.len() as u64 - first);
        cut_points.insert(usize::try_from(index).expect("a place"));
        if !leaving.is_empty() {
            let index = rng.below(leaving.len() as u64);
            cut_points.insert(leaving[usize::try_from(index).expect("a place")]);
        }
    }
    cut_points
}

/// The real store opens the image, nothing is damaged, every promise is kept, and writes work.
fn image(folder: &Path, debts: &[Promise]) -> Result<(), String> {
    let path = folder.join("data/sluicegate.db");
    if !debts.is_empty() {
        let key = std::fs::read(folder.join("data/instance.key")).unwrap_or_default();
        if key.trim_ascii().len() != 64 {
            return Err("the instance key is not on disk".to_owned());
        }
        if !path.exists() {
            return Err("the database is not on disk".to_owned());
        }
    }
    let store = Sqlite::open(&path).map_err(|e| format!("the store does not open: {e}"))?;
    let database = Connection::open(&path).map_err(|e| e.to_string())?;
    let verdict: String = database
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .map_err(|e| e.to_string())?;
    if verdict != "ok" {
        return Err(format!("the database is damaged: {verdict}"));
    }
    debts.iter().try_for_each(|debt| debt.is_paid(&database))?;
    for queue in [Queue::Gateway, Queue::Local] {
        store.due(Timestamp::now(), queue, 10).map_err(|e| e.to_string())?;
    }
    let write = Write::SessionsExpire { before: Timestamp::UNIX_EPOCH };
    store.commit(vec![write]).map_err(|e| format!("it takes no more writes: {e}"))
}

/// Starts the complete host on an image, without a Stripe that answers: it starts, answers,
/// and keeps what it cannot settle; starting it loses nothing.
fn host(lived: &Lived, folder: &Path) -> Result<(), String> {
    life::instance(folder);
    let addr = life::free_address();
    let mut child = life::serve(&[], folder, addr, lived.stripe, &[]);
    let begun = Instant::now();
    let mut result = Err("no answer".to_owned());
    while result.is_err() && begun.elapsed() < REST {
        std::thread::sleep(Duration::from_millis(50));
        result = at_rest(folder, addr);
    }
    let _ = child.kill();
    let _ = child.wait();
    result
}

/// It is ready, and all of its events were processed.
fn at_rest(folder: &Path, addr: std::net::SocketAddr) -> Result<(), String> {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(addr).map_err(|e| e.to_string())?;
    let ask = format!("GET /readyz HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).map_err(|e| e.to_string())?;
    let mut text = String::new();
    stream.read_to_string(&mut text).map_err(|e| e.to_string())?;
    if !text.starts_with("HTTP/1.1 200") {
        return Err(text);
    }
    let database =
        Connection::open(folder.join("data/sluicegate.db")).map_err(|e| e.to_string())?;
    let sql =
        "SELECT count(*) FROM executions WHERE kind = 'webhook_event' AND state <> 'completed'";
    let open: i64 = database.query_row(sql, [], |row| row.get(0)).map_err(|e| e.to_string())?;
    if open > 0 { Err(format!("{open} events are not processed")) } else { Ok(()) }
}
