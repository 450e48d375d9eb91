//! The log: what is written, and the redaction that every line passes.
//!
//! Libraries write payloads below `info`: headers, frames, parameters of statements. What is secret
//! in them cannot be recognized by its look, so their lines below `info` are never written,
//! whatever `SLUICEGATE_LOG` says.

use super::log_filter;
use sluicegate_secret::redaction;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal as _, Write};
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::fmt::{MakeWriter, layer};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What the targets of our own crates begin with.
const OURS: &str = "sluicegate";

/// Starts the log on standard error.
pub fn start() {
    let filter = EnvFilter::try_new(log_filter()).unwrap_or_else(|_| EnvFilter::new("info"));
    // What operators do is logged whatever the setting is.
    let filter = filter.add_directive("sluicegate::audit=info".parse().expect("a directive"));
    // Colors only for a terminal: a file or a journal gets plain lines.
    let lines = layer().with_ansi(io::stderr().is_terminal()).with_writer(Redacted);
    let capped = filter_fn(may_be_written).with_max_level_hint(Level::TRACE);
    tracing_subscriber::registry().with(filter).with(capped).with(lines).init();
    // The message of a panic may have a value in it.
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("unnamed");
        eprintln!("thread '{name}' {}", redaction::text(&panic.to_string()));
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            eprintln!("{trace}");
        }
    }));
}

/// False for a library's line below `info`.
fn may_be_written(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let is_ours = target
        .strip_prefix(OURS)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::") || rest.starts_with('_'));
    is_ours || *metadata.level() <= Level::INFO
}

/// Standard error, for lines without secrets.
struct Redacted;

impl<'a> MakeWriter<'a> for Redacted {
    type Writer = Line<io::Stderr>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(io::stderr())
    }
}

/// A longer message repeats what somebody sent.
const LINE_CHARS_MAX: usize = 16 * 1024;
/// What the further lines of one message begin with, so that none passes for a line of its own.
const CONTINUED: &str = "    | ";

/// Writes lines without secrets. The layer writes each line at once.
struct Line<W>(W);

/// The text of one line, whatever was in its message.
fn in_one_line(text: &str) -> String {
    let (body, end) = match text.strip_suffix('\n') {
        Some(body) => (body, "\n"),
        None => (text, ""),
    };
    let mut line = String::with_capacity(text.len().min(LINE_CHARS_MAX));
    for (place, char) in body.chars().enumerate() {
        if place == LINE_CHARS_MAX {
            line.push_str(" … cut");
            break;
        }
        match char {
            '\n' => line.extend(['\n'].into_iter().chain(CONTINUED.chars())),
            '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                line.extend(char.escape_unicode());
            }
            char => line.push(char),
        }
    }
    line + end
}

impl<W: Write> Write for Line<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = in_one_line(&String::from_utf8_lossy(line));
        let mut masked = String::with_capacity(text.len());
        // A color would make a number look like a part of a word.
        for (place, part) in text.split('\u{1b}').enumerate() {
            let (color, plain) = match (place, part.split_once('m')) {
                (1.., Some((color, plain))) => (color, plain),
                _ => ("", part),
            };
            if place > 0 {
                masked.push('\u{1b}');
                masked.push_str(color);
                masked.push('m');
            }
            masked.push_str(&redaction::text(plain));
        }
        self.0.write_all(masked.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(line: &str) -> String {
        let mut to = Line(Vec::new());
        to.write_all(line.as_bytes()).expect("memory");
        String::from_utf8(to.0).expect("text")
    }

    #[test]
    fn a_message_forges_no_line() {
        let forged = "ERROR a: x\r\n2026-11-30 INFO sluicegate::audit: accepted\u{2028}y\n";
        let line =
            "ERROR a: x\\u{d}\n    | 2026-11-30 INFO sluicegate::audit: accepted\\u{2028}y\n";
        assert_eq!(written(forged), line);
    }

    #[test]
    fn a_line_has_no_secret_in_color_or_plain() {
        let plain = "INFO a: key=sk_test_0123456789 card=4242 4242 4242 4242 order=7\n";
        assert_eq!(written(plain), "INFO a: key=[secret] card=[secret] order=7\n");
        let color = "\u{1b}[2mINFO\u{1b}[0m \u{1b}[3mn\u{1b}[0m=4242424242424242\u{1b}[0m\n";
        let expected = "\u{1b}[2mINFO\u{1b}[0m \u{1b}[3mn\u{1b}[0m=[secret]\u{1b}[0m\n";
        assert_eq!(written(color), expected);
        assert_eq!(written("\u{1b}[0m4242424242424242 m"), "\u{1b}[0m[secret] m");
    }
}
