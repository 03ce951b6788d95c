# Numerics without loss: NaN and the infinities, long numbers, and the digits that PostgreSQL shows. All results are PostgreSQL's,
# but for the lines that say otherwise.

> SELECT 'NaN'::numeric, '-inf'::numeric, '0x_1F'::numeric, '1_000.50'::numeric, 1e30, 12345678901234567890123456789012345678901234567890.5

> SELECT 2/3::numeric, 1.0/7, 999999999999999999::numeric/1000000000000000000, 7 / 2, 7 % 2, 7.0 % 2

> SELECT sqrt(2::numeric), exp(1.0), ln(10.0), log(2.0), 1.1 ^ 20, power(2, 3), power(2.0, 3)

> SELECT 10.0 ^ 400 > 1, avg(x) > 1, avg(x) = 1.875, avg(x) + 1, avg(x)::int, avg(x)::text, avg(x)::numeric(10,2), -avg(x) FROM (VALUES (1.25),(2.50)) t(x)

> SELECT ln(-1::numeric)

> SELECT 1.5 / 0.0

> SELECT 10::numeric ^ 1000000000

> SELECT factorial(30), factorial(5)

> SELECT factorial(-1)

> SELECT 'Infinity'::numeric::int

> SELECT 'Infinity'::numeric(10,2)

> SELECT 1e400::numeric::real

> SELECT 12345::numeric(1001,2)

> SELECT 12345.678::numeric(50,40), 12345.678::numeric(5,-2), 0.000123::numeric(3,6)

> SELECT round(2.5), round(1234.5, -2), trunc(2.999, 1), ceil(1.2), floor(-1.2), abs(-1.50), sign(-2.0), div(7.5, 2), mod(7.5, 2), gcd(12.0, 8.00), lcm(12.5, 5)

> SELECT avg(v), sum(v), stddev(v), variance(v), stddev_pop(v), var_pop(v) FROM (VALUES (1::numeric(4,2)), (2.50), (4)) t(v)

> SELECT avg(v), stddev(v) FROM (VALUES (1)) t(v)

> SELECT CASE WHEN x > 1 THEN 1.50 ELSE 2 END, coalesce(NULL, x, 0.000) FROM generate_series(1, 2) x

# A quotient is ordered by its value, wherever ORDER BY finds it.
> SELECT x, x/3.0 AS q FROM generate_series(1, 31, 10) x ORDER BY q DESC

> SELECT x, x/3.0 FROM generate_series(1, 31, 10) x ORDER BY 2

> SELECT x, x/3.0 FROM generate_series(1, 31, 10) x ORDER BY x/3.0

> SELECT avg(x) OVER (ORDER BY x) FROM (VALUES (1.25), (2.50), (2.50)) t(x)

> CREATE TABLE n (id int PRIMARY KEY, p numeric(10,2), q numeric, r numeric(60,20))

> INSERT INTO n VALUES (1, 1.5, 1.50, 1), (2, 2.25, 1e10, 1e30), (3, 3, 'NaN', -1e30), (4, NULL, 12345678901234567890123456789012345678901234567890.5, 0.1), (5, 0, '-Infinity', NULL)

> SELECT * FROM n ORDER BY id

> SELECT id, q FROM n ORDER BY q DESC, id

> SELECT id FROM n WHERE q > 100 ORDER BY id

> SELECT p / 3, p * 1.19 FROM n WHERE id < 3 ORDER BY id

> SELECT avg(p), sum(p), avg(r), sum(r), max(q), min(q), sum(q) FROM n

> SELECT a.id, a.p / b.id, avg(b.p) OVER () FROM n a JOIN n b ON a.id = b.id WHERE a.id < 4 ORDER BY 2

> SELECT q, count(*) FROM n GROUP BY q ORDER BY q

> CREATE UNIQUE INDEX n_q ON n (q)

> INSERT INTO n VALUES (6, 1, 1.5, 1)

> INSERT INTO n VALUES (6, 1, 1e-50, 1)

> SELECT id FROM n WHERE q = 1e-50

> SELECT id, q FROM n WHERE q < 2 ORDER BY q

# What the planner computes with has 38 digits here, and no NaN: it is refused, not rounded.
> SELECT a.id FROM n a JOIN n b ON a.q = b.q
