# Joins, aggregates, windows, CTEs, set operations and everyday functions.

> CREATE TABLE city (id int PRIMARY KEY, name text, country text, people int)

> CREATE TABLE country (code text PRIMARY KEY, name text)

> INSERT INTO city VALUES (1, 'Bern', 'CH', 134), (2, 'Basel', 'CH', 173), (3, 'Wien', 'AT', 1900), (4, 'Graz', 'AT', 290), (5, 'Vaduz', 'LI', 6), (6, 'Atlantis', NULL, NULL)

> INSERT INTO country VALUES ('CH', 'Switzerland'), ('AT', 'Austria'), ('IT', 'Italy')

> SELECT city.name, country.name FROM city JOIN country ON country.code = city.country ORDER BY city.name

> SELECT c.name, k.name AS country FROM city c LEFT JOIN country k ON k.code = c.country ORDER BY c.id

> SELECT k.code, count(c.id) FROM country k LEFT JOIN city c ON c.country = k.code GROUP BY k.code ORDER BY k.code

> SELECT country, count(*), sum(people), min(people), max(people), avg(people) FROM city GROUP BY country ORDER BY country

> SELECT country, sum(people) AS total FROM city GROUP BY country HAVING sum(people) > 200 ORDER BY total DESC

> SELECT name, rank() OVER (PARTITION BY country ORDER BY people DESC), sum(people) OVER (ORDER BY id) FROM city WHERE country IS NOT NULL ORDER BY id

> WITH big AS (SELECT * FROM city WHERE people > 150) SELECT name FROM big ORDER BY name

> WITH RECURSIVE counting(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counting WHERE n < 5) SELECT n FROM counting ORDER BY n

> SELECT country FROM city WHERE country IS NOT NULL UNION SELECT code FROM country ORDER BY 1

> SELECT code FROM country EXCEPT SELECT country FROM city

> SELECT DISTINCT country FROM city ORDER BY country NULLS FIRST

> SELECT name FROM city ORDER BY people DESC LIMIT 2

> SELECT name FROM city ORDER BY people DESC NULLS LAST LIMIT 2 OFFSET 1

> SELECT name FROM city WHERE people BETWEEN 100 AND 300 AND name LIKE 'B%' ORDER BY name

> SELECT name FROM city WHERE name ILIKE '%A%' ORDER BY name

> SELECT name FROM city WHERE name ~ '^[BG]' ORDER BY name

> SELECT name FROM city WHERE EXISTS (SELECT 1 FROM country WHERE code = city.country) ORDER BY name

> SELECT name, (SELECT name FROM country WHERE code = city.country) FROM city WHERE id < 3 ORDER BY id

> SELECT name FROM city WHERE id = ANY('{1,3}') ORDER BY id

> SELECT CASE WHEN people > 1000 THEN 'large' WHEN people > 100 THEN 'middle' ELSE 'small' END AS size, count(*) FROM city GROUP BY 1 ORDER BY 1

> SELECT coalesce(country, '?'), nullif(name, 'Bern') FROM city WHERE id IN (1, 6) ORDER BY id

> SELECT 1 + 1 AS two, 7 / 2 AS whole, 7 % 3 AS rest, 7 / 2.0 AS fraction, 2 ^ 10 AS power

> SELECT 'a' || 'b' AS joined, length('Zürich'), upper('ä'), substring('abcdef' FROM 2 FOR 3), trim('  x  '), replace('aXa', 'X', '-')

> SELECT 1/0

> SELECT name, people FROM city GROUP BY name

> SELECT name FROM city WHERE count(*) > 1

> SELECT city.id FROM city, country WHERE name = 'x'

> SELECT string_agg(name, ', ' ORDER BY name) FROM city WHERE country = 'CH'

> SELECT array_agg(id ORDER BY id) FROM city WHERE people > 150

> SELECT count(*) FILTER (WHERE people > 150) FROM city

> SELECT * FROM (VALUES (1, 'one'), (2, 'two')) AS v(number, word) ORDER BY number

> SELECT date_trunc('month', timestamp '2024-05-17 10:11:12'), extract(year FROM date '2024-05-17')

> SELECT timestamp '2024-01-31 00:00:00' + interval '1 month', date '2024-03-01' - date '2024-02-01'

> SELECT true AND NULL, NOT false, 1 IS DISTINCT FROM NULL

> SELECT

> SELECT 1 AS a, 2 AS a

> VALUES (1, 'a'), (2, 'b')

> SELECT 'no semicolon' AS a; SELECT 'two' AS b;
