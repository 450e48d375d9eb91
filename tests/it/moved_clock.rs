//! Our clock is ahead of Stripe's: no event is missed, and events keep the order of their arrival.

use crate::support::host::Instance;
use crate::support::wait::eventually;
use parking_lot::Mutex;
use serde_json::{Value as Json, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

/// How far Stripe's clock is behind ours, in seconds.
const BEHIND: i64 = 2 * 3600;

/// A Stripe with nothing but a list of events, and a clock of its own.
struct LateStripe {
    addr: SocketAddr,
    events: Arc<Mutex<Vec<Json>>>,
}

impl LateStripe {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let addr = listener.local_addr().expect("an address");
        let events = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&events);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _ = answer(stream, &list.lock());
            }
        });
        Self { addr, events }
    }

    fn now() -> i64 {
        jiff::Timestamp::now().as_second() - BEHIND
    }

    fn happen(&self, id: &str, created: i64) {
        let event = json!({ "id": id, "object": "event", "type": "un.heard", "livemode": false,
            "created": created, "data": { "object": { "id": "x_1", "object": "x" } } });
        self.events.lock().insert(0, event);
    }
}

/// Answers one request and closes.
fn answer(mut stream: TcpStream, events: &[Json]) -> std::io::Result<()> {
    let mut head = String::new();
    let mut reader = BufReader::new(stream.try_clone()?);
    while reader.read_line(&mut head)? > 2 {}
    let from = head.split(['?', '&', ' ']).find_map(|pair| {
        let from = pair.strip_prefix("created[gte]=").or(pair.strip_prefix("created%5Bgte%5D="));
        from.and_then(|from| from.parse::<i64>().ok())
    });
    let is_listed = |event: &&Json| from.is_none_or(|from| event["created"].as_i64() >= Some(from));
    let listed: Vec<_> = events.iter().filter(is_listed).collect();
    let body = json!({ "object": "list", "data": listed, "has_more": false }).to_string();
    let date = jiff::Timestamp::from_second(LateStripe::now()).expect("a time");
    let date = date.strftime("%a, %d %b %Y %H:%M:%S GMT");
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: application/json\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn events_are_not_missed_while_our_clock_is_ahead() {
    let stripe = LateStripe::start();
    stripe.happen("evt_before", LateStripe::now() - 300);
    let url = format!("http://{}", stripe.addr);
    let host =
        Instance::new().variable("SLUICEGATE_EVENTS_EVERY", "1").serve_with(&["--stripe", &url]);
    let arrives = |id: &str| {
        eventually(&format!("{id} arrives"), || {
            let ran = host.run(&["events", "show", id, "--json"]);
            if ran.code == 0 { Ok(()) } else { Err(ran.err) }
        });
    };
    arrives("evt_before");
    // The mark is Stripe's time: what happens there now is after it, two hours before our time.
    for id in ["evt_one", "evt_two"] {
        stripe.happen(id, LateStripe::now());
        arrives(id);
    }
}
