# RETURNING shows a row before and after its change.

> CREATE TABLE stock (id int PRIMARY KEY, name text, amount int DEFAULT 1)

> INSERT INTO stock VALUES (1, 'a', 10), (2, 'b', 20) RETURNING old.id, new.id, id, old.*, new.*

> INSERT INTO stock (id, name) VALUES (1, 'z'), (3, 'c') ON CONFLICT (id) DO UPDATE SET name = excluded.name, amount = stock.amount + 1 RETURNING id, old.name, new.name, old.amount, new.amount, old.id IS NULL AS inserted

# differs: PostgreSQL's rows come in the order of its storage.

> UPDATE stock SET amount = amount * 2 RETURNING id, old.amount, new.amount, new.amount - old.amount AS more

> UPDATE stock SET amount = old.amount RETURNING id

> UPDATE stock SET id = 30 WHERE id = 3 RETURNING old.id, new.id

> UPDATE stock AS s SET amount = 0 FROM (VALUES (1, 'first')) AS v (id, label) WHERE s.id = v.id RETURNING *, old.amount, new.amount

> UPDATE stock SET name = NULL WHERE id = 2 RETURNING coalesce(new.name, 'was ' || old.name) AS name

# Other names for them.

> UPDATE stock SET amount = 5 WHERE id = 1 RETURNING WITH (OLD AS o, NEW AS n) o.amount, n.amount, amount

> UPDATE stock SET amount = 6 WHERE id = 1 RETURNING WITH (OLD AS before) before.*, new.amount

# differs: PostgreSQL no longer knows `old` where the clause calls it otherwise.

> UPDATE stock SET amount = 6 WHERE id = 1 RETURNING WITH (OLD AS before) old.amount

> UPDATE stock AS old SET amount = 7 WHERE id = 1 RETURNING old.amount

> UPDATE stock AS old SET amount = 8 WHERE id = 1 RETURNING WITH (OLD AS o) o.amount, old.amount, new.amount

# A subquery sees them.

> UPDATE stock SET amount = 9 WHERE id = 1 RETURNING (SELECT old.amount + new.amount) AS both, (SELECT count(*) FROM stock WHERE amount = old.amount) AS same

# WITH takes what they return.

> WITH changed AS (UPDATE stock SET amount = amount + 1 RETURNING id, old.amount AS was, new.amount AS is) SELECT * FROM changed ORDER BY id

> WITH changed AS (UPDATE stock SET amount = amount + 1 RETURNING WITH (OLD AS o) id, o.amount) SELECT o.amount FROM changed AS o ORDER BY o.id

> DELETE FROM stock WHERE id = 2 RETURNING old.*, new.*, amount

# differs: PostgreSQL's rows come in the order of its storage.

> DELETE FROM stock RETURNING old.name, new.name, name

# What they are not.

> INSERT INTO stock VALUES (9) RETURNING old.missing

> INSERT INTO stock VALUES (9) RETURNING other.id

> SELECT old.id FROM stock

> INSERT INTO stock VALUES (9) RETURNING WITH (OLD AS x, OLD AS y) id

> PREPARE change (int) AS UPDATE stock SET amount = $1 RETURNING old.amount, new.amount + $1 AS twice

> INSERT INTO stock VALUES (1, 'p', 1)

> EXECUTE change (4)

# Of a view they have its columns.

> CREATE VIEW shelf AS SELECT id AS place, amount AS number FROM stock

> UPDATE shelf SET number = 5 WHERE place = 1 RETURNING *, old.*, new.number

> INSERT INTO shelf VALUES (2, 7) RETURNING old.number, new.place, new.number

> DELETE FROM shelf WHERE place = 2 RETURNING WITH (OLD AS gone) gone.*, new.*

> CREATE VIEW doubled AS SELECT id, amount, amount * 2 AS twice FROM stock

# differs: PostgreSQL computes the column.

> UPDATE doubled SET amount = 1 RETURNING old.twice

> DROP VIEW doubled

> DROP VIEW shelf

> DROP TABLE stock
