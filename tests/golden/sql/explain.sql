# How each kind of read reaches its rows.

> CREATE TABLE book (id int PRIMARY KEY, author text, year int, v vector(2))

> CREATE TABLE author (name text PRIMARY KEY, country text)

> INSERT INTO book VALUES (1, 'a', 2001, '[1,2]'), (2, 'b', 2002, '[3,4]')

> EXPLAIN SELECT * FROM book WHERE id = 1

> EXPLAIN SELECT * FROM book WHERE id IN (1, 2)

> EXPLAIN SELECT * FROM book WHERE id > 1 AND id <= 5

> EXPLAIN SELECT * FROM book WHERE author = 'a'

> CREATE INDEX book_author ON book (author)

> EXPLAIN SELECT * FROM book WHERE author = 'a'

> EXPLAIN SELECT * FROM book WHERE author = 'a' AND year > 2000 ORDER BY year LIMIT 5

> EXPLAIN SELECT * FROM book ORDER BY id

> EXPLAIN SELECT * FROM book ORDER BY id DESC LIMIT 1

> EXPLAIN SELECT * FROM book ORDER BY v <-> '[1,1]' LIMIT 5

> EXPLAIN UPDATE book SET year = 1 WHERE id = 1

> EXPLAIN DELETE FROM book WHERE author = 'a'

> EXPLAIN INSERT INTO book VALUES (3, 'c', 1, NULL)

> SELECT count(*) FROM book

> EXPLAIN (FORMAT JSON) SELECT 1

> EXPLAIN SELECT nothing FROM book

> EXPLAIN GET MEMORY WHERE metadata.source = "x" LIMIT 3

> EXPLAIN GET MEMORY WHERE id = "x"
