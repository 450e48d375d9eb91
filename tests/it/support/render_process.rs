//! One `render --jsonl` process: it must survive every line.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Writes `lines` to the process's input and returns the lines it answers.
#[track_caller]
pub fn answers(lines: Vec<Vec<u8>>) -> Vec<String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sluicegate"))
        .args(["render", "--jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the process starts");
    let mut input = child.stdin.take().expect("its input");
    let writer = std::thread::spawn(move || {
        for line in lines {
            input.write_all(&[&line[..], b"\n"].concat()).expect("it reads on");
        }
    });
    let output = child.wait_with_output().expect("it ends when its input does");
    writer.join().expect("all was written");
    assert!(output.status.success(), "{}", output.status);
    let output = String::from_utf8(output.stdout).expect("answers are UTF-8");
    output.lines().map(str::to_owned).collect()
}
