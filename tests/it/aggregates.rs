//! Groups and aggregates that `db` computes, beside the same statements in a form that goes to the planner.

use std::fmt::Write;

use crate::client::{Client, Row};
use crate::harness::Server;

/// Rows of the table that random statements are about: more than a chunk of a column has.
const ROWS: u64 = 4500;
/// Random statements.
const STATEMENTS: usize = 150;

/// Random numbers that are the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).expect("a small number")
    }

    fn one<'t>(&mut self, list: &[&'t str]) -> &'t str {
        list[self.below(list.len())]
    }

    fn some<'t>(&mut self, list: &[&'t str], most: usize) -> Vec<&'t str> {
        let mut chosen: Vec<&str> = (0..self.below(most + 1)).map(|_| self.one(list)).collect();
        chosen.sort_unstable();
        chosen.dedup();
        chosen
    }
}

const GROUPS: [&str; 16] = [
    "small / 3",
    "coalesce(kind, 'none')",
    "round(price, 1)",
    "date_bin('36 hours', made, '2001-01-01')",
    "note",
    "large",
    "kind",
    "tag",
    "flag",
    "small",
    "whole",
    "day",
    "ratio",
    "price",
    "date_trunc('month', made)",
    "metadata->>'x'",
];
const AGGREGATES: [&str; 35] = [
    "avg(whole)",
    "round(avg(price), 2)",
    "round(avg(small) * 1.5, 3)",
    "coalesce(sum(small), 0) + 1",
    "sum(whole) * 100 / (count(*) + 1)",
    "-max(whole)",
    "sum(whole / 3 + small)",
    "max(note)",
    "count(DISTINCT note)",
    "count(DISTINCT metadata->>'x')",
    "sum((metadata->>'n')::numeric)",
    "count(*)",
    "count(whole)",
    "count(kind)",
    "count(DISTINCT kind)",
    "count(DISTINCT small)",
    "count(DISTINCT ratio)",
    "count(*) FILTER (WHERE flag)",
    "sum(small)",
    "sum(whole)",
    "sum(large)",
    "sum(price)",
    "sum(ratio)",
    "sum(whole) FILTER (WHERE kind = 'b')",
    "avg(small)",
    "avg(price)",
    "avg(ratio)",
    "min(kind)",
    "max(kind)",
    "min(whole)",
    "max(large)",
    "min(ratio)",
    "max(day)",
    "min(made)",
    "max(price)",
];
const CONDITIONS: [&str; 12] = [
    "flag",
    "NOT flag",
    "kind = 'a'",
    "kind IN ('a', 'c', '')",
    "kind LIKE 'b%'",
    "small > 3",
    "whole BETWEEN -10 AND 1000",
    "ratio < 0.5",
    "price IS NOT NULL",
    "tag IS NULL OR small < 2",
    "id < 300",
    "day >= '2024-01-10'",
];

fn fill(client: &mut Client) {
    client.run(
        "CREATE TABLE r (id int PRIMARY KEY, kind text, tag varchar(8), flag bool, small smallint, whole int, large bigint, \
         ratio double precision, price numeric(12,3), day date, made timestamptz, metadata jsonb, note text)",
    );
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut statement = "INSERT INTO r VALUES ".to_string();
    for id in 0..ROWS {
        let small = chance.below(6).to_string();
        let whole = chance.one(&["-2147483648", "2147483647", "0", "1", "7", "-7", "1000", "NULL"]);
        let large = chance.one(&["-9223372036854775808", "9223372036854775807", "0", "3", "NULL"]);
        let ratio = chance.one(&["0", "'-0'", "0.25", "1.5", "'NaN'", "-3", "NULL", "1e-300"]);
        let price = chance.one(&["0", "1.5", "2.250", "-0.001", "999999999.999", "NULL"]);
        let kind = chance.one(&["'a'", "'b'", "'B'", "'bä'", "''", "NULL", "'c'"]);
        let tag = chance.one(&["'x'", "'y'", "NULL"]);
        let flag = chance.one(&["true", "false", "NULL"]);
        let day = chance.below(28) + 1;
        let fact = chance.one(&["\"x\": 1", "\"x\": \"1\"", "\"x\": null", "\"z\": 0", "\"x\": \"y\""]);
        let number = chance.one(&["1", "2.50", "\"3\"", "null"]);
        // Some are too long for a column.
        let note = if chance.below(300) == 0 { format!("{id}{}", "z".repeat(2000)) } else { format!("note {id}") };
        let separator = if id > 0 { ", " } else { "" };
        write!(
            statement,
            "{separator}({id}, {kind}, {tag}, {flag}, {small}, {whole}, {large}, {ratio}, {price}, '2024-01-{day:02}', \
             '2024-{:02}-{day:02} 10:00:00+00', '{{{fact}, \"n\": {number}}}', '{note}')",
            day % 12 + 1
        )
        .expect("text grows");
    }
    client.run(&statement);
}

/// A statement over `r`, and whether its rows come in an order that leaves nothing open.
fn statement(chance: &mut Chance) -> String {
    let groups = chance.some(&GROUPS, 2);
    let mut aggregates = chance.some(&AGGREGATES, 4);
    if groups.is_empty() && aggregates.is_empty() {
        aggregates.push("count(*)");
    }
    let outputs = [groups.as_slice(), &aggregates].concat().join(", ");
    if aggregates.is_empty() && chance.below(2) == 0 {
        let condition = chance.one(&CONDITIONS);
        return format!("SELECT DISTINCT {outputs} FROM r WHERE {condition}");
    }
    let mut text = format!("SELECT {outputs} FROM r");
    let conditions = chance.some(&CONDITIONS, 2);
    if !conditions.is_empty() {
        write!(text, " WHERE ({})", conditions.join(") AND (")).expect("text grows");
    }
    if !groups.is_empty() {
        write!(text, " GROUP BY {}", groups.join(", ")).expect("text grows");
    }
    match chance.below(5) {
        0 => text.push_str(" HAVING count(*) > 3"),
        1 => text.push_str(" HAVING max(whole) IS NOT NULL AND sum(small) >= 4"),
        _ => {}
    }
    if chance.below(2) == 0 && !groups.is_empty() {
        let order: Vec<String> = groups.iter().map(|group| format!("{group}{}", chance.one(&["", " DESC"]))).collect();
        write!(text, " ORDER BY {}", order.join(", ")).expect("text grows");
        if chance.below(2) == 0 {
            write!(text, " LIMIT {} OFFSET {}", chance.below(5), chance.below(3)).expect("text grows");
        }
    }
    text
}

/// Rows as they are shown, in an order of their own where the statement leaves it open.
fn shown(rows: &[Row], is_ordered: bool, cell: impl Fn(&str) -> String) -> Vec<String> {
    let row = |row: &Row| {
        let cells = row.iter().map(|value| value.as_deref().map_or("NULL".to_string(), &cell));
        cells.collect::<Vec<_>>().join("|")
    };
    let mut shown: Vec<String> = rows.iter().map(row).collect();
    if !is_ordered {
        shown.sort_unstable();
    }
    shown
}

/// A number by its value: what was added in another order may differ in the last digits, and numerics that the planner computes
/// have other zeros at the end.
fn number(text: &str) -> String {
    let plain = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole,
        _ => text,
    };
    match plain.parse::<f64>() {
        // Whole numbers of more digits than are compared stay as they are.
        Ok(number) if plain.contains(['.', 'e']) || number.abs() < 1e9 => format!("{:.9e}", number + 0.0),
        _ => plain.to_string(),
    }
}

/// The statement in a form that the planner computes.
fn planned(text: &str) -> String {
    text.replacen(" FROM r", " FROM (SELECT * FROM r OFFSET 0) r", 1)
}

/// Compares what columns answer, what entries do, and what the planner does.
fn compare(client: &mut Client, text: &str) {
    let plan = client.column(&format!("EXPLAIN {text}"));
    assert!(plan.iter().any(|line| line.contains("Aggregate on columns")), "{text}\n{}", plan.join("\n"));
    let is_ordered = text.contains("ORDER BY");
    let by_columns = client.rows(text);
    client.run("SET nebulus.columns = off");
    let by_rows = client.rows(text);
    let reference = client.rows(&planned(text));
    client.run("SET nebulus.columns = on");
    assert_eq!(shown(&by_rows, is_ordered, number), shown(&reference, is_ordered, number), "{text}");
    // Sums of floats depend on the order in which they are added; all else is the same to the last zero.
    if text.contains("ratio") {
        assert_eq!(shown(&by_columns, is_ordered, number), shown(&by_rows, is_ordered, number), "{text}");
    } else {
        assert_eq!(
            shown(&by_columns, is_ordered, str::to_string),
            shown(&by_rows, is_ordered, str::to_string),
            "{text}"
        );
    }
}

#[test]
fn random_groups_are_those_of_the_planner() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client);
    let mut chance = Chance(7);
    for _ in 0..STATEMENTS {
        let text = statement(&mut chance);
        compare(&mut client, &text);
    }
    // In a transaction with changes of its own, in the snapshot of another one, and after a commit.
    let mut other = server.client();
    other.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
    other.value("SELECT count(*) FROM r");
    client.run("BEGIN");
    client.run("UPDATE r SET kind = 'new', whole = whole / 2, price = 1 WHERE id % 7 = 1");
    client.run("DELETE FROM r WHERE id % 11 = 3");
    client.run("INSERT INTO r (id, kind) VALUES (5000, 'a'), (5001, NULL)");
    for _ in 0..STATEMENTS / 5 {
        let text = statement(&mut chance);
        compare(&mut client, &text);
    }
    client.run("COMMIT");
    for _ in 0..STATEMENTS / 5 {
        let text = statement(&mut chance);
        compare(&mut client, &text);
        compare(&mut other, &text);
    }
    other.run("COMMIT");
    client.run("DELETE FROM r");
    for _ in 0..STATEMENTS / 10 {
        let text = statement(&mut chance);
        compare(&mut client, &text);
    }
}
