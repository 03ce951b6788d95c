//! What statements about the session ask for.

use crate::db::{Cancel, Clock, Database, DatabaseOptions, ReadView};
use crate::error::Result;
use crate::expr::ParameterTypes;
use crate::settings::Settings;
use crate::sql::arrow::context::PlanContext;
use crate::sql::parse::parse::parse;
use crate::sql::statement::plan::{BodyWithColumns, plan_statement};
use crate::statement::{BinaryCodec, CursorFetch, PlanNotes, ReadRun, SessionCommand, Statement, WriteRun};
use crate::store::KeySource;
use crate::types::{ColumnType, Value};

struct Fixture {
    runtime: tokio::runtime::Runtime,
    database: Database,
    _directory: tempfile::TempDir,
}

const CODEC: BinaryCodec = BinaryCodec {
    decode: |ty, bytes| Value::parse_text(ty, std::str::from_utf8(bytes).unwrap_or("")),
    encode: |value, _, out| {
        value.write_text(out);
        Ok(())
    },
};

fn planned(text: &str, view: &ReadView, settings: &Settings) -> Result<BodyWithColumns> {
    let (cancel, notes) = (Cancel::new(), PlanNotes::default());
    let context = PlanContext {
        view,
        settings,
        text,
        query_function: None,
        cancel: &cancel,
        notes: &notes,
        given: &[],
        refreshed: None,
    };
    let parsed = parse(text)?;
    let mut parameters = ParameterTypes::new(&[], parsed.parameters);
    plan_statement(&parsed.statement.expect("a statement"), &mut parameters, &context)
}

impl Fixture {
    fn new() -> Fixture {
        let directory = tempfile::tempdir().unwrap();
        let options = DatabaseOptions {
            data_directory: directory.path().join("data"),
            key_directory: directory.path().join("keys"),
            key_source: KeySource::File,
            cache_bytes: 8 << 20,
            sync: false,
            clock: Clock::System,
            row_compiler: crate::sql::compile_stored,
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        Fixture { runtime, database: Database::open(&options).unwrap(), _directory: directory }
    }

    fn plan(&self, text: &str) -> Result<BodyWithColumns> {
        planned(text, &self.database.view(), &Settings::new("nebulus", "nebulus"))
    }

    /// The statement in a few words.
    fn show(&self, text: &str) -> String {
        let body = match self.plan(text) {
            Ok((body, _)) => body,
            Err(error) => return format!("{}: {}", error.sqlstate(), error.message()),
        };
        let Statement::Session(command) = body else { return "no control".to_string() };
        match command {
            SessionCommand::Begin { modes, tag } => format!("{tag} {:?} {:?}", modes.isolation, modes.read_only),
            SessionCommand::Commit { chain } => format!("commit {chain}"),
            SessionCommand::Rollback { chain } => format!("rollback {chain}"),
            SessionCommand::RollbackTo(name) => format!("rollback to {name}"),
            SessionCommand::Set { name, value, local } => format!("set {name} {value:?} {local}"),
            SessionCommand::Reset(name) => format!("reset {name:?}"),
            SessionCommand::Show(name) => format!("show {name}"),
            SessionCommand::ShowAll => "show all".to_string(),
            SessionCommand::Deallocate(name) => format!("deallocate {name:?}"),
            SessionCommand::CloseCursor(name) => format!("close {name:?}"),
            SessionCommand::Fetch { cursor, fetch: CursorFetch::Forward(count) } => format!("fetch {count} {cursor}"),
            SessionCommand::Fetch { cursor, fetch: CursorFetch::ForwardAll } => format!("fetch all {cursor}"),
            SessionCommand::DeclareCursor { name, hold, .. } => format!("declare {name} {hold}"),
            SessionCommand::Listen(channel) => format!("listen {channel}"),
            SessionCommand::Unlisten(channel) => format!("unlisten {channel:?}"),
            SessionCommand::Notify { channel, payload } => format!("notify {channel} {payload:?}"),
            SessionCommand::NoOp(tag) | SessionCommand::NoOpInTransaction(tag) => format!("nothing {tag}"),
            SessionCommand::Prepare { name, parameter_types, text, .. } => {
                format!("prepare {name} {parameter_types:?} {text}")
            }
            SessionCommand::Execute { name, arguments } => format!("execute {name} {}", arguments.is_some()),
            _ => "other".to_string(),
        }
    }
}

#[test]
fn statements_about_the_session_are_read() {
    let fixture = Fixture::new();
    for (text, expected) in [
        ("BEGIN", "BEGIN None None"),
        (
            "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY, DEFERRABLE",
            "BEGIN Some(\"repeatable read\") Some(true)",
        ),
        ("START TRANSACTION READ WRITE", "START TRANSACTION None Some(false)"),
        ("BEGIN ISOLATION LEVEL SERIALIZABLE", "BEGIN Some(\"serializable\") None"),
        ("END", "commit false"),
        ("ABORT", "rollback false"),
        ("ROLLBACK TO SAVEPOINT \"A b\"", "rollback to A b"),
        ("SET hnsw.ef_search = 100", "set hnsw.ef_search Some(\"100\") false"),
        ("SET LOCAL statement_timeout TO '5s'", "set statement_timeout Some(\"5s\") true"),
        ("SET search_path = public, \"X\"", "set search_path Some(\"public, \\\"X\\\"\") false"),
        ("SET extra_float_digits = -3", "set extra_float_digits Some(\"-3\") false"),
        ("SET jit TO false", "set jit Some(\"off\") false"),
        ("SET TIME ZONE DEFAULT", "set timezone None false"),
        ("SET NAMES 'UTF8'", "set client_encoding Some(\"UTF8\") false"),
        ("RESET ALL", "reset None"),
        ("SHOW TRANSACTION ISOLATION LEVEL", "show transaction_isolation"),
        ("SHOW TIME ZONE", "show timezone"),
        ("SHOW hnsw.ef_search", "show hnsw.ef_search"),
        ("SHOW ALL", "show all"),
        ("DEALLOCATE ALL", "deallocate None"),
        ("CLOSE ALL", "close None"),
        ("UNLISTEN *", "unlisten None"),
        ("UNLISTEN \"*\"", "unlisten Some(\"*\")"),
        ("LISTEN Some_Channel", "listen some_channel"),
        ("NOTIFY \"A b\", E'it''s\\n'", "notify A b \"it's\\n\""),
        ("NOTIFY a", "notify a \"\""),
        ("NOTIFY a, 5", "42601: syntax error at or near \"5\""),
        ("NOTIFY a, b", "42601: syntax error at or near \"b\""),
        ("NOTIFY a, \"b\"", "42601: syntax error at or near \"\"b\"\""),
        ("NOTIFY a, $x$it's$x$", "notify a \"it's\""),
        ("LISTEN 'a'", "42601: syntax error at or near \"'a'\""),
        ("DECLARE c NO SCROLL CURSOR WITH HOLD FOR SELECT 1", "declare c true"),
        ("FETCH FORWARD 10 FROM c", "fetch 10 c"),
        ("FETCH ALL c", "fetch all c"),
        ("FETCH 3 c", "fetch 3 c"),
        ("VACUUM (ANALYZE, VERBOSE) items", "nothing VACUUM"),
        ("ANALYZE VERBOSE items", "nothing ANALYZE"),
        ("LOCK TABLE memory IN ACCESS SHARE MODE", "nothing LOCK TABLE"),
        ("LOCK TABLE memory IN EXCLUSIVE MODE", "0A000: LOCK TABLE in EXCLUSIVE mode is not offered"),
        ("PREPARE p (int) AS SELECT $1, $2", "prepare p [Int4] PREPARE p (int) AS SELECT $1, $2"),
        ("EXECUTE p(1, 'x')", "execute p true"),
        ("SELECT 1", "no control"),
    ] {
        assert_eq!(fixture.show(text), expected, "{text}");
    }
}

#[test]
fn rows_are_copied_in_and_out() {
    let fixture = Fixture::new();
    let settings = Settings::new("nebulus", "nebulus");
    let cancel = Cancel::new();
    let run = |text: &str, data: &str| -> Result<String> {
        let mut transaction = fixture.database.begin();
        let (body, _) = planned(text, transaction.view(), &settings)?;
        fixture.runtime.block_on(async {
            let shown = match &body {
                Statement::CopyIn(plan) => {
                    let mut copy = plan.start(CODEC);
                    for piece in data.as_bytes().chunks(3) {
                        copy.feed(piece, WriteRun::new(&mut transaction, &[], &settings, &cancel)).await?;
                    }
                    copy.finish(WriteRun::new(&mut transaction, &[], &settings, &cancel)).await?.to_string()
                }
                Statement::CopyOut(plan) => {
                    let run =
                        ReadRun { view: transaction.view(), parameters: &[], settings: &settings, cancel: &cancel };
                    let (rows, _memory) = plan.rows().open(run).await?.collect().await?;
                    let mut out = bytes::BytesMut::new();
                    let mut copy = plan.start(CODEC, settings.text_style());
                    copy.begin(&mut out);
                    for row in &rows {
                        copy.row(row, &mut out)?;
                    }
                    copy.end(&mut out);
                    format!("{}{}", String::from_utf8_lossy(&out), copy.tag())
                }
                Statement::Change(change) => {
                    let run = WriteRun::new(&mut transaction, &[], &settings, &cancel);
                    change.execute(run).await?.tag.to_string()
                }
                _ => "other".to_string(),
            };
            transaction.commit().await?;
            Ok(shown)
        })
    };
    let ok = |text, data| run(text, data).unwrap();
    ok("CREATE TABLE t (id int PRIMARY KEY, name text DEFAULT 'none', v vector(2))", "");
    assert_eq!(ok("COPY t FROM STDIN", "1\ta\\tb\t[1,2]\n2\t\\N\t\\N\n"), "COPY 2");
    assert_eq!(ok("COPY t (id, v) FROM STDIN WITH (FORMAT csv, HEADER)", "id,v\r\n3,\"[3,4]\"\r\n4,\r\n"), "COPY 2");
    assert_eq!(ok("COPY t TO STDOUT", ""), "1\ta\\tb\t[1,2]\n2\t\\N\t\\N\n3\tnone\t[3,4]\n4\tnone\t\\N\nCOPY 4");
    assert_eq!(ok("COPY (SELECT v, id FROM t WHERE id = 1) TO STDOUT CSV HEADER", ""), "v,id\n\"[1,2]\",1\nCOPY 1");
    let error = run("COPY t (id, v) FROM STDIN", "7\t[1,2]\n8\toops\n").unwrap_err();
    assert_eq!(error.detail(), Some("COPY t, line 2, column v: \"oops\""), "{error:?}");
    let error = run("COPY t (id, v) FROM STDIN", "7\n").unwrap_err();
    assert_eq!((error.message(), error.detail()), ("missing data for column \"v\"", Some("COPY t, line 1")));
    let error = run("COPY t (id) FROM STDIN", "7\n1\n").unwrap_err();
    assert_eq!(error.sqlstate(), "23505");
    assert_eq!(run("COPY t (nope) FROM STDIN", "").unwrap_err().sqlstate(), "42703");
    assert_eq!(run("COPY auth TO STDOUT", "").unwrap_err().sqlstate(), "42501");
    assert_eq!(fixture.plan("COPY t FROM '/etc/passwd'").err().map(|error| error.sqlstate()), Some("0A000"));
    let columns = fixture.plan("SHOW timezone").unwrap().1.unwrap();
    assert_eq!((columns[0].name.as_str(), &columns[0].ty), ("TimeZone", &ColumnType::Text));
}
