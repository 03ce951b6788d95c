# One NaN, greatest of all, and one zero: sorts, groups, joins, comparisons, distances.

> CREATE TABLE f (id int PRIMARY KEY, x float8, y float4)

> INSERT INTO f VALUES (1, 'NaN', 'NaN'), (2, '-0', '-0'), (3, '0', '0'), (4, 'Infinity', 'Infinity'), (5, -1, -1), (6, NULL, NULL), (7, 'Infinity'::float8 - 'Infinity'::float8, 'NaN')

> UPDATE f SET x = 'Infinity'::float8 - x WHERE id = 7 AND x = 'NaN'

> SELECT id, x, y FROM f ORDER BY x, id

> SELECT id FROM f ORDER BY 'Infinity'::float8 - x, id

> SELECT id FROM f ORDER BY y DESC, id

> SELECT id FROM f ORDER BY x + 0 DESC NULLS LAST, id LIMIT 3

> SELECT count(*) FROM (SELECT DISTINCT 'Infinity'::float8 - x FROM f WHERE x = 'NaN' OR x = 'Infinity') d

> SELECT x * 1, count(*) FROM f WHERE x <> 0 GROUP BY x * 1 ORDER BY 1

> SELECT x, count(*), min(id) FROM f WHERE id <> 2 GROUP BY x ORDER BY x

> SELECT x + 0, count(*) FROM f GROUP BY x + 0 ORDER BY 1

> SELECT count(DISTINCT x), count(DISTINCT y), count(DISTINCT 'Infinity'::float8 - x) FROM f

> SELECT a.id, b.id FROM f a JOIN f b ON a.x = b.x AND a.id < b.id ORDER BY 1, 2

> SELECT a.id, b.id FROM f a JOIN f b ON a.y = b.y * 1 AND a.id < b.id ORDER BY 1, 2

> SELECT max('Infinity'::float8 - x), min(x), max(y), min('Infinity'::float8 - x) FROM f WHERE x <> 0

> SELECT greatest('Infinity'::float8 - x, 1), least('Infinity'::float8 - x, 1) FROM f WHERE id IN (1, 4) ORDER BY id

> SELECT id, rank() OVER (ORDER BY x), count(*) OVER (PARTITION BY x) FROM f ORDER BY id

> SELECT id, dense_rank() OVER (ORDER BY y DESC) FROM f ORDER BY id

> SELECT id, CASE x WHEN 0 THEN 'zero' WHEN 'NaN' THEN 'nan' ELSE 'other' END AS c, nullif(x, 0), nullif(y, '-0') IS NULL AS n FROM f ORDER BY id

> SELECT id FROM f WHERE x = 0 ORDER BY id

> SELECT id FROM f WHERE x * 1 = 0 ORDER BY id

> SELECT id FROM f WHERE x * 1 < 0 ORDER BY id

> SELECT id FROM f WHERE x > 'Infinity' ORDER BY id

> SELECT id FROM f WHERE x - x = 'NaN' ORDER BY id

> SELECT id FROM f WHERE x - x > 5 ORDER BY id

> SELECT id FROM f WHERE y IN (0, 'NaN') ORDER BY id

> SELECT id FROM f WHERE y * 1 NOT IN ('-0', 'NaN') ORDER BY id

> SELECT id FROM f WHERE x BETWEEN 0 AND 'NaN' ORDER BY id

> SELECT id FROM f WHERE x IS NOT DISTINCT FROM '-0' ORDER BY id

> SELECT id FROM f WHERE x = ANY ('{0,NaN}') ORDER BY id

> SELECT id FROM f WHERE x IN (SELECT y FROM f WHERE id = 2 OR id = 1) ORDER BY id

> SELECT id, x NOT IN (SELECT 'Infinity'::float8 - x FROM f WHERE id = 4) AS absent FROM f ORDER BY id

> SELECT '-0'::float8 = '0'::float8, '-0'::float8 < '0'::float8, 'NaN'::float8 = 'NaN', 'NaN'::float8 > 'Infinity', '-0'::float4 = 0, '-0'::float8, -('0'::float8)

> SELECT x FROM f WHERE x = 0 UNION SELECT y FROM f WHERE y = 0 AND id = 3

> SELECT x FROM f WHERE id IN (1, 5) INTERSECT SELECT 'Infinity'::float8 - x FROM f WHERE id = 4

> SELECT array[0::float8] = array['-0'::float8], array['NaN'::float8] > array['Infinity'::float8]

> CREATE TABLE k (x float8 PRIMARY KEY)

> INSERT INTO k VALUES ('-0'), ('NaN')

> INSERT INTO k VALUES ('0')

> INSERT INTO k VALUES ('Infinity'::float8 - 'Infinity'::float8)

> INSERT INTO k VALUES ('0') ON CONFLICT (x) DO UPDATE SET x = 3 RETURNING x

> DELETE FROM k WHERE x = 'NaN' RETURNING x

> CREATE TABLE v (id int PRIMARY KEY, e vector(2))

> INSERT INTO v VALUES (1, '[0,0]'), (2, '[1,0]'), (3, '[0,1]'), (4, NULL)

> SELECT id, e <=> '[1,0]' AS d FROM v ORDER BY e <=> '[1,0]', id LIMIT 4

> SELECT id FROM v ORDER BY e <=> '[1,0]', id

> SELECT id FROM v WHERE e <=> '[1,0]' < 0.5 ORDER BY id

> SELECT id FROM v WHERE e <=> '[1,0]' < 0.5 ORDER BY e <=> '[1,0]' LIMIT 3

> SELECT id FROM v WHERE e <=> '[1,0]' < 'NaN' ORDER BY e <=> '[1,0]' LIMIT 3

> SELECT id FROM v WHERE (e <=> '[1,0]') = 'NaN' ORDER BY id

> SELECT max(e <=> '[1,0]'), min(e <=> '[1,0]') FROM v

> SELECT '[-0]'::vector = '[0]'::vector, '[-0]'::vector < '[0]'::vector
