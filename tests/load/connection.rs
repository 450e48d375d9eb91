//! A connection that is kept open, and one exchange over it: no more work than a caller must do.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

/// A connection to a host; it is opened by its first exchange and again after a failed one.
pub struct Connection {
    addr: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    /// Opens nothing yet.
    pub fn to(addr: SocketAddr) -> Self {
        Self { addr, stream: None }
    }

    /// Posts JSON and returns the status of the answer, or nothing when the connection failed.
    pub fn post(&mut self, path: &str, header: &str, body: &str) -> Option<u16> {
        let answered = self.exchange(path, header, body);
        if answered.is_err() {
            self.stream = None;
        }
        answered.ok()
    }

    fn exchange(&mut self, path: &str, header: &str, body: &str) -> std::io::Result<u16> {
        let addr = self.addr;
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => none.insert(BufReader::new(TcpStream::connect(addr)?)),
        };
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {addr}\r\nContent-Type: application/json\r\n\
             {header}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.get_mut().write_all(format!("{head}{body}").as_bytes())?;
        let (mut status, mut length, mut line) = (0, 0, String::new());
        while stream.read_line(&mut line)? > 2 {
            if let Some(code) = line.strip_prefix("HTTP/1.1 ") {
                status = code.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0);
            } else if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap_or(0);
            }
            line.clear();
        }
        std::io::copy(&mut stream.by_ref().take(length), &mut std::io::sink())?;
        Ok(status)
    }
}
