//! A small blocking HTTP client over a plain socket: it sends exactly the bytes of a test.

use serde_json::Value as Json;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Long enough for a debug binary on a busy machine; no test measures time.
const PATIENCE: Duration = Duration::from_secs(60);

/// A parsed response.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// Returns the first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter();
        all.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Json {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{} is no JSON ({e}): {}", self.status, self.text()))
    }

    /// Returns itself when the status is the expected one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

/// Sends a request on its own connection.
///
/// A server may answer and close before it has read a long body, so writing may fail and the
/// answer still counts.
pub fn send(
    addr: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, String> {
    let stream = TcpStream::connect_timeout(&addr, PATIENCE).map_err(|e| e.to_string())?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(|e| e.to_string())?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(|e| e.to_string())?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head.push_str(&format!("Host: {addr}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || method != "GET" {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let mut writing = stream.try_clone().map_err(|e| e.to_string())?;
    let mut received = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            writing.write_all(head.as_bytes()).and_then(|()| writing.write_all(body))
        });
        let mut reading = stream;
        let mut piece = [0; 16 * 1024];
        // A reset after the answer: the server does not want the rest of the body.
        while let Ok(count @ 1..) = reading.read(&mut piece) {
            received.extend_from_slice(&piece[..count]);
        }
    });
    parse(&received)
        .ok_or_else(|| format!("no whole answer: {}", String::from_utf8_lossy(&received)))
}

fn parse(received: &[u8]) -> Option<Answer> {
    let end = received.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let rest = &received[end + 4..];
    let is_chunked = headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked")
    });
    let body = if is_chunked { unchunk(rest)? } else { rest.to_vec() };
    Some(Answer { status, headers, body })
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..line]).ok()?.split(';').next()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        rest = &rest[line + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

/// Encodes pairs as a form.
pub fn encode(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A browser without scripts: it keeps cookies and follows redirects.
#[derive(Debug)]
pub struct Visitor {
    addr: SocketAddr,
    cookies: Vec<(String, String)>,
}

impl Visitor {
    /// A new visitor.
    pub fn new(addr: SocketAddr) -> Self {
        Self { addr, cookies: Vec::new() }
    }

    /// The value of a cookie.
    #[track_caller]
    pub fn cookie(&self, name: &str) -> String {
        let found = self.cookies.iter().find(|(known, _)| known == name);
        found.unwrap_or_else(|| panic!("no cookie {name}")).1.clone()
    }

    /// Sends a request with the cookies so far.
    #[track_caller]
    pub fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let jar: Vec<String> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let jar = jar.join("; ");
        let mut all = headers.to_vec();
        if !jar.is_empty() {
            all.push(("Cookie", &jar));
        }
        let answer = send(self.addr, method, path, &all, body).expect("an answer");
        for (name, value) in &answer.headers {
            if name.eq_ignore_ascii_case("set-cookie")
                && let Some((name, value)) = value.split(';').next().and_then(|c| c.split_once('='))
            {
                self.cookies.retain(|(known, _)| known != name);
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    /// Gets a page.
    #[track_caller]
    pub fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[("Accept", "text/html")], b"")
    }

    /// Submits a form, without following the redirect.
    #[track_caller]
    pub fn post(&mut self, path: &str, pairs: &[(String, String)]) -> Answer {
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        self.send("POST", path, &[kind, ("Accept", "text/html")], encode(pairs).as_bytes())
    }

    /// Submits a form and returns the page that follows.
    #[track_caller]
    pub fn submit(&mut self, path: &str, pairs: &[(String, String)]) -> Answer {
        let answer = self.post(path, pairs);
        match (answer.status, answer.header("location").map(str::to_owned)) {
            (301..=303, Some(to)) => {
                let path = to.split_once("://").map_or(to.clone(), |(_, rest)| {
                    rest.find('/').map_or("/".to_owned(), |slash| rest[slash..].to_owned())
                });
                self.get(&path)
            }
            _ => answer,
        }
    }
}
