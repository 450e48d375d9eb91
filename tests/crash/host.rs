//! The host as a child: started, killed, started again on the same folder and port.

use serde_json::Value as Json;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

const SIGABRT: i32 = 6;

pub const SECRET: &str = "whsec_crash_test_0123456789abcdef";
/// Who may call.
pub const TOKEN: &str = "crash-test-token";
/// What an operator puts in its place; for a while both are good.
pub const NEXT_SECRET: &str = "whsec_crash_test_rotated_0123456789";

/// Hosts that share a database and a folder: one, or two on PostgreSQL.
pub struct Fleet(pub Vec<Host>);

impl Fleet {
    pub fn addrs(&self) -> Vec<SocketAddr> {
        self.0.iter().map(|host| host.addr).collect()
    }

    /// Starts those that died by themselves.
    pub fn restart(&mut self) {
        self.0.iter_mut().filter_map(|host| host.is_dead().then_some(host)).for_each(|host| {
            host.start();
        });
    }

    pub fn kill(&mut self) {
        self.0.iter_mut().for_each(Host::kill);
    }

    /// The first: whose folder and database are everybody's.
    pub fn first(&self) -> &Host {
        &self.0[0]
    }
}

/// An address that nobody else gets while its host is dead: a port that the kernel gives away could
/// be another life's by then, which would answer this life's questions from its own database.
fn own_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Below what Linux gives to those who do not ask for a port.
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

/// A host that dies and comes back.
pub struct Host {
    pub addr: SocketAddr,
    pub root: PathBuf,
    stripe: String,
    /// PostgreSQL, shared with another host; its own file when there is none.
    pub database: Option<String>,
    planted: Option<String>,
    child: Option<Child>,
    /// Seconds its clock is ahead of the machine's.
    pub ahead: i64,
    /// How far the secret's rotation is: the old one, both, the new one.
    pub rotation: u8,
    pub starts: u32,
    /// Watches the files of its modules, and every file that any host opens wakes it.
    pub is_development: bool,
    /// Where it dies, once: `name:times`.
    pub crash_at: Option<String>,
    /// It did.
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

    /// Starts it; the place to die at holds until it has died there.
    pub fn start(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluicegate"));
        command
            .env_clear()
            .envs(std::env::vars().filter(|(name, _)| name == "PATH" || name == "HOME"));
        command
            .args(["serve", "--addr", &self.addr.to_string(), "--stripe", &self.stripe, "--root"])
            .arg(&self.root)
            .env("STRIPE_WEBHOOK_SECRET", self.secrets())
            // Small logs, so that dying often means dying around a checkpoint.
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

    /// A copy of the database by command, perhaps dying at a place; true when it says that it went well.
    pub fn backup(&self, to: &Path, crash_at: Option<&str>) -> bool {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluicegate"));
        command.arg("backup").arg(to).arg("--root").arg(&self.root);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.envs(crash_at.map(|place| ("CRASH_AT", place)));
        command.status().is_ok_and(|status| status.success())
    }

    /// True when it has died by itself.
    pub fn is_dead(&mut self) -> bool {
        let Some(child) = &mut self.child else { return true };
        let Ok(ended) = child.try_wait() else { return true };
        // A place to die at aborts; the harness kills otherwise.
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

/// One request, by hand, so that a dying host is an error and nothing else.
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

/// Looks until `found`, or gives the last reason.
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
