# MERGE: one join of target and source, WHEN clauses in their order. PostgreSQL's answers.

> CREATE TABLE stock (id int PRIMARY KEY, name text, amount int DEFAULT 7)

> CREATE TABLE delivery (id int, name text)

> INSERT INTO stock VALUES (1, 'axe', 1), (2, 'bolt', 2), (3, 'cog', 3)

> INSERT INTO delivery VALUES (2, 'BOLT'), (3, 'COG'), (4, 'DISC')

> CREATE VIEW show AS SELECT string_agg(concat_ws('/', id, name, amount), ' ' ORDER BY id) AS rows FROM stock

# Rows that match, and rows that do not.

> BEGIN

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET name = delivery.name

> TABLE show

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT VALUES (delivery.id, delivery.name)

> TABLE show

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED BY SOURCE THEN DELETE

> TABLE show

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN DELETE

> TABLE show

> ROLLBACK

> BEGIN

> MERGE INTO stock AS s USING delivery AS d ON s.id = d.id WHEN MATCHED AND d.id = 2 THEN DELETE WHEN MATCHED THEN UPDATE SET amount = s.amount * 10 WHEN NOT MATCHED BY TARGET THEN INSERT (id, name, amount) VALUES (d.id, lower(d.name), DEFAULT) WHEN NOT MATCHED BY SOURCE THEN UPDATE SET amount = 0

> TABLE show

> ROLLBACK

# What comes first is done, and nothing more.

> BEGIN

> MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED AND s.amount > 2 THEN DO NOTHING WHEN MATCHED AND s.amount > 1 THEN UPDATE SET name = 'second' WHEN MATCHED THEN DELETE WHEN NOT MATCHED AND d.id > 4 THEN INSERT VALUES (d.id) WHEN NOT MATCHED THEN DO NOTHING

> TABLE show

> MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED AND NULL THEN DELETE WHEN NOT MATCHED AND false THEN INSERT DEFAULT VALUES WHEN NOT MATCHED BY SOURCE AND s.amount > 100 THEN DELETE

> MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED AND d.id > 2 AND 1 / (d.id - 2) = 1 THEN UPDATE SET amount = 1 / (d.id - 2)

> TABLE show

> MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED THEN UPDATE SET amount = 1 / (d.id - 2)

> ROLLBACK

# RETURNING.

> BEGIN

> WITH m AS (MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED AND d.id = 2 THEN DELETE WHEN MATCHED THEN UPDATE SET name = d.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (d.id, d.name) WHEN NOT MATCHED BY SOURCE THEN UPDATE SET amount = 0 RETURNING merge_action(), s.id, s.name, s.amount, d.id AS source, old.id AS old_id, old.name AS old_name, new.id AS new_id, new.amount AS new_amount) SELECT * FROM m ORDER BY id

> TABLE show

> ROLLBACK

> BEGIN

> MERGE INTO stock s USING (VALUES (1, 'ax')) AS d (key, name) ON s.id = d.key WHEN MATCHED THEN UPDATE SET name = d.name RETURNING *

> MERGE INTO stock s USING (VALUES (9, 'new')) AS d (key, name) ON s.id = d.key WHEN NOT MATCHED THEN INSERT VALUES (d.key, d.name) RETURNING *

> MERGE INTO stock s USING (VALUES (9, 'new')) AS d (key, name) ON s.id = d.key WHEN MATCHED THEN DELETE RETURNING *, merge_action() AS done

> MERGE INTO stock s USING (VALUES (2)) AS d (key) ON s.id = d.key WHEN MATCHED THEN UPDATE SET amount = amount + 1 RETURNING old.*, new.*, d.*, s.*

> MERGE INTO stock s USING (VALUES (2)) AS d (key) ON s.id = d.key WHEN MATCHED THEN UPDATE SET amount = amount + 1 RETURNING WITH (OLD AS o, NEW AS n) o.amount, n.amount, n.amount - o.amount AS more

> MERGE INTO stock s USING (VALUES (2)) AS d (key) ON s.id = d.key WHEN MATCHED THEN DO NOTHING RETURNING s.id

> MERGE INTO stock s USING (VALUES (2)) AS d (key) ON s.id = d.key WHEN MATCHED THEN UPDATE SET id = 20 RETURNING old.id, new.id, s.id, d.key

> MERGE INTO stock s USING (VALUES (3)) AS d (key) ON s.id = d.key WHEN MATCHED THEN DELETE RETURNING CASE merge_action() WHEN 'DELETE' THEN 'gone' END AS what, (SELECT merge_action()) AS again, (SELECT count(*) FROM delivery WHERE delivery.id = d.key) AS known

> MERGE INTO stock s USING (VALUES (1)) AS d (key) ON s.id = d.key WHEN MATCHED THEN UPDATE SET amount = 5 RETURNING upper(merge_action() || name) AS loud, new.amount * 2 AS twice

> TABLE show

> ROLLBACK

# Sources.

> BEGIN

> MERGE INTO stock USING (SELECT id, upper(name) AS name FROM stock WHERE id < 3) AS d ON stock.id = d.id WHEN MATCHED THEN UPDATE SET name = d.name

> TABLE show

> WITH wanted AS (SELECT 3 AS id, 'cogs' AS name UNION ALL SELECT 5, 'eel') MERGE INTO stock USING wanted ON stock.id = wanted.id WHEN MATCHED THEN UPDATE SET name = wanted.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (id, name)

> TABLE show

> MERGE INTO stock USING delivery AS d JOIN delivery AS e ON d.id = e.id + 1 ON stock.id = d.id WHEN MATCHED THEN UPDATE SET name = e.name

> TABLE show

> MERGE INTO stock USING (delivery AS d CROSS JOIN (VALUES (100)) AS v (add)) ON stock.id = d.id WHEN MATCHED THEN UPDATE SET amount = amount + add

> TABLE show

> MERGE INTO stock USING generate_series(4, 6) AS g ON stock.id = g WHEN NOT MATCHED THEN INSERT VALUES (g, 'made', g) WHEN MATCHED THEN UPDATE SET amount = g

> TABLE show

> MERGE INTO ONLY stock USING stock AS other ON stock.id = other.id + 1 WHEN MATCHED THEN UPDATE SET amount = other.amount WHEN NOT MATCHED BY SOURCE THEN DELETE

> TABLE show

> MERGE INTO stock USING delivery ON false WHEN NOT MATCHED BY SOURCE AND stock.id > 2 THEN DELETE WHEN NOT MATCHED AND delivery.id = 9 THEN INSERT DEFAULT VALUES

> TABLE show

> MERGE INTO stock USING (SELECT 1 WHERE false) AS nothing ON true WHEN NOT MATCHED BY SOURCE THEN UPDATE SET amount = 1 WHEN MATCHED THEN DELETE

> TABLE show

> ROLLBACK

# Expressions: subqueries read what was there before.

> BEGIN

> MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED AND EXISTS (SELECT 1 FROM delivery WHERE delivery.id = s.id AND name = 'COG') THEN UPDATE SET amount = (SELECT max(amount) FROM stock) WHEN NOT MATCHED THEN INSERT VALUES (d.id, (SELECT string_agg(name, ',' ORDER BY id) FROM stock), (SELECT count(*) FROM stock s WHERE s.id > 1))

> TABLE show

> MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED THEN UPDATE SET (name, amount) = (SELECT d.name || s.name, count(*) FROM delivery WHERE delivery.id <= d.id)

> TABLE show

> MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED THEN UPDATE SET (name, amount) = ROW (substr(d.name, 2), DEFAULT)

> TABLE show

> MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED AND d.name LIKE 'B%' THEN UPDATE SET (name, amount) = ('twice', amount * 2) WHEN MATCHED AND length(d.name) = 3 THEN UPDATE SET name = CASE WHEN d.id = 3 THEN 'three' ELSE 'no' END WHEN MATCHED THEN UPDATE SET name = coalesce(NULL, d.name, s.name), amount = DEFAULT

> TABLE show

> MERGE INTO stock USING delivery ON stock.id = delivery.id + 10 WHEN NOT MATCHED AND id <> 3 THEN INSERT (name, id) VALUES (name, id + 10)

> TABLE show

> MERGE INTO stock USING (SELECT id + 20 AS id, name, 1 AS amount FROM delivery WHERE id = 4) AS d ON stock.id = d.id WHEN NOT MATCHED THEN INSERT VALUES (d.*) RETURNING stock.*

> ROLLBACK

# Queries of WITH, and names that a query inside has for itself.

> BEGIN

> WITH q AS (SELECT 7 AS x) MERGE INTO stock USING (VALUES (1)) AS v (id) ON stock.id = v.id WHEN MATCHED AND EXISTS (SELECT FROM q WHERE x = 7) THEN UPDATE SET amount = (SELECT x FROM q) RETURNING amount, (SELECT x + stock.id FROM q) AS more

> MERGE INTO stock USING (VALUES (2)) AS v (id) ON stock.id = v.id WHEN MATCHED THEN UPDATE SET amount = (SELECT v.id FROM (VALUES (40)) AS v (id)) RETURNING amount

> MERGE INTO stock USING (VALUES (2)) AS v (id) ON stock.id = v.id WHEN MATCHED THEN UPDATE SET amount = (SELECT sum(v.id + w.id) FROM (VALUES (40)) AS w (id)) RETURNING amount

> MERGE INTO stock USING (VALUES (2)) AS v (id) ON stock.id = v.id WHEN MATCHED THEN UPDATE SET amount = (SELECT amount + x FROM (VALUES (40)) AS w (x)) RETURNING amount

> MERGE INTO stock USING (VALUES (2)) AS v (id) ON stock.id = v.id WHEN MATCHED THEN UPDATE SET amount = (SELECT id FROM (VALUES (40)) AS w (x))

> ROLLBACK

# Defaults, identity and generated columns.

> CREATE TABLE made (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, word text NOT NULL DEFAULT 'none', letters int GENERATED ALWAYS AS (length(word)) STORED, at date DEFAULT '2024-01-02')

> MERGE INTO made USING (VALUES ('seven')) AS v (word) ON made.word = v.word WHEN NOT MATCHED THEN INSERT (word) VALUES (v.word) RETURNING made.*

> MERGE INTO made USING (VALUES ('five')) AS v (word) ON made.word = v.word WHEN NOT MATCHED THEN INSERT DEFAULT VALUES RETURNING made.*

> MERGE INTO made USING (VALUES (10, 'ten')) AS v (id, word) ON made.id = v.id WHEN NOT MATCHED THEN INSERT (id, word) OVERRIDING SYSTEM VALUE VALUES (v.id, v.word) RETURNING made.*

> MERGE INTO made USING (VALUES (10, 'eleven')) AS v (id, word) ON made.id = v.id WHEN MATCHED THEN UPDATE SET word = v.word, letters = DEFAULT, at = DEFAULT RETURNING made.*

> MERGE INTO made USING (VALUES (11)) AS v (id) ON made.id = v.id WHEN NOT MATCHED THEN INSERT (id, word, letters, at) VALUES (DEFAULT, DEFAULT, DEFAULT, '2025-02-03') RETURNING made.*

> MERGE INTO made USING (VALUES (11)) AS v (id) ON made.id = v.id WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'x')

> MERGE INTO made USING (VALUES (11)) AS v (id) ON made.id = v.id WHEN NOT MATCHED AND v.id = 1 THEN INSERT (id) OVERRIDING SYSTEM VALUE VALUES (v.id) WHEN NOT MATCHED THEN INSERT (id) VALUES (v.id)

> MERGE INTO made USING (VALUES (11)) AS v (id) ON made.id = v.id WHEN NOT MATCHED THEN INSERT (letters) VALUES (3)

> MERGE INTO made USING (VALUES (10)) AS v (id) ON made.id = v.id WHEN MATCHED THEN UPDATE SET letters = 3

> MERGE INTO made USING (VALUES (10)) AS v (id) ON made.id = v.id WHEN MATCHED THEN UPDATE SET id = 3

> MERGE INTO made USING (VALUES (10)) AS v (id) ON made.id = v.id WHEN MATCHED THEN UPDATE SET word = NULL

# differs: PostgreSQL takes it.

> MERGE INTO made USING (VALUES (11)) AS v (id) ON made.id = v.id WHEN NOT MATCHED THEN INSERT (id) OVERRIDING USER VALUE VALUES (v.id)

# Constraints.

> CREATE TABLE part (id int PRIMARY KEY, stock int REFERENCES stock, price numeric(6,2) CHECK (price > 0), code varchar(3) UNIQUE)

> MERGE INTO part USING delivery d ON part.id = d.id WHEN NOT MATCHED AND d.id < 4 THEN INSERT VALUES (d.id, d.id, d.id * 1.005, 'c' || d.id)

> SELECT * FROM part ORDER BY id

> MERGE INTO part USING delivery d ON part.id = d.id WHEN NOT MATCHED THEN INSERT VALUES (d.id, d.id, 1, 'x')

> MERGE INTO part USING delivery d ON part.id = d.id WHEN MATCHED AND d.id = 3 THEN UPDATE SET price = 0

> MERGE INTO part USING delivery d ON part.id = d.id WHEN MATCHED AND d.id = 3 THEN UPDATE SET code = 'c2'

> MERGE INTO part USING delivery d ON part.id = d.id WHEN MATCHED AND d.id = 3 THEN UPDATE SET code = 'long'

> MERGE INTO part USING delivery d ON part.id = d.id WHEN MATCHED AND d.id = 3 THEN UPDATE SET price = 123456

> MERGE INTO part USING delivery d ON part.id = d.id WHEN MATCHED AND d.id = 3 THEN UPDATE SET id = 2

> MERGE INTO part USING delivery d ON part.id = d.id WHEN MATCHED AND d.id = 3 THEN UPDATE SET id = NULL

> MERGE INTO stock USING delivery d ON stock.id = d.id WHEN MATCHED AND d.id = 3 THEN DELETE

> MERGE INTO part USING delivery d ON false WHEN NOT MATCHED AND d.id = 2 THEN INSERT VALUES (2)

> MERGE INTO stock USING (VALUES (5), (5)) AS d (id) ON stock.id = d.id WHEN NOT MATCHED THEN INSERT (id) VALUES (d.id)

> DROP TABLE part

# One row twice.

> MERGE INTO stock USING delivery ON true WHEN MATCHED THEN DELETE

> MERGE INTO stock USING (VALUES (1), (1)) AS d (id) ON stock.id = d.id WHEN MATCHED THEN UPDATE SET amount = 1

> MERGE INTO stock USING (VALUES (1), (1)) AS d (id) ON stock.id = d.id WHEN MATCHED THEN DO NOTHING

> BEGIN

> MERGE INTO stock USING (VALUES (1, 'first'), (1, 'second')) AS d (id, name) ON stock.id = d.id WHEN MATCHED AND d.name = 'first' THEN UPDATE SET name = d.name WHEN MATCHED THEN DO NOTHING

> TABLE show

> ROLLBACK

# Clauses that nothing comes to, and other forms that there are not.

> MERGE INTO stock USING delivery ON true WHEN MATCHED THEN DELETE WHEN MATCHED THEN DO NOTHING

> MERGE INTO stock USING delivery ON true WHEN NOT MATCHED THEN DO NOTHING WHEN NOT MATCHED BY TARGET AND true THEN INSERT DEFAULT VALUES

> MERGE INTO stock USING delivery ON true WHEN NOT MATCHED BY SOURCE THEN DELETE WHEN NOT MATCHED BY SOURCE AND true THEN DO NOTHING

> MERGE INTO stock USING delivery ON false WHEN MATCHED AND true THEN DO NOTHING WHEN MATCHED THEN DELETE

> MERGE INTO stock USING delivery ON true WHEN MATCHED THEN INSERT DEFAULT VALUES

> MERGE INTO stock USING delivery ON true WHEN NOT MATCHED THEN UPDATE SET amount = 1

> MERGE INTO stock USING delivery ON true WHEN NOT MATCHED BY TARGET THEN DELETE

> MERGE INTO stock USING delivery ON true WHEN NOT MATCHED BY SOURCE THEN INSERT DEFAULT VALUES

> MERGE INTO stock USING delivery ON true WHEN NOT MATCHED THEN INSERT VALUES (1), (2)

> MERGE INTO stock USING delivery ON true WHEN MATCHED THEN UPDATE SET amount = 1 WHERE false

> MERGE INTO stock USING delivery ON true WHEN MATCHED THEN DELETE WHERE false

> MERGE INTO stock USING delivery ON true

> MERGE INTO stock USING delivery ON true WHEN MATCHED THEN

> MERGE INTO stock USING delivery ON true RETURNING stock.id

> MERGE stock USING delivery ON true WHEN MATCHED THEN DELETE

> MERGE INTO stock USING stock ON true WHEN MATCHED THEN DELETE

> MERGE INTO stock AS s USING delivery AS s ON true WHEN MATCHED THEN DELETE

> MERGE INTO absent USING delivery ON true WHEN MATCHED THEN DELETE

> MERGE INTO stock USING absent ON true WHEN MATCHED THEN DELETE

# Names.

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT VALUES (stock.id, name)

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT VALUES (delivery.id, upper(stock.name))

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED AND amount > 3 THEN INSERT DEFAULT VALUES

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED BY SOURCE AND delivery.id > 3 THEN DELETE

> MERGE INTO stock USING (SELECT id AS key FROM delivery) AS d ON stock.id = d.key WHEN NOT MATCHED BY SOURCE THEN UPDATE SET amount = key

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET name = name

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET name = delivery.absent

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET name = nobody.name

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET absent = 1

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET amount = 1, amount = 2

> MERGE INTO stock USING delivery ON id = 3 WHEN MATCHED THEN DELETE

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN DELETE RETURNING id

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN DELETE RETURNING absent

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT (id, absent) VALUES (1, 2)

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT (id, id) VALUES (1, 2)

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT (id) VALUES (1, 2)

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT (id, name) VALUES (1)

# Types, and functions over several rows.

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET amount = delivery.name

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET amount = upper(delivery.name)

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT VALUES ('x')

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED AND 1 THEN DELETE

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED AND length(delivery.name) THEN DELETE

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED AND count(*) > 1 THEN DELETE

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED AND row_number() OVER () > 1 THEN DELETE

> MERGE INTO stock USING delivery ON count(*) > 1 WHEN MATCHED THEN DELETE

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET amount = sum(stock.id)

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN NOT MATCHED THEN INSERT VALUES (max(delivery.id))

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN DELETE RETURNING count(*)

> SELECT merge_action()

> UPDATE stock SET name = 'x' RETURNING merge_action()

> MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN UPDATE SET name = merge_action()

# Through views.

> CREATE VIEW few AS SELECT id AS key, name, amount, amount * 2 AS twice FROM stock WHERE amount < 100 WITH CHECK OPTION

> BEGIN

> MERGE INTO few USING delivery ON key = delivery.id WHEN MATCHED AND twice > 4 THEN UPDATE SET name = delivery.name WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (key, name) VALUES (delivery.id, delivery.name)

> TABLE show

> MERGE INTO few USING (VALUES (1)) AS v (id) ON key = v.id WHEN MATCHED THEN UPDATE SET amount = twice + 1 RETURNING few.key, few.amount, old.amount

> MERGE INTO few USING (VALUES (1)) AS v (id) ON key = v.id WHEN MATCHED THEN UPDATE SET amount = 100

> ROLLBACK

> MERGE INTO few USING delivery ON key = delivery.id WHEN NOT MATCHED THEN INSERT (key, amount) VALUES (delivery.id, 200)

> MERGE INTO few USING delivery ON key = delivery.id WHEN MATCHED THEN UPDATE SET twice = 3

> MERGE INTO few USING delivery ON key = delivery.id WHEN NOT MATCHED THEN INSERT (key, twice) VALUES (1, 1)

# differs: PostgreSQL's hint names a trigger.

> MERGE INTO show USING delivery ON true WHEN MATCHED THEN DELETE

> DROP VIEW few

# Inside of WITH, prepared, explained.

> BEGIN

> WITH m AS (MERGE INTO stock s USING delivery d ON s.id = d.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (d.id, d.name) RETURNING merge_action() AS done, s.id) SELECT done, count(*), (SELECT count(*) FROM stock) AS before FROM m GROUP BY done ORDER BY done

> TABLE show

> WITH gone AS (DELETE FROM stock WHERE id = 1 RETURNING id, name) MERGE INTO stock USING gone ON stock.id = gone.id + 100 WHEN NOT MATCHED THEN INSERT VALUES (gone.id + 100, gone.name)

> TABLE show

> WITH m AS (MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN DELETE) SELECT 1

> TABLE show

> ROLLBACK

> WITH m AS (MERGE INTO stock USING delivery ON stock.id = delivery.id WHEN MATCHED THEN DELETE) SELECT * FROM m

> PREPARE put (int, text, int) AS MERGE INTO stock USING (VALUES ($1, $2)) AS v (id, name) ON stock.id = v.id WHEN MATCHED AND stock.amount = $3 THEN DELETE WHEN MATCHED THEN UPDATE SET name = v.name, amount = $3 WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.name, $3) RETURNING merge_action(), stock.*

> EXECUTE put (50, 'half', 5)

> EXECUTE put (50, 'more', 6)

> EXECUTE put (50, 'more', 6)

> BEGIN READ ONLY

# differs: PostgreSQL says what is executed.

> MERGE INTO stock USING delivery ON true WHEN MATCHED THEN DELETE

> ROLLBACK

# differs: PostgreSQL's steps have other names.

> EXPLAIN (COSTS OFF) MERGE INTO stock USING (VALUES (1)) AS v (id) ON stock.id = v.id WHEN MATCHED THEN DELETE

> TABLE show
