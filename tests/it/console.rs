//! The web console over plain HTTP: who is let in, what other pages and other machines cannot do, and that its files are
//! those of its sources. What it looks like is tested in a browser, by `scripts/test-console`.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{Launch, Server};
use crate::health::page_of;
use crate::tls::{self, Certificate};

/// An answer: its status, its head, its body.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}\n{}", self.head, self.body))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// A browser that is logged in, or not yet.
struct Browser {
    address: SocketAddr,
    cookie: String,
    token: String,
}

struct Console {
    server: Server,
    browser: Browser,
    _directory: tempfile::TempDir,
}

impl Browser {
    /// Headers of the console's own page.
    fn headers(&self) -> Vec<(&str, String)> {
        vec![
            ("Host", self.address.to_string()),
            ("Origin", format!("http://{}", self.address)),
            ("Sec-Fetch-Site", "same-origin".to_string()),
            ("Content-Type", "application/json".to_string()),
            ("Cookie", self.cookie.clone()),
            ("X-Console-Token", self.token.clone()),
        ]
    }

    /// A request with some of the page's headers exchanged; an empty one is left out.
    fn request_with(&self, method: &str, path: &str, body: &str, changed: &[(&str, &str)]) -> Answer {
        let mut stream = self.open(method, path, body, changed);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status");
        Answer { status, head: head.to_string(), body: body.to_string() }
    }

    fn open(&self, method: &str, path: &str, body: &str, changed: &[(&str, &str)]) -> TcpStream {
        let mut text = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        let mut headers = self.headers();
        for (name, value) in changed {
            headers.retain(|(key, _)| key != name);
            headers.push((name, (*value).to_string()));
        }
        for (name, value) in headers.iter().filter(|(_, value)| !value.is_empty()) {
            write!(text, "{name}: {value}\r\n").expect("text grows");
        }
        let mut stream = TcpStream::connect(self.address).expect("the console is served");
        stream.write_all(format!("{text}\r\n{body}").as_bytes()).expect("a request is sent");
        stream
    }

    fn get(&self, path: &str) -> Answer {
        self.request_with("GET", path, "", &[])
    }

    fn post(&self, call: &str, body: &Value) -> Answer {
        self.request_with("POST", &format!("/console/api/{call}"), &body.to_string(), &[])
    }

    fn run(&self, channel: &str, statement: &str) -> Value {
        let answer = self.post("run", &json!({"statement": statement, "channel": channel}));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    fn log_in(&mut self, password: &str) -> Answer {
        let answer = self.post("login", &json!({"user": "nebulus", "password": password}));
        if answer.status == 200 {
            let cookie = answer.header("set-cookie").expect("a cookie");
            self.cookie = cookie.split(';').next().expect("a pair").to_string();
            self.token = answer.json()["token"].as_str().expect("a token").to_string();
        }
        answer
    }
}

/// A server with a console, and its first password.
fn start() -> (Console, String) {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let mut launch = Launch::on(&data).with(&["--admin", "127.0.0.1:0"]);
    launch.trust_local = false;
    let server = launch.start();
    let password = std::fs::read_to_string(data.join("keys/password")).expect("the first password");
    let browser = Browser { address: page_of(&server), cookie: String::new(), token: String::new() };
    (Console { server, browser, _directory: directory }, password.trim().to_string())
}

fn logged_in() -> Console {
    let (mut console, password) = start();
    assert_eq!(console.browser.log_in(&password).status, 200);
    console
}

#[test]
fn the_password_of_the_database_opens_a_session() {
    let (mut console, password) = start();
    let browser = &mut console.browser;
    let refused = browser.log_in("not it");
    assert_eq!((refused.status, refused.header("set-cookie")), (403, None), "{}", refused.body);
    assert!(refused.body.contains("password authentication failed"), "{}", refused.body);
    assert_eq!(browser.get("/console/api/session").status, 401);
    let answer = browser.log_in(&password);
    let cookie = answer.header("set-cookie").expect("a cookie").to_string();
    assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Strict"), "{cookie}");
    assert!(!answer.body.contains(&password) && browser.token.len() >= 43 && browser.cookie.len() >= 43);
    assert_eq!(browser.get("/console/api/session").json()["user"], "nebulus");

    let outcome = browser.run("editor", "SELECT 1 AS one, 'x' AS text, NULL AS nothing");
    assert_eq!(outcome["results"][0]["rows"], json!([["1", "x", null]]));
    assert_eq!(outcome["results"][0]["columns"][0], json!({"name": "one", "type": "int4"}));
    let failed = browser.run("editor", "GET MEMORY WHERE metadata.x == 3");
    assert_eq!((&failed["error"]["code"], &failed["error"]["position"]), (&json!("42601"), &json!(30)));
    assert!(failed["error"]["hint"].as_str().is_some_and(|hint| hint.contains("one =")), "{failed}");

    assert_eq!(browser.post("logout", &json!({})).status, 200);
    assert_eq!(browser.post("run", &json!({"statement": "SELECT 1"})).status, 401);
}

#[test]
fn the_console_serves_where_everybody_else_has_to_use_tls() {
    let directory = tempfile::tempdir().expect("a directory");
    Certificate::write(directory.path());
    let server = tls::start(directory.path(), &["--tls", "require", "--admin", "127.0.0.1:0"]);
    let mut browser = Browser { address: page_of(&server), cookie: String::new(), token: String::new() };
    assert_eq!(browser.log_in("not it").status, 403);
    let answer = browser.log_in(tls::PASSWORD);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let outcome = browser.run("editor", "SELECT client_addr FROM pg_stat_activity WHERE pid = pg_backend_pid()");
    assert_eq!(outcome["results"][0]["rows"], json!([["127.0.0.1"]]), "{outcome}");
    // The way to cancel is the same, and so is that to listen.
    assert_eq!(browser.post("cancel", &json!({})).status, 200);
    let mut events = BufReader::new(browser.open("GET", "/console/api/events", "", &[]));
    let mut head = String::new();
    events.read_line(&mut head).expect("a head");
    assert!(head.contains("200"), "{head}");
}

#[test]
fn the_cookie_alone_and_the_token_alone_open_nothing() {
    let console = logged_in();
    let body = json!({"statement": "SELECT 1"}).to_string();
    let status =
        |changed: &[(&str, &str)]| console.browser.request_with("POST", "/console/api/run", &body, changed).status;
    assert_eq!(status(&[]), 200);
    let wrong = "A".repeat(43);
    for changed in
        [("Cookie", ""), ("X-Console-Token", ""), ("X-Console-Token", &wrong), ("Cookie", &format!("a={wrong}"))]
    {
        assert_eq!(status(&[changed]), 401, "{changed:?}");
    }
    for path in ["/console/api/session", "/console/api/log", "/console/api/events"] {
        let answer = console.browser.request_with("GET", path, "", &[("X-Console-Token", "")]);
        assert_eq!(answer.status, 401, "{path}");
    }
    // Who knows no token learns nothing of what its request would be read as.
    for path in ["run", "cancel", "map"] {
        let path = format!("/console/api/{path}");
        let bad = |changed: &[(&str, &str)]| console.browser.request_with("POST", &path, "{no JSON", changed).status;
        assert_eq!((bad(&[]), bad(&[("X-Console-Token", wrong.as_str())])), (400, 401), "{path}");
    }
    let untold = [("X-Console-Token", wrong.as_str())];
    assert_eq!(console.browser.request_with("GET", "/console/api/log?after=x", "", &untold).status, 401);
}

#[test]
fn other_pages_and_other_names_are_turned_away() {
    let console = logged_in();
    let body = json!({"statement": "SELECT 1"}).to_string();
    let status =
        |changed: &[(&str, &str)]| console.browser.request_with("POST", "/console/api/run", &body, changed).status;
    let port = console.browser.address.port();
    assert_eq!(status(&[("Host", "evil.example"), ("Origin", "")]), 421);
    assert_eq!(status(&[("Host", "evil.example"), ("Origin", "http://evil.example")]), 421);
    assert_eq!(status(&[("Origin", "http://evil.example")]), 403);
    assert_eq!(status(&[("Origin", "http://127.0.0.1:1")]), 403, "another port is another page");
    assert_eq!(status(&[("Origin", "null")]), 403);
    assert_eq!(status(&[("Origin", ""), ("Sec-Fetch-Site", "cross-site")]), 403);
    let local = format!("localhost:{port}");
    assert_eq!(status(&[("Host", &local), ("Origin", &format!("http://{local}"))]), 200);
    // What a form can send is not taken, and nothing is changed by GET.
    assert_eq!(status(&[("Content-Type", "text/plain")]), 415);
    assert_eq!(status(&[("Content-Type", "application/x-www-form-urlencoded")]), 415);
    assert_eq!(console.browser.get("/console/api/run").status, 405);
    assert_eq!(console.browser.get("/console/api/logout").status, 405);
    let login = json!({"user": "nebulus", "password": "x"}).to_string();
    let foreign = [("Origin", "http://evil.example")];
    assert_eq!(console.browser.request_with("POST", "/console/api/login", &login, &foreign).status, 403);
}

#[test]
fn answers_say_what_a_browser_may_do_with_them() {
    let console = logged_in();
    for path in ["/console/", "/console/console.js", "/console/api/session", "/console/nothing"] {
        let answer = console.browser.get(path);
        let policy = answer.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        let caching = if path.contains("api") || path.contains("nothing") { "no-store" } else { "no-cache" };
        assert_eq!(answer.header("cache-control"), Some(caching), "{path}");
    }
    let page = console.browser.get("/console/");
    assert!(!page.body.contains("<style") && !page.body.contains("style=") && !page.body.contains("<script>"));
    let tag = page.header("etag").expect("a tag").to_string();
    assert_eq!(console.browser.request_with("GET", "/console/", "", &[("If-None-Match", &tag)]).status, 304);
    assert_eq!(console.browser.get("/").header("location"), Some("/console/"));
}

#[test]
fn answers_and_requests_are_bounded() {
    let console = logged_in();
    let browser = &console.browser;
    let long = json!({"statement": format!("SELECT '{}'", "x".repeat(1024 * 1024))});
    assert_eq!(browser.post("run", &long).status, 413);
    // Whoever sends a long body that nobody wants gets its answer all the same, and not a reset.
    let (short, long) = (json!({"statement": "x".repeat(1024 * 1000)}).to_string(), "x".repeat(8 * 1024 * 1024));
    for (body, changed, status) in
        [(&long, &[][..], 413), (&short, &[("X-Console-Token", "")], 401), (&short, &[("Host", "evil.example")], 421)]
    {
        assert_eq!(browser.request_with("POST", "/console/api/run", body, changed).status, status, "{changed:?}");
    }
    let asked =
        json!({"statement": "SELECT n FROM generate_series(1, 1000000) AS s(n)", "channel": "editor", "rows": 50});
    let outcome = browser.post("run", &asked).json();
    assert_eq!(outcome["results"][0]["rows"].as_array().map(Vec::len), Some(50));
    assert_eq!((&outcome["results"][0]["truncated"], &outcome["error"]), (&json!(true), &Value::Null));
    let wide = browser.run("editor", "SELECT repeat('x', 1000000) FROM generate_series(1, 20)");
    let rows = wide["results"][0]["rows"].as_array().expect("rows").len();
    assert!((7..=8).contains(&rows) && wide["results"][0]["truncated"] == true, "{rows}");
    // To cut it short does not undo what writes, and the connection goes on.
    let written = browser
        .run("editor", "INSERT INTO memory (id) SELECT 'e' || n FROM generate_series(1, 20000) AS s(n) RETURNING id");
    assert_eq!((&written["results"][0]["truncated"], &written["results"][0]["count"]), (&json!(true), &json!(20000)));
    assert_eq!(browser.run("pages", "SELECT count(*) FROM memory")["results"][0]["rows"][0][0], "20000");
    assert_eq!(browser.post("run", &json!({"statement": "SELECT '\u{0}'"})).status, 400);
    assert_eq!(browser.post("run", &json!({"statement": "SELECT 1", "more": 1})).status, 422);
}

#[test]
fn each_kind_of_request_has_its_connection() {
    let console = logged_in();
    let browser = &console.browser;
    let refused = browser.run("pages", "INSERT INTO memory (id) VALUES ('a')");
    assert_eq!(refused["error"]["code"], "25006");
    for statement in ["BEGIN", "INSERT INTO memory (id) VALUES ('a')"] {
        assert_eq!(browser.run("editor", statement)["error"], Value::Null);
    }
    assert_eq!(browser.run("pages", "SELECT count(*) FROM memory")["results"][0]["rows"][0][0], "0");
    assert_eq!(browser.run("action", "INSERT INTO memory (id) VALUES ('b')")["error"], Value::Null);
    assert_eq!(browser.run("editor", "COMMIT")["error"], Value::Null);
    assert_eq!(browser.run("pages", "SELECT count(*) FROM memory")["results"][0]["rows"][0][0], "2");
    // A conversation that this page cannot lead ends, and the next statement has a connection again.
    assert!(browser.run("editor", "COPY memory FROM STDIN")["error"].is_object());
    assert_eq!(browser.run("editor", "SELECT 1; SELECT 2")["results"].as_array().map(Vec::len), Some(2));
}

#[test]
fn what_runs_is_cancelled_by_its_page_and_by_others() {
    let console = logged_in();
    let browser = &console.browser;
    let sleeping = || browser.run("editor", "SELECT pg_sleep(600)")["error"]["code"].clone();
    std::thread::scope(|scope| {
        let running = scope.spawn(sleeping);
        // From the moment that it runs.
        while !running.is_finished() {
            assert_eq!(browser.post("cancel", &json!({})).status, 200);
        }
        assert_eq!(running.join().expect("an outcome"), "57014");
        let running = scope.spawn(sleeping);
        let cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'";
        while !running.is_finished() {
            assert_eq!(browser.run("action", cancel)["error"], Value::Null);
        }
        assert_eq!(running.join().expect("an outcome"), "57014");
    });
    assert_eq!(browser.run("action", "SELECT pg_cancel_backend(0)")["results"][0]["rows"][0][0], "f");
}

#[test]
fn changes_are_told_as_they_happen() {
    let console = logged_in();
    let path = "/console/api/events?collections=%5B%22memory%22%5D";
    let mut lines = BufReader::new(console.browser.open("GET", path, "", &[])).lines();
    let mut next = |wanted: &str| {
        lines.find_map(|line| line.ok().filter(|line| line.starts_with(wanted))).expect("the stream goes on")
    };
    assert!(next("content-type").ends_with("text/event-stream"));
    console.browser.run("action", "SET MEMORY id = \"rain\" metadata = {\"a\": 1}");
    let told: Value = serde_json::from_str(next("data: ").trim_start_matches("data: ")).expect("JSON");
    assert_eq!(told["channel"], "changes:memory");
    assert!(told["payload"].as_str().is_some_and(|payload| payload.contains(r#""key":"rain""#)), "{told}");
    console.browser.run("action", "CREATE NETWORK team");
    assert!(next("data: ").contains("network:joined"));
    assert_eq!(console.browser.get("/console/api/events?collections=memory").status, 400);
}

#[test]
fn secrets_are_in_no_answer_that_nobody_asked_for() {
    let console = logged_in();
    let browser = &console.browser;
    assert_eq!(browser.run("editor", "SET AUTH key = \"maps\" value = \"AIzaSecret\"")["error"], Value::Null);
    let failed = browser.run("editor", "SET AUTH key = \"maps\" value = \"AIzaSecret\" nonsense");
    let activity = browser.run("pages", "SELECT * FROM pg_stat_activity");
    let names = browser.run("pages", "SELECT key FROM auth");
    assert_eq!(names["results"][0]["rows"][0][0], "maps");
    let log = browser.get("/console/api/log");
    assert!(log.json()["lines"].as_array().is_some_and(|lines| !lines.is_empty()), "{}", log.body);
    for text in [failed.to_string(), activity.to_string(), names.to_string(), log.body, console.server.log()] {
        assert!(!text.contains("AIza") && !text.contains(&browser.token), "{text}");
    }
}

#[test]
fn the_map_shows_what_lies_near() {
    let console = logged_in();
    let browser = &console.browser;
    let fill = "INSERT INTO memory (id, metadata, vector) VALUES ('a', '{\"k\": \"x\"}', '[1, 0, 0]'), \
                ('b', '{\"k\": \"x\"}', '[0.9, 0.1, 0]'), ('c', '{\"k\": \"y\"}', '[-1, 0, 1]'), ('d', NULL, NULL)";
    assert_eq!(browser.run("action", fill)["error"], Value::Null);
    let statement = "SELECT id, metadata->>'k', vector FROM memory WHERE vector IS NOT NULL ORDER BY id";
    let map = browser.post("map", &json!({"statement": statement})).json();
    let place = |at: usize| {
        let point = &map["points"][at];
        (point["x"].as_f64().expect("a number"), point["y"].as_f64().expect("a number"))
    };
    let distance = |one: (f64, f64), other: (f64, f64)| (one.0 - other.0).hypot(one.1 - other.1);
    assert!(distance(place(0), place(1)) < 0.3 && distance(place(0), place(2)) > 1.5, "{map}");
    assert_eq!((&map["points"][2]["key"], &map["points"][2]["label"]), (&json!("c"), &json!("y")));
    assert_eq!(browser.post("map", &json!({"statement": "SELECT 1"})).status, 400);
    assert_eq!(browser.post("map", &json!({"statement": "SELECT nothing"})).json()["error"]["code"], "42703");
}

#[test]
fn how_much_is_public_can_be_counted() {
    let console = logged_in();
    let browser = &console.browser;
    for statement in [
        "SET MEMORY id = \"one\" metadata = {\"a\": 1}",
        "SET MEMORY id = \"two\" metadata = {\"a\": 1}",
        "CREATE NETWORK team",
        "ATTACH COLLECTION memory TO NETWORK team",
        "STAGE MEMORY WHERE id = \"one\"",
        "SYNC",
    ] {
        assert_eq!(browser.run("action", statement)["error"], Value::Null, "{statement}");
    }
    let said = || browser.run("pages", "SELECT id, _publicity FROM memory ORDER BY id")["results"][0]["rows"].clone();
    assert_eq!(said(), json!([["one", "public"], ["two", "private"]]));
    browser.run("action", "UPDATE memory SET metadata = '{\"a\": 2}' WHERE id = 'one'");
    assert_eq!(said(), json!([["one", "edited"], ["two", "private"]]));
    assert_eq!(browser.run("action", "UPDATE memory SET _publicity = 'public'")["error"]["code"], "0A000");
}

#[test]
fn the_embedded_files_are_those_of_the_sources() {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console/web");
    let mut files: Vec<PathBuf> = Vec::new();
    let mut folders = vec![web.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    let mut names: Vec<String> = files
        .iter()
        .map(|path| path.strip_prefix(&web).expect("it lies there").to_string_lossy().into_owned())
        .collect();
    let others = ["index.html", "icon.svg", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts"];
    names.extend(others.map(str::to_string));
    names.push("../../../grammar/knirvql.pest".to_string());
    names.sort();
    let mut list = String::new();
    for name in names {
        let content = std::fs::read(web.join(&name)).expect("a source");
        writeln!(list, "{}  {name}", hex(&content)).expect("text grows");
    }
    let kept = std::fs::read_to_string(web.join("../files/sources.sha256")).expect("a digest");
    assert_eq!(kept.trim(), hex(list.as_bytes()), "the console's sources have changed: run `make console`");
}

fn hex(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}
