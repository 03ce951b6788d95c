# Select lists without columns.

> SELECT

> CREATE TABLE part (id int PRIMARY KEY, name text)

> INSERT INTO part VALUES (1, 'x'), (2, 'y')

> SELECT FROM part

> SELECT WHERE false

> SELECT LIMIT 1

> (SELECT)

> SELECT FROM part UNION ALL SELECT FROM part

> VALUES (1) UNION ALL SELECT 2

> SELECT count(*) FROM (SELECT FROM part) AS p

> SELECT * FROM (SELECT FROM part) AS p

> WITH p AS (SELECT FROM part) SELECT count(*) FROM p

> SELECT EXISTS (SELECT FROM part), EXISTS (SELECT FROM part WHERE id > 5), EXISTS (SELECT), NOT EXISTS (SELECT WHERE false)

> SELECT id FROM part WHERE EXISTS (SELECT FROM part AS other WHERE other.id = part.id + 1)

> SELECT id FROM part WHERE EXISTS (SELECT FROM part UNION ALL SELECT FROM part) ORDER BY id

> SELECT DISTINCT FROM part

> SELECT FROM part HAVING count(*) > 1

> SELECT FROM part ORDER BY id

# All columns of a row, and of what a function returns.

> SELECT (part).* FROM part ORDER BY id

> SELECT (p.id), (p).* FROM part AS p ORDER BY 1

> SELECT (jsonb_each('{"a":1}')).*

> SELECT (jsonb_each('{"a":1}')).key, (jsonb_each('{"a":1}')).value AS v, (jsonb_each('{"a":1}')).value::text || '!' AS w

> SELECT id, (jsonb_each_text('{"a":1,"b":2}')).* FROM part ORDER BY id, key

> SELECT id, (json_each(('{"a":' || id || '}')::json)).*, name FROM part ORDER BY id

> SELECT (pg_input_error_info('x', 'int4')).message

> SELECT (pg_input_error_info('x', 'int4')).*

# differs: PostgreSQL runs them side by side.

> SELECT (jsonb_each('{"a":1}')).*, (jsonb_each('{"b":1}')).*

# differs: PostgreSQL shows the record.

> SELECT jsonb_each('{"a":1}')

> UPDATE part SET name = 'z' WHERE id = 1 RETURNING (part).*

# Spellings without a meaning here.

> SELECT id FROM ONLY part WHERE id = 1

> SELECT p.id FROM part* AS p WHERE id = 1

> SELECT id IS DISTINCT FROM id * 2 AS differs FROM part WHERE id = 1

> SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE NO OTHERS) FROM part ORDER BY id

> UPDATE ONLY part SET name = 'q' WHERE id = 2

> DELETE FROM ONLY part WHERE id = 2 RETURNING name

> DROP TABLE part
