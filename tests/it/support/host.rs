//! The real binary on a copy of this repository's instance, in its own folder.

use super::http::{Answer, Visitor, send};
use super::instance_files::copy_instance;
use super::stripe::Stripe;
use super::wait::eventually;
use serde_json::{Value as Json, json};
use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// An instance's folder, and the command line on it.
#[derive(Debug)]
pub struct Instance {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

/// The output of a command.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// The output as JSON.
    #[track_caller]
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("no JSON ({e}): {self:?}"))
    }

    /// Returns itself when the command succeeded.
    #[track_caller]
    pub fn good(self) -> Self {
        assert_eq!(self.code, 0, "{self:?}");
        self
    }
}

impl Instance {
    /// A copy of this repository's instance.
    pub fn new() -> Self {
        let instance = Self::empty();
        copy_instance(instance.root());
        instance
    }

    /// An empty folder.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { folder, variables: Vec::new() }
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Writes one of its files.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    /// Sets a variable for every later command.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The binary with a clean environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluicegate"));
        command.args(arguments).arg("--root").arg(self.root()).env_clear();
        for name in ["PATH", "HOME", "TMPDIR", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(self.root());
        command
    }

    /// Runs a command to completion.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, "")
    }

    /// Runs a command to completion, with standard input.
    #[track_caller]
    pub fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let mut stdin = child.stdin.take().expect("piped");
        let input = input.to_owned();
        let writing = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = child.wait_with_output().expect("it ends");
        // A command that reads no input closes the pipe; that is not an error.
        let _ = writing.join().expect("written");
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Serves it with its own sandbox.
    #[track_caller]
    pub fn serve(self) -> TestHost {
        let host = self.serve_with(&["--stripe", "sandbox", "--sandbox-addr", "127.0.0.1:0"]);
        // The sandbox gets the webhook address while the first visitors are already being served.
        eventually("the sandbox knows where to deliver events", || {
            let endpoints = host.stripe.read("/v1/webhook_endpoints");
            let count = endpoints["data"].as_array().map_or(0, Vec::len);
            if count == 2 { Ok(()) } else { Err(endpoints.to_string() + &host.process.printed()) }
        });
        host
    }

    /// Serves it with further arguments.
    #[track_caller]
    pub fn serve_with(self, arguments: &[&str]) -> TestHost {
        let process =
            Process::start(&self, &[&["serve", "--addr", "127.0.0.1:0"], arguments].concat());
        let addr = process.address("/healthz");
        let mut host = TestHost { instance: self, process, addr, stripe: Stripe { addr } };
        if let Some(sandbox) = host.sandbox_address() {
            host.stripe = Stripe { addr: sandbox };
        }
        host
    }
}

/// A running child process with its output; it is killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    printed: Arc<Mutex<String>>,
    /// The folder of a separate sandbox.
    home: Option<Instance>,
}

impl Process {
    /// Starts the binary.
    #[track_caller]
    pub fn start(instance: &Instance, arguments: &[&str]) -> Self {
        Self::of(instance.command(arguments))
    }

    /// Starts a command.
    #[track_caller]
    pub fn of(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let printed = Arc::new(Mutex::new(String::new()));
        collect(child.stdout.take().expect("piped"), &printed);
        collect(child.stderr.take().expect("piped"), &printed);
        Self { child, printed, home: None }
    }

    /// Starts a separate sandbox. Its folder is kept: one that starts slowly would not find it.
    #[track_caller]
    pub fn sandbox() -> Self {
        let home = Instance::new();
        // As lenient as the embedded one: the accounts of the tests have no capabilities.
        let lenient = ["sandbox", "--addr", "127.0.0.1:0", "--ignore-capabilities"];
        let mut sandbox = Self::start(&home, &lenient);
        sandbox.home = Some(home);
        sandbox
    }

    /// The output so far.
    pub fn printed(&self) -> String {
        self.printed.lock().expect("no reader panics").clone()
    }

    /// Returns the printed address that answers 200 at `path`.
    #[track_caller]
    pub fn address(&self, path: &str) -> SocketAddr {
        let urls = regex::Regex::new(r"http://([0-9.]+:[0-9]+)").expect("a pattern");
        eventually(&format!("an address that answers {path}"), || {
            let printed = self.printed();
            let found =
                urls.captures_iter(&printed).filter_map(|url| url[1].parse().ok()).find(|addr| {
                    send(*addr, "GET", path, &[], b"").is_ok_and(|answer| answer.status == 200)
                });
            found.ok_or(printed)
        })
    }

    /// True while it runs.
    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().expect("a child").is_none()
    }

    /// Sends a signal.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &id]).status().expect("kill");
        assert!(sent.success());
    }

    /// Sends SIGTERM; returns the exit code.
    #[track_caller]
    pub fn terminate(&mut self) -> Option<i32> {
        self.signal("TERM");
        eventually("it ends", || match self.child.try_wait() {
            Ok(Some(status)) => Ok(status.code()),
            other => Err(format!("{other:?}: {}", self.printed())),
        })
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn collect(from: impl Read + Send + 'static, into: &Arc<Mutex<String>>) {
    let into = Arc::clone(into);
    std::thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            let mut all = into.lock().expect("no reader panics");
            all.push_str(&String::from_utf8_lossy(&line));
            all.push('\n');
        }
    });
}

/// A running instance.
#[derive(Debug)]
pub struct TestHost {
    pub instance: Instance,
    pub process: Process,
    pub addr: SocketAddr,
    pub stripe: Stripe,
}

impl TestHost {
    /// This repository's instance with its own sandbox.
    #[track_caller]
    pub fn start() -> Self {
        Instance::new().serve()
    }

    /// A visitor with a browser.
    pub fn visitor(&self) -> Visitor {
        Visitor::new(self.addr)
    }

    /// Sends a request.
    #[track_caller]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let begun = std::time::Instant::now();
        send(self.addr, method, path, headers, body).unwrap_or_else(|why| {
            let printed = self.process.printed();
            let last: Vec<_> = printed.lines().rev().take(30).collect();
            panic!("{method} {path} after {:?}: {why}; the host said {last:#?}", begun.elapsed())
        })
    }

    /// Sends a JSON request.
    #[track_caller]
    pub fn post_json(&self, path: &str, body: &Json) -> Answer {
        let kind = [("Content-Type", "application/json"), ("Accept", "application/json")];
        self.send("POST", path, &kind, body.to_string().as_bytes())
    }

    /// Runs a request type through the JSON endpoint.
    #[track_caller]
    pub fn request_type(&self, name: &str, body: &Json) -> Answer {
        self.post_json(&format!("/api/request_types/{name}"), body)
    }

    /// The outcome of a request type with this data at the JSON endpoint.
    #[track_caller]
    pub fn outcome(&self, name: &str, data: &Json) -> Json {
        self.request_type(name, &json!({ "data": data })).json()
    }

    /// The same, and it has to succeed: the properties of its record.
    #[track_caller]
    pub fn completed(&self, name: &str, data: &Json) -> Json {
        let outcome = self.outcome(name, data);
        assert_eq!(outcome["state"], "completed", "{name}: {outcome:#}");
        assert_eq!(outcome["errors"], json!([]), "{name}: {outcome:#}");
        outcome["record"]["properties"].clone()
    }

    /// Returns the `data` of a GraphQL answer without errors.
    #[track_caller]
    pub fn graphql(&self, query: &str, variables: &Json) -> Json {
        let body = serde_json::json!({ "query": query, "variables": variables });
        let answer = self.post_json("/graphql", &body).expect(200).json();
        assert!(answer.get("errors").is_none(), "{query}: {answer:#}");
        answer["data"].clone()
    }

    /// The records of a table, newest first.
    #[track_caller]
    pub fn records(&self, table: &str) -> Vec<Json> {
        let query = "query($table: String!) { records(per_page: 100, filter: { table: { value: $table } }, \
            sort: [{ created_at: { order: DESC } }]) { results { id properties deleted_at } } }";
        let data = self.graphql(query, &serde_json::json!({ "table": table }));
        data["records"]["results"].as_array().expect("results").clone()
    }

    /// Runs a command on the running instance, with the same Stripe.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let url = format!("http://{}", self.stripe.addr);
        self.instance.run(&[arguments, &["--stripe", &url]].concat())
    }

    /// The address of the sandbox, or of what stands in for Stripe, as printed at start.
    fn sandbox_address(&self) -> Option<SocketAddr> {
        let line = regex::Regex::new(r"(?m)^  (?:sandbox|stripe) +https?://(.+)$");
        let line = line.expect("a pattern");
        let address = eventually("the address of Stripe is printed", || {
            let printed = self.process.printed();
            line.captures(&printed).map(|found| found[1].to_owned()).ok_or(printed)
        });
        address.parse().ok()
    }
}
