//! Roles through the wire: logins, and that nobody gets at what it was granted nothing on, by whatever statement.

use std::path::Path;

use tokio_postgres::{Config, NoTls};

use crate::client::{Answer, Client, Failure};
use crate::harness::{Launch, Server};

const PASSWORD: &str = "correct horse battery staple";
/// What is in all that nobody but its owner may read.
const SECRET: &str = "S3CRET";

fn with_password(data: &Path) -> Server {
    let mut launch = Launch::on(data);
    launch.trust_local = false;
    launch.environment.push(("NEBULUSDB_PASSWORD".to_string(), PASSWORD.to_string()));
    launch.start()
}

/// Logs in by a driver's SCRAM; the SQLSTATE where it is refused.
async fn log_in(server: &Server, user: &str, password: &str) -> Result<tokio_postgres::Client, String> {
    let mut config = Config::new();
    config.host("127.0.0.1").port(server.address.port()).user(user).dbname("nebulus").password(password);
    match config.connect(NoTls).await {
        Ok((client, connection)) => {
            tokio::spawn(connection);
            Ok(client)
        }
        Err(error) => Err(error.code().map(|code| code.code().to_string()).unwrap_or_default()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_log_in_with_their_own_passwords() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let server = with_password(&data);
    let owner = log_in(&server, "nebulus", PASSWORD).await.expect("the owner");
    owner
        .batch_execute(
            "CREATE ROLE ann LOGIN PASSWORD 'pw of ann' CONNECTION LIMIT 1; ALTER ROLE ann SET timezone = 'Europe/Paris'; \
             CREATE ROLE late LOGIN PASSWORD 'pw of late' VALID UNTIL '2001-01-01'; CREATE ROLE group_only PASSWORD 'pw'; \
             CREATE ROLE bare LOGIN; CREATE ROLE shut LOGIN PASSWORD 'pw'",
        )
        .await
        .expect("roles");
    let ann = log_in(&server, "ann", "pw of ann").await.expect("her password");
    let row =
        ann.query_one("SELECT current_user, session_user, current_setting('timezone')", &[]).await.expect("a row");
    assert_eq!(
        (row.get::<_, String>(0), row.get::<_, String>(1), row.get::<_, String>(2)),
        ("ann".to_string(), "ann".to_string(), "Europe/Paris".to_string())
    );
    assert_eq!(log_in(&server, "ann", "pw of ann").await.err().as_deref(), Some("53300"), "one at a time");
    drop(ann);
    owner.batch_execute("REVOKE CONNECT ON DATABASE nebulus FROM PUBLIC").await.expect("a revoke");
    assert_eq!(log_in(&server, "shut", "pw").await.err().as_deref(), Some("42501"));
    owner.batch_execute("GRANT CONNECT ON DATABASE nebulus TO ann").await.expect("a grant");
    let shown: String = owner
        .query_one("SELECT string_agg(rolpassword, ' ') FROM pg_authid", &[])
        .await
        .expect("superusers read verifiers")
        .get(0);
    assert!(shown.contains("SCRAM-SHA-256$4096:") && !shown.contains("pw of"));
    for (user, password, refused) in [
        ("ann", "wrong", "28P01"),
        ("ann", PASSWORD, "28P01"),
        ("late", "pw of late", "28P01"),
        ("bare", "", "28P01"),
        ("nobody", "pw", "28P01"),
        ("group_only", "pw", "28000"),
    ] {
        assert_eq!(log_in(&server, user, password).await.err().as_deref(), Some(refused), "{user}");
    }
    drop(owner);
    server.stop();
    // They are there after a start, and no password lies anywhere in the clear.
    let server = with_password(&data);
    log_in(&server, "ann", "pw of ann").await.expect("her password still");
    assert!(!server.log().contains("pw of"));
    server.stop();
    for file in crate::secrets::files_below(&data) {
        let bytes = std::fs::read(&file).expect("a file");
        assert!(!bytes.windows(5).any(|part| part == b"pw of"), "{}", file.display());
    }
}

fn as_role(server: &Server, role: &str) -> Client {
    Client::connect_as(server.address, role, "nebulus").expect("the role logs in")
}

/// A server whose owner has put the secret into whatever there is.
fn with_secrets() -> Server {
    let server = Server::start();
    let mut owner = server.client();
    for statement in [
        "CREATE ROLE nothing LOGIN",
        "INSERT INTO memory (id, metadata, vector) VALUES ('m1', '{\"fact_S3CRET\": \"S3CRET\"}', '[1,2,3]')",
        "SET AUTH key = \"k\" value = \"S3CRET\"",
        "CREATE TABLE hidden (id int PRIMARY KEY, a text UNIQUE CHECK (a <> ''), b text GENERATED ALWAYS AS (a || '!') STORED, \
         v vector(3), n serial)",
        "INSERT INTO hidden (id, a, v) VALUES (1, 'S3CRET', '[1,2,3]'), (2, 'S3CRET2', '[3,2,1]')",
        "CREATE INDEX ON hidden USING hnsw (v vector_l2_ops)",
        "CREATE VIEW shown AS SELECT a FROM hidden",
        "CREATE SEQUENCE counted",
        "SELECT nextval('counted')",
        "ANALYZE hidden",
    ] {
        owner.run(statement);
    }
    server
}

/// Statements that a role with no rights may send and that must fail, each with its SQLSTATE.
const REFUSED: &[(&str, &str)] = &[
    ("SELECT * FROM hidden", "42501"),
    ("SELECT 1 FROM hidden LIMIT 0", "42501"),
    ("TABLE hidden", "42501"),
    ("SELECT * FROM shown", "42501"),
    ("SELECT (SELECT a FROM hidden LIMIT 1)", "42501"),
    ("SELECT 1 WHERE EXISTS (SELECT FROM hidden WHERE a LIKE 'S3%')", "42501"),
    ("SELECT ARRAY(SELECT a FROM hidden)", "42501"),
    ("SELECT x.a FROM (VALUES (1)) AS o (i), LATERAL (SELECT a FROM hidden) AS x", "42501"),
    ("WITH x AS (SELECT * FROM hidden) SELECT 1", "42501"),
    ("WITH x AS (DELETE FROM hidden RETURNING *) SELECT * FROM x", "42501"),
    ("SELECT 1 UNION SELECT id FROM hidden", "42501"),
    ("SELECT count(*) FROM hidden", "42501"),
    ("SELECT max(a) FROM hidden GROUP BY id", "42501"),
    ("SELECT id FROM hidden ORDER BY v <-> '[1,2,3]' LIMIT 1", "42501"),
    ("SELECT to_jsonb(h) FROM hidden h", "42501"),
    ("SELECT * FROM hidden TABLESAMPLE BERNOULLI (100)", "42501"),
    ("SELECT * FROM hidden FOR UPDATE", "42501"),
    ("EXPLAIN SELECT * FROM hidden", "42501"),
    ("EXPLAIN ANALYZE SELECT * FROM hidden", "42501"),
    ("COPY hidden TO STDOUT", "42501"),
    ("COPY (SELECT * FROM hidden) TO STDOUT", "42501"),
    ("COPY hidden (id) FROM STDIN", "42501"),
    ("DECLARE c CURSOR WITH HOLD FOR SELECT * FROM hidden", "42501"),
    ("CREATE TEMP TABLE mine AS SELECT * FROM hidden", "42501"),
    ("SELECT * INTO TEMP mine FROM hidden", "42501"),
    ("CREATE TEMP TABLE mine (LIKE hidden)", "42501"),
    ("CREATE TEMP TABLE mine (id int REFERENCES hidden)", "42501"),
    ("CREATE TABLE mine (a int)", "42501"),
    ("CREATE SCHEMA mine", "42501"),
    ("INSERT INTO hidden VALUES (1)", "42501"),
    ("INSERT INTO hidden (id) SELECT id FROM hidden", "42501"),
    ("UPDATE hidden SET a = a RETURNING *", "42501"),
    ("DELETE FROM hidden", "42501"),
    ("DELETE FROM hidden USING hidden h2 WHERE h2.a LIKE 'S%'", "42501"),
    ("TRUNCATE hidden", "42501"),
    ("MERGE INTO hidden USING hidden h ON h.id = hidden.id WHEN MATCHED THEN DELETE", "42501"),
    ("UPDATE shown SET a = a", "42501"),
    ("ALTER TABLE hidden ADD COLUMN c int", "42501"),
    ("ALTER TABLE hidden OWNER TO nothing", "42501"),
    ("ALTER TABLE hidden ADD CHECK (a <> 'S3CRET')", "42501"),
    ("CREATE INDEX ON hidden (a)", "42501"),
    ("DROP INDEX hidden_a_key", "42501"),
    ("DROP TABLE hidden", "42501"),
    ("DROP VIEW shown", "42501"),
    ("CREATE OR REPLACE VIEW shown AS SELECT 'x' AS a", "42501"),
    ("COMMENT ON TABLE hidden IS 'x'", "42501"),
    ("REINDEX TABLE hidden", "42501"),
    ("GRANT SELECT ON hidden TO nothing", "42501"),
    ("GRANT nebulus TO nothing", "42501"),
    ("SET ROLE nebulus", "42501"),
    ("SET SESSION AUTHORIZATION nebulus", "42501"),
    ("SELECT set_config('role', 'nebulus', false)", "42501"),
    ("SELECT set_config('is_superuser', 'on', false)", "55P02"),
    ("ALTER ROLE nothing SUPERUSER", "42501"),
    ("ALTER ROLE nebulus PASSWORD 'x'", "42501"),
    ("CREATE ROLE other", "42501"),
    ("DROP OWNED BY nebulus", "42501"),
    ("REASSIGN OWNED BY nebulus TO nothing", "42501"),
    ("DO $$ BEGIN PERFORM a FROM hidden; END $$", "42501"),
    ("DO $$ BEGIN EXECUTE 'DELETE FROM hidden'; END $$", "42501"),
    ("SELECT nextval('counted')", "42501"),
    ("SELECT nextval('hidden_n_seq')", "42501"),
    ("SELECT setval('counted', 1)", "42501"),
    ("SELECT * FROM counted", "42501"),
    ("SELECT * FROM hidden_n_seq", "42501"),
    ("SELECT pg_sequence_last_value('counted')", "42501"),
    ("SELECT * FROM memory", "42501"),
    ("SELECT * FROM memory_facts", "42501"),
    ("SELECT nosuch FROM memory_facts", "42501"),
    ("SELECT blob('m1')", "42501"),
    ("SELECT * FROM knirvql('GET MEMORY')", "42501"),
    ("SELECT * FROM auth", "42501"),
    ("GET MEMORY", "42501"),
    ("GET MEMORY IN hidden", "42501"),
    ("GET MEMORY SIMILAR TO [1, 2, 3] LIMIT 1", "42501"),
    ("GET MEMORY SIMILAR TO ENTRY \"m1\" LIMIT 1", "42501"),
    ("GET AUTH WHERE key = \"k\"", "42501"),
    ("SET AUTH key = \"k\" value = \"x\"", "42501"),
    ("SET MEMORY id = \"m1\" metadata = {\"a\": 1}", "42501"),
    ("DELETE WHERE id = \"m1\"", "42501"),
    ("DELETE MEMORY WHERE id = \"m1\"", "42501"),
    ("DELETE AUTH WHERE key = \"k\"", "42501"),
    ("STAGE MEMORY WHERE id = \"m1\"", "42501"),
    ("UPDATE memory SET _stage = 'post-pending'", "42501"),
    ("EXPLAIN GET MEMORY", "42501"),
    ("CREATE NETWORK n", "42501"),
    ("SHOW NETWORKS", "42501"),
    ("SHOW PEERS", "42501"),
    ("SYNC", "42501"),
    ("SELECT nebulus_create_network('n')", "42501"),
    ("SELECT nebulus_backup('/tmp/nowhere')", "42501"),
    ("SELECT * FROM nebulus.networks", "42501"),
    ("SELECT * FROM nebulus.vector_indexes", "42501"),
    ("SELECT * FROM pg_authid", "42501"),
    ("SELECT * FROM pg_shadow", "42501"),
    ("LISTEN \"changes:hidden\"", "42501"),
    ("LISTEN \"changes:memory\"", "42501"),
    ("LISTEN networks", "42501"),
];

/// What may be asked by everybody, and tells nothing of what is in rows.
const HARMLESS: &[&str] = &[
    "SELECT * FROM pg_class",
    "SELECT * FROM pg_attribute",
    "SELECT * FROM pg_attrdef",
    "SELECT * FROM pg_constraint",
    "SELECT * FROM pg_stat_activity",
    "SELECT * FROM pg_stat_user_tables",
    "SELECT * FROM pg_stats",
    "SELECT * FROM pg_sequences",
    "SELECT * FROM pg_prepared_statements",
    "SELECT * FROM pg_locks",
    "SELECT * FROM information_schema.columns",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM pg_description",
    "SELECT pg_get_viewdef('shown'::regclass), pg_get_indexdef('hidden_a_key'::regclass)",
    "SELECT has_column_privilege('memory_facts', 'fact_S3CRET_', 'select')",
    "SELECT pg_table_size('hidden')",
    "SHOW ALL",
    "SHOW COLLECTIONS",
];

/// All that a client is told.
fn told(reply: &crate::client::Reply) -> String {
    let of_failure = |failure: &Failure| format!("{failure:?}");
    let answers = reply.answers.iter().map(|answer| match answer {
        Answer::Rows { columns, rows, tag } => format!("{columns:?} {rows:?} {tag}"),
        Answer::Failed(failure) => of_failure(failure),
        _ => String::new(),
    });
    answers.chain(reply.notices.iter().map(of_failure)).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_role_with_no_rights_gets_at_nothing() {
    let server = with_secrets();
    let mut owner = server.client();
    owner.run("SELECT 'S3CRET in a statement'");
    let mut nothing = as_role(&server, "nothing");
    let mut wrong = Vec::new();
    for (statement, sqlstate) in REFUSED {
        let reply = nothing.query(statement);
        let code = reply.answers.iter().find_map(|answer| match answer {
            Answer::Failed(failure) => Some(failure.code.clone()),
            _ => None,
        });
        // The statement itself may have the word; rows and reports may not.
        let shows = !statement.contains(SECRET) && told(&reply).contains(SECRET);
        if code.as_deref() != Some(*sqlstate) || shows {
            wrong.push(format!("{statement}: {code:?} {}", told(&reply)));
        }
    }
    for statement in HARMLESS {
        let reply = nothing.query(statement);
        let shown = told(&reply).replace("fact_S3CRET_", "");
        if shown.contains(SECRET) || reply.answers.is_empty() {
            wrong.push(format!("{statement}: {shown}"));
        }
    }
    assert!(wrong.is_empty(), "{} statements:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(owner.value("SELECT count(*) FROM hidden"), "2", "nothing was written either");
    assert_eq!(owner.value("SELECT count(*) FROM memory"), "1");
}

#[test]
fn whoever_may_only_write_is_shown_no_rows() {
    let server = with_secrets();
    server.client().run("GRANT INSERT, UPDATE, DELETE ON hidden TO nothing");
    let mut writer = as_role(&server, "nothing");
    for statement in [
        "UPDATE hidden SET id = NULL",
        "UPDATE hidden SET a = ''",
        "UPDATE hidden SET v = '[1]'",
        "UPDATE hidden SET id = 1",
        "INSERT INTO hidden (id, a) VALUES (9, 'S3' || 'CRET')",
        "DELETE FROM hidden WHERE a = 'x' RETURNING a",
        "INSERT INTO hidden (id, a) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET a = hidden.a RETURNING a",
    ] {
        let reply = writer.query(statement);
        assert!(matches!(reply.answers.last(), Some(Answer::Failed(_))), "{statement}");
        assert!(!told(&reply).contains(SECRET), "{statement}: {}", told(&reply));
    }
    assert_eq!(writer.run("INSERT INTO hidden (id, a) VALUES (9, 'x')"), "INSERT 0 1");
    // Where PostgreSQL asks for no more, rows are looked for by a query here.
    assert_eq!(writer.error("UPDATE hidden SET n = 7").code, "42501");
}

#[test]
fn rights_count_from_one_statement_to_the_next() {
    let server = with_secrets();
    let (mut owner, mut role) = (server.client(), as_role(&server, "nothing"));
    owner.run("GRANT SELECT ON hidden, memory TO nothing");
    role.run("PREPARE p AS SELECT count(*) FROM hidden");
    assert_eq!(role.value("EXECUTE p"), "2");
    assert_eq!(role.value("SELECT count(*) FROM knirvql('GET MEMORY')"), "1");
    assert_eq!(role.rows("GET MEMORY").len(), 1);
    role.run("LISTEN \"changes:hidden\"");
    owner.run("DELETE FROM hidden WHERE id = 2");
    assert_eq!(role.hear().channel, "changes:hidden");
    role.run("BEGIN");
    assert_eq!(role.value("EXECUTE p"), "1");
    owner.run("REVOKE SELECT ON hidden, memory FROM nothing");
    assert_eq!(role.error("EXECUTE p").code, "42501", "a transaction of READ COMMITTED sees it");
    role.run("ROLLBACK");
    assert_eq!(role.error("EXECUTE p").code, "42501");
    assert_eq!(role.error("GET MEMORY").code, "42501");
    owner.run("DELETE FROM hidden");
    role.run("SELECT 1");
    assert!(role.heard().is_empty(), "what may not be read is not heard of");
    // Rights through a role that is joined, and left.
    owner.run("CREATE ROLE readers");
    owner.run("GRANT SELECT ON hidden TO readers");
    owner.run("GRANT readers TO nothing");
    assert_eq!(role.value("EXECUTE p"), "0");
    owner.run("REVOKE readers FROM nothing");
    assert_eq!(role.error("EXECUTE p").code, "42501");
    owner.run("ALTER ROLE nothing SUPERUSER");
    assert_eq!(role.value("EXECUTE p"), "0");
    assert_eq!(role.error("SELECT * FROM auth").code, "42501", "this connection began without secrets");
    assert_eq!(as_role(&server, "nothing").rows("SELECT * FROM auth").len(), 1);
}

#[test]
fn nobody_ends_what_another_role_runs() {
    let server = with_secrets();
    let (mut owner, mut role) = (server.client(), as_role(&server, "nothing"));
    let pid = owner.value("SELECT pg_backend_pid()");
    for function in ["pg_cancel_backend", "pg_terminate_backend"] {
        assert_eq!(role.error(&format!("SELECT {function}({pid})")).code, "42501");
    }
    let own = role.value("SELECT pg_backend_pid()");
    assert_eq!(
        role.value(&format!("SELECT count(*) FROM pg_stat_activity WHERE pid = {own} AND query LIKE '%count%'")),
        "1"
    );
    assert_eq!(
        role.value(&format!("SELECT query FROM pg_stat_activity WHERE pid = {pid}")),
        "<insufficient privilege>"
    );
    assert_eq!(owner.value(&format!("SELECT pg_terminate_backend({own}, 10000)")), "t");
}
