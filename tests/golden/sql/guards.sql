# An expression that can fail meets only the rows that its guards let pass.

> CREATE TABLE g (id int PRIMARY KEY, a text, n int)

> INSERT INTO g VALUES (1, '7', 0), (2, 'seven', 1), (3, '3', 2), (4, NULL, NULL), (5, '12', 4), (6, '', 5), (7, '9', 6)

> SELECT id FROM g WHERE CASE WHEN a ~ '^[0-9]+$' THEN a::int > 5 ELSE false END ORDER BY id

> SELECT id FROM g WHERE CASE WHEN a !~ '^[0-9]+$' THEN true WHEN a::int > 5 THEN false ELSE true END ORDER BY id

> SELECT id FROM g WHERE CASE WHEN a ~ '^[0-9]+$' THEN a::int > 5 END ORDER BY id

> SELECT id FROM g WHERE a ~ '^[0-9]+$' AND a::int > 5 ORDER BY id

> SELECT id FROM g WHERE a ~ '^[0-9]+$' AND a::int BETWEEN 5 AND 10 ORDER BY id

> SELECT id FROM g WHERE a !~ '^[0-9]+$' OR a::int > 5 ORDER BY id

> SELECT id FROM g WHERE NOT (a ~ '^[0-9]+$' AND a::int > 5) ORDER BY id

> SELECT id FROM g WHERE n <> 0 AND 12 / n > 3 ORDER BY id

> SELECT id FROM g WHERE n <> 0 AND 12 / n > 3 AND 12 / n < 12 ORDER BY id

> SELECT id FROM g WHERE a ~ '^[0-9]+$' AND n <> 0 AND a::int / n >= 1 ORDER BY id

> SELECT id, a ~ '^[0-9]+$' AND a::int > 5 AS big FROM g ORDER BY id

> SELECT id, n = 0 OR 12 / n > 3 AS big, coalesce(n = 0 OR NULL, 12 / n > 3) AS c FROM g ORDER BY id

> SELECT id, CASE WHEN a ~ '^[0-9]+$' THEN a::int END AS v, CASE WHEN n <> 0 THEN 12 / n ELSE -1 END AS q FROM g ORDER BY id

> SELECT id, CASE WHEN n = 0 THEN false ELSE 12 / n > 3 END AS q FROM g ORDER BY id

> SELECT id, CASE n WHEN 0 THEN false WHEN 1 THEN a = 'seven' ELSE 12 / n > 3 END AS q FROM g ORDER BY id

> SELECT sum(a::int) FILTER (WHERE a ~ '^[0-9]+$'), count(12 / n) FILTER (WHERE n > 0), bool_and(a::int > 1) FILTER (WHERE a ~ '^[0-9]+$') FROM g

> SELECT sum(CASE WHEN a ~ '^[0-9]+$' THEN a::int ELSE 0 END) FROM g

> SELECT n % 2, sum(CASE WHEN a ~ '^[0-9]+$' AND a::int > 5 THEN a::int END) FROM g GROUP BY 1 ORDER BY 1

> SELECT id FROM g ORDER BY CASE WHEN a ~ '^[0-9]+$' THEN a::int END, id

> SELECT id FROM (SELECT * FROM g WHERE a ~ '^[0-9]+$') s WHERE a::int > 5 ORDER BY id

> WITH s AS (SELECT id, a::int AS v FROM g WHERE a ~ '^[0-9]+$') SELECT id FROM s WHERE v > 5 AND v < 10 ORDER BY id

> SELECT x.id, y.id FROM g x JOIN g y ON y.n = x.id AND x.a ~ '^[0-9]+$' AND x.a::int > y.n ORDER BY 1, 2

> SELECT x.id, y.id FROM g x LEFT JOIN g y ON y.n = x.id AND CASE WHEN x.a ~ '^[0-9]+$' THEN x.a::int > y.n END ORDER BY 1, 2

> SELECT id FROM g WHERE a ~ '^[0-9]+$' AND a::int > (SELECT min(n) FROM g) ORDER BY id

> SELECT id FROM g WHERE a::int > 5 ORDER BY id

> SELECT id FROM g WHERE n = 0 AND 12 / n > 3

> SELECT id, 12 / n AS q FROM g WHERE id < 3 ORDER BY id

> SELECT id FROM g WHERE id = 2 AND n = 0 AND a::int > 5

> UPDATE g SET n = CASE WHEN a ~ '^[0-9]+$' THEN a::int ELSE n END WHERE CASE WHEN a ~ '^[0-9]+$' THEN a::int > 8 ELSE false END RETURNING id, n

> DELETE FROM g WHERE a ~ '^[0-9]+$' AND a::int > 10 RETURNING id

> SELECT id FROM g WHERE CASE WHEN a ~ '^[0-9]+$' THEN a::int IN (SELECT n FROM g WHERE n IS NOT NULL) ELSE id = 2 END ORDER BY id

> SELECT id FROM g WHERE a !~ '^[0-9]+$' OR a::int NOT IN (SELECT n FROM g WHERE n = 3) ORDER BY id

> SELECT id, CASE WHEN n > 0 THEN 12 / n = ANY (SELECT y.n FROM g y WHERE y.id > g.id) END AS found FROM g ORDER BY id

> SELECT a::int IN (SELECT n FROM g) FROM g

# Facts are untyped.

> CREATE TABLE m (id text PRIMARY KEY, metadata jsonb)

> INSERT INTO m VALUES ('a', '{"p": 10}'), ('b', '{"p": "many"}'), ('c', '{}'), ('d', '{"p": 9.5, "q": "x"}'), ('e', '{"p": "12"}'), ('f', '{"p": true}')

> SELECT id FROM m WHERE jsonb_typeof(metadata->'p') = 'number' AND (metadata->>'p')::numeric >= 9 ORDER BY id

> SELECT id FROM m WHERE (metadata->>'p')::numeric >= 9 AND jsonb_typeof(metadata->'p') = 'number' ORDER BY id

> SELECT id FROM m WHERE CASE jsonb_typeof(metadata->'p') WHEN 'number' THEN (metadata->>'p')::numeric >= 9 ELSE false END ORDER BY id

# differs: PostgreSQL evaluates the cast first, which costs less, and fails with 22P02.

> SELECT id FROM m WHERE jsonb_typeof(metadata->'p') = 'boolean' AND (metadata->>'p')::boolean ORDER BY id

> SELECT id, jsonb_typeof(metadata->'p') = 'number' AND (metadata->'p')::int > 9 AS big FROM m ORDER BY id

> SELECT avg((metadata->>'p')::numeric) FILTER (WHERE jsonb_typeof(metadata->'p') = 'number') > 9.7 AS a FROM m

> SELECT id FROM m WHERE metadata->>'p' ~ '^[0-9.]+$' AND (metadata->>'p')::numeric >= 9 ORDER BY (metadata->>'p')::numeric, id

> SELECT id FROM m WHERE (metadata->>'p')::numeric >= 9 ORDER BY id
