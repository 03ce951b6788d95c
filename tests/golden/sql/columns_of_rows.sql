# Select lists without columns.

> SELECT
--
(1 row)

> CREATE TABLE part (id int PRIMARY KEY, name text)
CREATE TABLE

> INSERT INTO part VALUES (1, 'x'), (2, 'y')
INSERT 0 2

> SELECT FROM part
--
(2 rows)

> SELECT WHERE false
--
(0 rows)

> SELECT LIMIT 1
--
(1 row)

> (SELECT)
--
(1 row)

> SELECT FROM part UNION ALL SELECT FROM part
--
(4 rows)

> VALUES (1) UNION ALL SELECT 2
 column1
---------
       1
       2
(2 rows)

> SELECT count(*) FROM (SELECT FROM part) AS p
 count
-------
     2
(1 row)

> SELECT * FROM (SELECT FROM part) AS p
--
(2 rows)

> WITH p AS (SELECT FROM part) SELECT count(*) FROM p
 count
-------
     2
(1 row)

> SELECT EXISTS (SELECT FROM part), EXISTS (SELECT FROM part WHERE id > 5), EXISTS (SELECT), NOT EXISTS (SELECT WHERE false)
 exists | exists | exists | ?column?
--------+--------+--------+----------
 t      | f      | t      | t
(1 row)

> SELECT id FROM part WHERE EXISTS (SELECT FROM part AS other WHERE other.id = part.id + 1)
 id
----
  1
(1 row)

> SELECT id FROM part WHERE EXISTS (SELECT FROM part UNION ALL SELECT FROM part) ORDER BY id
 id
----
  1
  2
(2 rows)

> SELECT DISTINCT FROM part
ERROR 42601: syntax error at or near "FROM"
LINE 1: SELECT DISTINCT FROM part
                        ^

> SELECT FROM part HAVING count(*) > 1
--
(1 row)

> SELECT FROM part ORDER BY id
--
(2 rows)

# All columns of a row, and of what a function returns.

> SELECT (part).* FROM part ORDER BY id
 id | name
----+------
  1 | x
  2 | y
(2 rows)

> SELECT (p.id), (p).* FROM part AS p ORDER BY 1
 id | id | name
----+----+------
  1 |  1 | x
  2 |  2 | y
(2 rows)

> SELECT (jsonb_each('{"a":1}')).*
 key | value
-----+-------
 a   | 1
(1 row)

> SELECT (jsonb_each('{"a":1}')).key, (jsonb_each('{"a":1}')).value AS v, (jsonb_each('{"a":1}')).value::text || '!' AS w
 key | v | w
-----+---+----
 a   | 1 | 1!
(1 row)

> SELECT id, (jsonb_each_text('{"a":1,"b":2}')).* FROM part ORDER BY id, key
 id | key | value
----+-----+-------
  1 | a   | 1
  1 | b   | 2
  2 | a   | 1
  2 | b   | 2
(4 rows)

> SELECT id, (json_each(('{"a":' || id || '}')::json)).*, name FROM part ORDER BY id
 id | key | value | name
----+-----+-------+------
  1 | a   | 1     | x
  2 | a   | 2     | y
(2 rows)

> SELECT (pg_input_error_info('x', 'int4')).message
                  message
--------------------------------------------
 invalid input syntax for type integer: "x"
(1 row)

> SELECT (pg_input_error_info('x', 'int4')).*
                  message                   | detail | hint | sql_error_code
--------------------------------------------+--------+------+----------------
 invalid input syntax for type integer: "x" | NULL   | NULL | 22P02
(1 row)

# differs: PostgreSQL runs them side by side.

> SELECT (jsonb_each('{"a":1}')).*, (jsonb_each('{"b":1}')).*
ERROR 0A000: all columns of the value of such a function cannot be shown here
LINE 1: SELECT (jsonb_each('{"a":1}')).*, (jsonb_each('{"b":1}')).*
                                     ^
HINT: Call it in FROM, and name its columns.

# differs: PostgreSQL shows the record.

> SELECT jsonb_each('{"a":1}')
ERROR 0A000: jsonb_each() as one of several expressions of rows is not offered
LINE 1: SELECT jsonb_each('{"a":1}')
               ^
HINT: Call it in FROM, and name its columns.

> UPDATE part SET name = 'z' WHERE id = 1 RETURNING (part).*
 id | name
----+------
  1 | z
(1 row)
UPDATE 1

# Spellings without a meaning here.

> SELECT id FROM ONLY part WHERE id = 1
 id
----
  1
(1 row)

> SELECT p.id FROM part* AS p WHERE id = 1
 id
----
  1
(1 row)

> SELECT id IS DISTINCT FROM id * 2 AS differs FROM part WHERE id = 1
 differs
---------
 t
(1 row)

> SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE NO OTHERS) FROM part ORDER BY id
 id | sum
----+-----
  1 |   3
  2 |   3
(2 rows)

> SELECT 'a' IS NORMALIZED, 'a' IS NOT NFD NORMALIZED AS decomposed, '1' IS JSON
 is_normalized | decomposed | ?column?
---------------+------------+----------
 t             | f          | t
(1 row)

> UPDATE ONLY part SET name = 'q' WHERE id = 2
UPDATE 1

> DELETE FROM ONLY part WHERE id = 2 RETURNING name
 name
------
 q
(1 row)
DELETE 1

> DROP TABLE part
DROP TABLE
