# NULL among the values of IN, ANY, ALL and of rows: true, false and unknown wherever an expression stands.

> CREATE TABLE o (id int PRIMARY KEY, x int)

> INSERT INTO o VALUES (1, 1), (2, 2), (3, 3), (4, NULL)

> CREATE TABLE u (k int PRIMARY KEY, n int, o_id int)

> INSERT INTO u VALUES (1, 1, 1), (2, NULL, 1), (3, 3, 2)

> CREATE TABLE e (k int PRIMARY KEY)

> SELECT id, x IN (SELECT k FROM u), x NOT IN (SELECT k FROM u) FROM o ORDER BY id

> SELECT id, x IN (SELECT n FROM u), x NOT IN (SELECT n FROM u) FROM o ORDER BY id

> SELECT id, x IN (SELECT k FROM e), x NOT IN (SELECT k FROM e) FROM o ORDER BY id

> SELECT NULL IN (SELECT k FROM u), NULL::int NOT IN (SELECT k FROM e), 7 IN (SELECT n FROM u)

> SELECT id FROM o WHERE x NOT IN (SELECT n FROM u) ORDER BY id

> SELECT id FROM o WHERE x NOT IN (SELECT n FROM u WHERE n IS NOT NULL) ORDER BY id

> SELECT id FROM o WHERE x NOT IN (SELECT k FROM e) ORDER BY id

> SELECT id FROM o WHERE x NOT IN (SELECT n FROM u) OR x = 2 ORDER BY id

> SELECT id FROM o WHERE (x IN (SELECT n FROM u)) IS NULL ORDER BY id

> SELECT id FROM o WHERE (x NOT IN (SELECT n FROM u)) IS NOT TRUE ORDER BY id

> SELECT id FROM o WHERE NOT (x IN (SELECT n FROM u) AND x > 0) ORDER BY id

# Correlated.

> SELECT id FROM o WHERE 3 NOT IN (SELECT n FROM u WHERE u.o_id = o.id) ORDER BY id

> SELECT id FROM o WHERE x NOT IN (SELECT n FROM u WHERE u.o_id = o.id) ORDER BY id

> SELECT id, 3 IN (SELECT n FROM u WHERE u.o_id = o.id) AS found FROM o ORDER BY id

> SELECT id, x IN (SELECT k FROM u WHERE u.k > o.id) AS found FROM o ORDER BY id

> SELECT id FROM o WHERE 0 IN (SELECT count(*) FROM u WHERE u.o_id = o.id) ORDER BY id

> SELECT id, EXISTS (SELECT 1 FROM u WHERE u.o_id = o.id) AS has FROM o WHERE EXISTS (SELECT 1 FROM u WHERE u.k < o.id) OR id = 1 ORDER BY id

> SELECT id FROM o WHERE EXISTS (SELECT count(*) FROM u WHERE u.o_id = o.id) ORDER BY id

# In other places.

> SELECT id, CASE WHEN x IN (SELECT n FROM u) THEN 'in' WHEN x NOT IN (SELECT n FROM u) THEN 'out' ELSE 'unknown' END AS c FROM o ORDER BY id

> SELECT x IN (SELECT n FROM u) AS found, count(*) FROM o GROUP BY 1 ORDER BY 1

> SELECT count(*) FILTER (WHERE x IN (SELECT k FROM u)) AS c, bool_or(x NOT IN (SELECT n FROM u)) AS b FROM o

> SELECT x, count(*) FROM o GROUP BY x HAVING x NOT IN (SELECT k FROM u WHERE k > 1) ORDER BY x

> SELECT o.id, u.k FROM o JOIN u ON u.o_id = o.id AND u.n NOT IN (SELECT k FROM e) ORDER BY 1, 2

> SELECT o.id, u.k FROM o LEFT JOIN u ON u.o_id = o.id AND u.k IN (SELECT n FROM u) ORDER BY 1, 2

> SELECT id FROM o ORDER BY x IN (SELECT n FROM u), id

> SELECT id FROM o WHERE id IN (SELECT o_id FROM u WHERE k NOT IN (SELECT n FROM u WHERE n IS NOT NULL)) ORDER BY id

> WITH found AS (SELECT id, x NOT IN (SELECT n FROM u) AS absent FROM o) SELECT id FROM found WHERE absent IS NULL ORDER BY id

# ANY and ALL of subqueries.

> SELECT id, x = ANY (SELECT n FROM u), x <> ALL (SELECT n FROM u), x > ANY (SELECT n FROM u), x >= ALL (SELECT k FROM u), x < ALL (SELECT k FROM e) FROM o ORDER BY id

> SELECT id FROM o WHERE x > ALL (SELECT n FROM u) ORDER BY id

> SELECT id FROM o WHERE x < ANY (SELECT n FROM u WHERE u.o_id >= o.id) ORDER BY id

# ANY and ALL of arrays.

> SELECT 4 = ANY ('{1,NULL}'::int[]), 4 <> ALL ('{1,NULL}'::int[]), 1 = ANY ('{1,NULL}'::int[]), 1 <> ALL ('{1,NULL}'::int[])

> SELECT NULL = ANY ('{}'::int[]), NULL::int <> ALL ('{}'::int[]), 1 = ANY (NULL::int[]), NULL = ANY ('{1}'::int[])

> SELECT 2 < ANY ('{1,3}'::int[]), 2 < ALL ('{1,3}'::int[]), 2 >= ALL ('{1,NULL}'::int[]), 2 > ANY ('{NULL,1}'::int[])

> SELECT id FROM o WHERE x <> ALL ('{1,NULL}') ORDER BY id

> SELECT id FROM o WHERE x <> ALL ('{1,2}') ORDER BY id

> SELECT id FROM o WHERE x = ANY ('{}') OR x <> ALL ('{}') ORDER BY id

> SELECT id FROM o WHERE NOT x = ANY ('{3,NULL}') ORDER BY id

> SELECT id FROM o WHERE x = ANY (ARRAY[id, 7]) ORDER BY id

> SELECT id, x IN (1, NULL), x NOT IN (1, NULL) FROM o ORDER BY id

# Rows.

> SELECT ROW(1,2) < ROW(1,NULL), ROW(1,2) < ROW(2,NULL), (1,2) <= (1,2), (1,NULL) = (2,NULL), (1,NULL) <> (2,NULL), (1,NULL) = (1,NULL)

> SELECT id FROM o WHERE (id, x) > (2, 2) ORDER BY id

> SELECT id FROM o WHERE (id, x) IN ((1, 1), (4, NULL), (3, 4)) ORDER BY id

> SELECT id, (id, x) NOT IN ((1, 1), (4, NULL), (3, 4)) AS absent FROM o ORDER BY id

> SELECT id, (id, x) IN (SELECT k, n FROM u) AS found FROM o ORDER BY id

> SELECT id FROM o WHERE (id, x) NOT IN (SELECT k, n FROM u) ORDER BY id

> SELECT (1, NULL) IS NULL AS a, (NULL, NULL) IS NULL AS b, (1, NULL) IS NOT NULL AS c, (1, NULL) IS DISTINCT FROM (1, NULL) AS d

# What writes.

> UPDATE o SET x = x WHERE id < 3 RETURNING id, x IN (SELECT n FROM u) AS found, x NOT IN (SELECT n FROM u) AS absent

> UPDATE o SET x = CASE WHEN x NOT IN (SELECT n FROM u) THEN 10 ELSE 20 END WHERE x NOT IN (SELECT n FROM u) OR x = 2 RETURNING id, x

> DELETE FROM o WHERE NULL NOT IN (SELECT k FROM u)

> DELETE FROM o WHERE x NOT IN (SELECT n FROM u)

> DELETE FROM o WHERE x <> ALL ('{1,NULL}') RETURNING id

> DELETE FROM o WHERE NULL NOT IN (SELECT k FROM e) AND id = 4 RETURNING id, x IS NULL AS was_null

> SELECT * FROM o ORDER BY id
