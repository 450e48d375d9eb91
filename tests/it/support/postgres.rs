//! A private PostgreSQL cluster: created by `initdb` in a temporary folder, deleted at the end.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

const USER: &str = "sluicegate";

/// A server on its own port, without passwords, reachable only from this machine.
#[derive(Debug)]
pub struct Cluster {
    bin: PathBuf,
    folder: PathBuf,
    port: u16,
    // Closed when this process ends, for any reason: the server stops and its folder is deleted.
    _watched: ChildStdin,
}

/// Runs during the tests: started in the folder `$1` on port `$2` with settings `$3`.
const SCRIPT: &str = r#"
set -e
folder=$1; port=$2; settings=$3
trap 'pg_ctl -D "$folder/data" -m immediate stop >/dev/null 2>&1; rm -rf "$folder"' EXIT
trap '' INT TERM HUP
initdb -D "$folder/data" -U sluicegate --auth=trust --encoding=UTF8 --locale=C -N >"$folder/initdb.log" 2>&1
{
  echo "listen_addresses = '127.0.0.1'"
  echo "port = $port"
  echo "unix_socket_directories = '$folder'"
  echo "max_connections = 400"
  echo "$settings"
} >>"$folder/data/postgresql.conf"
pg_ctl -D "$folder/data" -w -l "$folder/log" start >/dev/null 2>&1
echo ready
read -r _ || true
"#;

/// The cluster shared by the tests; each uses its own database. `None` where PostgreSQL is not
/// installed; that is printed.
pub fn shared() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
    // These tests do not depend on what is on disk.
    SHARED.get_or_init(|| Cluster::start("fsync = off")).as_ref()
}

impl Cluster {
    /// Starts a cluster with these lines in its configuration.
    #[expect(clippy::zombie_processes, reason = "it ends after this process, when its input does")]
    pub fn start(settings: &str) -> Option<Self> {
        let Some(bin) = bin() else {
            eprintln!("SKIPPED: PostgreSQL is not installed (apt-get install postgresql)");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("sluicegate-pg-").tempdir().expect("made");
        let folder = folder.keep();
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
        let port = port.port();
        let mut command = as_unprivileged_user(&folder);
        command.args(["sh", "-c", SCRIPT, "sh"]).arg(&folder);
        command.args([port.to_string().as_str(), settings]);
        command.env("PATH", path_with(&bin)).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("a shell");
        let watched = child.stdin.take().expect("piped");
        let mut said = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut said).expect("read");
        let told = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert_eq!(said.trim(), "ready", "PostgreSQL did not start: {}", told());
        Some(Self { bin, folder, port, _watched: watched })
    }

    /// Returns the address of a new, empty database.
    pub fn database(&self) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let port = self.port.to_string();
        let made = Command::new(self.bin.join("createdb"))
            .args(["-h", "127.0.0.1", "-p", &port, "-U", USER, "-T", "template0", &name])
            .output()
            .expect("createdb");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        format!("postgres://{USER}@127.0.0.1:{port}/{name}?sslmode=disable")
    }

    /// Runs SQL in the database at an address.
    #[allow(dead_code, reason = "for the tests of the store")]
    pub fn run(&self, address: &str, sql: &str) {
        let psql = Command::new(self.bin.join("psql"))
            .args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql, address])
            .output()
            .expect("psql");
        assert!(psql.status.success(), "{sql}: {}", String::from_utf8_lossy(&psql.stderr));
    }

    /// Returns what the server has logged so far.
    #[allow(dead_code, reason = "for the tests of the store")]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Kills the server, as when its machine fails.
    pub fn kill(&self) {
        self.ctl(&["-m", "immediate", "stop"]);
    }

    /// Starts the server again.
    pub fn restart(&self) {
        let log = self.folder.join("log").display().to_string();
        self.ctl(&["-w", "-l", &log, "start"]);
    }

    fn ctl(&self, arguments: &[&str]) {
        let mut command = as_unprivileged_user(&self.folder);
        let data = self.folder.join("data");
        command.arg(self.bin.join("pg_ctl")).arg("-D").arg(data).args(arguments);
        let done = command.current_dir("/").stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(done.expect("pg_ctl").success(), "pg_ctl {arguments:?}");
    }
}

/// Runs the command as a user other than root, who owns the folder: PostgreSQL requires it.
fn as_unprivileged_user(folder: &Path) -> Command {
    let id = Command::new("id").arg("-u").output().expect("id");
    if String::from_utf8_lossy(&id.stdout).trim() != "0" {
        return Command::new("env");
    }
    let user = if exists("postgres") { "postgres" } else { "nobody" };
    let owned = Command::new("chown").arg(user).arg(folder).status().expect("chown");
    assert!(owned.success(), "chown {user}");
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", "nogroup", "--clear-groups", "--"]);
    command
}

fn exists(user: &str) -> bool {
    Command::new("id").arg(user).output().is_ok_and(|done| done.status.success())
}

/// The folder of the server's programs: Debian's, or from the PATH.
fn bin() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all: Vec<_> = std::env::split_paths(&path).chain(debian).collect();
    let programs = ["initdb", "pg_ctl", "createdb", "psql"];
    all.into_iter().find(|folder| programs.iter().all(|program| folder.join(program).exists()))
}

fn path_with(bin: &Path) -> String {
    format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default())
}
