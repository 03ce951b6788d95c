# ON CONFLICT and RETURNING.

> CREATE TABLE stock (id int PRIMARY KEY, name text, amount int NOT NULL DEFAULT 0)

> INSERT INTO stock VALUES (1, 'apple', 5), (2, 'pear', 6) RETURNING *

> INSERT INTO stock VALUES (1, 'apple', 9), (3, 'plum', 1) ON CONFLICT DO NOTHING

> INSERT INTO stock VALUES (1, 'apple', 9), (4, 'fig', 4) ON CONFLICT (id) DO NOTHING RETURNING id, name

> INSERT INTO stock VALUES (1, 'apple', 10), (5, 'date', 2) ON CONFLICT (id) DO UPDATE SET amount = stock.amount + excluded.amount RETURNING id, amount

> INSERT INTO stock VALUES (2, 'PEAR', 100) ON CONFLICT (id) DO UPDATE SET name = excluded.name, amount = excluded.amount WHERE stock.amount > 50 RETURNING *

> SELECT * FROM stock ORDER BY id

> INSERT INTO stock VALUES (6, 'kiwi', 1), (6, 'kiwi', 2) ON CONFLICT (id) DO UPDATE SET amount = excluded.amount

> INSERT INTO stock VALUES (7, 'lime', 1), (7, 'lime', 2) ON CONFLICT DO NOTHING

> SELECT * FROM stock WHERE id = 7

> INSERT INTO stock (id, amount) VALUES (8, NULL) ON CONFLICT (id) DO NOTHING

> INSERT INTO stock VALUES (1, 'x', 1) ON CONFLICT (name) DO NOTHING

> INSERT INTO stock VALUES (9, 'melon', 3) RETURNING id * 10 AS tenfold, upper(name), amount + 1

> UPDATE stock SET amount = amount * 2 WHERE id IN (1, 2) RETURNING id, amount

> DELETE FROM stock WHERE amount > 20 RETURNING name

> INSERT INTO stock VALUES (10, 'nut', 1) RETURNING nothing

> SELECT count(*) FROM stock WHERE id = 10

> CREATE UNIQUE INDEX stock_name ON stock (name)

> INSERT INTO stock VALUES (11, 'pear', 1)

> INSERT INTO stock VALUES (11, 'pear', 42) ON CONFLICT (name) DO UPDATE SET amount = excluded.amount RETURNING *

> UPDATE stock SET name = 'plum' WHERE id = 2
