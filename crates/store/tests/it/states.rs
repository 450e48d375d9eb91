//! Constants, sessions and activities.

use super::{at, databases};
use serde_json::json;
use sluicegate_store::page::{COUNT_MAX, Paging};
use sluicegate_store::state::{Activity, Constant, Session};
use sluicegate_store::write::Write;

#[test]
fn constants_are_set_and_set_again() {
    for opened in databases() {
        let set = |name: &str, sealed: &str, second| {
            let (name, sealed) = (name.to_owned(), sealed.to_owned());
            Write::ConstantSet(Constant { name, sealed, updated_at: at(second) })
        };
        opened.store.commit(vec![set("b", "v1.x", 0), set("a", "v1.y", 0)]).unwrap();
        opened.store.commit(vec![set("b", "v1.z", 1)]).unwrap();
        let constants = opened.store.constants().unwrap();
        let seen: Vec<_> =
            constants.iter().map(|c| (c.name.as_str(), c.sealed.as_str(), c.updated_at)).collect();
        assert_eq!(seen, [("a", "v1.y", at(0)), ("b", "v1.z", at(1))]);
        assert!(!format!("{constants:?}").contains("v1."));
    }
}

#[test]
fn sessions_come_and_go() {
    for opened in databases() {
        let store = &opened.store;
        let session = |id: &str, second| Session {
            id_hash: id.into(),
            data: json!({"user": id}),
            user_id: (id != "a").then(|| "u".to_owned()),
            expires_at: at(second),
        };
        let puts = [("a", 10), ("b", 20), ("c", 30)];
        store.commit(puts.map(|(id, end)| Write::SessionPut(session(id, end))).to_vec()).unwrap();
        store.commit(vec![Write::SessionPut(session("b", 40))]).unwrap();
        assert_eq!(store.session("b").unwrap(), Some(session("b", 40)));
        store.commit(vec![Write::SessionDelete { id_hash: "c".into() }]).unwrap();
        store.commit(vec![Write::SessionDelete { id_hash: "never".into() }]).unwrap();
        store.commit(vec![Write::SessionsExpire { before: at(30) }]).unwrap();
        let left: Vec<_> =
            ["a", "b", "c"].into_iter().filter(|id| store.session(id).unwrap().is_some()).collect();
        assert_eq!(left, ["b"]);
        // A change does not bring an ended session back.
        store.commit(vec![Write::SessionUpdate(session("b", 50))]).unwrap();
        assert_eq!(store.session("b").unwrap(), Some(session("b", 50)));
        store.commit(vec![Write::SessionPut(session("d", 50))]).unwrap();
        store.commit(vec![Write::SessionPut(session("a", 50))]).unwrap();
        store.commit(vec![Write::SessionsEnd { user_id: "u".into() }]).unwrap();
        store.commit(vec![Write::SessionUpdate(session("b", 60))]).unwrap();
        let left: Vec<_> =
            ["a", "b", "d"].into_iter().filter(|id| store.session(id).unwrap().is_some()).collect();
        assert_eq!(left, ["a"]);
    }
}

#[test]
fn activities_are_listed_newest_first_or_by_name() {
    for opened in databases() {
        let activity = |n: i64| Activity {
            uuid: format!("uuid-{n}"),
            payload: json!({"type": "payment_created", "n": n}),
            created_at: at(n),
        };
        let writes = (0..5).map(|n| Write::ActivityInsert(activity(n))).collect();
        opened.store.commit(writes).unwrap();
        let page = opened.store.activities(&[], Paging::new(2, 2, COUNT_MAX)).unwrap();
        assert_eq!(page.results, [activity(2), activity(1)]);
        assert_eq!((page.total_entries, page.total_pages()), (5, 3));
        let named = opened.store.activities(&["uuid-3".into(), "none".into()], Paging::new(1, 20, 0)).unwrap();
        assert_eq!(named.results, [activity(3)]);
        assert!(opened.store.commit(vec![Write::ActivityInsert(activity(3))]).is_err());
    }
}
