# Aggregates over an ordered set, and ranks of a hypothetical row.

> CREATE TABLE marks (id int PRIMARY KEY, class text, mark int, day date)

> INSERT INTO marks VALUES (1, 'a', 3, '2024-01-01'), (2, 'a', 1, '2024-01-03'), (3, 'a', 3, NULL), (4, 'b', 2, '2024-01-02'), (5, 'b', NULL, '2024-02-01'), (6, 'c', NULL, NULL)

> SELECT class, percentile_disc(0.5) WITHIN GROUP (ORDER BY mark) AS middle, mode() WITHIN GROUP (ORDER BY mark) AS most FROM marks GROUP BY class ORDER BY class

> SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY day), percentile_disc(ARRAY[0, 0.5, 1, NULL]) WITHIN GROUP (ORDER BY mark DESC) FROM marks

> SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY mark) FILTER (WHERE class = 'a') FROM marks

> SELECT percentile_disc(1.5) WITHIN GROUP (ORDER BY mark) FROM marks

> SELECT mode() WITHIN GROUP (ORDER BY class) FROM marks

> SELECT mode() WITHIN GROUP (ORDER BY class DESC) FROM marks WHERE class <> 'a' AND id > 4

> SELECT mode() WITHIN GROUP (ORDER BY mark), percentile_disc(0.1) WITHIN GROUP (ORDER BY mark) FROM marks WHERE false

> SELECT class, rank(2) WITHIN GROUP (ORDER BY mark), dense_rank(2) WITHIN GROUP (ORDER BY mark), percent_rank(2) WITHIN GROUP (ORDER BY mark), cume_dist(2) WITHIN GROUP (ORDER BY mark) FROM marks GROUP BY class ORDER BY class

> SELECT rank(2) WITHIN GROUP (ORDER BY mark DESC), rank(2) WITHIN GROUP (ORDER BY mark NULLS FIRST), rank(2) WITHIN GROUP (ORDER BY mark DESC NULLS LAST) FROM marks

> SELECT rank('b', 1) WITHIN GROUP (ORDER BY class, mark), dense_rank('b', 3) WITHIN GROUP (ORDER BY class DESC, mark) FROM marks

> SELECT rank(NULL) WITHIN GROUP (ORDER BY mark), dense_rank(NULL) WITHIN GROUP (ORDER BY mark), cume_dist(NULL) WITHIN GROUP (ORDER BY mark) FROM marks

> SELECT rank(1) WITHIN GROUP (ORDER BY mark) FROM marks WHERE false

# differs: PostgreSQL names the types: rank(integer, integer, integer).

> SELECT rank(1, 2) WITHIN GROUP (ORDER BY mark) FROM marks

> SELECT rank(1) WITHIN GROUP (ORDER BY mark) OVER () FROM marks

> SELECT id, rank(1) WITHIN GROUP (ORDER BY mark) FROM marks

> DROP TABLE marks
