# What goes wrong in a statement, with the place psql points at.

> CREATE TABLE thing (id int PRIMARY KEY, name text NOT NULL, amount int, at date)
CREATE TABLE

> SELECT * FROM missing
ERROR 42P01: relation "missing" does not exist
LINE 1: SELECT * FROM missing
                      ^

> SELECT * FROM missing.thing
ERROR 42P01: relation "missing.thing" does not exist
LINE 1: SELECT * FROM missing.thing
                      ^

> SELECT nothing FROM thing
ERROR 42703: column "nothing" does not exist
LINE 1: SELECT nothing FROM thing
               ^

> SELECT thing.nothing FROM thing
ERROR 42703: column thing.nothing does not exist
LINE 1: SELECT thing.nothing FROM thing
               ^

> SELECT t.id FROM thing
ERROR 42P01: missing FROM-clause entry for table "t"
LINE 1: SELECT t.id FROM thing
               ^

# differs: PostgreSQL answers
#   ERROR 42703: column "nmae" does not exist
#   HINT: Perhaps you meant to reference the column "thing.name".
> SELECT id, nmae FROM thing
> WHERE id = 1
ERROR 42703: column "nmae" does not exist
LINE 1: SELECT id, nmae FROM thing
                   ^

# differs: PostgreSQL answers
#   ERROR 42601: syntax error at or near "SELEC"
> SELEC 1
ERROR 42601: syntax error at or near "SELEC"
LINE 1: SELEC 1
        ^
DETAIL: Expected an SQL statement.

# differs: PostgreSQL answers
#   ERROR 42601: syntax error at end of input
> SELECT 1 +
ERROR 42601: syntax error at end of input
LINE 1: SELECT 1 +
                  ^
DETAIL: Expected an expression.

# differs: PostgreSQL answers
#   ERROR 42601: syntax error at end of input
> SELECT * FROM
ERROR 42601: syntax error at end of input
LINE 1: SELECT * FROM
                     ^
DETAIL: Expected identifier.

# differs: PostgreSQL answers
#   ERROR 42601: syntax error at end of input
> SELECT (1
ERROR 42601: syntax error at end of input
LINE 1: SELECT (1
                 ^
DETAIL: Expected ).

# differs: PostgreSQL answers
#   ERROR 42601: unterminated quoted string at or near "'open"
> SELECT 'open
ERROR 42601: unterminated quoted string
LINE 1: SELECT 'open
               ^

# differs: PostgreSQL answers
#   ERROR 42601: unterminated /* comment at or near "/* open"
> SELECT 1 /* open
ERROR 42601: unterminated /* comment
LINE 1: SELECT 1 /* open
                        ^

# differs: PostgreSQL answers
#   ERROR 42601: syntax error at end of input
> SELECT * FROM thing WHERE
ERROR 42601: syntax error at end of input
LINE 1: SELECT * FROM thing WHERE
                                 ^
DETAIL: Expected an expression.

# differs: PostgreSQL answers
#   ERROR 42601: syntax error at end of input
> SELECT * FROM thing ORDER
ERROR 42601: syntax error at or near "ORDER"
LINE 1: SELECT * FROM thing ORDER
                            ^

# differs: PostgreSQL answers
#   ERROR 23502: null value in column "name" of relation "thing" violates not-null constraint
#   DETAIL: Failing row contains (1, null, null, null).
> INSERT INTO thing VALUES (1)
ERROR 23502: null value in column "name" of relation "thing" violates not-null constraint
DETAIL: Failing row contains (1, null, null, null).

> INSERT INTO thing VALUES ('x', 'y')
ERROR 22P02: invalid input syntax for type integer: "x"
LINE 1: INSERT INTO thing VALUES ('x', 'y')
                                  ^

> INSERT INTO thing VALUES (1, 'a', 'b')
ERROR 22P02: invalid input syntax for type integer: "b"
LINE 1: INSERT INTO thing VALUES (1, 'a', 'b')
                                          ^

> INSERT INTO thing VALUES (1, 'a', 1.5, '2024-13-01')
ERROR 22008: date/time field value out of range: "2024-13-01"
LINE 1: INSERT INTO thing VALUES (1, 'a', 1.5, '2024-13-01')
                                               ^
HINT: Perhaps you need a different "DateStyle" setting.

> SELECT nofunction(1)
ERROR 42883: function nofunction(integer) does not exist
LINE 1: SELECT nofunction(1)
               ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> SELECT lower(1, 2)
ERROR 42883: function lower(integer, integer) does not exist
LINE 1: SELECT lower(1, 2)
               ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> SELECT 1 + 'x'
ERROR 22P02: invalid input syntax for type integer: "x"
LINE 1: SELECT 1 + 'x'
                   ^

> SELECT 'x' + 'y'
ERROR 42725: operator is not unique: unknown + unknown
LINE 1: SELECT 'x' + 'y'
                   ^
HINT: Could not choose a best candidate operator. You might need to add explicit type casts.

> SELECT id + name FROM thing
ERROR 42883: operator does not exist: integer + text
LINE 1: SELECT id + name FROM thing
                  ^
HINT: No operator matches the given name and argument types. You might need to add explicit type casts.

> SELECT * FROM thing WHERE name
ERROR 42804: argument of WHERE must be type boolean, not type text
LINE 1: SELECT * FROM thing WHERE name
                                  ^

> SELECT * FROM thing WHERE id = 'x'
ERROR 22P02: invalid input syntax for type integer: "x"
LINE 1: SELECT * FROM thing WHERE id = 'x'
                                       ^

> SELECT * FROM thing WHERE id = true
ERROR 42883: operator does not exist: integer = boolean
LINE 1: SELECT * FROM thing WHERE id = true
                                     ^
HINT: No operator matches the given name and argument types. You might need to add explicit type casts.

> SELECT sum(name) FROM thing
ERROR 42883: function sum(text) does not exist
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

# differs: PostgreSQL points at the place
> SELECT name, count(*) FROM thing
ERROR 42803: column "thing.name" must appear in the GROUP BY clause or be used in an aggregate function

# differs: PostgreSQL answers ERROR 2201W: LIMIT must not be negative
> SELECT id FROM thing LIMIT -1
ERROR 2201W: LIMIT must not be negative, it is -1

# differs: PostgreSQL answers ERROR 2201X: OFFSET must not be negative
> SELECT id FROM thing OFFSET -1
ERROR 2201X: OFFSET must not be negative, it is -1

> SELECT id FROM thing LIMIT 'x'
ERROR 22P02: invalid input syntax for type bigint: "x"
LINE 1: SELECT id FROM thing LIMIT 'x'
                                   ^

> SELECT id FROM thing UNION SELECT name FROM thing
ERROR 42804: UNION types integer and text cannot be matched
LINE 1: SELECT id FROM thing UNION SELECT name FROM thing
                                          ^

> SELECT 1 INTERSECT SELECT true
ERROR 42804: INTERSECT types integer and boolean cannot be matched
LINE 1: SELECT 1 INTERSECT SELECT true
                                  ^

> SELECT id FROM thing EXCEPT SELECT 'x'
ERROR 22P02: invalid input syntax for type integer: "x"
LINE 1: SELECT id FROM thing EXCEPT SELECT 'x'
                                           ^

> VALUES (1), ('a'::text)
ERROR 42804: VALUES types integer and text cannot be matched
LINE 1: VALUES (1), ('a'::text)
                     ^

# differs: PostgreSQL points at the place
> SELECT id FROM thing UNION SELECT id, name FROM thing
ERROR 42601: each UNION query must have the same number of columns

# differs: PostgreSQL points at the place
> SELECT (SELECT id, name FROM thing)
ERROR 42601: subquery must return only one column

> INSERT INTO thing VALUES (1, 'a'), (2, 'b')
INSERT 0 2

> SELECT (SELECT id FROM thing)
ERROR 21000: more than one row returned by a subquery used as an expression

# differs: PostgreSQL points at the place
> SELECT $1
ERROR 42P02: there is no parameter $1

> SELECT x.* FROM thing
ERROR 42P01: missing FROM-clause entry for table "x"
LINE 1: SELECT x.* FROM thing
               ^

> SELECT id FROM thing JOIN thing ON true
ERROR 42712: table name "thing" specified more than once

> SELECT id FROM thing a JOIN thing b ON true
ERROR 42702: column reference "id" is ambiguous
LINE 1: SELECT id FROM thing a JOIN thing b ON true
               ^

> SELECT 1::notatype
ERROR 42704: type "notatype" does not exist
LINE 1: SELECT 1::notatype
                  ^

> CREATE TABLE bad (id notatype)
ERROR 42704: type "notatype" does not exist
LINE 1: CREATE TABLE bad (id notatype)
                             ^

# differs: PostgreSQL points at no place
> DROP TABLE missing
ERROR 42P01: table "missing" does not exist
LINE 1: DROP TABLE missing
                   ^

# differs: PostgreSQL points at no place
> DROP INDEX missing
ERROR 42704: index "missing" does not exist
LINE 1: DROP INDEX missing
                   ^

> SET no_such_setting = 1
ERROR 42704: unrecognized configuration parameter "no_such_setting"

> SHOW no_such_setting
ERROR 42704: unrecognized configuration parameter "no_such_setting"

> SET statement_timeout = 'soon'
ERROR 22023: invalid value for parameter "statement_timeout": "soon"

# differs: PostgreSQL points at no place
> CREATE INDEX ON thing (nothing)
ERROR 42703: column "nothing" does not exist
LINE 1: CREATE INDEX ON thing (nothing)
                               ^

# differs: PostgreSQL points at no place
> CREATE INDEX ON missing (id)
ERROR 42P01: relation "missing" does not exist
LINE 1: CREATE INDEX ON missing (id)
                        ^

> CREATE INDEX thing_index ON thing (amount)
CREATE INDEX

> CREATE INDEX thing_index ON thing (name)
ERROR 42P07: relation "thing_index" already exists

# differs: PostgreSQL answers
#   ERROR 42601: subquery has too many columns
> SELECT id FROM thing WHERE id IN (SELECT id, name FROM thing)
ERROR 42601: subquery must return only one column

> SELECT 1; SELECT nothing; SELECT 2
 ?column?
----------
        1
(1 row)
ERROR 42703: column "nothing" does not exist
LINE 1: SELECT 1; SELECT nothing; SELECT 2
                         ^

> ;
(empty)

> -- only a comment
(empty)

# differs: PostgreSQL answers with a sample
> SELECT * FROM thing TABLESAMPLE BERNOULLI (10) REPEATABLE (1)
ERROR 0A000: TABLESAMPLE ... REPEATABLE is not offered
HINT: Leave REPEATABLE out.

> SELECT repeat('x', 2000000000)
ERROR 54000: requested length too large
DETAIL: A text has at most 16777216 bytes.

> SELECT count(lpad(n::text, 16000000)) FROM generate_series(1, 100) AS n
ERROR 54000: the results of lpad() are too large
DETAIL: At most 268435456 bytes are held at a time.
HINT: Make shorter values, or fewer of them in one statement.

> SELECT generate_series(1, amount * 1000000000) FROM (VALUES (2::bigint)) AS v(amount)
ERROR 54000: a computed series has at most 10000000 numbers
HINT: Between constants it may be of any length.

> CREATE TABLE two_keys (a int PRIMARY KEY, b int PRIMARY KEY)
ERROR 42P16: multiple primary keys for table "two_keys" are not allowed

> CREATE TABLE nowhere.thing (a int)
ERROR 3F000: schema "nowhere" does not exist
LINE 1: CREATE TABLE nowhere.thing (a int)
                     ^

> ALTER TABLE nowhere.thing ADD COLUMN c int
ERROR 3F000: schema "nowhere" does not exist
LINE 1: ALTER TABLE nowhere.thing ADD COLUMN c int
                    ^

> CREATE INDEX ON nowhere.thing (a)
ERROR 3F000: schema "nowhere" does not exist
LINE 1: CREATE INDEX ON nowhere.thing (a)
                        ^

> TRUNCATE nowhere.thing
ERROR 3F000: schema "nowhere" does not exist
LINE 1: TRUNCATE nowhere.thing
                 ^

> COPY nowhere.thing TO STDOUT
ERROR 3F000: schema "nowhere" does not exist
LINE 1: COPY nowhere.thing TO STDOUT
             ^

> COPY nowhere.thing (a) TO STDOUT
ERROR 3F000: schema "nowhere" does not exist
LINE 1: COPY nowhere.thing (a) TO STDOUT
             ^

> ALTER TABLE IF EXISTS nowhere.thing ADD COLUMN c int
NOTICE: relation "thing" does not exist, skipping
ALTER TABLE

> INSERT INTO nowhere.thing VALUES (1)
ERROR 42P01: relation "nowhere.thing" does not exist
LINE 1: INSERT INTO nowhere.thing VALUES (1)
                    ^

> UPDATE nowhere.thing SET a = 1
ERROR 42P01: relation "nowhere.thing" does not exist
LINE 1: UPDATE nowhere.thing SET a = 1
               ^

> DELETE FROM nowhere.thing
ERROR 42P01: relation "nowhere.thing" does not exist
LINE 1: DELETE FROM nowhere.thing
                    ^

> DROP TABLE nowhere.thing
ERROR 3F000: schema "nowhere" does not exist
LINE 1: DROP TABLE nowhere.thing
                   ^

> SELECT nowhere.f(1)
ERROR 3F000: schema "nowhere" does not exist
LINE 1: SELECT nowhere.f(1)
               ^

> SELECT 1::nowhere.kind
ERROR 3F000: schema "nowhere" does not exist
LINE 1: SELECT 1::nowhere.kind
                  ^

> SELECT * FROM thing AS q (a, b, c, d, e)
ERROR 42P10: table "q" has 4 columns available but 5 columns specified

> SELECT * FROM (SELECT 1) AS q (a, b)
ERROR 42P10: table "q" has 1 columns available but 2 columns specified

> SELECT * FROM (VALUES (1)) AS q (a, b)
ERROR 42P10: table "q" has 1 columns available but 2 columns specified

> WITH w (a, b) AS (SELECT 1) SELECT * FROM w
ERROR 42P10: WITH query "w" has 1 columns available but 2 columns specified

> WITH w AS (SELECT 1) SELECT * FROM w AS q (a, b)
ERROR 42P10: table "q" has 1 columns available but 2 columns specified

> SELECT * FROM generate_series(1, 2) AS g (a, b)
ERROR 42P10: table "g" has 1 columns available but 2 columns specified

> SELECT * FROM upper('a') AS g (a, b)
ERROR 42P10: table "g" has 1 columns available but 2 columns specified

> SELECT * FROM unnest(ARRAY[1]) AS g (a, b)
ERROR 42P10: table "g" has 1 columns available but 2 columns specified

> CREATE TABLE numbered (a int DEFAULT row_number() OVER ())
ERROR 42P20: window functions are not allowed in DEFAULT expressions

> SELECT * FROM thing, thing
ERROR 42712: table name "thing" specified more than once

> SELECT * FROM thing a JOIN thing a ON true
ERROR 42712: table name "a" specified more than once

> DELETE FROM thing USING thing
ERROR 42712: table name "thing" specified more than once

> UPDATE thing SET name = 'x' FROM thing
ERROR 42712: table name "thing" specified more than once

> DROP DATABASE nowhere
ERROR 3D000: database "nowhere" does not exist

> DROP DATABASE IF EXISTS nowhere
NOTICE: database "nowhere" does not exist, skipping
DROP DATABASE

> SET ROLE nobody
ERROR 22023: role "nobody" does not exist

> SET role = nobody
ERROR 22023: role "nobody" does not exist

> SET SESSION AUTHORIZATION nobody
ERROR 22023: role "nobody" does not exist

> SELECT 1 FROM thing WHERE id
ERROR 42804: argument of WHERE must be type boolean, not type integer
LINE 1: SELECT 1 FROM thing WHERE id
                                  ^

> SELECT 1 HAVING 5
ERROR 42804: argument of HAVING must be type boolean, not type integer

> SELECT id FROM thing GROUP BY id HAVING id
ERROR 42804: argument of HAVING must be type boolean, not type integer
LINE 1: SELECT id FROM thing GROUP BY id HAVING id
                                                ^

> SELECT 1 FROM thing JOIN thing AS other ON thing.id
ERROR 42804: argument of JOIN/ON must be type boolean, not type integer
LINE 1: SELECT 1 FROM thing JOIN thing AS other ON thing.id
                                                   ^

> SELECT 1 FROM thing WHERE id AND true
ERROR 42804: argument of AND must be type boolean, not type integer
LINE 1: SELECT 1 FROM thing WHERE id AND true
                                  ^

> SELECT 1 FROM thing WHERE true OR id
ERROR 42804: argument of OR must be type boolean, not type integer
LINE 1: SELECT 1 FROM thing WHERE true OR id
                                          ^

> SELECT NOT id FROM thing
ERROR 42804: argument of NOT must be type boolean, not type integer
LINE 1: SELECT NOT id FROM thing
                   ^

> SELECT CASE WHEN id THEN 1 END FROM thing
ERROR 42804: argument of CASE/WHEN must be type boolean, not type integer
LINE 1: SELECT CASE WHEN id THEN 1 END FROM thing
                         ^

> SELECT count(*) FILTER (WHERE id) FROM thing
ERROR 42804: argument of FILTER must be type boolean, not type integer
LINE 1: SELECT count(*) FILTER (WHERE id) FROM thing
                                      ^

> SELECT id IS NOT TRUE FROM thing
ERROR 42804: argument of IS NOT TRUE must be type boolean, not type integer
LINE 1: SELECT id IS NOT TRUE FROM thing
               ^

> UPDATE thing SET amount = 1 WHERE id
ERROR 42804: argument of WHERE must be type boolean, not type integer
LINE 1: UPDATE thing SET amount = 1 WHERE id
                                          ^

> UPDATE thing SET amount = 1 WHERE id = 1 AND amount
ERROR 42804: argument of AND must be type boolean, not type integer
LINE 1: UPDATE thing SET amount = 1 WHERE id = 1 AND amount
                                                     ^

> DELETE FROM thing WHERE NOT id
ERROR 42804: argument of NOT must be type boolean, not type integer
LINE 1: DELETE FROM thing WHERE NOT id
                                    ^

> INSERT INTO thing VALUES (1, 'a', 1, NULL) ON CONFLICT (id) DO UPDATE SET amount = 2 WHERE thing.amount
ERROR 42804: argument of WHERE must be type boolean, not type integer
LINE 1: INSERT INTO thing VALUES (1, 'a', 1, NULL) ON CONFLICT (id) DO UPDATE SET amount = 2 WHERE thing.amount
                                                                                                   ^

> SET MEMORY id = 'v' vector = [1e39]
ERROR 22003: a vector component is out of the range of real
LINE 1: SET MEMORY id = 'v' vector = [1e39]
                                      ^
HINT: Components reach from -3.4e38 to 3.4e38.

> SELECT * FROM generate_series(1, 2) AS g, generate_series(1, 2) AS g
ERROR 42712: table name "g" specified more than once

> SELECT x.g FROM (VALUES (ARRAY[1])) AS v (a), unnest(v.a) AS x (g, h)
ERROR 42P10: table "x" has 1 columns available but 2 columns specified

# differs: PostgreSQL answers ERROR 3F000: schema "nowhere" does not exist
> SELECT * FROM nowhere.generate_series(1, 2)
 generate_series
-----------------
               1
               2
(2 rows)
