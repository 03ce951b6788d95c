//! The forms of the statements in short, for errors and for HELP.

/// Statements by their opening words, in short. Those that open alike stand behind one another, the general form last.
pub const SYNOPSES: [(&str, &str, &str); 25] = [
    (
        "GET",
        "MEMORY",
        "GET MEMORY [FIELDS path [AS name], …] [IN collection] [WHERE condition] [SIMILAR TO vector [USING metric] \
      [WITHIN distance] [WITH (ef = n)]] [GROUP BY path, …] [ORDER BY path [ASC | DESC], …] [LIMIT n] [OFFSET n]",
    ),
    ("GET", "AUTH", "GET AUTH WHERE key = \"…\""),
    ("GET", "", "GET MEMORY … or GET AUTH WHERE …"),
    (
        "COUNT",
        "",
        "COUNT MEMORY [IN collection] [WHERE condition] [SIMILAR TO vector WITHIN distance] [GROUP BY path, …] \
         [ORDER BY path [ASC | DESC], …] [LIMIT n] [OFFSET n]",
    ),
    ("SET", "AUTH", "SET AUTH key = \"…\" value = \"…\""),
    (
        "SET",
        "MEMORY",
        "SET MEMORY [IN collection] [MERGE | REPLACE] id = \"…\" metadata = {…} vector = […] blob = $1, … \
         [RETURNING path, …]",
    ),
    (
        "INSERT",
        "",
        "INSERT MEMORY [IN collection] [IF ABSENT] id = \"…\" metadata = {…} vector = […] blob = $1, … \
         [RETURNING path, …]",
    ),
    (
        "UPDATE",
        "",
        "UPDATE MEMORY [IN collection] [SET metadata.x = value, …] [UNSET metadata.y, …] WHERE condition \
         [RETURNING path, …]",
    ),
    ("DELETE", "", "DELETE [MEMORY | AUTH] [IN collection] WHERE condition [RETURNING path, …]"),
    ("STAGE", "", "STAGE MEMORY [IN collection] WHERE condition [FOR NETWORK name] [DRY RUN]"),
    ("UNSTAGE", "", "UNSTAGE MEMORY [IN collection] WHERE condition [FOR NETWORK name]"),
    ("REVERT", "", "REVERT MEMORY [IN collection] WHERE condition"),
    ("CREATE", "", "CREATE NETWORK name [WITH (option = value, …)]"),
    ("JOIN", "", "JOIN NETWORK name AT \"address\", … [WITH (option = value, …)]"),
    ("LEAVE", "", "LEAVE NETWORK name"),
    (
        "ALTER",
        "",
        "ALTER NETWORK name REMOVE PEER id | ROTATE SECRET [\"…\"] | ADD OWNER id | DROP OWNER id \
         | EXCUSE PEER id | REVERT PEER id SINCE \"time\" | LINK PEER id | UNLINK PEER id | ALLOW DROP | ALTER COLLECTION name SET (option = value, …) \
         | SET (option = value, …)",
    ),
    ("ATTACH", "", "ATTACH COLLECTION name TO NETWORK name [WITH (option = value, …)]"),
    ("DETACH", "", "DETACH COLLECTION name FROM NETWORK name"),
    ("SYNC", "", "SYNC [NETWORK name]"),
    ("SHOW", "", "SHOW NETWORKS | PEERS | SYNC | COLLECTIONS | TABLES"),
    ("DESCRIBE", "", "DESCRIBE collection"),
    ("HELP", "", "HELP [word]"),
    ("EXPLAIN", "", "EXPLAIN [ANALYZE] statement"),
    ("BEGIN", "", "BEGIN … COMMIT | ROLLBACK, as in SQL: statements of both languages stand in one transaction"),
    (
        "",
        "",
        "A statement opens with GET, COUNT, SET, INSERT, UPDATE, DELETE, STAGE, UNSTAGE, REVERT, CREATE NETWORK, \
      JOIN NETWORK, LEAVE NETWORK, ALTER NETWORK, ATTACH COLLECTION, DETACH COLLECTION, SYNC, SHOW, DESCRIBE, HELP or EXPLAIN.",
    ),
];

/// The words that open statements of the language, in lower case.
pub const OPENINGS: [&str; 20] = [
    "get", "count", "set", "insert", "update", "delete", "stage", "unstage", "revert", "create", "join", "leave",
    "alter", "attach", "detach", "sync", "show", "describe", "help", "explain",
];
