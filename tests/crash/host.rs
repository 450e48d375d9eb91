//! The host as a child process: started, killed, and restarted on the same folder and port.

use serde_json::Value as Json;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

const SIGABRT: i32 = 6;

pub const SECRET: &str = "whsec_crash_test_0123456789abcdef";
/// The API token.
pub const TOKEN: &str = "crash-test-token-0123456789abcdef-0123";
/// The token that replaces it; for some time both are valid.
pub const NEXT_SECRET: &str = "whsec_crash_test_rotated_0123456789";

/// Hosts that share a database and a folder: one, or two on PostgreSQL.
pub struct Fleet(pub Vec<Host>);

impl Fleet {
    pub fn addrs(&self) -> Vec<SocketAddr> {
        self.0.iter().map(|host| host.addr).collect()
    }

    /// Restarts the hosts that have crashed.
    pub fn restart(&mut self) {
        self.0.iter_mut().filter_map(|host| host.is_dead().then_some(host)).for_each(|host| {
            host.start();
        });
    }

    pub fn kill(&mut self) {
        self.0.iter_mut().for_each(Host::kill);
    }

    /// The first host; all share its folder and database.
    pub fn first(&self) -> &Host {
        &self.0[0]
    }
}

/// Returns an address that no other process gets while its host is down: a port assigned by the
/// kernel could meanwhile belong to the host of another run, which would answer with its own data.
fn own_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Below the range from which Linux assigns ports.
    let (first, count) = (10_000, 20_000);
    let start = u16::try_from(std::process::id() % u32::from(count)).expect("below");
    loop {
        let place = NEXT.fetch_add(1, Ordering::SeqCst).wrapping_add(start) % count;
        let addr = SocketAddr::from(([127, 0, 0, 1], first + place));
        if TcpListener::bind(addr).is_ok() {
            return addr;
        }
    }
}

/// A host that is killed and restarted.
pub struct Host {
    pub addr: SocketAddr,
    pub root: PathBuf,
    stripe: String,
    /// The PostgreSQL database shared with another host; otherwise it uses its own file.
    pub database: Option<String>,
    planted: Option<String>,
    child: Option<Child>,
    /// Seconds by which its clock is ahead of the machine's.
    pub ahead: i64,
    /// The step of the secret's rotation: the old one, both, the new one.
    pub rotation: u8,
    pub starts: u32,
    /// Watches the files of its modules; every file opened by any host wakes the watcher.
    pub is_development: bool,
    /// The failpoint that kills it, once: `name:times`.
    pub crash_at: Option<String>,
    /// True once it was killed there.
    pub died_there: bool,
}

impl Host {
    pub fn new(root: &Path, stripe: SocketAddr, planted: Option<&str>) -> Self {
        Self {
            addr: own_address(),
            root: root.to_owned(),
            stripe: format!("http://{stripe}"),
            database: None,
            planted: planted.map(str::to_owned),
            child: None,
            ahead: 0,
            rotation: 0,
            starts: 0,
            is_development: false,
            crash_at: None,
            died_there: false,
        }
    }

    /// Starts it; the failpoint is set until it was hit.
    pub fn start(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluicegate"));
        command
            .env_clear()
            .envs(std::env::vars().filter(|(name, _)| name == "PATH" || name == "HOME"));
        command
            .args(["serve", "--addr", &self.addr.to_string(), "--stripe", &self.stripe, "--root"])
            .arg(&self.root)
            .env("STRIPE_WEBHOOK_SECRET", self.secrets())
            // A small WAL, so that many crashes happen around a checkpoint.
            .env("CHECKPOINT_PAGES", "60")
            .env("SLUICEGATE_EVENTS_EVERY", "0")
            .env("CLOCK_AHEAD", self.ahead.to_string())
            .env("TIME_SCALE", "20")
            .env("SLUICEGATE_API_TOKEN", TOKEN)
            .env("SLUICEGATE_ENV", if self.is_development { "development" } else { "production" })
            .env("RUST_LOG", "off")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.envs(self.database.iter().map(|url| ("SLUICEGATE_DATABASE", url)));
        if let Some(planted) = &self.planted {
            command.env("INJECTED_BUG", planted);
        }
        if let Some(place) = self.crash_at.as_ref().filter(|_| !self.died_there) {
            command.env("CRASH_AT", place);
        }
        self.child = Some(command.spawn().expect("the host starts"));
        self.starts += 1;
    }

    fn secrets(&self) -> String {
        match self.rotation {
            0 => SECRET.to_owned(),
            1 => format!("{NEXT_SECRET},{SECRET}"),
            _ => NEXT_SECRET.to_owned(),
        }
    }

    /// Runs the backup command, with an optional failpoint; true when the command reports success.
    pub fn backup(&self, to: &Path, crash_at: Option<&str>) -> bool {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluicegate"));
        command.arg("backup").arg(to).arg("--root").arg(&self.root);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.envs(crash_at.map(|place| ("CRASH_AT", place)));
        command.status().is_ok_and(|status| status.success())
    }

    /// True when it has crashed.
    pub fn is_dead(&mut self) -> bool {
        let Some(child) = &mut self.child else { return true };
        let Ok(ended) = child.try_wait() else { return true };
        // Failpoints abort the process; the test itself uses SIGKILL.
        self.died_there |= ended.is_some_and(|status| status.signal() == Some(SIGABRT));
        ended.is_some()
    }

    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends one request by hand, so that a dying host causes an error and nothing else.
pub fn post(
    addr: SocketAddr,
    path: &str,
    headers: &[(&str, String)],
    body: &str,
) -> Option<(u16, Json)> {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect_timeout(&addr, Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let mut head = format!(
        "POST {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).unwrap_or(Json::Null)))
}

/// Polls until `found`, or returns the last reason.
pub fn until<T>(
    bound: Duration,
    mut found: impl FnMut() -> Result<T, String>,
) -> Result<T, String> {
    let begun = Instant::now();
    loop {
        match found() {
            Ok(value) => return Ok(value),
            Err(reason) if begun.elapsed() > bound => return Err(reason),
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}
