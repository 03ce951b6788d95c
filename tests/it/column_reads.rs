//! Facts that are read from columns in memory: every statement has the answer that it has without them, in every snapshot.
//!
//! The random test plays writers and readers on one thread, so that each statement can be run twice over the same state: with
//! `nebulus.columns` on and off. Readers hold old snapshots and have changes of their own.

use crate::client::{Answer, Client, Row};
use crate::harness::{Launch, Server};

/// Random steps of each run.
const STEPS: usize = 260;
/// Rows that a table begins with: more than a chunk of columns.
const ROWS: usize = 4_300;

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).expect("48 bits") % end
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// Rows, or the code of an error.
fn answer(client: &mut Client, text: &str) -> Result<Vec<Row>, String> {
    let reply = client.query(text);
    match reply.answers.into_iter().next_back() {
        Some(Answer::Rows { rows, .. }) => Ok(rows),
        Some(Answer::Failed(failure)) => Err(failure.code),
        other => panic!("{text}: {other:?}"),
    }
}

/// Runs a query with and without columns; both have the same answer.
fn compare(client: &mut Client, text: &str, in_block: bool) {
    if in_block {
        client.run("SAVEPOINT compared");
    }
    client.run("SET nebulus.columns = on");
    let with = answer(client, text);
    if in_block {
        client.run("ROLLBACK TO compared");
    }
    client.run("SET nebulus.columns = off");
    let without = answer(client, text);
    if in_block {
        client.run("ROLLBACK TO compared");
    }
    assert_eq!(with, without, "{text}");
    client.run("SET nebulus.columns = on");
}

fn literal(dice: &mut Dice, column: &str) -> String {
    match column {
        "n" => dice.pick(&["0", "1", "7", "-3", "2147483647", "3.5", "NULL", "40"]).to_string(),
        "f" => {
            dice.pick(&["0", "'-0'::float8", "'NaN'::float8", "2.25", "'Infinity'::float8", "7", "NULL"]).to_string()
        }
        "p" => dice.pick(&["1.50", "1.5", "2", "0", "99.99", "0.1::float8"]).to_string(),
        "t" => dice.pick(&["'a'", "'word 3'", "''", "'Word 3'", "'zebra'", "NULL"]).to_string(),
        "d" => dice.pick(&["DATE '2024-01-05'", "TIMESTAMP '2024-01-05 12:00'", "DATE '1999-12-31'"]).to_string(),
        _ => dice.pick(&["true", "false"]).to_string(),
    }
}

fn condition(dice: &mut Dice, depth: usize) -> String {
    let column = ["n", "f", "p", "t", "d", "b"][dice.below(6)];
    let operator = dice.pick(&["=", "<>", "<", "<=", ">", ">="]);
    match dice.below(if depth == 0 { 9 } else { 13 }) {
        0 => format!("{column} IS NULL"),
        1 => format!("{column} IS NOT NULL"),
        2 => {
            let (one, two) = (literal(dice, column), literal(dice, column));
            format!("{column} IN ({one}, {two})")
        }
        3 => {
            let (one, two) = (literal(dice, column), literal(dice, column));
            format!("{column} BETWEEN {one} AND {two}")
        }
        4 => {
            format!("t {} '{}'", dice.pick(&["LIKE", "ILIKE", "NOT LIKE"]), dice.pick(&["word%", "%3", "_", "WORD _"]))
        }
        5 => format!("t ~ '{}'", dice.pick(&["^w", "[0-9]$", "x|a"])),
        6 => format!("{} / n {operator} 2", dice.pick(&["10", "7"])),
        7 => "b".to_string(),
        8..=9 => format!("{column} {operator} {}", literal(dice, column)),
        10 => format!("NOT ({})", condition(dice, depth - 1)),
        11 => format!("({} OR {})", condition(dice, depth - 1), condition(dice, depth - 1)),
        _ => format!("({} AND {})", condition(dice, depth - 1), condition(dice, depth - 1)),
    }
}

fn row(dice: &mut Dice, id: usize) -> String {
    let n = dice.pick(&["0", "1", "7", "-3", "NULL", "40", "123456"]);
    let f = dice.pick(&["0", "'-0'", "'NaN'", "2.25", "'-Infinity'", "7", "NULL"]);
    let p = dice.pick(&["1.5", "1.50", "2", "0", "99.99", "NULL"]);
    let t = dice.pick(&["'a'", "'word 3'", "''", "'word 4'", "NULL", "'zebra'"]);
    let d = dice.pick(&["'2024-01-05'", "'1999-12-31'", "NULL"]);
    let b = dice.pick(&["true", "false", "NULL"]);
    let (x, y) = (dice.below(50), dice.below(50));
    format!("({id}, {n}, {f}, {p}, {t}, {d}, {b}, '[{x},{y},1]')")
}

fn query(dice: &mut Dice) -> String {
    let condition = condition(dice, 2);
    let rare = format!("n = {} AND {condition}", dice.below(60) + 1000);
    let (x, y) = (dice.below(50), dice.below(50));
    match dice.below(15) {
        13 => format!("SELECT count(*), min(f), max(t), sum(n) FROM t WHERE {rare}"),
        14 => format!("SELECT t, count(*), avg(n) FROM t WHERE {condition} GROUP BY t ORDER BY t"),
        5..=8 => top_rows(dice, &condition),
        9..=12 => planned(dice, &condition),
        0 => format!("SELECT id, n, t FROM t WHERE {condition} ORDER BY id"),
        1 => format!("SELECT id, f, p FROM t WHERE {rare} ORDER BY id DESC"),
        2 => format!("SELECT id, d FROM t WHERE {rare} ORDER BY t, id"),
        3 => format!("SELECT id FROM t WHERE {condition} ORDER BY v <-> '[{x},{y},1]', id LIMIT 7"),
        _ => format!("SELECT id FROM t WHERE {rare} ORDER BY v <-> '[{x},{y},1]', id LIMIT 7"),
    }
}

/// The first rows of some order, of all entries or of selected ones.
fn top_rows(dice: &mut Dice, condition: &str) -> String {
    let count = 1 + dice.below(3);
    let order: Vec<String> = (0..count)
        .map(|_| {
            let column = dice.pick(&["n", "f", "p", "t", "d", "b", "id"]);
            let direction = dice.pick(&["", " DESC", " ASC NULLS FIRST", " DESC NULLS LAST", " NULLS LAST"]);
            format!("{column}{direction}")
        })
        .collect();
    let filter = if dice.below(3) == 0 { format!("WHERE {condition}") } else { String::new() };
    let (limit, offset) = (dice.pick(&["1", "3", "10", "50", "200"]), dice.pick(&["0", "1", "7", "100"]));
    format!("SELECT id, n, f, t FROM t {filter} ORDER BY {} LIMIT {limit} OFFSET {offset}", order.join(", "))
}

/// A statement that the planner runs, over scans of the table.
fn planned(dice: &mut Dice, condition: &str) -> String {
    let filter = if dice.below(3) == 0 { String::new() } else { format!("WHERE {condition}") };
    match dice.below(8) {
        0 => format!("SELECT id, n + 1, f, p, t, d, b FROM t {filter}"),
        1 => format!(
            "SELECT id, sum(n) OVER (PARTITION BY t ORDER BY id), lag(p) OVER (ORDER BY id) FROM t {filter} ORDER BY id"
        ),
        2 => format!("SELECT t, array_agg(id), string_agg(d::text, ',') FROM t {filter} GROUP BY t ORDER BY t"),
        3 => format!(
            "SELECT a.id, b.n, b.t FROM (SELECT * FROM t {filter}) a JOIN t b ON b.id = a.id + 1 ORDER BY a.id, b.id"
        ),
        4 => format!("SELECT id, p FROM t {filter} EXCEPT SELECT id, p FROM t WHERE b ORDER BY id"),
        5 => format!("SELECT count(*), count(n), count(t) FROM (SELECT n, t FROM t {filter} OFFSET 0) s"),
        6 => format!("SELECT id || ':' || t FROM t {filter} LIMIT 9"),
        _ => format!(
            "SELECT id FROM t a WHERE EXISTS (SELECT 1 FROM (SELECT * FROM t {filter}) b WHERE b.n = a.id) ORDER BY id"
        ),
    }
}

fn write(dice: &mut Dice, client: &mut Client, next: &mut usize) -> Result<(), String> {
    let id = dice.below(ROWS);
    let text = match dice.below(8) {
        0..=1 => {
            *next += 1;
            format!("INSERT INTO t VALUES {}", row(dice, *next))
        }
        2 => format!("DELETE FROM t WHERE id % 97 = {}", dice.below(97)),
        3 => format!("UPDATE t SET n = {} WHERE id % 41 = {}", dice.below(60) + 1000, dice.below(41)),
        4 => format!("UPDATE t SET t = 'new ' || id WHERE id % 201 = {}", dice.below(201)),
        5 => format!("UPDATE t SET v = '[{},{},1]' WHERE id % 83 = {}", dice.below(50), dice.below(50), dice.below(83)),
        6 => format!("UPDATE t SET f = f + 1, n = NULL, b = NOT b WHERE id = {id}"),
        _ => {
            format!("INSERT INTO t VALUES {} ON CONFLICT (id) DO UPDATE SET n = 1000 + excluded.id % 60", row(dice, id))
        }
    };
    match client.query(&text).answers.into_iter().next_back() {
        Some(Answer::Failed(failure)) => Err(failure.code),
        _ => Ok(()),
    }
}

fn filled(server: &Server, dice: &mut Dice) -> Client {
    let mut client = server.client();
    // One thread has all clients: nobody else gives up what this one waits for.
    client.run("SET lock_timeout = '1ms'");
    client.run("CREATE TABLE t (id int PRIMARY KEY, n int, f float8, p numeric, t text, d date, b bool, v vector(3))");
    for first in (0..ROWS).step_by(500) {
        let rows: Vec<String> = (first..ROWS.min(first + 500)).map(|id| row(dice, id)).collect();
        client.run(&format!("INSERT INTO t VALUES {}", rows.join(", ")));
    }
    client.run("CREATE INDEX t_v ON t USING hnsw (v vector_l2_ops)");
    client
}

/// One reader: a connection, and whether it has a transaction open.
struct Reader {
    client: Client,
    in_block: bool,
}

fn read(dice: &mut Dice, reader: &mut Reader, next: &mut usize) {
    match dice.below(9) {
        0 if !reader.in_block => {
            reader.client.run("SET lock_timeout = '1ms'; BEGIN ISOLATION LEVEL REPEATABLE READ");
            reader.client.run("SELECT count(*) FROM t");
            reader.in_block = true;
        }
        1 if reader.in_block => {
            reader.client.query(dice.pick(&["COMMIT", "ROLLBACK"]));
            reader.in_block = false;
        }
        2 if reader.in_block => {
            reader.client.run("SAVEPOINT own");
            if write(dice, &mut reader.client, next).is_err() {
                reader.client.run("ROLLBACK TO own");
            } else {
                compare(&mut reader.client, &query(dice), true);
                if dice.below(2) == 0 {
                    reader.client.run("ROLLBACK TO own");
                }
            }
        }
        _ => {}
    }
    let text = query(dice);
    compare(&mut reader.client, &text, reader.in_block);
}

#[test]
fn answers_do_not_depend_on_columns() {
    let server = Server::start();
    for seed in [0x9e37_79b9_7f4a_7c15, 0x1234_5678_9abc_def1] {
        let mut dice = Dice(seed);
        let mut writer = filled(&server, &mut dice);
        if seed % 2 == 1 {
            writer.run("CREATE INDEX t_n ON t (n)");
            writer.run("CREATE INDEX t_t_n ON t (t, n)");
            writer.run("CREATE INDEX t_f ON t (f)");
        }
        let mut next = ROWS;
        let mut readers: Vec<Reader> = (0..3).map(|_| Reader { client: server.client(), in_block: false }).collect();
        for step in 0..STEPS {
            if let Err(code) = write(&mut dice, &mut writer, &mut next) {
                assert_eq!(code, "55P03", "a write beside open transactions");
            }
            let place = dice.below(readers.len());
            read(&mut dice, &mut readers[place], &mut next);
            if step % 40 == 39 {
                redefine(&mut dice, &mut writer);
            }
        }
        readers.into_iter().for_each(|mut reader| drop(reader.client.query("ROLLBACK")));
        writer.run("DROP TABLE t");
    }
}

fn redefine(dice: &mut Dice, client: &mut Client) {
    match dice.below(5) {
        0 => {
            client.query("TRUNCATE t");
            let rows: Vec<String> = (0..200).map(|id| row(dice, id)).collect();
            // Somebody may have locked one of them.
            client.query(&format!("INSERT INTO t VALUES {}", rows.join(", ")));
        }
        1 => {
            client.query("ALTER TABLE t ALTER COLUMN n TYPE bigint");
            client.query("ALTER TABLE t ALTER COLUMN n TYPE int");
        }
        2 => {
            client.query("CREATE INDEX t_n ON t (n)");
            client.query("DROP INDEX t_n");
        }
        3 => {
            client.query("ALTER TABLE t RENAME COLUMN t TO s");
            client.query("ALTER TABLE t RENAME COLUMN s TO t");
        }
        _ => {
            client.query("ALTER TABLE t ADD COLUMN extra int DEFAULT 3");
            client.query("ALTER TABLE t DROP COLUMN extra");
        }
    }
}

#[test]
fn facts_of_mixed_kinds_are_read_as_they_are() {
    let server = Server::start();
    let mut client = server.client();
    for first in (0..3000).step_by(500) {
        let rows: Vec<String> = (first..first + 500)
            .map(|id| {
                let size =
                    ["1", "\"1\"", "1.5", "1.50", "null", "true", "[1]", "\"NaN\"", "1e400", "{\"a\": 1}"][id % 10];
                let rank = if id % 500 == 3 { "\"rare\"".to_string() } else { (id % 300).to_string() };
                format!(
                    "('m{id}', '{{\"size\": {size}, \"rank\": {rank}, \"deep\": {{\"at\": {}}}}}', '[{id},1]')",
                    id % 70
                )
            })
            .collect();
        client.run(&format!("INSERT INTO memory (id, metadata, vector) VALUES {}", rows.join(", ")));
    }
    client.run("CREATE INDEX m_v ON memory USING hnsw (vector vector_l2_ops)");
    for filter in [
        "metadata->>'size' = '1'",
        "metadata->>'rank' = 'rare'",
        "metadata->>'size' IS NULL AND metadata->>'rank' = '4'",
        "(metadata->>'rank')::int < 2",
        "metadata->>'rank' IN ('7', 'rare') AND NOT metadata->>'size' LIKE '1%'",
        "metadata->'deep'->>'at' = '5'",
        "metadata->'rank' = '5'",
        "metadata @> '{\"rank\": 6}'",
        "metadata->>'rank' = '8' AND metadata @> '{\"size\": 1.5}'",
        "lower(metadata->>'rank') = 'rare'",
        "metadata->>'absent' IS NULL AND metadata->>'rank' = '9'",
    ] {
        compare(&mut client, &format!("SELECT id, metadata FROM memory WHERE {filter} ORDER BY id"), false);
        compare(
            &mut client,
            &format!("SELECT id FROM memory WHERE {filter} ORDER BY vector <-> '[900,1]' LIMIT 12"),
            false,
        );
    }
    for order in ["metadata->>'rank'", "metadata->>'size' DESC, metadata->>'rank'", "(metadata->>'absent')"] {
        for window in ["LIMIT 5", "LIMIT 40 OFFSET 13"] {
            let text = format!("SELECT id FROM memory WHERE metadata->>'rank' <> '7' ORDER BY {order} {window}");
            compare(&mut client, &text, false);
        }
    }
    for order in ["metadata.rank", "metadata.rank DESC", "metadata.deep.at, metadata.rank", "metadata.size"] {
        compare(&mut client, &format!("GET MEMORY FIELDS id ORDER BY {order} LIMIT 17"), false);
    }
    for filter in [
        "metadata.size = 1",
        "metadata.size = 1.5",
        "metadata.size > 1",
        "metadata.rank = \"rare\" OR metadata.rank < 2",
        "metadata.deep.at = 9 AND metadata.size = true",
        "metadata.rank CONTAINS \"ar\"",
    ] {
        compare(&mut client, &format!("GET MEMORY FIELDS id WHERE {filter} ORDER BY id"), false);
        compare(
            &mut client,
            &format!("GET MEMORY FIELDS id WHERE {filter} SIMILAR TO [1500, 1] USING l2 LIMIT 9"),
            false,
        );
    }
}

#[test]
fn a_plan_that_ran_tells_what_columns_did() {
    let server = Server::start();
    let mut dice = Dice(77);
    let mut client = filled(&server, &mut dice);
    client.run("UPDATE t SET n = 1000 WHERE id < 9");
    let lines = |client: &mut Client, text: &str| client.column(&format!("EXPLAIN ANALYZE {text}")).join("\n");
    let nearest = "SELECT id FROM t WHERE n = 1000 ORDER BY v <-> '[1,2,1]' LIMIT 5";
    let said = lines(&mut client, nearest);
    assert!(said.contains("Columns: 9 of 4300 rows by 1 condition"), "{said}");
    assert!(said.contains("every selected row measured (measured: 9, rejected: 0)"), "{said}");
    client.run("BEGIN");
    client.run("UPDATE t SET n = 7 WHERE id < 4");
    let said = lines(&mut client, nearest);
    assert!(
        said.contains("Columns: 5 of 4300 rows by 1 condition") && said.contains("Rows Read One by One: 4"),
        "{said}"
    );
    client.run("ROLLBACK");
    let said = lines(&mut client, "SELECT id FROM t WHERE n = 1000");
    assert!(said.contains("Columns: 9 of 4300"), "{said}");
    client.run("UPDATE t SET f = 7000 WHERE id IN (70, 80)");
    let top = "SELECT id FROM t WHERE n IS NOT NULL ORDER BY f DESC, id LIMIT 5";
    let said = lines(&mut client, top);
    assert!(said.contains("Sort: first rows of ") && said.contains(" by 3 columns"), "{said}");
    let joined = "SELECT a.id, b.d FROM t a JOIN t b ON a.n = b.id";
    let said = client.column(&format!("EXPLAIN {joined}")).join("\n");
    assert_eq!(said.matches("Column Scan on t").count(), 2, "{said}");
    client.run("SET nebulus.columns = off");
    let said = client.column(&format!("EXPLAIN {joined}")).join("\n");
    assert!(!said.contains("Column Scan") && said.contains("Seq Scan on t"), "{said}");
    let said = lines(&mut client, nearest);
    assert!(!said.contains("Columns:"), "{said}");
    let said = lines(&mut client, top);
    assert!(!said.contains("first rows of"), "{said}");
    assert_eq!(client.error("SET nebulus.columns = sideways").code, "22023");
}

#[test]
fn columns_are_preferred_to_an_index_that_names_many() {
    let server = Server::start();
    let mut client = filled(&server, &mut Dice(78));
    client.run("CREATE INDEX t_n ON t (n)");
    client.run("UPDATE t SET n = 2000 WHERE id < 300");
    let explain = |client: &mut Client, text: &str| client.column(&format!("EXPLAIN {text}")).join("\n");
    let count = "SELECT count(*) FROM t WHERE n = 2000";
    let (nearest, planned) = (
        "SELECT id FROM t WHERE n = 2000 ORDER BY v <-> '[1,2,1]' LIMIT 5",
        "SELECT n, lag(n) OVER (ORDER BY n) FROM t WHERE n = 2000",
    );
    let by_index = "Index Scan using t_n on t";
    for text in [count, nearest, planned] {
        let said = explain(&mut client, text);
        assert!(said.contains(by_index) && said.contains("Filter: on each entry"), "{said}");
    }
    // Entries that are read by the index for want of columns have them made behind the statements.
    let mut counts = 0;
    while !explain(&mut client, count).contains("Column Scan on t") {
        assert_eq!(client.value(count), "300");
        counts += 1;
        assert!(counts < 100_000, "columns are never made");
    }
    assert!(counts > 10, "a few statements are not worth columns: {counts}");
    let said = explain(&mut client, count);
    assert!(said.contains("Aggregate on columns") && said.contains("Filter: by columns"), "{said}");
    let said = explain(&mut client, &format!("ANALYZE {count}"));
    assert!(said.contains("Rows Aggregated: 300 by 1 columns, 0 one by one"), "{said}");
    let said = explain(&mut client, nearest);
    assert!(said.contains("Vector Index Scan") && said.contains("Filter: by columns (before the search)"), "{said}");
    let said = explain(&mut client, &format!("ANALYZE {nearest}"));
    assert!(said.contains("Columns: 300 of 4300 rows by 1 condition"), "{said}");
    let said = explain(&mut client, planned);
    assert!(said.contains("Column Scan on t") && said.contains("Filter: by columns"), "{said}");
    // What is read one by one in any case is read by an index that names no more.
    client.run("BEGIN");
    client.run("UPDATE t SET f = 1 WHERE id = 1");
    let none = "SELECT count(*) FROM t WHERE n = 424242";
    assert!(explain(&mut client, none).contains(by_index));
    assert!(explain(&mut client, count).contains("Column Scan on t"));
    client.run("ROLLBACK");
    assert_eq!(client.value("SELECT count(*) FROM t WHERE n = 2000 AND 1 / (n - 7) < 1"), "300", "others would fail");
    client.run("SET nebulus.columns = off");
    for text in [count, nearest, planned] {
        let said = explain(&mut client, text);
        assert!(said.contains(by_index) && said.contains("Filter: on each entry"), "{said}");
    }
}

/// Rows of one group, which commits exchange with others two at a time: there are always as many.
const GROUP: usize = 40;

#[test]
fn readers_beside_writers_see_whole_commits() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let server = Launch::on(directory.path()).start();
    let mut client = server.client();
    client.run("CREATE TABLE t (id int PRIMARY KEY, g int, v vector(2))");
    client.run(&format!(
        "INSERT INTO t SELECT i, CASE WHEN i < {GROUP} THEN 1 ELSE 0 END, ('[' || i || ',1]')::vector \
         FROM generate_series(0, 2999) AS s(i)"
    ));
    client.run("CREATE INDEX t_v ON t USING hnsw (v vector_l2_ops)");
    let address = server.address;
    let is_over = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writers: Vec<_> = (0..2_usize)
        .map(|writer| {
            let is_over = std::sync::Arc::clone(&is_over);
            std::thread::spawn(move || {
                let mut client = Client::connect(address);
                let mut dice = Dice(31 + writer as u64);
                let mut commits = 0_usize;
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    // Swaps a row of the group with one outside of it; who comes second begins again.
                    let inside = dice.below(3000);
                    let outside = (inside + 1 + dice.below(2999)) % 3000;
                    let text = format!(
                        "UPDATE t SET g = 1 - g WHERE id IN ({inside}, {outside}) \
                         AND (SELECT sum(g) FROM t WHERE id IN ({inside}, {outside})) = 1"
                    );
                    commits += usize::from(client.query(&text).failure().is_none());
                    if dice.below(3) == 0 {
                        client.query(&format!("UPDATE t SET v = '[{},2]' WHERE id = {outside}", dice.below(3000)));
                    }
                }
                commits
            })
        })
        .collect();
    for round in 0..150 {
        let rows = client.column("SELECT id FROM t WHERE g = 1");
        assert_eq!(rows.len(), GROUP, "round {round}");
        let near = client.column(&format!("SELECT id FROM t WHERE g = 1 ORDER BY v <-> '[5,1]' LIMIT {}", GROUP + 9));
        assert_eq!(near.len(), GROUP, "round {round}");
        if round % 10 == 0 {
            client.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
            let first = client.column("SELECT id FROM t WHERE g = 1");
            std::thread::yield_now();
            assert_eq!(client.column("SELECT id FROM t WHERE g = 1"), first, "a snapshot stays");
            client.run("COMMIT");
        }
    }
    is_over.store(true, std::sync::atomic::Ordering::Relaxed);
    let commits: usize = writers.into_iter().map(|writer| writer.join().expect("a writer")).sum();
    assert!(commits > 0, "nobody wrote");
}
