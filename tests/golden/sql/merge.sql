# MERGE: one join of target and source, WHEN clauses in their order. PostgreSQL's answers.

> CREATE TABLE stock (id int PRIMARY KEY, name text, amount int DEFAULT 7)
CREATE TABLE

> CREATE TABLE delivery (id int, name text)
CREATE TABLE

> INSERT INTO stock VALUES (1, 'axe', 1), (2, 'bolt', 2), (3, 'cog', 3)
INSERT 0 3

> INSERT INTO delivery VALUES (2, 'BOLT'), (3, 'COG'), (4, 'DISC')
INSERT 0 3

> CREATE VIEW show AS SELECT string_agg(concat_ws('/', id, name, amount), ' ' ORDER BY id) AS rows FROM stock
CREATE VIEW

# Rows that match, and rows that do not.

> BEGIN
BEGIN

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET name = delivery.name
MERGE 2

> TABLE show
           rows
--------------------------
 1/axe/1 2/BOLT/2 3/COG/3
(1 row)

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT VALUES (delivery.id, delivery.name)
MERGE 1

> TABLE show
               rows
-----------------------------------
 1/axe/1 2/BOLT/2 3/COG/3 4/DISC/7
(1 row)

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED BY SOURCE THEN DELETE
MERGE 1

> TABLE show
           rows
---------------------------
 2/BOLT/2 3/COG/3 4/DISC/7
(1 row)

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN DELETE
MERGE 3

> TABLE show
 rows
------
 NULL
(1 row)

> ROLLBACK
ROLLBACK

> BEGIN
BEGIN

> MERGE INTO stock AS s USING delivery AS d ON s.id = d.id WHEN MATCHED AND d.id = 2 THEN DELETE WHEN MATCHED THEN UPDATE SET amount = s.amount * 10 WHEN NOT MATCHED BY TARGET THEN INSERT (id, name, amount) VALUES (d.id, lower(d.name), DEFAULT) WHEN NOT MATCHED BY SOURCE THEN UPDATE SET amount = 0
MERGE 4

> TABLE show
           rows
---------------------------
 1/axe/0 3/cog/30 4/disc/7
(1 row)

> ROLLBACK
ROLLBACK

# What comes first is done, and nothing more.

> BEGIN
BEGIN

> MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED AND s.amount > 2 THEN DO NOTHING WHEN MATCHED AND s.amount > 1 THEN UPDATE SET name = 'second' WHEN MATCHED THEN DELETE WHEN NOT MATCHED AND d.id > 4 THEN INSERT VALUES (d.id) WHEN NOT MATCHED THEN DO NOTHING
MERGE 1

> TABLE show
            rows
----------------------------
 1/axe/1 2/second/2 3/cog/3
(1 row)

> MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED AND NULL THEN DELETE WHEN NOT MATCHED AND false THEN INSERT DEFAULT VALUES WHEN NOT MATCHED BY SOURCE AND s.amount > 100 THEN DELETE
MERGE 0

> MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED AND d.id > 2 AND 1 / (d.id - 2) = 1 THEN UPDATE SET amount = 1 / (d.id - 2)
MERGE 1

> TABLE show
            rows
----------------------------
 1/axe/1 2/second/2 3/cog/1
(1 row)

> MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED THEN UPDATE SET amount = 1 / (d.id - 2)
ERROR 22012: division by zero

> ROLLBACK
ROLLBACK

# RETURNING.

> BEGIN
BEGIN

> WITH m AS (MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED AND d.id = 2 THEN DELETE WHEN MATCHED THEN UPDATE SET name = d.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (d.id, d.name) WHEN NOT MATCHED BY SOURCE THEN UPDATE SET amount = 0 RETURNING merge_action(), s.id, s.name, s.amount, d.id AS source, old.id AS old_id, old.name AS old_name, new.id AS new_id, new.amount AS new_amount) SELECT * FROM m ORDER BY id
 merge_action | id | name | amount | source | old_id | old_name | new_id | new_amount
--------------+----+------+--------+--------+--------+----------+--------+------------
 UPDATE       |  1 | axe  |      0 |   NULL |      1 | axe      |      1 |          0
 DELETE       |  2 | bolt |      2 |      2 |      2 | bolt     |   NULL |       NULL
 UPDATE       |  3 | COG  |      3 |      3 |      3 | cog      |      3 |          3
 INSERT       |  4 | DISC |      7 |      4 |   NULL | NULL     |      4 |          7
(4 rows)

> TABLE show
           rows
--------------------------
 1/axe/0 3/COG/3 4/DISC/7
(1 row)

> ROLLBACK
ROLLBACK

> BEGIN
BEGIN

> MERGE INTO stock s USING (VALUES (1, 'ax')) AS d (key, name) ON s.id = d.key WHEN MATCHED THEN UPDATE SET name = d.name RETURNING *
 key | name | id | name | amount
-----+------+----+------+--------
   1 | ax   |  1 | ax   |      1
(1 row)
MERGE 1

> MERGE INTO stock s USING (VALUES (9, 'new')) AS d (key, name) ON s.id = d.key WHEN NOT MATCHED THEN INSERT VALUES (d.key, d.name) RETURNING *
 key | name | id | name | amount
-----+------+----+------+--------
   9 | new  |  9 | new  |      7
(1 row)
MERGE 1

> MERGE INTO stock s USING (VALUES (9, 'new')) AS d (key, name) ON s.id = d.key WHEN MATCHED THEN DELETE RETURNING *, merge_action() AS done
 key | name | id | name | amount |  done
-----+------+----+------+--------+--------
   9 | new  |  9 | new  |      7 | DELETE
(1 row)
MERGE 1

> MERGE INTO stock s USING (VALUES (2)) AS d (key) ON s.id = d.key WHEN MATCHED THEN UPDATE SET amount = amount + 1 RETURNING old.*, new.*, d.*, s.*
 id | name | amount | id | name | amount | key | id | name | amount
----+------+--------+----+------+--------+-----+----+------+--------
  2 | bolt |      2 |  2 | bolt |      3 |   2 |  2 | bolt |      3
(1 row)
MERGE 1

> MERGE INTO stock s USING (VALUES (2)) AS d (key) ON s.id = d.key WHEN MATCHED THEN UPDATE SET amount = amount + 1 RETURNING WITH (OLD AS o, NEW AS n) o.amount, n.amount, n.amount - o.amount AS more
 amount | amount | more
--------+--------+------
      3 |      4 |    1
(1 row)
MERGE 1

> MERGE INTO stock s USING (VALUES (2)) AS d (key) ON s.id = d.key WHEN MATCHED THEN DO NOTHING RETURNING s.id
 id
----
(0 rows)
MERGE 0

> MERGE INTO stock s USING (VALUES (2)) AS d (key) ON s.id = d.key WHEN MATCHED THEN UPDATE SET id = 20 RETURNING old.id, new.id, s.id, d.key
 id | id | id | key
----+----+----+-----
  2 | 20 | 20 |   2
(1 row)
MERGE 1

> MERGE INTO stock s USING (VALUES (3)) AS d (key) ON s.id = d.key WHEN MATCHED THEN DELETE RETURNING CASE merge_action() WHEN 'DELETE' THEN 'gone' END AS what, (SELECT merge_action()) AS again, (SELECT count(*) FROM delivery WHERE delivery.id = d.key) AS known
 what | again  | known
------+--------+-------
 gone | DELETE |     1
(1 row)
MERGE 1

> MERGE INTO stock s USING (VALUES (1)) AS d (key) ON s.id = d.key WHEN MATCHED THEN UPDATE SET amount = 5 RETURNING upper(merge_action() || name) AS loud, new.amount * 2 AS twice
   loud   | twice
----------+-------
 UPDATEAX |    10
(1 row)
MERGE 1

> TABLE show
       rows
------------------
 1/ax/5 20/bolt/4
(1 row)

> ROLLBACK
ROLLBACK

# Sources.

> BEGIN
BEGIN

> MERGE INTO stock USING (SELECT id, upper(name) AS name FROM stock WHERE id < 3) AS d ON stock.id = d.id WHEN MATCHED THEN UPDATE SET name = d.name
MERGE 2

> TABLE show
           rows
--------------------------
 1/AXE/1 2/BOLT/2 3/cog/3
(1 row)

> WITH wanted AS (SELECT 3 AS id, 'cogs' AS name UNION ALL SELECT 5, 'eel') MERGE INTO stock USING wanted ON stock.id = wanted.id WHEN MATCHED THEN UPDATE SET name = wanted.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (id, name)
MERGE 2

> TABLE show
               rows
-----------------------------------
 1/AXE/1 2/BOLT/2 3/cogs/3 5/eel/7
(1 row)

> MERGE INTO stock USING delivery AS d JOIN delivery AS e ON d.id = e.id + 1 ON stock.id = d.id WHEN MATCHED THEN UPDATE SET name = e.name
MERGE 1

> TABLE show
               rows
-----------------------------------
 1/AXE/1 2/BOLT/2 3/BOLT/3 5/eel/7
(1 row)

> MERGE INTO stock USING (delivery AS d CROSS JOIN (VALUES (100)) AS v (add)) ON stock.id = d.id WHEN MATCHED THEN UPDATE SET amount = amount + add
MERGE 2

> TABLE show
                 rows
---------------------------------------
 1/AXE/1 2/BOLT/102 3/BOLT/103 5/eel/7
(1 row)

> MERGE INTO stock USING generate_series(4, 6) AS g ON stock.id = g WHEN NOT MATCHED THEN INSERT VALUES (g, 'made', g) WHEN MATCHED THEN UPDATE SET amount = g
MERGE 3

> TABLE show
                          rows
---------------------------------------------------------
 1/AXE/1 2/BOLT/102 3/BOLT/103 4/made/4 5/eel/5 6/made/6
(1 row)

> MERGE INTO ONLY stock USING stock AS other ON stock.id = other.id + 1 WHEN MATCHED THEN UPDATE SET amount = other.amount WHEN NOT MATCHED BY SOURCE THEN DELETE
MERGE 6

> TABLE show
                      rows
-------------------------------------------------
 2/BOLT/1 3/BOLT/102 4/made/103 5/eel/4 6/made/5
(1 row)

> MERGE INTO stock USING delivery ON false WHEN NOT MATCHED BY SOURCE AND stock.id > 2 THEN DELETE WHEN NOT MATCHED AND delivery.id = 9 THEN INSERT DEFAULT VALUES
MERGE 4

> TABLE show
   rows
----------
 2/BOLT/1
(1 row)

> MERGE INTO stock USING (SELECT 1 WHERE false) AS nothing ON true WHEN NOT MATCHED BY SOURCE THEN UPDATE SET amount = 1 WHEN MATCHED THEN DELETE
MERGE 1

> TABLE show
   rows
----------
 2/BOLT/1
(1 row)

> ROLLBACK
ROLLBACK

# Expressions: subqueries read what was there before.

> BEGIN
BEGIN

> MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED AND EXISTS (SELECT 1 FROM delivery WHERE delivery.id = s.id AND name = 'COG') THEN UPDATE SET amount = (SELECT max(amount) FROM stock) WHEN NOT MATCHED THEN INSERT VALUES (d.id, (SELECT string_agg(name, ',' ORDER BY id) FROM stock), (SELECT count(*) FROM stock s WHERE s.id > 1))
MERGE 2

> TABLE show
                   rows
-------------------------------------------
 1/axe/1 2/bolt/2 3/cog/3 4/axe,bolt,cog/2
(1 row)

> MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED THEN UPDATE SET (name, amount) = (SELECT d.name || s.name, count(*) FROM delivery WHERE delivery.id <= d.id)
MERGE 3

> TABLE show
                         rows
------------------------------------------------------
 1/axe/1 2/BOLTbolt/1 3/COGcog/2 4/DISCaxe,bolt,cog/3
(1 row)

> MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED THEN UPDATE SET (name, amount) = ROW (substr(d.name, 2), DEFAULT)
MERGE 3

> TABLE show
              rows
--------------------------------
 1/axe/1 2/OLT/7 3/OG/7 4/ISC/7
(1 row)

> MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED AND d.name LIKE 'B%' THEN UPDATE SET (name, amount) = ('twice', amount * 2) WHEN MATCHED AND length(d.name) = 3 THEN UPDATE SET name = CASE WHEN d.id = 3 THEN 'three' ELSE 'no' END WHEN MATCHED THEN UPDATE SET name = coalesce(NULL, d.name, s.name), amount = DEFAULT
MERGE 3

> TABLE show
                 rows
---------------------------------------
 1/axe/1 2/twice/14 3/three/7 4/DISC/7
(1 row)

> MERGE INTO stock USING delivery ON stock.id = delivery.id + 10 WHEN NOT MATCHED AND id <> 3 THEN INSERT (name, id) VALUES (name, id + 10)
MERGE 2

> TABLE show
                           rows
-----------------------------------------------------------
 1/axe/1 2/twice/14 3/three/7 4/DISC/7 12/BOLT/7 14/DISC/7
(1 row)

> MERGE INTO stock USING (SELECT id + 20 AS id, name, 1 AS amount FROM delivery WHERE id = 4) AS d ON stock.id = d.id WHEN NOT MATCHED THEN INSERT VALUES (d.*) RETURNING stock.*
 id | name | amount
----+------+--------
 24 | DISC |      1
(1 row)
MERGE 1

> ROLLBACK
ROLLBACK

# Queries of WITH, and names that a query inside has for itself.

> BEGIN
BEGIN

> WITH q AS (SELECT 7 AS x) MERGE INTO stock USING (VALUES (1)) AS v (id) ON stock.id = v.id WHEN MATCHED AND EXISTS (SELECT FROM q WHERE x = 7) THEN UPDATE SET amount = (SELECT x FROM q) RETURNING amount, (SELECT x + stock.id FROM q) AS more
 amount | more
--------+------
      7 |    8
(1 row)
MERGE 1

> MERGE INTO stock USING (VALUES (2)) AS v (id) ON stock.id = v.id WHEN MATCHED THEN UPDATE SET amount = (SELECT v.id FROM (VALUES (40)) AS v (id)) RETURNING amount
 amount
--------
     40
(1 row)
MERGE 1

> MERGE INTO stock USING (VALUES (2)) AS v (id) ON stock.id = v.id WHEN MATCHED THEN UPDATE SET amount = (SELECT sum(v.id + w.id) FROM (VALUES (40)) AS w (id)) RETURNING amount
 amount
--------
     42
(1 row)
MERGE 1

> MERGE INTO stock USING (VALUES (2)) AS v (id) ON stock.id = v.id WHEN MATCHED THEN UPDATE SET amount = (SELECT amount + x FROM (VALUES (40)) AS w (x)) RETURNING amount
 amount
--------
     82
(1 row)
MERGE 1

> MERGE INTO stock USING (VALUES (2)) AS v (id) ON stock.id = v.id WHEN MATCHED THEN UPDATE SET amount = (SELECT id FROM (VALUES (40)) AS w (x))
ERROR 42702: column reference "id" is ambiguous
LINE 1: MERGE INTO stock USING (VALUES (2)) AS v (id) ON stock.id = v.id WHEN MATCHED THEN UPDATE SET amount = (SELECT id FROM (VALUES (40)) AS w (x))
                                                                                                                       ^

> ROLLBACK
ROLLBACK

# Defaults, identity and generated columns.

> CREATE TABLE made (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, word text NOT NULL DEFAULT 'none', letters int GENERATED ALWAYS AS (length(word)) STORED, at date DEFAULT '2024-01-02')
CREATE TABLE

> MERGE INTO made USING (VALUES ('seven')) AS v (word) ON made.word = v.word WHEN NOT MATCHED THEN INSERT (word) VALUES (v.word) RETURNING made.*
 id | word  | letters |     at
----+-------+---------+------------
  1 | seven |       5 | 2024-01-02
(1 row)
MERGE 1

> MERGE INTO made USING (VALUES ('five')) AS v (word) ON made.word = v.word WHEN NOT MATCHED THEN INSERT DEFAULT VALUES RETURNING made.*
 id | word | letters |     at
----+------+---------+------------
  2 | none |       4 | 2024-01-02
(1 row)
MERGE 1

> MERGE INTO made USING (VALUES (10, 'ten')) AS v (id, word) ON made.id = v.id WHEN NOT MATCHED THEN INSERT (id, word) OVERRIDING SYSTEM VALUE VALUES (v.id, v.word) RETURNING made.*
 id | word | letters |     at
----+------+---------+------------
 10 | ten  |       3 | 2024-01-02
(1 row)
MERGE 1

> MERGE INTO made USING (VALUES (10, 'eleven')) AS v (id, word) ON made.id = v.id WHEN MATCHED THEN UPDATE SET word = v.word, letters = DEFAULT, at = DEFAULT RETURNING made.*
 id |  word  | letters |     at
----+--------+---------+------------
 10 | eleven |       6 | 2024-01-02
(1 row)
MERGE 1

> MERGE INTO made USING (VALUES (11)) AS v (id) ON made.id = v.id WHEN NOT MATCHED THEN INSERT (id, word, letters, at) VALUES (DEFAULT, DEFAULT, DEFAULT, '2025-02-03') RETURNING made.*
 id | word | letters |     at
----+------+---------+------------
  3 | none |       4 | 2025-02-03
(1 row)
MERGE 1

> MERGE INTO made USING (VALUES (11)) AS v (id) ON made.id = v.id WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'x')
ERROR 428C9: cannot insert a non-DEFAULT value into column "id"
DETAIL: Column "id" is an identity column defined as GENERATED ALWAYS.
HINT: Use OVERRIDING SYSTEM VALUE to override.

> MERGE INTO made USING (VALUES (11)) AS v (id) ON made.id = v.id WHEN NOT MATCHED AND v.id = 1 THEN INSERT (id) OVERRIDING SYSTEM VALUE VALUES (v.id) WHEN NOT MATCHED THEN INSERT (id) VALUES (v.id)
ERROR 428C9: cannot insert a non-DEFAULT value into column "id"
DETAIL: Column "id" is an identity column defined as GENERATED ALWAYS.
HINT: Use OVERRIDING SYSTEM VALUE to override.

> MERGE INTO made USING (VALUES (11)) AS v (id) ON made.id = v.id WHEN NOT MATCHED THEN INSERT (letters) VALUES (3)
ERROR 428C9: cannot insert a non-DEFAULT value into column "letters"
DETAIL: Column "letters" is a generated column.

> MERGE INTO made USING (VALUES (10)) AS v (id) ON made.id = v.id WHEN MATCHED THEN UPDATE SET letters = 3
ERROR 428C9: column "letters" can only be updated to DEFAULT
DETAIL: Column "letters" is a generated column.

> MERGE INTO made USING (VALUES (10)) AS v (id) ON made.id = v.id WHEN MATCHED THEN UPDATE SET id = 3
ERROR 428C9: column "id" can only be updated to DEFAULT
DETAIL: Column "id" is an identity column defined as GENERATED ALWAYS.

> MERGE INTO made USING (VALUES (10)) AS v (id) ON made.id = v.id WHEN MATCHED THEN UPDATE SET word = NULL
ERROR 23502: null value in column "word" of relation "made" violates not-null constraint
DETAIL: Failing row contains (10, null, null, 2024-01-02).

# differs: PostgreSQL takes it.

> MERGE INTO made USING (VALUES (11)) AS v (id) ON made.id = v.id WHEN NOT MATCHED THEN INSERT (id) OVERRIDING USER VALUE VALUES (v.id)
ERROR 0A000: OVERRIDING USER VALUE is not offered
LINE 1: MERGE INTO made USING (VALUES (11)) AS v (id) ON made.id = v.id WHEN NOT MATCHED THEN INSERT (id) OVERRIDING USER VALUE VALUES (v.id)
                                                                                                          ^
HINT: Leave the identity column out.

# Constraints.

> CREATE TABLE part (id int PRIMARY KEY, stock int REFERENCES stock, price numeric(6,2) CHECK (price > 0), code varchar(3) UNIQUE)
CREATE TABLE

> MERGE INTO part USING delivery d ON part.id = d.id WHEN NOT MATCHED AND d.id < 4 THEN INSERT VALUES (d.id, d.id, d.id * 1.005, 'c' || d.id)
MERGE 2

> SELECT * FROM part ORDER BY id
 id | stock | price | code
----+-------+-------+------
  2 |     2 |  2.01 | c2
  3 |     3 |  3.02 | c3
(2 rows)

> MERGE INTO part USING delivery d ON part.id = d.id WHEN NOT MATCHED THEN INSERT VALUES (d.id, d.id, 1, 'x')
ERROR 23503: insert or update on table "part" violates foreign key constraint "part_stock_fkey"
DETAIL: Key (stock)=(4) is not present in table "stock".

> MERGE INTO part USING delivery d ON part.id = d.id WHEN MATCHED AND d.id = 3 THEN UPDATE SET price = 0
ERROR 23514: new row for relation "part" violates check constraint "part_price_check"
DETAIL: Failing row contains (3, 3, 0.00, c3).

> MERGE INTO part USING delivery d ON part.id = d.id WHEN MATCHED AND d.id = 3 THEN UPDATE SET code = 'c2'
ERROR 23505: duplicate key value violates unique constraint "part_code_key"
DETAIL: Key (code)=(c2) already exists.

# differs: PostgreSQL does not say where.

> MERGE INTO part USING delivery d ON part.id = d.id WHEN MATCHED AND d.id = 3 THEN UPDATE SET code = 'long'
ERROR 22001: value too long for type character varying(3)
LINE 1: MERGE INTO part USING delivery d ON part.id = d.id WHEN MATCHED AND d.id = 3 THEN UPDATE SET code = 'long'
                                                                                                            ^

# differs: PostgreSQL does not say where.

> MERGE INTO part USING delivery d ON part.id = d.id WHEN MATCHED AND d.id = 3 THEN UPDATE SET price = 123456
ERROR 22003: numeric field overflow
LINE 1: MERGE INTO part USING delivery d ON part.id = d.id WHEN MATCHED AND d.id = 3 THEN UPDATE SET price = 123456
                                                                                                             ^
DETAIL: A field with precision 6, scale 2 must round to an absolute value less than 10^4.

> MERGE INTO part USING delivery d ON part.id = d.id WHEN MATCHED AND d.id = 3 THEN UPDATE SET id = 2
ERROR 23505: duplicate key value violates unique constraint "part_pkey"
DETAIL: Key (id)=(2) already exists.

> MERGE INTO part USING delivery d ON part.id = d.id WHEN MATCHED AND d.id = 3 THEN UPDATE SET id = NULL
ERROR 23502: null value in column "id" of relation "part" violates not-null constraint
DETAIL: Failing row contains (null, 3, 3.02, c3).

> MERGE INTO stock USING delivery d ON stock.id = d.id WHEN MATCHED AND d.id = 3 THEN DELETE
ERROR 23503: update or delete on table "stock" violates foreign key constraint "part_stock_fkey" on table "part"
DETAIL: Key (id)=(3) is still referenced from table "part".

> MERGE INTO part USING delivery d ON false WHEN NOT MATCHED AND d.id = 2 THEN INSERT VALUES (2)
ERROR 23505: duplicate key value violates unique constraint "part_pkey"
DETAIL: Key (id)=(2) already exists.

> MERGE INTO stock USING (VALUES (5), (5)) AS d (id) ON stock.id = d.id WHEN NOT MATCHED THEN INSERT (id) VALUES (d.id)
ERROR 23505: duplicate key value violates unique constraint "stock_pkey"
DETAIL: Key (id)=(5) already exists.

> DROP TABLE part
DROP TABLE

# One row twice.

> MERGE INTO stock USING delivery ON true WHEN MATCHED THEN DELETE
ERROR 21000: MERGE command cannot affect row a second time
HINT: Ensure that not more than one source row matches any one target row.

> MERGE INTO stock USING (VALUES (1), (1)) AS d (id) ON stock.id = d.id WHEN MATCHED THEN UPDATE SET amount = 1
ERROR 21000: MERGE command cannot affect row a second time
HINT: Ensure that not more than one source row matches any one target row.

> MERGE INTO stock USING (VALUES (1), (1)) AS d (id) ON stock.id = d.id WHEN MATCHED THEN DO NOTHING
MERGE 0

> BEGIN
BEGIN

> MERGE INTO stock USING (VALUES (1, 'first'), (1, 'second')) AS d (id, name) ON stock.id = d.id WHEN MATCHED AND d.name = 'first' THEN UPDATE SET name = d.name WHEN MATCHED THEN DO NOTHING
MERGE 1

> TABLE show
            rows
----------------------------
 1/first/1 2/bolt/2 3/cog/3
(1 row)

> ROLLBACK
ROLLBACK

# Clauses that nothing comes to, and other forms that there are not.

> MERGE INTO stock USING delivery ON true WHEN MATCHED THEN DELETE WHEN MATCHED THEN DO NOTHING
ERROR 42601: unreachable WHEN clause specified after unconditional WHEN clause

> MERGE INTO stock USING delivery ON true WHEN NOT MATCHED THEN DO NOTHING WHEN NOT MATCHED BY TARGET AND true THEN INSERT DEFAULT VALUES
ERROR 42601: unreachable WHEN clause specified after unconditional WHEN clause

> MERGE INTO stock USING delivery ON true WHEN NOT MATCHED BY SOURCE THEN DELETE WHEN NOT MATCHED BY SOURCE AND true THEN DO NOTHING
ERROR 42601: unreachable WHEN clause specified after unconditional WHEN clause

> MERGE INTO stock USING delivery ON false WHEN MATCHED AND true THEN DO NOTHING WHEN MATCHED THEN DELETE
MERGE 0

> MERGE INTO stock USING delivery ON true WHEN MATCHED THEN INSERT DEFAULT VALUES
ERROR 42601: syntax error at or near "INSERT"
LINE 1: MERGE INTO stock USING delivery ON true WHEN MATCHED THEN INSERT DEFAULT VALUES
                                                                  ^

> MERGE INTO stock USING delivery ON true WHEN NOT MATCHED THEN UPDATE SET amount = 1
ERROR 42601: syntax error at or near "UPDATE"
LINE 1: MERGE INTO stock USING delivery ON true WHEN NOT MATCHED THEN UPDATE SET amount = 1
                                                                      ^

> MERGE INTO stock USING delivery ON true WHEN NOT MATCHED BY TARGET THEN DELETE
ERROR 42601: syntax error at or near "DELETE"
LINE 1: MERGE INTO stock USING delivery ON true WHEN NOT MATCHED BY TARGET THEN DELETE
                                                                                ^

> MERGE INTO stock USING delivery ON true WHEN NOT MATCHED BY SOURCE THEN INSERT DEFAULT VALUES
ERROR 42601: syntax error at or near "INSERT"
LINE 1: MERGE INTO stock USING delivery ON true WHEN NOT MATCHED BY SOURCE THEN INSERT DEFAULT VALUES
                                                                                ^

> MERGE INTO stock USING delivery ON true WHEN NOT MATCHED THEN INSERT VALUES (1), (2)
ERROR 42601: syntax error at or near ","
LINE 1: MERGE INTO stock USING delivery ON true WHEN NOT MATCHED THEN INSERT VALUES (1), (2)
                                                                                       ^

> MERGE INTO stock USING delivery ON true WHEN MATCHED THEN UPDATE SET amount = 1 WHERE false
ERROR 42601: syntax error at or near "WHERE"
LINE 1: MERGE INTO stock USING delivery ON true WHEN MATCHED THEN UPDATE SET amount = 1 WHERE false
                                                                                        ^

> MERGE INTO stock USING delivery ON true WHEN MATCHED THEN DELETE WHERE false
ERROR 42601: syntax error at or near "WHERE"
LINE 1: MERGE INTO stock USING delivery ON true WHEN MATCHED THEN DELETE WHERE false
                                                                         ^

> MERGE INTO stock USING delivery ON true
ERROR 42601: syntax error at end of input
LINE 1: MERGE INTO stock USING delivery ON true
                                               ^

> MERGE INTO stock USING delivery ON true WHEN MATCHED THEN
ERROR 42601: syntax error at end of input
LINE 1: MERGE INTO stock USING delivery ON true WHEN MATCHED THEN
                                                                 ^

> MERGE INTO stock USING delivery ON true RETURNING stock.id
ERROR 42601: syntax error at or near "RETURNING"
LINE 1: MERGE INTO stock USING delivery ON true RETURNING stock.id
                                                ^

> MERGE stock USING delivery ON true WHEN MATCHED THEN DELETE
ERROR 42601: syntax error at or near "stock"
LINE 1: MERGE stock USING delivery ON true WHEN MATCHED THEN DELETE
              ^

> MERGE INTO stock USING stock ON true WHEN MATCHED THEN DELETE
ERROR 42712: name "stock" specified more than once
DETAIL: The name is used both as MERGE target table and data source.

> MERGE INTO stock AS s USING delivery AS s ON true WHEN MATCHED THEN DELETE
ERROR 42712: name "s" specified more than once
DETAIL: The name is used both as MERGE target table and data source.

> MERGE INTO absent USING delivery ON true WHEN MATCHED THEN DELETE
ERROR 42P01: relation "absent" does not exist
LINE 1: MERGE INTO absent USING delivery ON true WHEN MATCHED THEN DELETE
                   ^

> MERGE INTO stock USING absent ON true WHEN MATCHED THEN DELETE
ERROR 42P01: relation "absent" does not exist
LINE 1: MERGE INTO stock USING absent ON true WHEN MATCHED THEN DELETE
                               ^

# Names.

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT VALUES (stock.id, name)
ERROR 42P01: invalid reference to FROM-clause entry for table "stock"
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT VALUES (stock.id, name)
                                                                                                       ^
DETAIL: There is an entry for table "stock", but it cannot be referenced from this part of the query.

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT VALUES (delivery.id, upper(stock.name))
ERROR 42P01: invalid reference to FROM-clause entry for table "stock"
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT VALUES (delivery.id, upper(stock.name))
                                                                                                                          ^
DETAIL: There is an entry for table "stock", but it cannot be referenced from this part of the query.

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED AND amount > 3 THEN INSERT DEFAULT VALUES
ERROR 42703: column "amount" does not exist
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED AND amount > 3 THEN INSERT DEFAULT VALUES
                                                                                       ^
DETAIL: There is a column named "amount" in table "stock", but it cannot be referenced from this part of the query.

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED BY SOURCE AND delivery.id > 3 THEN DELETE
ERROR 42P01: invalid reference to FROM-clause entry for table "delivery"
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED BY SOURCE AND delivery.id > 3 THEN DELETE
                                                                                                 ^
DETAIL: There is an entry for table "delivery", but it cannot be referenced from this part of the query.

> MERGE INTO stock USING (SELECT id AS key FROM delivery) AS d ON stock.id = d.key WHEN NOT MATCHED BY SOURCE THEN UPDATE SET amount = key
ERROR 42703: column "key" does not exist
LINE 1: MERGE INTO stock USING (SELECT id AS key FROM delivery) AS d ON stock.id = d.key WHEN NOT MATCHED BY SOURCE THEN UPDATE SET amount = key
                                                                                                                                             ^
DETAIL: There is a column named "key" in table "d", but it cannot be referenced from this part of the query.

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET name = name
ERROR 42702: column reference "name" is ambiguous
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET name = name
                                                                                                      ^

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET name = delivery.absent
ERROR 42703: column delivery.absent does not exist
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET name = delivery.absent
                                                                                                      ^

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET name = nobody.name
ERROR 42P01: missing FROM-clause entry for table "nobody"
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET name = nobody.name
                                                                                                      ^

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET absent = 1
ERROR 42703: column "absent" of relation "stock" does not exist
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET absent = 1
                                                                                               ^

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET amount = 1, amount = 2
ERROR 42601: multiple assignments to same column "amount"

> MERGE INTO stock USING delivery ON id = 3 WHEN MATCHED THEN DELETE
ERROR 42702: column reference "id" is ambiguous
LINE 1: MERGE INTO stock USING delivery ON id = 3 WHEN MATCHED THEN DELETE
                                           ^

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN DELETE RETURNING id
ERROR 42702: column reference "id" is ambiguous
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN DELETE RETURNING id
                                                                                                     ^

# differs: PostgreSQL has a hint.

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN DELETE RETURNING absent
ERROR 42703: column "absent" does not exist
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN DELETE RETURNING absent
                                                                                                     ^

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT (id, absent) VALUES (1, 2)
ERROR 42703: column "absent" of relation "stock" does not exist
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT (id, absent) VALUES (1, 2)
                                                                                                    ^

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT (id, id) VALUES (1, 2)
ERROR 42701: column "id" specified more than once
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT (id, id) VALUES (1, 2)
                                                                                                    ^

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT (id) VALUES (1, 2)
ERROR 42601: INSERT has more expressions than target columns
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT (id) VALUES (1, 2)
                                                                                                               ^

# differs: PostgreSQL says where.

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT (id, name) VALUES (1)
ERROR 42601: INSERT has more target columns than expressions

# Types, and functions over several rows.

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET amount = delivery.name
ERROR 42804: column "amount" is of type integer but expression is of type text
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET amount = delivery.name
                                                                                                        ^
HINT: You will need to rewrite or cast the expression.

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET amount = upper(delivery.name)
ERROR 42804: column "amount" is of type integer but expression is of type text
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET amount = upper(delivery.name)
                                                                                                        ^
HINT: You will need to rewrite or cast the expression.

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT VALUES ('x')
ERROR 22P02: invalid input syntax for type integer: "x"
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT VALUES ('x')
                                                                                                       ^

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED AND 1 THEN DELETE
ERROR 42804: argument of WHEN must be type boolean, not type integer
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED AND 1 THEN DELETE
                                                                                   ^

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED AND length(delivery.name) THEN DELETE
ERROR 42804: argument of WHEN must be type boolean, not type integer
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED AND length(delivery.name) THEN DELETE
                                                                                   ^

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED AND count(*) > 1 THEN DELETE
ERROR 42803: aggregate functions are not allowed in MERGE WHEN conditions
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED AND count(*) > 1 THEN DELETE
                                                                                   ^

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED AND row_number() OVER () > 1 THEN DELETE
ERROR 42P20: window functions are not allowed in MERGE WHEN conditions
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED AND row_number() OVER () > 1 THEN DELETE
                                                                                   ^

> MERGE INTO stock USING delivery ON count(*) > 1 WHEN MATCHED THEN DELETE
ERROR 42803: aggregate functions are not allowed in JOIN conditions
LINE 1: MERGE INTO stock USING delivery ON count(*) > 1 WHEN MATCHED THEN DELETE
                                           ^

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET amount = sum(stock.id)
ERROR 42803: aggregate functions are not allowed in UPDATE
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET amount = sum(stock.id)
                                                                                                        ^

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT VALUES (max(delivery.id))
ERROR 42803: aggregate functions are not allowed in VALUES
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT VALUES (max(delivery.id))
                                                                                                       ^

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN DELETE RETURNING count(*)
ERROR 42803: aggregate functions are not allowed in RETURNING
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN DELETE RETURNING count(*)
                                                                                                     ^

> SELECT merge_action()
ERROR 42601: MERGE_ACTION() can only be used in the RETURNING list of a MERGE command
LINE 1: SELECT merge_action()
               ^

> UPDATE stock SET name = 'x' RETURNING merge_action()
ERROR 42601: MERGE_ACTION() can only be used in the RETURNING list of a MERGE command
LINE 1: UPDATE stock SET name = 'x' RETURNING merge_action()
                                              ^

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET name = merge_action()
ERROR 42601: MERGE_ACTION() can only be used in the RETURNING list of a MERGE command
LINE 1: MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET name = merge_action()
                                                                                                      ^

# Through views.

> CREATE VIEW few AS SELECT id AS key, name, amount, amount * 2 AS twice FROM stock WHERE amount < 100 WITH CHECK OPTION
CREATE VIEW

> BEGIN
BEGIN

> MERGE INTO few USING delivery ON key = delivery.id WHEN MATCHED AND twice > 4 THEN UPDATE SET name = delivery.name WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (key, name) VALUES (delivery.id, delivery.name)
MERGE 3

> TABLE show
           rows
--------------------------
 1/axe/1 3/COG/3 4/DISC/7
(1 row)

> MERGE INTO few USING (VALUES (1)) AS v (id) ON key = v.id WHEN MATCHED THEN UPDATE SET amount = twice + 1 RETURNING few.key, few.amount, old.amount
 key | amount | amount
-----+--------+--------
   1 |      3 |      1
(1 row)
MERGE 1

> MERGE INTO few USING (VALUES (1)) AS v (id) ON key = v.id WHEN MATCHED THEN UPDATE SET amount = 100
ERROR 44000: new row violates check option for view "few"
DETAIL: Failing row contains (1, axe, 100).

> ROLLBACK
ROLLBACK

> MERGE INTO few USING delivery ON key = delivery.id WHEN NOT MATCHED THEN INSERT (key, amount) VALUES (delivery.id, 200)
ERROR 44000: new row violates check option for view "few"
DETAIL: Failing row contains (4, null, 200).

> MERGE INTO few USING delivery ON key = delivery.id WHEN MATCHED THEN UPDATE SET twice = 3
ERROR 0A000: cannot merge into column "twice" of view "few"
DETAIL: View columns that are not columns of their base relation are not updatable.

> MERGE INTO few USING delivery ON key = delivery.id WHEN NOT MATCHED THEN INSERT (key, twice) VALUES (1, 1)
ERROR 0A000: cannot merge into column "twice" of view "few"
DETAIL: View columns that are not columns of their base relation are not updatable.

# differs: PostgreSQL's hint names a trigger.

> MERGE INTO show USING delivery ON true WHEN MATCHED THEN DELETE
ERROR 55000: cannot delete from view "show"
DETAIL: Views that return aggregate functions are not automatically updatable.
HINT: Write to the tables that it reads.

> DROP VIEW few
DROP VIEW

# Inside of WITH, prepared, explained.

> BEGIN
BEGIN

> WITH m AS (MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (d.id, d.name) RETURNING merge_action() AS done, s.id) SELECT done, count(*), (SELECT count(*) FROM stock) AS before FROM m GROUP BY done ORDER BY done
  done  | count | before
--------+-------+--------
 DELETE |     2 |      3
 INSERT |     1 |      3
(2 rows)

> TABLE show
       rows
------------------
 1/axe/1 4/DISC/7
(1 row)

> WITH gone AS (DELETE FROM stock WHERE id = 1 RETURNING id, name) MERGE INTO stock USING gone ON stock.id = gone.id + 100 WHEN NOT MATCHED THEN INSERT VALUES (gone.id + 100, gone.name)
MERGE 1

> TABLE show
        rows
--------------------
 4/DISC/7 101/axe/7
(1 row)

> WITH m AS (MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN DELETE) SELECT 1
 ?column?
----------
        1
(1 row)

> TABLE show
   rows
-----------
 101/axe/7
(1 row)

> ROLLBACK
ROLLBACK

# differs: PostgreSQL has no hint.

> WITH m AS (MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN DELETE) SELECT * FROM m
ERROR 0A000: WITH query "m" does not have a RETURNING clause
LINE 1: WITH m AS (MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN DELETE) SELECT * FROM m
                                                                                                                     ^
HINT: Add RETURNING with the columns that are wanted.

> PREPARE put (int, text, int) AS MERGE INTO stock USING (VALUES ($1, $2)) AS v (id, name) ON stock.id = v.id WHEN MATCHED AND stock.amount = $3 THEN DELETE WHEN MATCHED THEN UPDATE SET name = v.name, amount = $3 WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.name, $3) RETURNING merge_action(), stock.*
PREPARE

> EXECUTE put (50, 'half', 5)
 merge_action | id | name | amount
--------------+----+------+--------
 INSERT       | 50 | half |      5
(1 row)
MERGE 1

> EXECUTE put (50, 'more', 6)
 merge_action | id | name | amount
--------------+----+------+--------
 UPDATE       | 50 | more |      6
(1 row)
MERGE 1

> EXECUTE put (50, 'more', 6)
 merge_action | id | name | amount
--------------+----+------+--------
 DELETE       | 50 | more |      6
(1 row)
MERGE 1

> BEGIN READ ONLY
BEGIN

# differs: PostgreSQL says what is executed.

> MERGE INTO stock USING delivery ON true WHEN MATCHED THEN DELETE
ERROR 25006: cannot write in a read-only transaction
HINT: BEGIN READ WRITE, or SET default_transaction_read_only = off.

> ROLLBACK
ROLLBACK

# differs: PostgreSQL's steps have other names.

> EXPLAIN (COSTS OFF) MERGE INTO stock USING (VALUES (1)) AS v (id) ON stock.id = v.id WHEN MATCHED THEN DELETE
                        QUERY PLAN
-----------------------------------------------------------
 Merge on stock
   Key lookup on stock for each row
   ->  ProjectionExec: expr=[column1@0 as c0]
         DataSourceExec: partitions=1, partition_sizes=[1]
(4 rows)

> TABLE show
           rows
--------------------------
 1/axe/1 2/bolt/2 3/cog/3
(1 row)
