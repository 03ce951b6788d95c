//! The client against the real server, which each test starts for itself over a directory that goes with it.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::time::Duration;

use nebulusdb_client::{
    Change, Database, Embedded, Entry, Error, Metric, Operation, Options, Result, Update, all, column, fact, id,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Longest wait for something that the server does by itself.
const WAIT: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    source: String,
    pages: u32,
    #[serde(default)]
    tags: Vec<String>,
}

fn note(source: &str, pages: u32) -> Note {
    Note { source: source.into(), pages, tags: Vec::new() }
}

async fn server() -> Database {
    Database::embedded(Embedded::temporary()).await.unwrap()
}

/// Three notes with vectors.
async fn filled(db: &Database) {
    let entries = [("a", "web", 3, [1.0, 0.0]), ("b", "mail", 10, [0.8, 0.6]), ("c", "web", 14, [0.0, 1.0])]
        .map(|(id, source, pages, vector)| Entry::new(note(source, pages)).id(id).vector(vector));
    assert_eq!(db.memory().insert_batch(&entries).await.unwrap(), ["a", "b", "c"]);
}

async fn ids(found: nebulusdb_client::Find<'_>) -> Vec<String> {
    found.order_by(id()).fetch::<Value>().await.unwrap().into_iter().map(|found| found.id).collect()
}

async fn facts(db: &Database, id: &str) -> Value {
    db.memory().find_one::<Value>(nebulusdb_client::id().eq(id)).await.unwrap().unwrap().facts
}

#[tokio::test]
async fn entries_come_back_as_they_were_written() -> Result<()> {
    let db = server().await;
    let memory = db.memory();
    let odd = json!({"text": "tab\t, line\n, \\N, ünï, \u{1F600}", "deep": {"list": [1, 2.5, null, true]}, "n": 9007199254740993_i64});
    let inserted = memory.insert(&Entry::new(odd.clone()).vector([0.1, -2.5e-7])).await?;
    let batch = [Entry::new(odd.clone()).id("odd\t'id\"\\").vector([1.0, f32::MAX]), Entry::new(json!({})).id("bare")];
    memory.insert_batch(&batch).await?;
    for (id, vector) in [(inserted.as_str(), vec![0.1, -2.5e-7]), ("odd\t'id\"\\", vec![1.0, f32::MAX])] {
        let found = memory.find(column("id").eq(id)).with_vectors().fetch_one::<Value>().await?.unwrap();
        assert_eq!((&found.facts, found.vector), (&odd, Some(vector)));
        memory.set_blob(id, b"\x00bytes\xff").await?;
        assert_eq!(memory.blob(id).await?.as_deref(), Some(&b"\x00bytes\xff"[..]));
    }
    let bare = memory.find(id().eq("bare")).with_vectors().fetch_one::<Value>().await?.unwrap();
    assert_eq!((bare.facts, bare.vector, memory.blob("bare").await?), (json!({}), None, None));
    let taken = memory.insert(&Entry::new(json!({})).id("bare")).await.unwrap_err();
    assert!(taken.is_taken(), "{taken}");
    memory.put(&Entry::new(json!({"now": true})).id("bare").vector([5.0, 5.0])).await?;
    assert_eq!(facts(&db, "bare").await, json!({"now": true}));
    db.close().await
}

#[tokio::test]
async fn a_batch_is_all_or_nothing_and_many_are_quick() -> Result<()> {
    let db = server().await;
    let many: Vec<_> =
        (0..5000).map(|n| Entry::new(note("many", n)).id(format!("m{n}")).vector([1.0, n as f32])).collect();
    db.memory().insert_batch(&many).await?;
    assert_eq!(db.memory().count(all()).await?, 5000);
    let refused =
        db.memory().insert_batch(&[Entry::new(note("x", 1)).id("new"), Entry::new(note("x", 1)).id("m7")]).await;
    assert!(refused.unwrap_err().is_taken());
    assert_eq!(db.memory().count(id().eq("new")).await?, 0);
    assert_eq!(db.memory().insert_batch::<Note>(&[]).await?, Vec::<String>::new());
    db.close().await
}

#[tokio::test]
async fn filters_say_the_same_in_both_languages() -> Result<()> {
    let db = server().await;
    filled(&db).await;
    let memory = db.memory();
    let rest = json!({"source": "7", "pages": 7.5, "tags": ["x", "it's"], "author": {"na\"me": "Ada"}, "ok": true});
    memory.insert(&Entry::new(rest).id("d").vector([0.5, 0.5])).await?;
    let author = || fact("author").at("na\"me");
    for (filter, wanted) in [
        (fact("source").eq("web"), "ac"),
        (fact("source").ne("web"), "bd"),
        (fact("source").eq(7), ""),
        (fact("pages").gt(3) & fact("pages").lt(14), "bd"),
        (fact("pages").ge(3) & !fact("pages").ge(10), "ad"),
        (fact("pages").is_in([3, 14]), "ac"),
        (!fact("pages").is_in([3, 14]), "bd"),
        (fact("pages").is_in(Vec::<i64>::new()), ""),
        (fact("source").le("mail") | fact("ok").eq(true), "bd"),
        (fact("ok").exists(), "d"),
        (fact("ok").is_null(), "abc"),
        (!fact("ok").eq(false), "d"),
        (fact("source").like("_e%"), "ac"),
        (fact("source").starts_with("ma"), "b"),
        (!fact("source").matches("^[a-z]+$"), "d"),
        (fact("tags").contains("it's"), "d"),
        (fact("tags").index(1).eq("it's"), "d"),
        (author().eq("Ada"), "d"),
        (author().ge("Ada"), "d"),
        (id().ge("c"), "cd"),
        (all(), "abcd"),
        (!all(), ""),
    ] {
        let said = format!("{filter:?}");
        assert_eq!(ids(memory.find(filter.clone())).await.concat(), wanted, "{said}");
        let mut nearest: Vec<String> = memory
            .nearest([1.0, 0.0])
            .filter(filter.clone())
            .fetch::<Value>()
            .await?
            .into_iter()
            .map(|found| found.id)
            .collect();
        nearest.sort();
        assert_eq!(nearest.concat(), wanted, "{said}");
        assert_eq!(memory.count(filter).await?, wanted.len() as u64, "{said}");
    }
    let refused = memory.find(fact("pages").eq(Value::Null)).fetch::<Value>().await.unwrap_err();
    assert!(matches!(refused, Error::Input(_)), "{refused}");
    db.close().await
}

#[tokio::test]
async fn searches_are_sorted_limited_and_measured() -> Result<()> {
    let db = server().await;
    filled(&db).await;
    let memory = db.memory();
    let sorted = memory.find(all()).order_by_descending("pages").offset(1).limit(1).fetch::<Note>().await?;
    assert_eq!(sorted.into_iter().map(|found| found.facts).collect::<Vec<_>>(), [note("mail", 10)]);
    for (metric, nearest) in
        [(Metric::Cosine, 0.2), (Metric::L2, 0.632_455_5), (Metric::InnerProduct, -0.8), (Metric::L1, 0.8)]
    {
        let found = memory
            .nearest([1.0, 0.0])
            .metric(metric)
            .filter(id().ne("a"))
            .limit(1)
            .with_vectors()
            .fetch::<Note>()
            .await?;
        let first = found.into_iter().next().unwrap();
        assert!((first.distance.unwrap() - nearest).abs() < 1e-6, "{metric:?} {:?}", first.distance);
        assert_eq!((first.id.as_str(), first.vector), ("b", Some(vec![0.8, 0.6])));
    }
    assert_eq!(memory.nearest([1.0, 0.0]).within(0.1).width(100).fetch::<Note>().await?.len(), 1);
    assert_eq!(memory.nearest([1.0, 0.0]).offset(2).fetch::<Note>().await?.len(), 1);
    for vector in [vec![], vec![f32::NAN, 1.0]] {
        assert!(matches!(memory.nearest(vector).fetch::<Note>().await, Err(Error::Input(_))));
    }
    let other = memory.nearest([1.0, 2.0, 3.0]).fetch::<Note>().await.unwrap_err();
    assert_eq!(other.code().unwrap().code(), "22000", "{other}");
    let wrong = memory.find(all()).fetch::<Vec<u8>>().await.unwrap_err();
    assert!(matches!(wrong, Error::Facts { .. }), "{wrong}");
    db.close().await
}

#[tokio::test]
async fn updates_change_what_they_name() -> Result<()> {
    let db = server().await;
    let memory = db.memory();
    let start = json!({"n": 2, "tags": ["a", "b", "a"], "gone": 1, "old": "x", "in": {"a": 1}});
    memory.insert(&Entry::new(start).id("u").vector([1.0, 0.0])).await?;
    let update = Update::new()
        .set("s", "it's")
        .set(fact("new").at("deep").at("er"), 1)
        .set(fact("new").at("too"), json!([1]))
        .unset("gone")
        .unset(fact("in").at("a"))
        .increase("n", 1.5)
        .increase("count", 1)
        .rename("old", "young")
        .rename("nothing", "something")
        .pull("tags", "a")
        .push_each("list", [1, 2])
        .vector([0.0, 1.0]);
    assert_eq!(memory.update(id().eq("u"), &update).await?, 1);
    let wanted = json!({"n": 3.5, "tags": ["b"], "in": {}, "s": "it's", "new": {"deep": {"er": 1}, "too": [1]}, "count": 1,
        "young": "x", "list": [1, 2]});
    assert_eq!(facts(&db, "u").await, wanted);
    let update = Update::new()
        .multiply("n", 2)
        .at_most("count", -3)
        .at_least("top", 4)
        .add_to_set("tags", "b")
        .push(fact("in").at("list"), json!({"x": 1}))
        .shift("list");
    assert_eq!(memory.update(all(), &update).await?, 1);
    memory.update(all(), &Update::new().add_to_set("tags", "c").pop(fact("new").at("too")).pop("none")).await?;
    let wanted = json!({"n": 7.0, "tags": ["b", "c"], "in": {"list": [{"x": 1}]}, "s": "it's", "new": {"deep": {"er": 1}, "too": []},
        "count": -3, "young": "x", "list": [2], "top": 4});
    assert_eq!(facts(&db, "u").await, wanted);
    assert_eq!(memory.find(all()).with_vectors().fetch_one::<Value>().await?.unwrap().vector, Some(vec![0.0, 1.0]));
    for bad in [Update::new(), Update::new().set("a", 1).unset(fact("a").at("b")), Update::new().increase("a", "x")] {
        assert!(matches!(memory.update(all(), &bad).await, Err(Error::Input(_))), "{bad:?}");
    }
    assert_eq!(memory.update(id().eq("nobody"), &Update::new().set("a", 1)).await?, 0);
    assert_eq!(memory.delete(all()).await?, 1);
    db.close().await
}

#[tokio::test]
async fn no_increment_is_lost() -> Result<()> {
    let db = server().await;
    db.memory().insert(&Entry::new(json!({"n": 0})).id("n")).await?;
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let other = db.another().await?;
        tasks.push(tokio::spawn(async move {
            let mut done = 0;
            while done < 25 {
                match other.memory().update(id().eq("n"), &Update::new().increase("n", 1)).await {
                    Ok(_) => done += 1,
                    Err(error) if error.is_conflict() => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        }));
    }
    for task in tasks {
        task.await.unwrap()?;
    }
    assert_eq!(facts(&db, "n").await, json!({"n": 100}));
    db.close().await
}

#[tokio::test]
async fn transactions_happen_or_do_not() -> Result<()> {
    let mut db = server().await;
    let transaction = db.transaction().await?;
    transaction.memory().insert(&Entry::new(json!({})).id("lost")).await?;
    assert_eq!(transaction.memory().count(all()).await?, 1);
    transaction.rollback().await?;
    drop(db.transaction().await?);
    let other = db.another().await?;
    let transaction = db.transaction().await?;
    transaction.memory().insert(&Entry::new(json!({})).id("kept")).await?;
    assert_eq!(other.memory().count(all()).await?, 0);
    transaction.commit().await?;
    assert_eq!(other.memory().count(all()).await?, 1);

    let transaction = db.transaction().await?;
    assert_eq!(transaction.memory().count(all()).await?, 1);
    other.memory().update(all(), &Update::new().set("by", "other")).await?;
    let error = transaction.memory().update(all(), &Update::new().set("by", "one")).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    transaction.rollback().await?;
    db.close().await
}

#[tokio::test]
async fn other_collections_indexes_and_secrets() -> Result<()> {
    let db = server().await;
    let books = db.create_collection("odd \"name", 3, Metric::L2).await?;
    books.insert(&Entry::new(json!({"title": "one"})).id("b1").vector([1.0, 2.0, 3.0])).await?;
    assert_eq!(books.nearest([1.0, 2.0, 3.0]).metric(Metric::L2).fetch::<Value>().await?[0].distance, Some(0.0));
    db.memory().create_index("source").await?;
    db.memory().create_vector_index(Metric::Cosine).await?;
    assert!(matches!(db.memory().create_index(fact("a").at("b")).await, Err(Error::Input(_))));
    assert_eq!(db.entries::<Value>("GET MEMORY FIELDS id, metadata IN 'odd \"name'").await?.len(), 1);
    db.drop_collection("odd \"name").await?;

    db.secrets().set("api", "it's secret").await?;
    assert_eq!(db.secrets().get("api").await?.as_deref(), Some("it's secret"));
    assert!(db.secrets().delete("api").await? && !db.secrets().delete("api").await?);
    db.close().await
}

#[tokio::test]
async fn changes_are_told() -> Result<()> {
    let db = server().await;
    let mut changes = db.subscribe("memory").await?;
    db.memory().insert(&Entry::new(json!({"n": 1})).id("x")).await?;
    db.memory().update(id().eq("x"), &Update::new().set("n", 2)).await?;
    db.memory().delete(id().eq("x")).await?;
    for wanted in [Operation::Insert, Operation::Update, Operation::Delete] {
        let change = changes.next_within(WAIT).await.unwrap();
        let Change::Entry { operation, id, origin, network } = change else { panic!("{change:?}") };
        assert_eq!((operation, id.as_deref(), origin.as_deref(), network), (wanted, Some("x"), Some("local"), None));
    }
    let many: Vec<_> = (0..300).map(|n| Entry::new(json!({"n": n}))).collect();
    db.memory().insert_batch(&many).await?;
    assert_eq!(changes.next_within(WAIT).await, Some(Change::Many(300)));
    assert!(db.subscribe("no such collection").await.is_err());
    db.close().await
}

async fn node() -> Database {
    Database::embedded(Embedded::temporary().argument("--p2p-listen").argument("/ip4/127.0.0.1/tcp/0")).await.unwrap()
}

#[tokio::test]
async fn two_nodes_share_what_was_staged() -> Result<()> {
    let (ada, ben) = (node().await, node().await);
    for (id, topic) in [("rain", "weather"), ("diary", "me"), ("plan", "weather")] {
        ada.memory().insert(&Entry::new(json!({"topic": topic})).id(id)).await?;
    }
    assert_eq!(ada.memory().stage(fact("topic").eq("weather")).await?, 2);
    assert_eq!(ada.memory().unstage(all()).await?, 2);
    ada.networks().create("team", Some("correct horse battery"), Options::new()).await?;
    ada.networks().attach("memory", "team").await?;
    let mut addresses = Vec::new();
    let mut tries = 0;
    while addresses.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        addresses = ada.networks().node().await?.addresses;
        tries += 1;
        assert!(tries < 3000, "no address");
    }
    let mut events = ada.subscribe_to_networks(Some("team")).await?;
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    ben.networks().join("team", &addresses, "correct horse battery", Options::new()).await?;
    ben.networks().attach("memory", "team").await?;
    while events.next_within(WAIT).await.expect("ben comes").event != "peer:connected" {}

    let mut changes = ben.subscribe("memory").await?;
    assert_eq!(ada.memory().stage(id().eq("rain")).await?, 1);
    ada.networks().sync(Some("team")).await?;
    let change = changes.next_within(WAIT).await.unwrap();
    assert!(matches!(&change, Change::Entry { id: Some(id), network: Some(_), .. } if id == "rain"), "{change:?}");
    assert_eq!(ids(ben.memory().find(all())).await, ["rain"]);

    ada.memory().update(id().eq("rain"), &Update::new().set("draft", true)).await?;
    assert_eq!(ada.memory().revert(id().eq("rain")).await?, 1);
    assert_eq!(facts(&ada, "rain").await, json!({"topic": "weather"}));

    let ben_id = ben.networks().node().await?.peer_id;
    let peers = ada.networks().peers(Some("team")).await?;
    assert!(peers.iter().any(|peer| peer.peer_id == ben_id && peer.is_connected), "{peers:?}");
    assert_eq!(ada.networks().stats(None).await?[0].collections_shared, 1);
    assert!(!ben.networks().sync_state(Some("team")).await?.is_empty());
    assert_eq!(ada.networks().secret("team").await?, "correct horse battery");
    assert!(ben.networks().join("other", &[], "x", Options::new()).await.is_err());
    ben.networks().detach("memory", "team").await?;
    ben.networks().leave("team").await?;
    ada.networks().alter("team", Options::from_iter([("sync_interval_ms".to_string(), json!(500))])).await?;
    ada.networks().rotate_secret("team", "another horse battery").await?;
    let alone = ada.networks().sync(None).await?;
    assert!(alone.notices.iter().any(|notice| notice.contains("nobody is connected")), "{alone:?}");
    ben.close().await?;
    ada.close().await
}

#[tokio::test]
async fn a_server_of_ones_own_keeps_its_data_and_tells_why_it_does_not_start() -> Result<()> {
    let place = std::env::temp_dir().join(format!("nebulusdb-test-{}", std::process::id()));
    let db = Database::embedded(Embedded::over(&place).password("one of my own")).await?;
    db.memory().insert(&Entry::new(json!({})).id("kept")).await?;
    let second = Database::embedded(Embedded::over(&place)).await.unwrap_err().to_string();
    assert!(second.contains("another server holds"), "{second}");
    let (url, directory) = db.server().unwrap();
    assert_eq!(directory, place);
    let url = url.replace("nebulus@", "nebulus:one%20of%20my%20own@");
    assert_eq!(Database::connect(Some(&url)).await?.memory().count(all()).await?, 1);
    db.close().await?;
    let again = Database::embedded(Embedded::over(&place).password("one of my own")).await?;
    assert_eq!(again.memory().count(id().eq("kept")).await?, 1);
    again.close().await?;
    std::fs::remove_dir_all(&place).unwrap();

    let missing = Database::embedded(Embedded::temporary().program("/no/such/program")).await.unwrap_err().to_string();
    assert!(missing.contains("/no/such/program"), "{missing}");
    let other = Database::embedded(Embedded::temporary().program("/bin/true")).await.unwrap_err().to_string();
    assert!(other.contains("did not start"), "{other}");
    let nobody = Database::connect(Some("postgresql://nebulus@127.0.0.1:1/nebulus")).await;
    assert!(matches!(nobody, Err(Error::Server(_))));
    assert!(matches!(Database::connect(Some("no url")).await, Err(Error::Input(_))));
    Ok(())
}
