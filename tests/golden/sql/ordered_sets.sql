# Aggregates over an ordered set, and ranks of a hypothetical row.

> CREATE TABLE marks (id int PRIMARY KEY, class text, mark int, day date)
CREATE TABLE

> INSERT INTO marks VALUES (1, 'a', 3, '2024-01-01'), (2, 'a', 1, '2024-01-03'), (3, 'a', 3, NULL), (4, 'b', 2, '2024-01-02'), (5, 'b', NULL, '2024-02-01'), (6, 'c', NULL, NULL)
INSERT 0 6

> SELECT class, percentile_disc(0.5) WITHIN GROUP (ORDER BY mark) AS middle, mode() WITHIN GROUP (ORDER BY mark) AS most FROM marks GROUP BY class ORDER BY class
 class | middle | most
-------+--------+------
 a     |      3 |    3
 b     |      2 |    2
 c     |   NULL | NULL
(3 rows)

> SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY day), percentile_disc(ARRAY[0, 0.5, 1, NULL]) WITHIN GROUP (ORDER BY mark DESC) FROM marks
 percentile_disc | percentile_disc
-----------------+-----------------
 2024-01-02      | {3,3,1,NULL}
(1 row)

> SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY mark) FILTER (WHERE class = 'a') FROM marks
 percentile_disc
-----------------
               3
(1 row)

> SELECT percentile_disc(1.5) WITHIN GROUP (ORDER BY mark) FROM marks
ERROR 22003: percentile value 1.5 is not between 0 and 1

> SELECT mode() WITHIN GROUP (ORDER BY class) FROM marks
 mode
------
 a
(1 row)

> SELECT mode() WITHIN GROUP (ORDER BY class DESC) FROM marks WHERE class <> 'a' AND id > 4
 mode
------
 c
(1 row)

> SELECT mode() WITHIN GROUP (ORDER BY mark), percentile_disc(0.1) WITHIN GROUP (ORDER BY mark) FROM marks WHERE false
 mode | percentile_disc
------+-----------------
 NULL |            NULL
(1 row)

> SELECT class, rank(2) WITHIN GROUP (ORDER BY mark), dense_rank(2) WITHIN GROUP (ORDER BY mark), percent_rank(2) WITHIN GROUP (ORDER BY mark), cume_dist(2) WITHIN GROUP (ORDER BY mark) FROM marks GROUP BY class ORDER BY class
 class | rank | dense_rank |    percent_rank    |     cume_dist
-------+------+------------+--------------------+--------------------
 a     |    2 |          2 | 0.3333333333333333 |                0.5
 b     |    1 |          1 |                  0 | 0.6666666666666666
 c     |    1 |          1 |                  0 |                0.5
(3 rows)

> SELECT rank(2) WITHIN GROUP (ORDER BY mark DESC), rank(2) WITHIN GROUP (ORDER BY mark NULLS FIRST), rank(2) WITHIN GROUP (ORDER BY mark DESC NULLS LAST) FROM marks
 rank | rank | rank
------+------+------
    5 |    4 |    3
(1 row)

> SELECT rank('b', 1) WITHIN GROUP (ORDER BY class, mark), dense_rank('b', 3) WITHIN GROUP (ORDER BY class DESC, mark) FROM marks
 rank | dense_rank
------+------------
    4 |          3
(1 row)

> SELECT rank(NULL) WITHIN GROUP (ORDER BY mark), dense_rank(NULL) WITHIN GROUP (ORDER BY mark), cume_dist(NULL) WITHIN GROUP (ORDER BY mark) FROM marks
 rank | dense_rank | cume_dist
------+------------+-----------
    5 |          4 |         1
(1 row)

> SELECT rank(1) WITHIN GROUP (ORDER BY mark) FROM marks WHERE false
 rank
------
    1
(1 row)

# differs: PostgreSQL names the types: rank(integer, integer, integer).

> SELECT rank(1, 2) WITHIN GROUP (ORDER BY mark) FROM marks
ERROR 42883: function rank() does not exist
LINE 1: SELECT rank(1, 2) WITHIN GROUP (ORDER BY mark) FROM marks
               ^
HINT: To use the hypothetical-set aggregate rank, the number of hypothetical direct arguments (here 2) must match the number of ordering columns (here 1).

> SELECT rank(1) WITHIN GROUP (ORDER BY mark) OVER () FROM marks
ERROR 0A000: OVER is not supported for ordered-set aggregate rank
LINE 1: SELECT rank(1) WITHIN GROUP (ORDER BY mark) OVER () FROM marks
               ^

> SELECT id, rank(1) WITHIN GROUP (ORDER BY mark) FROM marks
ERROR 42803: column "marks.id" must appear in the GROUP BY clause or be used in an aggregate function

> DROP TABLE marks
DROP TABLE
