//! Sessions: whose id counts, when it changes, when it ends, and what is stored for whom.

use crate::support::host::{Instance, TestHost};
use crate::support::html::{flash, form};
use crate::support::http::{Answer, Visitor};
use rusqlite::Connection;
use serde_json::json;
use std::time::Duration;

const SHOW: &str = "---\nslug: who\nlayout: ''\n---\n\
    user={{ context.current_user.id }} basket={{ context.session.basket }} \
    id={{ context.visitor.id }} token={{ context.authenticity_token }}";
const ACT: &str = "---\nslug: act\nlayout: ''\n---\n\
    {% if context.params.basket %}{% session basket = context.params.basket %}{% endif %}\
    {% if context.params.user %}{% assign m = context.params.minutes | plus: 0 %}\
    {% sign_in user_id: context.params.user, timeout_in_minutes: m %}{% endif %}\
    {% if context.params.hand %}{% parse_json u %}{\"id\": {{ context.params.hand }}, \"email\": \"a@b.example\"}{% endparse_json %}\
    {% session current_user = u %}{% endif %}\
    {% if context.params.out %}{% session current_user = null %}{% endif %}done";

fn instance() -> Instance {
    let instance = Instance::new();
    instance.write("views/pages/who.liquid", SHOW);
    instance.write("views/pages/act.liquid", ACT);
    let post = ACT.replace("slug: act\n", "slug: act\nmethod: post\n");
    instance.write("views/pages/act_post.liquid", &post);
    instance.write(
        "views/pages/who_post.liquid",
        &SHOW.replace("slug: who\n", "slug: who\nmethod: post\n"),
    );
    instance
}

/// A part of what `/who` shows.
fn part(answer: &Answer, name: &str) -> String {
    let text = answer.clone().expect(200).text();
    let parts = text.split_whitespace().filter_map(|part| part.split_once('='));
    parts.filter(|(known, _)| *known == name).map(|(_, value)| value.to_owned()).collect()
}

fn user(visitor: &mut Visitor) -> String {
    part(&visitor.get("/who"), "user")
}

fn cookie(answer: &Answer) -> Option<String> {
    Some(answer.header("set-cookie")?.split(';').next()?.to_owned())
}

/// `/who` for a bare cookie.
fn who(host: &TestHost, cookie: &str) -> Answer {
    host.send("GET", "/who", &[("Cookie", cookie)], b"")
}

fn database(host: &TestHost) -> Connection {
    let file = host.instance.root().join("data/sluicegate.db");
    Connection::open(file).expect("the database")
}

/// The rows of visitors; the probe of `/readyz` is none.
fn rows(host: &TestHost) -> i64 {
    let count = "SELECT count(*) FROM sessions WHERE id_hash <> 'readyz'";
    database(host).query_row(count, [], |row| row.get(0)).expect("counted")
}

#[test]
fn an_id_that_was_not_issued_here_is_not_taken_over() {
    let host = instance().serve();
    let mut visitor = host.visitor();
    let own = cookie(&visitor.get("/act?basket=mine")).expect("a cookie");
    let mut flipped = own.clone().into_bytes();
    let last = flipped.len() - 20;
    flipped[last] = if flipped[last] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).expect("ASCII");
    for planted in [
        format!("sluicegate_session={}", "A".repeat(43)),
        format!("sluicegate_session={}", "A".repeat(87)),
        flipped,
    ] {
        let answer = host.send("GET", "/act?basket=planted", &[("Cookie", &planted)], b"");
        let issued = cookie(&answer).expect("a fresh id");
        assert_ne!(issued, planted);
        assert_eq!(part(&who(&host, &planted), "basket"), "", "{planted}");
        assert_eq!(part(&who(&host, &issued), "basket"), "planted");
    }
    assert_eq!(part(&visitor.get("/who"), "basket"), "mine");
}

#[test]
fn the_id_changes_at_sign_in_at_sign_out_and_with_the_user() {
    let host = instance().serve();
    let mut visitor = host.visitor();
    let anonymous = cookie(&visitor.get("/act?basket=full")).expect("a cookie");
    assert_eq!(cookie(&visitor.get("/who")), None, "the id stays");
    let before = part(&visitor.get("/who"), "token");
    let first = cookie(&visitor.get("/act?user=7")).expect("a new id");
    assert_ne!(first, anonymous);
    let seen = visitor.get("/who");
    assert_eq!((part(&seen, "user").as_str(), part(&seen, "basket").as_str()), ("7", "full"));
    assert_ne!(part(&seen, "token"), before);
    // Whoever planted the former id gains nothing.
    assert_eq!(part(&who(&host, &anonymous), "user"), "");
    assert_eq!(part(&who(&host, &anonymous), "basket"), "");
    // Signed in again, another user, a user that a page stores by hand, and out.
    let second = cookie(&visitor.get("/act?user=7")).expect("a new id");
    assert_eq!(part(&visitor.get("/who"), "basket"), "full");
    let third = cookie(&visitor.get("/act?user=8")).expect("a new id");
    let seen = visitor.get("/who");
    assert_eq!((part(&seen, "user").as_str(), part(&seen, "basket").as_str()), ("8", ""));
    let fourth = cookie(&visitor.get("/act?hand=9&basket=new")).expect("a new id");
    let seen = visitor.get("/who");
    assert_eq!((part(&seen, "user").as_str(), part(&seen, "basket").as_str()), ("9", "new"));
    let out = cookie(&visitor.get("/act?out=1")).expect("a new id");
    let seen = visitor.get("/who");
    assert_eq!((part(&seen, "user").as_str(), part(&seen, "basket").as_str()), ("", ""));
    let all = [anonymous, first, second, third, fourth, out];
    for (place, one) in all.iter().enumerate() {
        assert!(!all[..place].contains(one), "an id came twice");
        assert_eq!(part(&who(&host, one), "user"), "", "a former id is signed in");
    }
    // The id of a former user is void: nothing is stored under it again.
    let revived = host.send("GET", "/act?basket=revived", &[("Cookie", &all[3])], b"");
    assert_ne!(cookie(&revived).expect("a fresh id"), all[3]);
    assert_eq!(rows(&host), 1);
}

#[test]
fn sessions_end_when_they_are_idle_and_in_all() {
    let host = instance().variable("SLUICEGATE_SESSION_IDLE", "3").serve();
    let mut visitor = host.visitor();
    visitor.get("/act?user=7");
    // Used sessions stay.
    for _ in 0..4 {
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(user(&mut visitor), "7");
    }
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(user(&mut visitor), "");
    let host = instance().variable("SLUICEGATE_SESSION_LIFETIME", "3").serve();
    let mut visitor = host.visitor();
    visitor.get("/act?user=7");
    for _ in 0..4 {
        std::thread::sleep(Duration::from_secs(1));
        visitor.get("/who");
    }
    assert_eq!(user(&mut visitor), "");
    let refused = Instance::new().variable("SLUICEGATE_SESSION_IDLE", "0").run(&["check"]);
    assert!(refused.err.contains("SLUICEGATE_SESSION_IDLE"), "{refused:?}");
}

#[test]
fn sign_in_sets_the_idle_lifetime_that_it_states() {
    let host = instance().serve();
    host.visitor().get("/act?user=7&minutes=5");
    host.visitor().get("/act?user=8&minutes=0");
    let left = |user: &str| -> i64 {
        let left = "SELECT expires_at / 1000000 - unixepoch() FROM sessions WHERE user_id = ?1";
        database(&host).query_row(left, [user], |row| row.get(0)).expect("a row")
    };
    assert!((280..=300).contains(&left("7")), "{}", left("7"));
    assert!(left("8") > 13 * 24 * 3600, "{}", left("8"));
}

#[test]
fn all_sessions_of_a_user_can_be_ended() {
    let host = instance().serve();
    let signed_in = |user: &str| {
        let mut visitor = host.visitor();
        visitor.get(&format!("/act?user={user}"));
        visitor
    };
    let [mut one, mut two, mut other] = ["7", "7", "8"].map(signed_in);
    let mutation = json!({ "query": "mutation { user_sessions_destroy(user_id: \"7\") }" });
    let answer = host.post_json("/graphql", &mutation).expect(200).json();
    assert_eq!(answer["data"]["user_sessions_destroy"], true, "{answer}");
    assert_eq!(
        (user(&mut one), user(&mut two), user(&mut other)),
        (String::new(), String::new(), "8".to_owned())
    );
    let ran = host.run(&["sessions", "end", "--user", "8", "--json"]).good();
    assert_eq!(ran.json()["user"], "8");
    assert_eq!(user(&mut other), "");
    // A request that began before does not bring the session back.
    assert_eq!(rows(&host), 0);
}

#[test]
fn nothing_is_stored_for_a_visitor_who_has_nothing_to_remember() {
    let host = instance().serve();
    for path in ["/", "/customer", "/two-steps", "/who", "/nowhere"] {
        for _ in 0..10 {
            host.visitor().get(path);
        }
    }
    assert_eq!(rows(&host), 0);
    // Their forms work all the same, and what was remembered for one page is forgotten after it.
    let mut visitor = host.visitor();
    let name = part(&visitor.get("/who"), "id");
    assert_eq!((name.len(), part(&visitor.get("/who"), "id")), (32, name));
    let buy = form(&visitor.get("/").expect(200).text(), "buy-mug");
    let source = buy.field("source");
    let buy = buy.with(&source, &host.stripe.token("4242424242424242"));
    let answer = visitor.post(&buy.action, &buy.pairs).expect(303);
    assert_eq!(rows(&host), 1);
    let page = visitor.get(answer.header("location").expect("a place")).expect(200).text();
    assert_eq!(flash(&page).expect("a flash").0, "notice", "{page}");
    assert_eq!(rows(&host), 0);
    assert_eq!(host.stripe.charges().len(), 1);
}

#[test]
fn a_form_belongs_to_the_session_that_it_was_rendered_for() {
    let host = instance().serve();
    let (mut owner, mut thief) = (host.visitor(), host.visitor());
    owner.get("/");
    let token = part(&thief.get("/who"), "token");
    thief.get("/who");
    let token = if token.is_empty() { part(&thief.get("/who"), "token") } else { token };
    let buy = form(&owner.get("/").expect(200).text(), "buy-mug");
    let source = buy.field("source");
    let buy = buy.with(&source, &host.stripe.token("4242424242424242"));
    let stolen = buy.clone().with("authenticity_token", &token);
    let refused = |thief: &mut Visitor| {
        let page = thief.submit(&stolen.action, &stolen.pairs).expect(200).text();
        let (kind, text) = flash(&page).expect("a flash");
        assert_eq!(kind, "alert");
        assert!(text.contains("another session"), "{text}");
    };
    refused(&mut thief);
    assert_eq!(host.stripe.charges().len(), 0);
    let page = owner.submit(&buy.action, &buy.pairs).expect(200).text();
    assert_eq!(flash(&page).expect("a flash").0, "notice");
    // The outcome is told to its owner again, and to nobody else.
    refused(&mut thief);
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    let body = crate::support::http::encode(&stolen.pairs);
    let headers = [kind, ("Accept", "application/json")];
    let told = thief.send("POST", &stolen.action, &headers, body.as_bytes()).expect(403);
    assert!(!told.text().contains("ch_"), "{}", told.text());
    assert_eq!(host.stripe.charges().len(), 1);
}

#[test]
fn a_post_without_the_token_sees_and_changes_no_session() {
    let host = instance().serve();
    let mut visitor = host.visitor();
    visitor.get("/act?user=7&basket=full");
    let token = part(&visitor.get("/who"), "token");
    let seen = visitor.post("/who", &[]);
    assert_eq!((part(&seen, "user").as_str(), part(&seen, "basket").as_str()), ("", ""));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    // Another site signs its visitor in as somebody else, or out.
    visitor.post("/act", &[pair("user", "666")]).expect(200);
    visitor.post("/act", &[pair("out", "1"), pair("basket", "foreign")]).expect(200);
    let seen = visitor.get("/who");
    assert_eq!((part(&seen, "user").as_str(), part(&seen, "basket").as_str()), ("7", "full"));
    let with_token = [pair("authenticity_token", &token), pair("basket", "own")];
    visitor.post("/act", &with_token).expect(200);
    assert_eq!(part(&visitor.get("/who"), "basket"), "own");
}

#[test]
fn a_form_can_sign_its_visitor_in() {
    let instance = instance();
    instance.write(
        "form_configurations/enter.liquid",
        "---\nname: enter\nresource_owner: anyone\nfields:\n  name:\ncallback_actions: >\n  \
         {% sign_in user_id: form.name %}{% session basket = 'kept' %}\nredirect_to: /who\n---\n{% form %}{% endform %}",
    );
    instance.write("views/pages/enter.liquid", "---\nslug: enter\n---\n{% include_form 'enter' %}");
    let host = instance.serve();
    let mut visitor = host.visitor();
    let before = cookie(&visitor.get("/enter")).expect("a cookie");
    let page = visitor.get("/enter").expect(200).text();
    let form = crate::support::html::forms(&page).remove(0).with("form[name]", "41");
    let seen = visitor.submit(&form.action, &form.pairs);
    assert_eq!((part(&seen, "user").as_str(), part(&seen, "basket").as_str()), ("41", "kept"));
    assert_eq!(part(&who(&host, &before), "user"), "");
}

#[test]
fn over_https_the_cookie_is_for_this_host_only() {
    let host = instance().variable("SLUICEGATE_URL", "https://shop.example").serve();
    let mut visitor = host.visitor();
    let answer = visitor.get("/act?user=7");
    let set = answer.header("set-cookie").expect("a cookie");
    assert!(set.starts_with("__Host-sluicegate_session="), "{set}");
    for part in ["; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"] {
        assert!(set.contains(part), "{part} in {set}");
    }
    assert!(!set.contains("Domain"), "{set}");
    assert_eq!(user(&mut visitor), "7");
    // The plain name, which a neighboring host could set, does not count.
    let plain = cookie(&answer).expect("a cookie").replace("__Host-", "");
    assert_eq!(part(&who(&host, &plain), "user"), "");
}
