# Numerics without loss: NaN and the infinities, long numbers, and the digits that PostgreSQL shows. All results are PostgreSQL's,
# but for the lines that say otherwise.

> SELECT 'NaN'::numeric, '-inf'::numeric, '0x_1F'::numeric, '1_000.50'::numeric, 1e30, 12345678901234567890123456789012345678901234567890.5
 numeric |  numeric  | numeric | numeric |            ?column?             |                       ?column?
---------+-----------+---------+---------+---------------------------------+------------------------------------------------------
     NaN | -Infinity |      31 | 1000.50 | 1000000000000000000000000000000 | 12345678901234567890123456789012345678901234567890.5
(1 row)

> SELECT 2/3::numeric, 1.0/7, 999999999999999999::numeric/1000000000000000000, 7 / 2, 7 % 2, 7.0 % 2
        ?column?        |        ?column?        |        ?column?        | ?column? | ?column? | ?column?
------------------------+------------------------+------------------------+----------+----------+----------
 0.66666666666666666667 | 0.14285714285714285714 | 0.99999999999999999900 |        3 |        1 |      1.0
(1 row)

> SELECT sqrt(2::numeric), exp(1.0), ln(10.0), log(2.0), 1.1 ^ 20, power(2, 3), power(2.0, 3)
       sqrt        |        exp         |         ln         |        log         |      ?column?      | power |       power
-------------------+--------------------+--------------------+--------------------+--------------------+-------+--------------------
 1.414213562373095 | 2.7182818284590452 | 2.3025850929940457 | 0.3010299956639812 | 6.7274999493256001 |     8 | 8.0000000000000000
(1 row)

> SELECT 10.0 ^ 400 > 1, avg(x) > 1, avg(x) = 1.875, avg(x) + 1, avg(x)::int, avg(x)::text, avg(x)::numeric(10,2), -avg(x) FROM (VALUES (1.25),(2.50)) t(x)
 ?column? | ?column? | ?column? |      ?column?      | avg |        avg         | avg  |      ?column?
----------+----------+----------+--------------------+-----+--------------------+------+---------------------
 t        | t        | t        | 2.8750000000000000 |   2 | 1.8750000000000000 | 1.88 | -1.8750000000000000
(1 row)

> SELECT ln(-1::numeric)
ERROR 2201E: cannot take logarithm of a negative number

> SELECT 1.5 / 0.0
ERROR 22012: division by zero

> SELECT 10::numeric ^ 1000000000
ERROR 22003: value overflows numeric format

> SELECT factorial(30), factorial(5)
             factorial             | factorial
-----------------------------------+-----------
 265252859812191058636308480000000 |       120
(1 row)

> SELECT factorial(-1)
ERROR 22003: factorial of a negative number is undefined

> SELECT 'Infinity'::numeric::int
ERROR 0A000: cannot convert infinity to integer
LINE 1: SELECT 'Infinity'::numeric::int
               ^

> SELECT 'Infinity'::numeric(10,2)
ERROR 22003: numeric field overflow
LINE 1: SELECT 'Infinity'::numeric(10,2)
               ^
DETAIL: A field with precision 10, scale 2 cannot hold an infinite value.

> SELECT 1e40::numeric::real
ERROR 22003: "10000000000000000000000000000000000000000" is out of range for type real
LINE 1: SELECT 1e40::numeric::real
               ^

> SELECT 12345::numeric(1001,2)
ERROR 22023: NUMERIC precision 1001 must be between 1 and 1000
LINE 1: SELECT 12345::numeric(1001,2)
               ^

> SELECT 12345.678::numeric(50,40), 12345.678::numeric(5,-2), 0.000123::numeric(3,6)
                    numeric                     | numeric | numeric
------------------------------------------------+---------+----------
 12345.6780000000000000000000000000000000000000 |   12300 | 0.000123
(1 row)

> SELECT round(2.5), round(1234.5, -2), trunc(2.999, 1), ceil(1.2), floor(-1.2), abs(-1.50), sign(-2.0), div(7.5, 2), mod(7.5, 2), gcd(12.0, 8.00), lcm(12.5, 5)
 round | round | trunc | ceil | floor | abs  | sign | div | mod | gcd  | lcm
-------+-------+-------+------+-------+------+------+-----+-----+------+------
     3 |  1200 |   2.9 |    2 |    -2 | 1.50 |   -1 |   3 | 1.5 | 4.00 | 25.0
(1 row)

> SELECT avg(v), sum(v), stddev(v), variance(v), stddev_pop(v), var_pop(v) FROM (VALUES (1::numeric(4,2)), (2.50), (4)) t(v)
        avg         | sum  |       stddev       |      variance      |     stddev_pop     |      var_pop
--------------------+------+--------------------+--------------------+--------------------+--------------------
 2.5000000000000000 | 7.50 | 1.5000000000000000 | 2.2500000000000000 | 1.2247448713915890 | 1.5000000000000000
(1 row)

> SELECT avg(v), stddev(v) FROM (VALUES (1)) t(v)
          avg           | stddev
------------------------+--------
 1.00000000000000000000 |   NULL
(1 row)

> SELECT CASE WHEN x > 1 THEN 1.50 ELSE 2 END, coalesce(NULL, x, 0.000) FROM generate_series(1, 2) x
 case | coalesce
------+----------
    2 |        1
 1.50 |        2
(2 rows)

# A quotient is ordered by its value, wherever ORDER BY finds it.
> SELECT x, x/3.0 AS q FROM generate_series(1, 31, 10) x ORDER BY q DESC
 x  |           q
----+------------------------
 31 |    10.3333333333333333
 21 |     7.0000000000000000
 11 |     3.6666666666666667
  1 | 0.33333333333333333333
(4 rows)

> SELECT x, x/3.0 FROM generate_series(1, 31, 10) x ORDER BY 2
 x  |        ?column?
----+------------------------
  1 | 0.33333333333333333333
 11 |     3.6666666666666667
 21 |     7.0000000000000000
 31 |    10.3333333333333333
(4 rows)

> SELECT x, x/3.0 FROM generate_series(1, 31, 10) x ORDER BY x/3.0
 x  |        ?column?
----+------------------------
  1 | 0.33333333333333333333
 11 |     3.6666666666666667
 21 |     7.0000000000000000
 31 |    10.3333333333333333
(4 rows)

> SELECT avg(x) OVER (ORDER BY x) FROM (VALUES (1.25), (2.50), (2.50)) t(x)
          avg
------------------------
 1.25000000000000000000
     2.0833333333333333
     2.0833333333333333
(3 rows)

> CREATE TABLE n (id int PRIMARY KEY, p numeric(10,2), q numeric, r numeric(60,20))
CREATE TABLE

> INSERT INTO n VALUES (1, 1.5, 1.50, 1), (2, 2.25, 1e10, 1e30), (3, 3, 'NaN', -1e30), (4, NULL, 12345678901234567890123456789012345678901234567890.5, 0.1), (5, 0, '-Infinity', NULL)
INSERT 0 5

> SELECT * FROM n ORDER BY id
 id |  p   |                          q                           |                           r
----+------+------------------------------------------------------+-------------------------------------------------------
  1 | 1.50 |                                                 1.50 |                                1.00000000000000000000
  2 | 2.25 |                                          10000000000 |  1000000000000000000000000000000.00000000000000000000
  3 | 3.00 |                                                  NaN | -1000000000000000000000000000000.00000000000000000000
  4 | NULL | 12345678901234567890123456789012345678901234567890.5 |                                0.10000000000000000000
  5 | 0.00 |                                            -Infinity |                                                  NULL
(5 rows)

> SELECT id, q FROM n ORDER BY q DESC, id
 id |                          q
----+------------------------------------------------------
  3 |                                                  NaN
  4 | 12345678901234567890123456789012345678901234567890.5
  2 |                                          10000000000
  1 |                                                 1.50
  5 |                                            -Infinity
(5 rows)

> SELECT id FROM n WHERE q > 100 ORDER BY id
 id
----
  2
  3
  4
(3 rows)

> SELECT p / 3, p * 1.19 FROM n WHERE id < 3 ORDER BY id
        ?column?        | ?column?
------------------------+----------
 0.50000000000000000000 |   1.7850
 0.75000000000000000000 |   2.6775
(2 rows)

> SELECT avg(p), sum(p), avg(r), sum(r), max(q), min(q), sum(q) FROM n
        avg         | sum  |          avg           |          sum           | max |    min    | sum
--------------------+------+------------------------+------------------------+-----+-----------+-----
 1.6875000000000000 | 6.75 | 0.27500000000000000000 | 1.10000000000000000000 | NaN | -Infinity | NaN
(1 row)

> SELECT a.id, a.p / b.id, avg(b.p) OVER () FROM n a JOIN n b ON a.id = b.id WHERE a.id < 4 ORDER BY 2
 id |        ?column?        |        avg
----+------------------------+--------------------
  3 | 1.00000000000000000000 | 2.2500000000000000
  2 | 1.12500000000000000000 | 2.2500000000000000
  1 | 1.50000000000000000000 | 2.2500000000000000
(3 rows)

> SELECT q, count(*) FROM n GROUP BY q ORDER BY q
                          q                           | count
------------------------------------------------------+-------
                                            -Infinity |     1
                                                 1.50 |     1
                                          10000000000 |     1
 12345678901234567890123456789012345678901234567890.5 |     1
                                                  NaN |     1
(5 rows)

> CREATE UNIQUE INDEX n_q ON n (q)
CREATE INDEX

> INSERT INTO n VALUES (6, 1, 1.5, 1)
ERROR 23505: duplicate key value violates unique constraint "n_q"
DETAIL: Key (q)=(1.5) already exists.

> INSERT INTO n VALUES (6, 1, 1e-50, 1)
INSERT 0 1

> SELECT id FROM n WHERE q = 1e-50
 id
----
  6
(1 row)

> SELECT id, q FROM n WHERE q < 2 ORDER BY q
 id |                          q
----+------------------------------------------------------
  5 |                                            -Infinity
  6 | 0.00000000000000000000000000000000000000000000000001
  1 |                                                 1.50
(3 rows)

# Joins compare all digits, and NaN with itself.
> SELECT a.id FROM n a JOIN n b ON a.q = b.q
 id
----
  1
  2
  3
  4
  5
  6
(6 rows)

# All of a query computes with all digits.
> CREATE TABLE m (id int PRIMARY KEY, n numeric, p numeric(10,2), q numeric(12,4), i int, f float8, a numeric[])
CREATE TABLE

> INSERT INTO m VALUES (1, 1.0, 1, 1, 1, 1, '{1.0,2.50}'), (2, 1.00, 2.5, 2, 2, 2.5, '{NaN,1e50}'), (3, 'NaN', 'NaN', 'NaN', 3, 0.1, NULL), (4, 1e45, -3.25, 0.0001, NULL, 1e300, '{}'), (5, 0.10, NULL, 7, 5, NULL, '{0.1}')
INSERT 0 5

> SELECT DISTINCT n FROM m WHERE id < 3
  n
-----
 1.0
(1 row)

> SELECT n, count(*), sum(n) FROM m GROUP BY n HAVING count(*) > 1
  n  | count | sum
-----+-------+------
 1.0 |     2 | 2.00
(1 row)

> SELECT n, count(*), sum(p) FROM m WHERE id <> 3 GROUP BY ROLLUP (n) ORDER BY n
                       n                        | count |  sum
------------------------------------------------+-------+-------
                                           0.10 |     1 |  NULL
                                            1.0 |     2 |  3.50
 1000000000000000000000000000000000000000000000 |     1 | -3.25
                                           NULL |     4 |  0.25
(4 rows)

> SELECT a.id, b.id FROM m a JOIN m b ON a.i = b.n AND a.p = b.q ORDER BY 1, 2
 id | id
----+----
  1 |  1
(1 row)

> SELECT id, p = q, p > 1.555, p IN (1, 2.50), n = f, n < p, p * f, p::float8 FROM m ORDER BY id
 id | ?column? | ?column? | ?column? | ?column? | ?column? |         ?column?         |   p
----+----------+----------+----------+----------+----------+--------------------------+-------
  1 | t        | f        | t        | t        | f        |                        1 |     1
  2 | f        | t        | t        | f        | t        |                     6.25 |   2.5
  3 | t        | t        | f        | f        | f        |                      NaN |   NaN
  4 | f        | f        | f        | f        | f        | -3.2500000000000003e+300 | -3.25
  5 | NULL     | NULL     | NULL     | NULL     | NULL     |                     NULL |  NULL
(5 rows)

> SELECT id, sum(n) OVER (ORDER BY id ROWS 1 PRECEDING), lag(n, 1, 0) OVER (ORDER BY id), avg(p) OVER (ORDER BY id ROWS 1 PRECEDING) FROM m ORDER BY id
 id |                        sum                        |                      lag                       |          avg
----+---------------------------------------------------+------------------------------------------------+------------------------
  1 |                                               1.0 |                                              0 | 1.00000000000000000000
  2 |                                              2.00 |                                            1.0 |     1.7500000000000000
  3 |                                               NaN |                                           1.00 |                    NaN
  4 |                                               NaN |                                            NaN |                    NaN
  5 | 1000000000000000000000000000000000000000000000.10 | 1000000000000000000000000000000000000000000000 |    -3.2500000000000000
(5 rows)

> SELECT a || 0.50, n || a, a[1] * 2, a = array[1, 2.5], array_position(a, 1), array_remove(a, 'NaN'), to_jsonb(a) FROM m ORDER BY id
                            ?column?                            |                            ?column?                            | ?column? | ?column? | array_position |                     array_remove                      |                           to_jsonb
----------------------------------------------------------------+----------------------------------------------------------------+----------+----------+----------------+-------------------------------------------------------+--------------------------------------------------------------
 {1.0,2.50,0.50}                                                | {1.0,1.0,2.50}                                                 |      2.0 | t        |              1 | {1.0,2.50}                                            | [1.0, 2.50]
 {NaN,100000000000000000000000000000000000000000000000000,0.50} | {1.00,NaN,100000000000000000000000000000000000000000000000000} |      NaN | f        |           NULL | {100000000000000000000000000000000000000000000000000} | ["NaN", 100000000000000000000000000000000000000000000000000]
 {0.50}                                                         | {NaN}                                                          |     NULL | NULL     |           NULL | NULL                                                  | NULL
 {0.50}                                                         | {1000000000000000000000000000000000000000000000}               |     NULL | f        |           NULL | {}                                                    | []
 {0.1,0.50}                                                     | {0.10,0.1}                                                     |      0.2 | f        |           NULL | {0.1}                                                 | [0.1]
(5 rows)

> SELECT n FROM m UNION ALL SELECT i FROM m WHERE id > 3 ORDER BY n NULLS FIRST LIMIT 2
  n
------
 NULL
 0.10
(2 rows)

> SELECT id FROM m WHERE n IN (SELECT q FROM m) OR n = ANY (SELECT p * 0.1 FROM m) ORDER BY id
 id
----
  1
  2
  3
  5
(4 rows)

> SELECT to_jsonb((SELECT max(n) FROM m WHERE id < 3)), greatest(n, p, 0.5), least(n, i), nullif(p, 2.500), coalesce(p, 0) FROM m ORDER BY id
 to_jsonb |                    greatest                    |                     least                      | nullif | coalesce
----------+------------------------------------------------+------------------------------------------------+--------+----------
 1.00     |                                            1.0 |                                            1.0 |   1.00 |     1.00
 1.00     |                                           2.50 |                                           1.00 |   NULL |     2.50
 1.00     |                                            NaN |                                              3 |    NaN |      NaN
 1.00     | 1000000000000000000000000000000000000000000000 | 1000000000000000000000000000000000000000000000 |  -3.25 |    -3.25
 1.00     |                                            0.5 |                                           0.10 |   NULL |        0
(5 rows)

> WITH RECURSIVE c(k, v) AS (SELECT 1, 1.0 UNION ALL SELECT k + 1, v * 1000000007.5 FROM c WHERE k < 6) SELECT k, v, v % 1000 FROM c ORDER BY v DESC
 k |                           v                           |  ?column?
---+-------------------------------------------------------+------------
 6 | 1000000037500000562500004218750015820312523730.468750 | 730.468750
 5 |           1000000030000000337500001687500003164.06250 |  164.06250
 4 |                     1000000022500000168750000421.8750 |   421.8750
 3 |                               1000000015000000056.250 |     56.250
 2 |                                         1000000007.50 |       7.50
 1 |                                                   1.0 |        1.0
(6 rows)

> SELECT sum(n), avg(n), stddev(n), max(n), count(DISTINCT n) FILTER (WHERE p > 1 OR p IS NULL) FROM m WHERE n IN (n, 1) AND n < 'NaN'
                        sum                        |                       avg                        |                       stddev                       |                      max                       | count
---------------------------------------------------+--------------------------------------------------+----------------------------------------------------+------------------------------------------------+-------
 1000000000000000000000000000000000000000000002.10 | 250000000000000000000000000000000000000000000.53 | 499999999999999999999999999999999999999999999.6500 | 1000000000000000000000000000000000000000000000 |     2
(1 row)

> SELECT array[n + 0.5, n + 0.5] AS x, count(*) FROM m WHERE id < 3 GROUP BY 1
     x     | count
-----------+-------
 {1.5,1.5} |     2
(1 row)

> SELECT array[1.5::numeric, 2 / 3.0], @ -1.50, |/ 6.25, generate_series(1, 2, 0.5)
            array             | ?column? | ?column? | generate_series
------------------------------+----------+----------+-----------------
 {1.5,0.66666666666666666667} |     1.50 |      2.5 |               1
 {1.5,0.66666666666666666667} |     1.50 |      2.5 |             1.5
 {1.5,0.66666666666666666667} |     1.50 |      2.5 |             2.0
(3 rows)

> SELECT p::int FROM m WHERE id = 3
ERROR 0A000: cannot convert NaN to integer

> SELECT 1e131072
ERROR 22003: value overflows numeric format
LINE 1: SELECT 1e131072
               ^
