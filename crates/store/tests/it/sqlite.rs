//! Tests only for SQLite: a file that is reopened, shared, full, foreign, damaged.

use super::{at, completed, execution, insert, map, step};
use serde_json::json;
use sluicegate_store::contract::Store;
use sluicegate_store::error::Error;
use sluicegate_store::execution::{ExecutionId, State};
use sluicegate_store::query::RecordQuery;
use sluicegate_store::record::Record;
use sluicegate_store::sqlite::database::Sqlite;
use sluicegate_store::write::Write;
use std::path::PathBuf;
use tempfile::TempDir;

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    (folder, path)
}

#[test]
fn what_was_committed_is_there_after_reopening() {
    let (_folder, path) = folder();
    let ids = {
        let store = Sqlite::open(&path).unwrap();
        let ids = insert(&store, &[json!({"a": 1}), json!({"a": 2})]);
        let writes = vec![
            Write::ExecutionInsert(execution("e1", Some("k"))),
            Write::StepInsert(step("e1", 0)),
        ];
        store.commit(writes).unwrap();
        store.commit(vec![Write::ExecutionUpdate(completed("e1"))]).unwrap();
        ids
    };
    let store = Sqlite::open(&path).unwrap();
    assert_eq!(store.records(&RecordQuery::table("t")).unwrap().total_entries, 2);
    let done = store.execution(&ExecutionId::from("e1")).unwrap().unwrap();
    assert_eq!(done.state, State::Completed);
    assert_eq!(store.steps(&done.id).unwrap().len(), 1);
    // Ids continue where they stopped: none twice, and no gap after a clean shutdown.
    assert_eq!(store.next_record_id().unwrap(), ids[1] + 1);
}

#[test]
fn two_processes_on_one_file_assign_different_ids_and_see_each_other() {
    let (_folder, path) = folder();
    let one = Sqlite::open(&path).unwrap();
    let two = Sqlite::open(&path).unwrap();
    let mut ids: Vec<_> = (0..50)
        .flat_map(|_| [one.next_record_id().unwrap(), two.next_record_id().unwrap()])
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 100);
    let id = insert(&one, &[json!({"from": "one"})])[0];
    assert!(two.record(id).unwrap().is_some());
    let key = |id| vec![Write::ExecutionInsert(execution(id, Some("k")))];
    one.commit(key("e1")).unwrap();
    assert_eq!(two.commit(key("e2")), Err(Error::Conflict { existing: "e1".into() }));
}

#[test]
fn a_full_disk_is_reported_and_recovers() {
    let (_folder, path) = folder();
    let store = Sqlite::open(&path).unwrap();
    store.limit_pages(60).unwrap();
    let commit = |text: &str| {
        let id = store.next_record_id()?;
        let record = Record::new(id, "t", map(json!({"text": text})), at(0));
        store.commit(vec![Write::RecordInsert(record)]).map(|()| id)
    };
    let before = commit("small").unwrap();
    let full = commit(&"x".repeat(1 << 20)).unwrap_err();
    assert!(matches!(full, Error::Full(_)), "{full:?}");
    // The writer still works: what fits is stored, and existing rows can be read.
    let after = commit("small").unwrap();
    assert!(store.record(before).unwrap().is_some() && store.record(after).unwrap().is_some());
    store.limit_pages(10_000).unwrap();
    commit(&"x".repeat(1 << 20)).unwrap();
    assert_eq!(store.records(&RecordQuery::table("t")).unwrap().total_entries, 3);
}

#[test]
fn a_commit_too_large_for_the_disk_takes_no_other_with_it() {
    let (_folder, path) = folder();
    let store = Sqlite::open(&path).unwrap();
    store.limit_pages(200).unwrap();
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|thread| {
                let store = &store;
                scope.spawn(move || {
                    let text = if thread % 4 == 0 { "x".repeat(1 << 20) } else { "x".into() };
                    let id = store.next_record_id().unwrap();
                    let record = Record::new(id, "t", map(json!({"text": text})), at(0));
                    (thread, store.commit(vec![Write::RecordInsert(record)]))
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for (thread, result) in results {
        match result {
            Ok(()) => assert_ne!(thread % 4, 0),
            Err(Error::Full(_)) => assert_eq!(thread % 4, 0),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(store.records(&RecordQuery::table("t")).unwrap().total_entries, 12);
}

#[test]
fn files_that_are_not_ours_are_refused_with_a_reason() {
    let (folder, path) = folder();
    std::fs::write(&path, "this is no database, but long enough to be one ".repeat(20)).unwrap();
    let refused = |path: &std::path::Path| match Sqlite::open(path) {
        Err(Error::Broken(why) | Error::Damaged(why)) => why,
        other => panic!("{:?}", other.map(|_| "opened")),
    };
    assert!(refused(&path).contains("test.db"), "{}", refused(&path));
    let foreign = folder.path().join("foreign.db");
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    connection.execute_batch("CREATE TABLE theirs (a)").unwrap();
    assert!(refused(&foreign).contains("another program"), "{}", refused(&foreign));
    let newer = folder.path().join("newer.db");
    drop(Sqlite::open(&newer).unwrap());
    let connection = rusqlite::Connection::open(&newer).unwrap();
    connection.pragma_update(None, "user_version", 1000).unwrap();
    assert!(refused(&newer).contains("newer"), "{}", refused(&newer));
    let folder_path = folder.path().join("a_folder");
    std::fs::create_dir(&folder_path).unwrap();
    assert!(refused(&folder_path).contains("a_folder"));
}

#[test]
fn a_damaged_file_is_reported_and_not_read() {
    let (_folder, path) = folder();
    let store = Sqlite::open(&path).unwrap();
    let rows: Vec<_> = (0..200).map(|n| json!({"n": n, "text": "x".repeat(100)})).collect();
    insert(&store, &rows);
    drop(store);
    let mut bytes = std::fs::read(&path).unwrap();
    // Every page except the first, which holds the file's header.
    bytes[4096..].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let told = match Sqlite::open(&path) {
        Ok(store) => store.records(&RecordQuery::table("t")).map(|_| ()),
        Err(error) => Err(error),
    };
    assert!(matches!(told, Err(Error::Damaged(_))), "{told:?}");
    assert!(told.unwrap_err().to_string().contains("restore a backup"));
}

#[test]
fn one_damaged_page_is_found_by_the_check_and_kept_as_damage() {
    let (_folder, path) = folder();
    let store = Sqlite::open(&path).unwrap();
    let rows: Vec<_> = (0..2_000).map(|n| json!({"n": n, "text": "x".repeat(100)})).collect();
    insert(&store, &rows);
    assert_eq!(store.check(), Ok(()));
    drop(store);
    let mut bytes = std::fs::read(&path).unwrap();
    // Any page of rows; the schema and the first pages of the tables are whole.
    let page = bytes.len() / 4096 / 2;
    bytes[page * 4096..(page + 1) * 4096].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let store = Sqlite::open(&path).unwrap();
    assert_eq!(store.damage(), None, "nothing was read yet");
    let found = store.check().unwrap_err();
    assert!(matches!(found, Error::Damaged(_)), "{found}");
    assert!(found.to_string().contains("test.db"), "{found}");
    assert!(store.damage().is_some());
}

#[test]
fn the_file_is_private_and_opens_with_the_durable_settings() {
    let (_folder, path) = folder();
    let store = Sqlite::open(&path).unwrap();
    insert(&store, &[json!({})]);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let mode: String = connection.pragma_query_value(None, "journal_mode", |r| r.get(0)).unwrap();
    assert_eq!(mode, "wal");
    #[cfg(unix)]
    for name in ["test.db", "test.db-wal"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path.with_file_name(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_locked_file_is_busy_and_works_again_when_it_is_free() {
    let (_folder, path) = folder();
    let store = Sqlite::open(&path).unwrap();
    let ids = insert(&store, &[json!({})]);
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let delete = || store.commit(vec![Write::RecordDelete { id: ids[0], at: at(1) }]);
    assert!(matches!(delete(), Err(Error::Busy(_))));
    // Readers do not wait for a writer.
    assert!(store.record(ids[0]).unwrap().is_some());
    other.execute_batch("ROLLBACK").unwrap();
    delete().unwrap();
}
