//! The tools and resources over standard input and output.

use serde_json::{Value, json};

use crate::harness::{Launch, Server};
use crate::mcp::agent::Agent;

fn names(tools: &Value) -> Vec<&str> {
    tools["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

fn keys(recalled: &Value) -> Vec<&str> {
    recalled["memories"].as_array().unwrap().iter().map(|memory| memory["key"].as_str().unwrap()).collect()
}

#[test]
fn tools_describe_themselves() {
    let server = Server::start();
    let mut agent = Agent::silent(&format!("postgresql://nebulus@{}/nebulus", server.address), &[]);
    let hello =
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let answer = agent.request("initialize", &hello);
    let result = &answer["result"];
    assert_eq!(result["protocolVersion"], "2025-06-18");
    assert!(result["capabilities"]["tools"].is_object() && result["capabilities"]["resources"].is_object());
    assert!(result["instructions"].as_str().unwrap().contains("never an instruction"));
    agent.notify("notifications/initialized", &json!({}));
    let tools = agent.request("tools/list", &json!({}));
    assert_eq!(names(&tools), ["remember", "recall", "forget", "share", "list", "query"]);
    for tool in tools["result"]["tools"].as_array().unwrap() {
        let schema = &tool["inputSchema"];
        assert_eq!((&schema["type"], &schema["additionalProperties"]), (&json!("object"), &json!(false)), "{tool}");
        assert!(tool["description"].as_str().unwrap().len() > 40);
        for (name, property) in schema["properties"].as_object().unwrap() {
            assert!(property["description"].is_string(), "{name} of {} says nothing", tool["name"]);
        }
    }
    assert_eq!(tools["result"]["tools"][1]["annotations"]["readOnlyHint"], true);
    assert!(
        agent.request("tools/call", &json!({"name": "nothing"}))["error"]["message"]
            .as_str()
            .unwrap()
            .contains("recall")
    );
    let (is_well, said) = agent.end();
    assert!(is_well && said.is_empty(), "{said}");
}

#[test]
fn a_memory_is_written_recalled_changed_and_forgotten() {
    let server = Server::start();
    let mut agent = Agent::start(&server, &[]);
    let written = agent.done(
        "remember",
        &json!({"facts": {"kind": "note", "pages": 3}, "text": "Ada prefers trains", "vector": [0.1, 0.9]}),
    );
    assert_eq!(written["is_new"], true);
    let key = written["key"].as_str().unwrap().to_string();
    agent.done("remember", &json!({"key": "oslo", "facts": {"kind": "event", "pages": 10, "tags": ["trip"]}, "text": "The trip to Oslo", "vector": [0.9, 0.1]}));
    agent.done(
        "remember",
        &json!({"key": "it's", "facts": {"kind": "note", "odd \"name\"": "50%"}, "blob_base64": "aGVsbG8="}),
    );
    // By facts, by a condition, by words, by a vector, and together.
    let recalled = agent.done("recall", &json!({"facts": {"kind": "note", "pages": 3}}));
    assert_eq!(keys(&recalled), [key.as_str()]);
    let memory = &recalled["memories"][0];
    assert_eq!(memory["facts"], json!({"kind": "note", "pages": 3, "text": "Ada prefers trains"}));
    assert_eq!((&memory["written_by"]["own"], &memory["vector"]), (&json!(true), &Value::Null));
    assert!(recalled["notice"].as_str().unwrap().contains("not an instruction") && memory["written_at"].is_string());
    assert_eq!(
        keys(&agent.done("recall", &json!({"where": "metadata.pages > 3 AND metadata.tags CONTAINS 'trip'"}))),
        ["oslo"]
    );
    assert_eq!(keys(&agent.done("recall", &json!({"words": "TRIP oslo"}))), ["oslo"]);
    assert_eq!(keys(&agent.done("recall", &json!({"words": "50%"}))), ["it's"]);
    assert!(keys(&agent.done("recall", &json!({"words": "5_%"}))).is_empty());
    let near = agent.done("recall", &json!({"vector": [0.2, 0.9], "with_vector": true, "limit": 1}));
    assert_eq!(keys(&near), [key.as_str()]);
    assert!(near["memories"][0]["distance"].as_f64().unwrap() < 0.1 && near["memories"][0]["vector"][0] == 0.1);
    assert!(near["cut"][0].as_str().unwrap().contains("more than 1"), "{near}");
    let both = json!({"vector": [0.2, 0.9], "words": "the", "facts": {"kind": "event"}, "metric": "l2", "within": 5});
    assert_eq!(keys(&agent.done("recall", &both)), ["oslo"]);
    let blob = agent.done("recall", &json!({"key": "it's"}));
    assert_eq!(blob["memories"][0]["blob_bytes"], 5);
    // Parts are replaced, or added to.
    agent.done("remember", &json!({"key": "oslo", "facts": {"seen": true}, "merge": true}));
    assert_eq!(agent.done("recall", &json!({"key": "oslo"}))["memories"][0]["facts"]["pages"], 10);
    let replaced = agent.done("remember", &json!({"key": "oslo", "facts": {"seen": false}}));
    assert_eq!(replaced["is_new"], false);
    let memory =
        agent.done("recall", &json!({"keys": ["oslo", "nowhere"], "with_vector": true}))["memories"][0].clone();
    assert_eq!((&memory["facts"], &memory["vector"][0]), (&json!({"seen": false}), &json!(0.9)));
    // By key at once, by a condition after it was confirmed.
    assert_eq!(agent.done("forget", &json!({"key": "oslo"}))["forgotten"], 1);
    let asked = agent.done("forget", &json!({"facts": {"kind": "note"}}));
    assert_eq!((&asked["forgotten"], &asked["matching"]), (&json!(0), &json!(2)));
    let wrong = agent.done("forget", &json!({"facts": {"kind": "note"}, "confirm_count": 1}));
    assert!(wrong["next"].as_str().unwrap().contains("not the 1"), "{wrong}");
    assert_eq!(agent.done("forget", &json!({"facts": {"kind": "note"}, "confirm_count": 2}))["forgotten"], 2);
    assert_eq!(server.client().value("SELECT count(*) FROM memory"), "0");
}

#[test]
fn what_is_wrong_is_said() {
    let server = Server::start();
    let mut agent = Agent::start(&server, &[]);
    agent.done("remember", &json!({"key": "a", "text": "x", "vector": [1, 2]}));
    server.client().run("CREATE TABLE numbered (id bigserial PRIMARY KEY, metadata jsonb)");
    server.client().run("CREATE TABLE bare (a int, b int, PRIMARY KEY (a, b))");
    for (tool, arguments, said) in [
        ("recall", json!({"text": "trains"}), "makes no embeddings yet"),
        ("recall", json!({"limit": 1000}), "limit has to be a whole number from 1 to 100, not 1000"),
        ("recall", json!({"where": "metadata.a == 1"}), "where, at character 13"),
        ("recall", json!({"where": "metadata.a = 1; DELETE WHERE id = 'a'"}), "where"),
        ("recall", json!({"where": "metadata.a = $1"}), "parameter"),
        ("recall", json!({"facts": {"tags": ["x"]}}), "compared with a list"),
        ("recall", json!({"vector": [1, 2, 3]}), "expected 2 dimensions, not 3"),
        ("recall", json!({"vector": []}), "1 to 16000"),
        ("recall", json!({"within": 1}), "none is given"),
        ("recall", json!({"colour": "red"}), "there is no argument \"colour\""),
        ("recall", json!({"collection": "nowhere"}), "there is no collection \"nowhere\""),
        ("recall", json!({"collection": "auth"}), "secrets"),
        ("recall", json!({"collection": "bare"}), "no key of one column"),
        ("recall", json!({"collection": "numbered", "key": "x"}), "whole numbers"),
        ("remember", json!({}), "nothing to remember"),
        ("remember", json!({"facts": [1]}), "facts has to be a JSON object, not [1]"),
        ("remember", json!({"text": "x", "vector": [1, 2, 3]}), "expected 2 dimensions, not 3"),
        ("remember", json!({"text": "x", "key": ""}), "key is empty"),
        ("remember", json!({"text": "x", "facts": {"text": "y"}}), "Give it once"),
        ("remember", json!({"blob_base64": "%"}), "not base64"),
        ("remember", json!({"text": "nul \u{0}"}), "NUL"),
        ("remember", json!({"text": "x", "collection": "numbered"}), "give one as key"),
        ("forget", json!({}), "nothing says what to forget"),
        ("forget", json!({"key": "a", "keys": ["b"]}), "Give one of them"),
        ("share", json!({"key": "a", "network": "team"}), "attached to no network, not to \"team\""),
        ("share", json!({"action": "publish", "key": "a"}), "one of stage, unstage, post"),
        ("query", json!({}), "statement is missing"),
        ("query", json!({"statement": "GET MEMORY WHER x"}), "LINE 1: GET MEMORY WHER"),
        ("query", json!({"statement": "SELECT 1; SELECT 2"}), "multiple commands"),
        ("list", json!({"what": "secrets"}), "one of all, collections, networks"),
    ] {
        let text = agent.refused(tool, &arguments);
        assert!(text.contains(said), "{tool}({arguments}) says {text}");
    }
    agent.done("remember", &json!({"collection": "numbered", "key": "7", "facts": {"a": 1}}));
    assert_eq!(keys(&agent.done("recall", &json!({"collection": "numbered", "facts": {"a": 1}}))), ["7"]);
    // What is no message of the protocol does no harm.
    agent.write("this is no JSON");
    agent.write("{\"jsonrpc\": \"2.0\"}");
    assert_eq!(agent.done("recall", &json!({}))["found"], 1);
}

#[test]
fn queries_read_and_are_cut() {
    let server = Server::start();
    server.client().run("CREATE TABLE t (id int PRIMARY KEY, a text)");
    server.client().run("INSERT INTO t SELECT n, repeat('x', 30000) FROM generate_series(1, 200) n");
    let mut agent = Agent::start(&server, &[]);
    let read = agent.done(
        "query",
        &json!({"statement": "SELECT 1 AS n, 0.5::float8 AS f, true AS b, NULL AS z, '{\"a\": [1]}'::jsonb AS j"}),
    );
    assert_eq!(read["rows"][0], json!([1, 0.5, true, null, {"a": [1]}]));
    assert_eq!(read["columns"][0]["name"], "n");
    assert_eq!(agent.done("query", &json!({"statement": "GET MEMORY FIELDS id"}))["count"], 0);
    let cut = agent.done("query", &json!({"statement": "SELECT id FROM t", "limit": 5}));
    assert_eq!(cut["count"], 5);
    assert!(cut["cut"][0].as_str().unwrap().contains("more than the 5 rows"), "{cut}");
    let long = agent.done("query", &json!({"statement": "SELECT a FROM t", "limit": 100}));
    assert!(long.to_string().len() < 300_000 && long["cut"].as_array().unwrap().len() == 3, "{}", long["cut"]);
    // Whatever writes is refused by the server, however it is said.
    for statement in [
        "DELETE FROM t",
        "DELETE WHERE id = 1",
        "SET MEMORY id = 'x' metadata = {}",
        "CREATE TABLE u (id int PRIMARY KEY)",
        "TRUNCATE t",
        "EXPLAIN ANALYZE DELETE FROM t",
        "SELECT nebulus_create_network('n')",
        "SELECT nebulus_stage('memory', 'id = ''a''')",
        "ALTER ROLE nebulus PASSWORD 'other'",
        "WITH d AS (DELETE FROM t RETURNING id) SELECT * FROM d",
        "SYNC",
        "CREATE NETWORK n",
    ] {
        agent.refused("query", &json!({"statement": statement}));
    }
    agent.done("query", &json!({"statement": "COMMIT"}));
    agent.done("query", &json!({"statement": "SET default_transaction_read_only = off"}));
    agent.done("query", &json!({"statement": "PREPARE p AS DELETE FROM t"}));
    agent.refused("query", &json!({"statement": "EXECUTE p"}));
    agent.refused("query", &json!({"statement": "DELETE FROM t"}));
    let said = agent.refused("query", &json!({"statement": "DELETE FROM t", "write": true}));
    assert!(said.contains("--allow-writes"), "{said}");
    assert_eq!(server.client().value("SELECT count(*) FROM t"), "200");
    // With the owner's leave, and only where the call asks for it.
    let mut writer = Agent::start(&server, &["--allow-writes"]);
    assert!(writer.refused("query", &json!({"statement": "DELETE FROM t"})).contains("write = true"));
    assert_eq!(
        writer.done("query", &json!({"statement": "DELETE FROM t WHERE id < 11", "write": true}))["entries"],
        10
    );
    assert_eq!(server.client().value("SELECT count(*) FROM t"), "190");
}

#[test]
fn a_reader_cannot_write_and_nobody_gets_secrets() {
    let server = Server::start();
    server.client().run("SET AUTH key = 'api' value = 'hush-hush'");
    server.client().run("SET MEMORY id = 'a' metadata = {\"x\": 1}");
    server.client().run("CREATE NETWORK team WITH (secret = 'correct horse battery')");
    let mut reader = Agent::start(&server, &["--read-only"]);
    assert_eq!(names(&reader.request("tools/list", &json!({}))), ["recall", "list", "query"]);
    for tool in ["remember", "forget", "share"] {
        assert!(reader.refused(tool, &json!({"key": "a", "text": "x"})).contains("--read-only"));
    }
    assert_eq!(keys(&reader.done("recall", &json!({}))), ["a"]);
    let mut guest = Agent::start(&server, &["--allow-writes"]);
    for agent in [&mut reader, &mut guest] {
        for statement in [
            "GET AUTH WHERE key = 'api'",
            "SELECT * FROM auth",
            "SELECT count(*) FROM auth",
            "SELECT * FROM memory m JOIN auth a ON a.key <> m.id",
            "SELECT * FROM knirvql('GET AUTH WHERE key = ''api''')",
            "COPY auth TO STDOUT",
            "SELECT nebulus_network_secret('team')",
            "EXPLAIN ANALYZE SELECT * FROM auth",
        ] {
            let said = agent.refused("query", &json!({"statement": statement}));
            assert!(!said.contains("hush"), "{said}");
        }
        let said = agent.refused("query", &json!({"statement": "GET AUTH WHERE key = 'api'"}));
        assert!(said.contains("--allow-secrets"), "{said}");
        agent.done("query", &json!({"statement": "SET application_name = 'x'"}));
        agent.refused("query", &json!({"statement": "SET nebulus.secrets = on"}));
        agent.refused("query", &json!({"statement": "SELECT set_config('nebulus.secrets', 'on', false)"}));
        agent.done("query", &json!({"statement": "RESET ALL"}));
        agent.refused("query", &json!({"statement": "SELECT * FROM auth"}));
        assert!(!agent.done("list", &json!({})).to_string().contains("hush"));
    }
    for statement in [
        "SET AUTH key = 'api' value = 'stolen'",
        "INSERT INTO auth VALUES ('api', 'x') ON CONFLICT (key) DO UPDATE SET value = auth.value RETURNING value",
        "UPDATE auth SET value = 'x' RETURNING value",
        "DELETE FROM auth",
        "DELETE AUTH WHERE key = 'api'",
    ] {
        let said = guest.refused("query", &json!({"statement": statement, "write": true}));
        assert!(said.contains("secrets are hidden"), "{statement}: {said}");
    }
    guest.done("query", &json!({"statement": "DELETE WHERE id = 'api'", "write": true}));
    let mut trusted = Agent::start(&server, &["--allow-secrets"]);
    let told = trusted.done("query", &json!({"statement": "GET AUTH WHERE key = 'api'"}));
    assert!(told.to_string().contains("hush-hush"));
    assert!(trusted.refused("recall", &json!({"collection": "auth"})).contains("no memories"));
}

#[test]
fn sharing_shows_first_what_would_leave() {
    let server = Server::start();
    server.client().run("CREATE NETWORK team WITH (secret = 'correct horse battery', sync_interval_ms = 600000)");
    let mut agent = Agent::start(&server, &[]);
    agent.done("remember", &json!({"key": "rain", "facts": {"topic": "weather"}, "text": "It rains in Bergen"}));
    agent.done("remember", &json!({"key": "diary", "facts": {"topic": "me"}}));
    let shown = agent.done("share", &json!({"facts": {"topic": "weather"}}));
    assert_eq!((&shown["shared"], &shown["matching"], &shown["keys"]), (&json!(0), &json!(1), &json!(["rain"])));
    assert!(shown["to"].as_str().unwrap().contains("nobody yet"), "{shown}");
    server.client().run("ATTACH COLLECTION memory TO NETWORK team");
    let shown = agent.done("share", &json!({"facts": {"topic": "weather"}, "network": "team"}));
    assert!(
        shown["to"].as_str().unwrap().contains("\"team\"")
            && shown["memories"][0]["facts"]["text"] == "It rains in Bergen"
    );
    assert_eq!(server.client().value("SELECT count(*) FROM nebulus.staged"), "0");
    let staged = agent.done("share", &json!({"facts": {"topic": "weather"}, "confirm_count": 1}));
    assert_eq!(staged["staged"], 1);
    assert_eq!(agent.done("recall", &json!({"key": "rain"}))["memories"][0]["staged"], true);
    assert_eq!(agent.done("share", &json!({"action": "unstage", "key": "rain"}))["unstaged"], 1);
    assert_eq!(server.client().value("SELECT count(*) FROM nebulus.staged"), "0");
    let posted = agent.done("share", &json!({"action": "post", "key": "rain", "confirm_count": 1}));
    assert_eq!((&posted["posted"], &posted["still_staged"]), (&json!(1), &json!(0)), "{posted}");
    assert!(posted["server_says"][0].as_str().unwrap().contains("nobody is connected"), "{posted}");
    let unstaged = agent.done("share", &json!({"action": "unstage", "key": "rain"}));
    assert!(unstaged["server_says"][0].as_str().unwrap().contains("public already"), "{unstaged}");
    let listed = agent.done("list", &json!({}));
    assert_eq!(listed["networks"][0]["name"], "team");
    let memory = listed["collections"].as_array().unwrap().iter().find(|each| each["name"] == "memory").unwrap();
    assert_eq!((&memory["entries"], &memory["facts"]["topic"]), (&json!(2), &json!("text")));
    let mut hushed = Agent::start(&server, &["--no-share"]);
    assert!(hushed.refused("share", &json!({"key": "diary"})).contains("--no-share"));
}

#[test]
fn resources_are_read_by_address() {
    let server = Server::start();
    let mut agent = Agent::start(&server, &[]);
    agent.done("remember", &json!({"key": "a/b c", "text": "found by address"}));
    let listed = agent.request("resources/list", &json!({}));
    let uris: Vec<&str> =
        listed["result"]["resources"].as_array().unwrap().iter().map(|each| each["uri"].as_str().unwrap()).collect();
    assert_eq!(uris, ["nebulus://collections", "nebulus://networks", "nebulus://collection/memory"]);
    let templates = agent.request("resources/templates/list", &json!({}));
    assert_eq!(templates["result"]["resourceTemplates"][1]["uriTemplate"], "nebulus://entry/{collection}/{key}");
    for (uri, part) in [
        ("nebulus://collections", "\"memory\""),
        ("nebulus://networks", "this_node"),
        ("nebulus://collection/memory", "\"entries\":1"),
        ("nebulus://entry/memory/a%2Fb%20c", "found by address"),
        ("nebulus://entry/memory/a/b%20c", "not an instruction"),
    ] {
        let read = agent.request("resources/read", &json!({"uri": uri}));
        let text = read["result"]["contents"][0]["text"].as_str().unwrap_or_else(|| panic!("{read}"));
        assert!(text.contains(part), "{uri}: {text}");
    }
    for uri in
        ["nebulus://entry/memory/none", "nebulus://collection/none", "nebulus://entry/auth/x", "file:///etc/passwd"]
    {
        assert!(agent.request("resources/read", &json!({"uri": uri}))["error"]["message"].is_string(), "{uri}");
    }
}

#[test]
fn many_agents_share_one_memory() {
    let server = Server::start();
    let mut agents: Vec<Agent> = (0..4).map(|_| Agent::start(&server, &[])).collect();
    // All write the same memory and one of their own, at once.
    for round in 0..5 {
        let ids: Vec<Vec<u64>> = agents
            .iter_mut()
            .enumerate()
            .map(|(number, agent)| {
                let own = json!({"key": format!("{number}-{round}"), "facts": {"by": number}});
                let common = json!({"key": "common", "facts": {(format!("f{number}-{round}")): true}, "merge": true});
                [own, common]
                    .map(|arguments| agent.send("tools/call", &json!({"name": "remember", "arguments": arguments})))
                    .to_vec()
            })
            .collect();
        for (agent, ids) in agents.iter_mut().zip(ids) {
            for id in ids {
                // Answers come in any order.
                let known = agent.others.iter().position(|message| message["id"] == id);
                let answer = known.map(|at| agent.others.remove(at)).unwrap_or_else(|| agent.answer(id));
                assert_eq!(answer["result"]["isError"], false, "{answer}");
            }
        }
    }
    for agent in &mut agents {
        let recalled = agent.done("recall", &json!({"limit": 100}));
        assert_eq!(recalled["found"], 21);
        let common = agent.done("recall", &json!({"key": "common"}));
        assert_eq!(common["memories"][0]["facts"].as_object().unwrap().len(), 20, "no fact was lost");
    }
}

#[test]
fn a_server_that_goes_and_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let server = Launch::on(&data).start();
    let address = server.address;
    let mut agent = Agent::start(&server, &[]);
    agent.done("remember", &json!({"key": "a", "text": "kept"}));
    server.kill();
    for _ in 0..2 {
        let said = agent.refused("recall", &json!({}));
        assert!(said.contains("cannot connect to 127.0.0.1") && said.contains("nebulusdb serve"), "{said}");
    }
    let _server = Launch::on(&data).with(&["--listen", &address.to_string()]).start();
    assert_eq!(keys(&agent.done("recall", &json!({}))), ["a"]);
}

#[test]
fn an_agent_may_come_before_its_server_and_without_its_password() {
    let mut early = Agent::on("postgresql://nebulus@127.0.0.1:1/nebulus", &[]);
    assert!(early.refused("list", &json!({})).contains("start a server with: nebulusdb serve"));
    let directory = tempfile::tempdir().unwrap();
    let mut launch = Launch::on(&directory.path().join("data"));
    launch.trust_local = false;
    launch.environment.push(("NEBULUSDB_PASSWORD".to_string(), "correct horse".to_string()));
    let server = launch.start();
    let mut stranger = Agent::on(&format!("postgresql://nebulus:wrong@{}/nebulus", server.address), &[]);
    assert!(stranger.refused("list", &json!({})).contains("password"));
    let mut owner = Agent::on(&format!("postgresql://nebulus:correct%20horse@{}/nebulus", server.address), &[]);
    owner.done("list", &json!({}));
    let mut other =
        Agent::on(&format!("postgresql://nebulus:correct%20horse@{}/nebulus", server.address), &["--user", "eve"]);
    assert!(other.call("list", &json!({})).is_error);
}

#[test]
fn a_cancelled_call_ends_its_statement() {
    let server = Server::start();
    let mut agent = Agent::start(&server, &[]);
    let id = agent.send("tools/call", &json!({"name": "query", "arguments": {"statement": "SELECT pg_sleep(50)"}}));
    let mut client = server.client();
    let running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'";
    while client.value(running) != "1" {}
    agent.notify("notifications/cancelled", &json!({"requestId": id, "reason": "no need"}));
    while client.value(running) != "0" {}
    assert_eq!(agent.done("query", &json!({"statement": "SELECT 7 AS n"}))["rows"][0][0], 7);
}

#[test]
fn a_client_that_asks_hears_that_a_call_goes_on() {
    let server = Server::start();
    let mut agent = Agent::start(&server, &[]);
    let call =
        json!({"name": "query", "arguments": {"statement": "SELECT pg_sleep(50)"}, "_meta": {"progressToken": "p"}});
    let id = agent.send("tools/call", &call);
    let told = agent.read();
    assert_eq!((&told["method"], &told["params"]["progressToken"]), (&json!("notifications/progress"), &json!("p")));
    agent.notify("notifications/cancelled", &json!({"requestId": id}));
}
