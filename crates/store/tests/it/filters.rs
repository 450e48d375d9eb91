//! Filters: which records match, and that the database and `RecordQuery::matches` agree.

use super::{at, databases, insert};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value as Json, json};
use sluicegate_store::query::{Deleted, Filter, Op, Range, RecordQuery, Sort, Subject};
use sluicegate_store::record::Record;
use sluicegate_store::write::Write;

fn property(op: Op) -> Filter {
    Filter::property("p", op)
}

fn range(text: &str, bound: Json) -> Op {
    let mut range = Range::default();
    match text {
        "gt" => range.gt = Some(bound),
        "gte" => range.gte = Some(bound),
        "lt" => range.lt = Some(bound),
        _ => range.lte = Some(bound),
    }
    Op::Range(range)
}

#[test]
fn filters_find_what_platform_os_finds() {
    let rows = [
        json!({"p": "500"}),          // 0
        json!({"p": 500}),            // 1
        json!({"p": 500.0}),          // 2
        json!({"p": true}),           // 3
        json!({"p": "true"}),         // 4
        json!({"p": null}),           // 5
        json!({}),                    // 6
        json!({"p": ["a", 5, true]}), // 7
        json!({"p": "100% of_it"}),   // 8
        json!({"p": 60}),             // 9
    ];
    let text = |text: &str| text.to_owned();
    let cases: Vec<(Filter, &[usize])> = vec![
        (property(Op::Equals(json!("500"))), &[0, 1]),
        (property(Op::Equals(json!(500))), &[0, 1, 2]),
        (property(Op::Equals(json!(500.0))), &[1, 2]),
        (property(Op::Equals(json!("true"))), &[3, 4]),
        (property(Op::Equals(json!(true))), &[3, 4]),
        (property(Op::Equals(json!(null))), &[5, 6]),
        (property(Op::Equals(json!(["a", 5, true]))), &[7]),
        (property(Op::Equals(json!("500"))).negated(), &[2, 3, 4, 5, 6, 7, 8, 9]),
        (property(Op::In(vec![json!("true"), json!(60)])), &[3, 4, 9]),
        (property(Op::In(vec![])), &[]),
        (property(Op::In(vec![json!(null), json!("60")])), &[5, 6, 9]),
        (property(Op::Exists(true)), &[0, 1, 2, 3, 4, 7, 8, 9]),
        (property(Op::Exists(false)), &[5, 6]),
        (property(Op::Contains(text("% of_"))), &[8]),
        (property(Op::Contains(text("_"))), &[8]),
        (property(Op::StartsWith(text("50"))), &[0, 1, 2]),
        (property(Op::EndsWith(text("00"))), &[0, 1]),
        (property(Op::EndsWith(text(""))), &[0, 1, 2, 3, 4, 7, 8, 9]),
        (property(range("gt", json!(60))), &[1, 2, 3, 4, 7]),
        (property(range("gte", json!("60"))), &[1, 2, 3, 4, 7, 9]),
        (property(range("lt", json!("100"))), &[9]),
        (property(Op::ArrayContains(json!("5"))), &[7]),
        (property(Op::ArrayContains(json!(true))), &[7]),
        (property(Op::ArrayContains(json!("50"))), &[]),
        (property(Op::ArrayOverlaps(vec![json!("x"), json!("a")])), &[7]),
    ];
    for opened in databases() {
        let ids = insert(opened.store.as_ref(), &rows);
        for (filter, expected) in &cases {
            let query = RecordQuery { filters: vec![filter.clone()], ..RecordQuery::table("t") };
            let found = opened.store.records(&query).unwrap().results;
            let places: Vec<_> =
                found.iter().map(|r| ids.iter().position(|id| *id == r.id).unwrap()).collect();
            let expected: Vec<usize> = expected.to_vec();
            // `["a",5,true]` and "true" are strings, greater than the string "60".
            assert_eq!(places, expected, "{filter:?}");
        }
    }
}

#[test]
fn attributes_are_filtered_too() {
    for opened in databases() {
        let ids = insert(opened.store.as_ref(), &[json!({}), json!({}), json!({})]);
        let found = |filters: Vec<Filter>, or: Vec<Vec<Filter>>| {
            let query = RecordQuery { filters, or, ..RecordQuery::default() };
            let page = opened.store.records(&query).unwrap();
            page.results.iter().map(|record| record.id).collect::<Vec<_>>()
        };
        let id_is = |id: Json| Filter::on(Subject::Id, Op::Equals(id));
        assert_eq!(found(vec![id_is(json!(ids[1].to_string()))], vec![]), [ids[1]]);
        assert_eq!(found(vec![id_is(json!(ids[1]))], vec![]), [ids[1]]);
        assert_eq!(found(vec![id_is(json!("x' OR 1=1 --"))], vec![]), Vec::<i64>::new());
        assert_eq!(found(vec![id_is(json!(format!("0{}", ids[1])))], vec![]), Vec::<i64>::new());
        let in_table = Filter::on(Subject::Table, Op::StartsWith("t".into()));
        assert_eq!(found(vec![in_table.clone()], vec![]), ids);
        assert_eq!(found(vec![in_table.negated()], vec![]), Vec::<i64>::new());
        let early = Filter::on(Subject::CreatedAt, range("lte", json!(at(0).to_string())));
        let late = Filter::on(Subject::CreatedAt, range("gt", json!(at(0).to_string())));
        assert_eq!(found(vec![early.clone()], vec![]), ids);
        assert_eq!(found(vec![late.clone()], vec![]), Vec::<i64>::new());
        let groups = vec![vec![late], vec![early, id_is(json!(ids[2]))]];
        assert_eq!(found(vec![], groups), [ids[2]]);
    }
}

#[test]
fn names_and_values_are_data_never_sql_or_paths() {
    for opened in databases() {
        let names = [
            "it's",
            "quo\"te",
            "back\\slash",
            "dot.ted",
            "a[0]",
            "$",
            "",
            " ",
            "new\nline",
            "ü💳",
            "'); DROP TABLE records; --",
            "$.p",
            "a\" OR \"1\"=\"1",
            "#-1",
            "tab\tbed",
        ];
        for name in names {
            let row = json!({name: "here", "p": "other", "a": ["no"]});
            let id = insert(opened.store.as_ref(), &[row])[0];
            let query = RecordQuery::table("t").with(name, "here");
            let query = RecordQuery { ids: Some(vec![id]), ..query };
            let page = opened.store.records(&query).unwrap();
            assert_eq!(page.total_entries, 1, "property {name:?}");
            let other = RecordQuery { filters: vec![], ..query }.with(name, "' OR ''='");
            assert_eq!(opened.store.records(&other).unwrap().total_entries, 0, "{name:?}");
        }
    }
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(vec!["p", "q", "gateway_id", "external_id"])
            .prop_map(str::to_owned),
        1 => "[a-b.$\"'\\\\\\[\\]#]{0,3}",
        1 => "\\PC{0,3}",
    ]
}

fn scalar() -> impl Strategy<Value = Json> {
    let pool = [
        "",
        "5",
        "05",
        "5.0",
        "true",
        "null",
        "a",
        "A",
        "ab",
        "b",
        "%",
        "_",
        "[]",
        "ü",
        "2026-01-01",
    ];
    prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (-6i64..6).prop_map(Json::from),
        (-24i32..24).prop_map(|eighths| Json::from(f64::from(eighths) / 8.0)),
        prop::sample::select(vec![i64::MIN, i64::MAX, 1 << 53, (1 << 53) + 1]).prop_map(Json::from),
        prop::sample::select(vec![u64::MAX, 1 << 63]).prop_map(Json::from),
        prop::sample::select(vec![1e300, -1e19, 9.007_199_254_740_992e15]).prop_map(Json::from),
        prop::sample::select(pool.to_vec()).prop_map(Json::from),
        "[a-c5.\\-%_'\"\\\\ ]{0,4}".prop_map(Json::from),
        "\\PC{0,3}".prop_map(Json::from),
    ]
}

fn object() -> impl Strategy<Value = Json> {
    prop::collection::vec((name(), scalar()), 0..3)
        .prop_map(|pairs| Json::Object(pairs.into_iter().collect()))
}

fn value() -> impl Strategy<Value = Json> {
    let nested = prop_oneof![8 => scalar(), 1 => object()];
    let list = prop::collection::vec(nested, 0..3).prop_map(Json::from);
    prop_oneof![8 => scalar(), 2 => list, 1 => object()]
}

fn subject() -> impl Strategy<Value = Subject> {
    let attributes = [
        Subject::Id,
        Subject::Table,
        Subject::UserId,
        Subject::ExternalId,
        Subject::CreatedAt,
        Subject::UpdatedAt,
        Subject::DeletedAt,
    ];
    prop_oneof![
        3 => name().prop_map(Subject::Property),
        1 => prop::sample::select(attributes.to_vec()),
    ]
}

fn bound() -> impl Strategy<Value = Json> {
    let timestamps = (-2i64..8).prop_map(|second| json!(at(second).to_string()));
    prop_oneof![6 => value(), 1 => timestamps, 1 => (1i64..12).prop_map(|id| json!(id.to_string()))]
}

fn op() -> impl Strategy<Value = Op> {
    let text = || "[a5.%ü\\-]{0,2}";
    let maybe = || prop::option::weighted(0.4, bound());
    prop_oneof![
        4 => bound().prop_map(Op::Equals),
        2 => prop::collection::vec(bound(), 0..4).prop_map(Op::In),
        1 => text().prop_map(Op::Contains),
        1 => text().prop_map(Op::StartsWith),
        1 => text().prop_map(Op::EndsWith),
        1 => any::<bool>().prop_map(Op::Exists),
        4 => (maybe(), maybe(), maybe(), maybe())
            .prop_map(|(gt, gte, lt, lte)| Op::Range(Range { gt, gte, lt, lte })),
        1 => bound().prop_map(Op::ArrayContains),
        1 => prop::collection::vec(bound(), 0..4).prop_map(Op::ArrayOverlaps),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    (subject(), op(), any::<bool>()).prop_map(|(subject, op, not)| Filter { subject, op, not })
}

fn query() -> impl Strategy<Value = RecordQuery> {
    let deleted = prop::sample::select(vec![Deleted::Exclude, Deleted::Only, Deleted::Any]);
    let sort = (subject(), any::<bool>()).prop_map(|(by, descending)| Sort { by, descending });
    let or = prop::collection::vec(prop::collection::vec(filter(), 0..3), 0..3);
    let ids = prop::option::weighted(0.1, prop::collection::vec(1i64..12, 0..6));
    (
        deleted,
        prop::collection::vec(filter(), 0..3),
        or,
        prop::collection::vec(sort, 0..3),
        ids,
        1u32..3,
    )
        .prop_map(|(deleted, filters, or, sort, ids, page)| RecordQuery {
            table: None,
            ids,
            deleted,
            filters,
            or,
            sort,
            page,
            per_page: 4,
            ..RecordQuery::default()
        })
}

fn record() -> impl Strategy<Value = Record> {
    let text = || prop::option::of("[ab5]{0,2}");
    let properties = prop::collection::vec((name(), value()), 0..4);
    let second = 0i64..6;
    (properties, "[tu]", text(), text(), second.clone(), second.clone(), prop::option::of(second))
        .prop_map(|(properties, table, user_id, external_id, created, updated, deleted)| Record {
            id: 0,
            table,
            properties: properties.into_iter().collect::<Map<_, _>>(),
            user_id,
            external_id,
            created_at: at(created),
            updated_at: at(updated),
            deleted_at: deleted.map(at),
        })
}

#[test]
fn database_and_rust_agree_on_every_query() {
    let case = (prop::collection::vec(record(), 1..12), prop::collection::vec(query(), 24));
    // PROPTEST_CASES may be set to more than the usual 64.
    let cases = std::env::var("PROPTEST_CASES").map_or(64, |cases| cases.parse().unwrap());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&case, |(records, queries)| {
        for opened in databases() {
            let mut records = records.clone();
            for (place, record) in records.iter_mut().enumerate() {
                record.id = i64::try_from(place).expect("a few") + 1;
            }
            let writes = records.iter().cloned().map(Write::RecordInsert).collect();
            opened.store.commit(writes).unwrap();
            for query in &queries {
                let page = opened.store.records(query).unwrap();
                let mut expected: Vec<_> =
                    records.iter().filter(|record| query.matches(record)).collect();
                expected.sort_by(|a, b| query.compare(a, b));
                prop_assert_eq!(page.total_entries, expected.len() as u64, "{:?}", query);
                let end = query.page as usize * 4;
                prop_assert_eq!(page.has_next_page, expected.len() > end, "{:?}", query);
                let skip = (query.page as usize - 1) * 4;
                let expected: Vec<_> = expected.into_iter().skip(skip).take(4).collect();
                let found: Vec<_> = page.results.iter().collect();
                prop_assert_eq!(found, expected, "{:?}", query);
            }
        }
        Ok(())
    });
    outcome.unwrap();
}
