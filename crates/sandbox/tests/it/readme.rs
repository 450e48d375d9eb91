//! Runs every curl line of the README against a sandbox.

use super::client::{Answer, Sandbox, id, send};
use reqwest::Method;

const README: &str = include_str!("../../README.md");

/// Splits a command at spaces, except inside quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for char in line.chars() {
        match (quote, char) {
            (Some(open), _) if open == char => quote = None,
            (None, '"' | '\'') => quote = Some(char),
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(char),
        }
    }
    words
}

/// Sends the request that curl would send.
async fn curl(sandbox: &Sandbox, line: &str) -> Answer {
    let mut words = words(line).into_iter().skip(1);
    let (mut method, mut url, mut user, mut header) = (None, None, None, None);
    let mut data: Vec<String> = Vec::new();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-X" => method = words.next(),
            "-H" => header = words.next(),
            "-u" => user = words.next(),
            "-d" => data.extend(words.next()),
            option if option.starts_with('-') => panic!("{option} in {line}"),
            _ => url = Some(word),
        }
    }
    let url = url.unwrap().replace("http://localhost:12111", &sandbox.running.url());
    let default = if data.is_empty() { "GET" } else { "POST" };
    let method: Method = method.as_deref().unwrap_or(default).parse().unwrap();
    let mut request = sandbox.http.request(method, url);
    if let Some(user) = user {
        request = request.basic_auth(user.trim_end_matches(':'), Some(""));
    }
    if !data.is_empty() {
        let form = "application/x-www-form-urlencoded";
        let kind = header.as_deref().and_then(|line| line.strip_prefix("Content-Type: "));
        request = request.header("content-type", kind.unwrap_or(form)).body(data.join("&"));
    }
    send(request).await
}

#[tokio::test]
async fn every_curl_line_of_the_readme_works() {
    let sandbox = Sandbox::start().await;
    let lines: Vec<_> = README.lines().filter(|line| line.starts_with("curl ")).collect();
    assert!(lines.len() >= 15, "{lines:?}");
    let account = sandbox.account().await;
    for line in lines {
        let line = &line.replace("$ACCOUNT", &account);
        let events = sandbox.get("/v1/events").await.ok();
        let line = match events["data"].get(0) {
            Some(event) => line.replace("$EVENT", &id(event)),
            None => line.to_owned(),
        };
        let answer = curl(&sandbox, &line).await;
        assert_eq!(answer.status, 200, "{line}: {:#}", answer.body);
        if line.ends_with("/_sandbox/payouts -d '{\"currency\": \"usd\"}'") {
            assert_eq!(answer.body["object"], "payout", "{:#}", answer.body);
        }
    }
}

#[test]
fn every_control_route_is_in_the_readme() {
    for route in ["health", "state", "requests", "deliveries", "ledger", "clock", "faults"]
        .into_iter()
        .chain(["settings", "events/$EVENT/resend", "payouts", "reset"])
    {
        assert!(README.contains(&format!("/_sandbox/{route}")), "{route}");
    }
}
