//! The check of the engine's instruction counts (`benches/instructions/run`), which CI runs.

use crate::tree::{read, root};
use std::fs;
use std::process::Command;

/// Whether the script accepts these counts, and what it says.
fn compared(counts: &str) -> (bool, String) {
    let file = std::env::temp_dir().join(format!("counts-{}.tsv", std::process::id()));
    fs::write(&file, counts).expect("written");
    let script = root().join("benches/instructions/run");
    let output = Command::new(script).arg("--compare").arg(&file).output().expect("it ran");
    fs::remove_file(&file).expect("removed");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The recorded counts with one of them changed.
fn changed(recorded: &str, row: usize, change: impl Fn(u64) -> u64) -> String {
    let mut lines: Vec<String> = recorded.lines().map(str::to_owned).collect();
    let (name, count) = lines[row].rsplit_once('\t').expect("a row");
    lines[row] = format!("{name}\t{}", change(count.parse().expect("a number")));
    lines.join("\n") + "\n"
}

#[test]
fn a_count_that_rose_by_more_than_a_tenth_fails() {
    let recorded = read(&root().join("benches/instructions/recorded.tsv"));
    assert_eq!(recorded.lines().count(), 1 + 9, "three shapes in three modes");
    assert!(compared(&recorded).0);
    for row in 1..=9 {
        let (passes, said) = compared(&changed(&recorded, row, |count| count * 111 / 100));
        assert!(!passes && said.contains("--record"), "row {row}: {said}");
        assert!(compared(&changed(&recorded, row, |count| count * 109 / 100)).0, "row {row}");
        assert!(compared(&changed(&recorded, row, |count| count / 2)).0, "row {row}");
    }
    let (passes, _) = compared(recorded.rsplit_once("page").expect("a row of the page").0);
    assert!(!passes, "a row that was not counted");
    let (passes, said) = compared(&recorded.replace("rustc ", "rustc 9."));
    assert!(passes && said.contains("counted with rustc 9."), "{said}");
}

/// benches/README.md shows the counts that are recorded.
#[test]
fn the_recorded_counts_are_those_of_the_readme() {
    let readme = read(&root().join("benches/README.md"));
    let recorded = read(&root().join("benches/instructions/recorded.tsv"));
    for row in recorded.lines().skip(1) {
        let cells: Vec<&str> = row.split('\t').collect();
        let line = format!("| {} | {} | {} |", cells[0], cells[1], cells[2]);
        assert!(readme.contains(&line), "benches/README.md lacks {line}");
    }
}
