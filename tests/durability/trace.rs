//! Parses the output of `strace -f -yy`: each line is the start of a call, its end, or both.

/// A system call, as far as the disk or the witness needs it.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// A file was opened; `made` when it may be new.
    Open {
        path: String,
        made: bool,
        emptied: bool,
    },
    /// Bytes for a file, at an offset or at the descriptor's position.
    Write {
        fd: String,
        path: String,
        at: Option<u64>,
        bytes: Vec<u8>,
    },
    /// Bytes for a peer, from a local address.
    Send {
        local: String,
        remote: String,
        bytes: Vec<u8>,
    },
    Truncate {
        path: String,
        length: u64,
    },
    Sync {
        path: String,
    },
    Unlink {
        path: String,
    },
    Rename {
        from: String,
        to: String,
    },
    Link {
        from: String,
        to: String,
    },
    MakeFolder {
        path: String,
    },
    /// A call that would make this reading wrong.
    Unread {
        line: String,
    },
}

/// A parsed line.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Begin(u64, Call),
    /// The end of the call with this number, and whether it succeeded.
    End(u64, bool),
}

/// The calls to trace; [`read`] understands all of them.
pub const CALLS: &str = "openat,open,creat,pwrite64,pwritev,write,writev,sendto,sendmsg,fsync,fdatasync,\
                         sync_file_range,ftruncate,fallocate,copy_file_range,unlink,unlinkat,rename,\
                         renameat,renameat2,link,linkat,mkdir,mkdirat,io_uring_setup";

/// All events, in order.
pub fn read(text: &[u8]) -> Vec<Event> {
    let mut events = Vec::new();
    let mut open = std::collections::HashMap::new();
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = String::from_utf8_lossy(line);
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        if let Some(rest) = rest.strip_prefix("<... ") {
            if let Some(begun) = open.remove(thread) {
                events.push(Event::End(begun, succeeded(rest)));
            }
            continue;
        }
        let Some((name, arguments)) = rest.split_once('(') else { continue };
        let Some(call) = call(name, arguments) else { continue };
        let number = number as u64;
        events.push(Event::Begin(number, call));
        if arguments.ends_with("<unfinished ...>") {
            open.insert(thread.to_owned(), number);
        } else {
            events.push(Event::End(number, succeeded(arguments)));
        }
    }
    events
}

fn succeeded(rest: &str) -> bool {
    rest.rsplit_once(" = ").is_some_and(|(_, result)| !result.starts_with(['-', '?']))
}

fn call(name: &str, arguments: &str) -> Option<Call> {
    let text = |place: usize| strings(arguments).into_iter().nth(place).map(utf8);
    let path = || descriptor(arguments).map(|(_, path)| path).filter(|path| path.starts_with('/'));
    Some(match name {
        "openat" | "open" => Call::Open {
            path: text(0)?,
            made: arguments.contains("O_CREAT"),
            emptied: arguments.contains("O_TRUNC"),
        },
        "pwrite64" | "write" | "writev" | "sendto" | "sendmsg" => {
            let (fd, to) = descriptor(arguments)?;
            let bytes = strings(arguments).concat();
            if let Some(pair) = to.strip_prefix("TCP:[").and_then(|to| to.strip_suffix(']')) {
                let (local, remote) = pair.split_once("->")?;
                Call::Send { local: local.to_owned(), remote: remote.to_owned(), bytes }
            } else if to.starts_with('/') {
                let at = if name == "pwrite64" { Some(last_number(arguments)?) } else { None };
                Call::Write { fd, path: to, at, bytes }
            } else {
                return None;
            }
        }
        "fsync" | "fdatasync" => Call::Sync { path: path()? },
        "ftruncate" => Call::Truncate { path: path()?, length: last_number(arguments)? },
        "unlink" | "unlinkat" => Call::Unlink { path: text(0)? },
        "rename" | "renameat" | "renameat2" => Call::Rename { from: text(0)?, to: text(1)? },
        "link" | "linkat" => Call::Link { from: text(0)?, to: text(1)? },
        "mkdir" | "mkdirat" => Call::MakeFolder { path: text(0)? },
        _ => Call::Unread { line: format!("{name}({}", arguments.get(..80).unwrap_or(arguments)) },
    })
}

/// `12</path>` or `12<TCP:[a->b]>`: the descriptor and what it refers to.
fn descriptor(arguments: &str) -> Option<(String, String)> {
    let (fd, rest) = arguments.split_once('<')?;
    let end = if rest.starts_with("TCP") { rest.find("]>")? + 1 } else { rest.find('>')? };
    let well = fd.bytes().all(|byte| byte.is_ascii_digit());
    well.then(|| (fd.to_owned(), rest[..end].to_owned()))
}

/// The last number among the arguments.
fn last_number(arguments: &str) -> Option<u64> {
    // Written data may look like anything; numbers follow it.
    let after = arguments.rsplit_once('"').map_or(arguments, |(_, after)| after);
    let inside = after.rsplit_once(" = ").map_or(after, |(inside, _)| inside);
    let inside = inside.trim_end_matches("<unfinished ...>").trim_end().trim_end_matches(')');
    inside.rsplit_once(", ")?.1.parse().ok()
}

fn utf8(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Every quoted string, as bytes.
fn strings(arguments: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut bytes = arguments.bytes().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'"' {
            continue;
        }
        let mut text = Vec::new();
        while let Some(byte) = bytes.next() {
            match byte {
                b'"' => break,
                b'\\' => text.push(escaped(&mut bytes)),
                plain => text.push(plain),
            }
        }
        found.push(text);
    }
    found
}

/// The character after a backslash: a letter, or one to three octal digits.
fn escaped(bytes: &mut std::iter::Peekable<std::str::Bytes<'_>>) -> u8 {
    let is_octal = |byte: &u8| (b'0'..=b'7').contains(byte);
    match bytes.next() {
        Some(b'n') => b'\n',
        Some(b't') => b'\t',
        Some(b'r') => b'\r',
        Some(b'v') => 0x0b,
        Some(b'f') => 0x0c,
        Some(first) if is_octal(&first) => {
            let mut value = u32::from(first - b'0');
            for _ in 0..2 {
                let Some(digit) = bytes.next_if(is_octal) else { break };
                value = value * 8 + u32::from(digit - b'0');
            }
            u8::try_from(value & 0xff).expect("eight bits")
        }
        Some(other) => other,
        None => b'\\',
    }
}

/// A parser that reads nothing would accept everything.
pub fn check() {
    let lines = concat!(
        "7 openat(AT_FDCWD</r>, \"/r/a\", O_RDWR|O_CREAT, 0600) = 3</r/a>\n",
        "7 pwrite64(3</r/a>, \"\\0\\1012\\n\\\" = \", 8, 4096 <unfinished ...>\n",
        "8 fsync(3</r/a>) = 0\n",
        "7 <... pwrite64 resumed>) = 8\n",
        "9 writev(5<TCP:[127.0.0.1:1->127.0.0.1:2]>, [{iov_base=\"HTTP\", iov_len=4}, {iov_base=\"!\", iov_len=1}], 2) = 5\n",
        "9 unlink(\"/r/b\") = -1 ENOENT (No such file)\n",
    );
    let bytes = vec![0, b'A', b'2', b'\n', b'"', b' ', b'=', b' '];
    let path = "/r/a".to_owned();
    let expected = [
        Event::Begin(0, Call::Open { path: path.clone(), made: true, emptied: false }),
        Event::End(0, true),
        Event::Begin(1, Call::Write { fd: "3".into(), path: path.clone(), at: Some(4096), bytes }),
        Event::Begin(2, Call::Sync { path }),
        Event::End(2, true),
        Event::End(1, true),
        Event::Begin(
            4,
            Call::Send {
                local: "127.0.0.1:1".into(),
                remote: "127.0.0.1:2".into(),
                bytes: b"HTTP!".to_vec(),
            },
        ),
        Event::End(4, true),
        Event::Begin(5, Call::Unlink { path: "/r/b".into() }),
        Event::End(5, false),
    ];
    assert_eq!(read(lines.as_bytes()), expected);
}
