//! The real binary on an instance with another processor, which writes a row for each event that
//! it receives, so that an event applied twice is visible.

use crate::database::Database;
use crate::sender::{Event, SECRET};
use serde_json::{Map, json};
use sluicegate_store::record::Record;
use sluicegate_store::write::Write;
use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PARTS: [&str; 6] =
    ["modules", "views", "graphql", "assets", "notifications", "template-values.json"];
const PROCESSOR: &str = "\
{%- graphql r, event_id: event.id -%}
  mutation($event_id: String!) {
    record_create(record: { table: \"applied\", properties: [{ name: \"event_id\", value: $event_id }] }) { id }
  }
{%- endgraphql -%}
";

/// A host that runs until it is dropped.
pub struct Host {
    pub addr: SocketAddr,
    child: Child,
}

impl Host {
    /// Starts it in a seeded folder; it sends its calls to `stripe`.
    pub fn start(root: &Path, database: &Database, stripe: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = free.local_addr().expect("an address");
        drop(free);
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluicegate"));
        command
            .env_clear()
            .envs(std::env::vars().filter(|(name, _)| name == "PATH" || name == "HOME"));
        command.args(["serve", "--addr", &addr.to_string(), "--stripe", stripe, "--root"]);
        command.arg(root).env("STRIPE_WEBHOOK_SECRET", SECRET).env("SLUICEGATE_EVENTS_EVERY", "0");
        if let Database::Postgres(url) = database {
            command.env("SLUICEGATE_DATABASE", url);
        }
        command.env("RUST_LOG", "off").stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("the host starts");
        let begun = Instant::now();
        while TcpStream::connect(addr).is_err() && begun.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { addr, child }
    }

    /// Its peak memory.
    pub fn megabytes(&self) -> usize {
        self.status("VmHWM:")
    }

    /// Its memory now.
    pub fn megabytes_now(&self) -> usize {
        self.status("VmRSS:")
    }

    /// A line of its status, in megabytes.
    fn status(&self, name: &str) -> usize {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        let kilobytes = line.split_whitespace().nth(1).and_then(|text| text.parse().ok());
        kilobytes.unwrap_or(0_usize) / 1024
    }

    /// The processor time that it took so far.
    pub fn cpu_time(&self) -> Duration {
        cpu_time(&self.child.id().to_string())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The processor time of a process (`self` is this one) so far, in steps of 10 ms.
pub fn cpu_time(process: &str) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = fields.split_whitespace().skip(11).take(2);
    Duration::from_millis(10 * ticks.filter_map(|field| field.parse::<u64>().ok()).sum::<u64>())
}

/// Links this repository's instance into a folder.
pub fn link(root: &Path) {
    let template = Path::new(env!("CARGO_MANIFEST_DIR"));
    for part in PARTS.iter().filter(|part| template.join(part).exists()) {
        std::os::unix::fs::symlink(template.join(part), root.join(part)).expect("a link");
    }
}

/// Creates an instance in this folder, with an account for each object that the events are about.
pub fn seed(root: &Path, database: &Database, events: &[Event]) {
    link(root);
    let processors = "app/modules/stripe/public/views/partials/webhook_processors";
    let write = |path: &str, text: &str| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    write(&format!("{processors}/customer_updated.liquid"), PROCESSOR);
    write(
        "custom_model_types/applied.yml",
        "name: applied\nproperties:\n  - name: event_id\n    type: string\n",
    );
    let store = database.store();
    let accounts: BTreeSet<&str> = events.iter().map(|event| event.object.as_str()).collect();
    let at = jiff::Timestamp::now();
    let writes = accounts.iter().enumerate().map(|(number, account)| {
        let mut properties = Map::new();
        properties.insert("gateway_id".to_owned(), json!(account));
        let id = i64::try_from(number).expect("few") + 1;
        Write::RecordInsert(Record::new(id, "modules/payments/account", properties, at))
    });
    store.commit(writes.collect()).expect("furnished");
}
