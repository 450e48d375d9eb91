//! Clients that are slow, many, or never finish: they cost little and stop nobody else.

use crate::support::host::{Instance, TestHost};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread::JoinHandle;
use std::time::Duration;

/// Long enough for every deadline of the host.
const PATIENCE: Duration = Duration::from_secs(50);

fn connect(host: &TestHost, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(host.addr).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.write_all(sent.as_bytes()).expect("sent");
    stream
}

/// What the host answers until it closes the connection.
#[track_caller]
fn until_closed(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}"),
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_head_or_a_body_that_never_ends_is_closed() {
    let host = TestHost::start();
    let head = connect(&host, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    let body = "POST /webhooks/listen HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{";
    let body = connect(&host, body);
    let silent = connect(&host, "");
    let trickle = trickle(&host);
    assert_eq!(until_closed(head), "", "no request, no answer");
    assert_eq!(until_closed(silent), "");
    let answer = until_closed(body);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("1024 bytes a second"), "{answer}");
    let answer = trickle.join().expect("sent");
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("30 seconds"), "{answer}");
}

/// Sends a body faster than the host asks for, and without an end.
fn trickle(host: &TestHost) -> JoinHandle<String> {
    let head = "POST /webhooks/listen HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n";
    let mut stream = connect(host, head);
    std::thread::spawn(move || {
        // Until the host closes the connection.
        while stream.write_all(&[b'x'; 1024]).is_ok() {
            stream.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout");
            let mut answer = [0; 4096];
            if let Ok(count @ 1..) = stream.read(&mut answer) {
                let start = String::from_utf8_lossy(&answer[..count]).into_owned();
                stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
                return start + &until_closed(stream);
            }
        }
        String::new()
    })
}

#[test]
fn unfinished_bodies_take_a_limited_memory_and_stop_nobody() {
    let host = TestHost::start();
    let megabyte = "x".repeat(1024 * 1024 - 1);
    let head = format!(
        "POST /api/customizations HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        megabyte.len() + 1
    );
    // All but the last byte of each: more than the host keeps for senders it knows nothing of.
    let unfinished: Vec<_> = (0..90)
        .map(|_| {
            let mut stream = connect(&host, &head);
            // One that was refused already may be closed.
            let _ = stream.write_all(megabyte.as_bytes());
            stream
        })
        .collect();
    host.visitor().get("/").expect(200);
    host.send("GET", "/readyz", &[], b"").expect(200);
    let refused = unfinished.into_iter().filter(|stream| {
        stream.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout");
        let mut start = [0; 12];
        let mut stream = stream;
        stream.read_exact(&mut start).is_ok_and(|()| start == *b"HTTP/1.1 503")
    });
    let refused = refused.count();
    assert!(refused >= 20, "{refused} were refused");
    host.visitor().get("/").expect(200);
}

#[test]
fn an_address_takes_its_own_share_of_the_memory_for_bodies() {
    let instance = Instance::new().variable("SLUICEGATE_TRUSTED_PROXIES", "127.0.0.1");
    let host = instance.serve_with(&["--stripe", "sandbox", "--sandbox-addr", "127.0.0.1:0"]);
    let megabyte = "x".repeat(1024 * 1024 - 1);
    let unfinished: Vec<_> = (0..40)
        .map(|_| {
            let head = format!(
                "POST /webhooks/listen HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.1\r\n\
                 Content-Length: {}\r\n\r\n",
                megabyte.len() + 1
            );
            let mut stream = connect(&host, &head);
            let _ = stream.write_all(megabyte.as_bytes());
            stream
        })
        .collect();
    let refused = unfinished.iter().filter(|stream| {
        stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
        let mut start = [0; 12];
        let mut stream: &std::net::TcpStream = stream;
        stream.read_exact(&mut start).is_ok_and(|()| start == *b"HTTP/1.1 429")
    });
    assert!(refused.count() >= 20, "most are beyond its share");
    let body = b"x=1";
    let other = [("X-Forwarded-For", "203.0.113.2")];
    let answer = host.send("POST", "/webhooks/listen", &other, body);
    assert_eq!(answer.status, 400, "another address is heard: {}", answer.text());
    drop(unfinished);
}

#[test]
fn stopping_waits_for_no_idle_or_slow_client() {
    let mut host = TestHost::start();
    let mut idle = connect(&host, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut start = [0; 12];
    idle.read_exact(&mut start).expect("an answer");
    let slow = connect(&host, "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    assert_eq!(host.process.terminate(), Some(0));
    drop((idle, slow));
}
