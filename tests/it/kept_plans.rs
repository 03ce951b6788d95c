//! Prepared statements whose optimised plan is kept: they read what is there now, by the parameters and settings of now.

use crate::client::Client;
use crate::harness::Server;

const JOINED: &str =
    "PREPARE joined(int) AS SELECT a.id, b.n FROM k a JOIN k b ON b.id = a.id WHERE a.n >= $1 ORDER BY a.id";

fn filled(server: &Server) -> Client {
    let mut client = server.client();
    client.run("CREATE TABLE k (id int PRIMARY KEY, n int)");
    client.run("INSERT INTO k VALUES (1, 10), (2, 20), (3, 30)");
    client
}

fn ids(client: &mut Client, text: &str) -> String {
    client.column(text).join(" ")
}

#[test]
fn a_kept_plan_reads_what_is_there_now() {
    let server = Server::start();
    let mut client = filled(&server);
    client.run(JOINED);
    for round in 0..4 {
        assert_eq!(ids(&mut client, "EXECUTE joined(20)"), if round == 0 { "2 3" } else { "1 2 3" }, "round {round}");
        client.run("UPDATE k SET n = n + 10");
    }
    assert_eq!(ids(&mut client, "EXECUTE joined(60)"), "2 3");
    assert_eq!(ids(&mut client, "EXECUTE joined(1000)"), "");
    assert_eq!(ids(&mut client, "EXECUTE joined(1000)"), "");
    assert_eq!(ids(&mut client, "EXECUTE joined(60)"), "2 3");
    client.run("BEGIN");
    client.run("DELETE FROM k WHERE id = 2");
    assert_eq!(ids(&mut client, "EXECUTE joined(60)"), "3");
    client.run("ROLLBACK");
    assert_eq!(ids(&mut client, "EXECUTE joined(60)"), "2 3");
    // Another catalog, in which the plan is made anew.
    client.run("ALTER TABLE k ADD COLUMN more int DEFAULT 5");
    assert_eq!(ids(&mut client, "EXECUTE joined(60)"), "2 3");
    client.run("DROP TABLE k");
    assert_eq!(client.error("EXECUTE joined(60)").code, "42P01");
}

#[test]
fn the_moment_and_the_settings_are_those_of_each_run() {
    let server = Server::start();
    let mut client = filled(&server);
    client.run("PREPARE moment AS SELECT DISTINCT clock_timestamp() >= now(), now() FROM k a JOIN k b USING (id)");
    let mut moments: Vec<String> = Vec::new();
    for _ in 0..4 {
        let rows = client.rows("EXECUTE moment");
        moments.push(rows[0][1].clone().expect("a moment"));
    }
    let mut different = moments.clone();
    different.dedup();
    assert_eq!(different, moments);
    client.run("PREPARE setting AS SELECT DISTINCT current_setting('application_name') FROM k a JOIN k b USING (id)");
    for name in ["one", "one", "one", "two", "one"] {
        client.run(&format!("SET application_name = '{name}'"));
        assert_eq!(client.column("EXECUTE setting"), [name]);
    }
}

#[test]
fn guards_and_computed_keys_are_not_kept_with_the_statement_that_made_them() {
    let server = Server::start();
    let mut client = filled(&server);
    client.run(
        "PREPARE guarded(int) AS SELECT a.id FROM k a JOIN k b USING (id) \
         WHERE a.n <> $1 AND 100 / (a.n - $1) > 0 ORDER BY lower(a.id::text || b.n::text)",
    );
    for _ in 0..4 {
        assert_eq!(ids(&mut client, "EXECUTE guarded(10)"), "2 3");
    }
    client.run("INSERT INTO k VALUES (4, 11)");
    assert_eq!(ids(&mut client, "EXECUTE guarded(10)"), "2 3 4");
}
