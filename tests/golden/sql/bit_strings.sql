# PostgreSQL's bit strings, with pgvector's distances between them.

> select hamming_distance(B'111',B'110'), B'111' <~> B'110', jaccard_distance(B'1100',B'1010'), B'1100' <%> B'1010', jaccard_distance(B'00',B'00')
 hamming_distance | ?column? |  jaccard_distance  |      ?column?      | jaccard_distance
------------------+----------+--------------------+--------------------+------------------
                1 |        1 | 0.6666666666666667 | 0.6666666666666667 |                1
(1 row)

> select B'111' <~> B'11'
ERROR 22000: different bit lengths 3 and 2

> select '101'::bit(3), '101'::bit(4), '101'::bit(2), '101'::varbit(2), '101'::varbit, B'101', X'1F', B'', 5::bit(4), (-5)::bit(8), B'101'::int, B'101'::bigint, 'x1f'::bit(8), 'b10'::varbit
 bit | bit  | bit | varbit | varbit | ?column? | ?column? | ?column? | bit  |   bit    | int4 | int8 |   bit    | varbit
-----+------+-----+--------+--------+----------+----------+----------+------+----------+------+------+----------+--------
 101 | 1010 | 10  | 10     | 101    | 101      | 00011111 |          | 0101 | 11111011 |    5 |    5 | 00011111 | 10
(1 row)

> select '102'::bit(3)
ERROR 22P02: "2" is not a valid binary digit
LINE 1: select '102'::bit(3)
               ^

> select 'x1g'::bit(3)
ERROR 22P02: "g" is not a valid hexadecimal digit
LINE 1: select 'x1g'::bit(3)
               ^

> create table bt (a bit(3), b varbit(3), c bit)
CREATE TABLE

> insert into bt values ('1010', null, null)
ERROR 22026: bit string length 4 does not match type bit(3)
LINE 1: insert into bt values ('1010', null, null)
                               ^

> insert into bt values (null, '1010', null)
ERROR 22001: bit string too long for type bit varying(3)
LINE 1: insert into bt values (null, '1010', null)
                                     ^

> insert into bt values (null, null, '10')
ERROR 22026: bit string length 2 does not match type bit(1)
LINE 1: insert into bt values (null, null, '10')
                                           ^

> insert into bt values ('101', '10', '1')
INSERT 0 1

> insert into bt values (B'11', null, null)
ERROR 22026: bit string length 2 does not match type bit(3)

> select * from bt
  a  | b  | c
-----+----+---
 101 | 10 | 1
(1 row)

> select B'1100' & B'1010', B'1100' | B'1010', B'1100' # B'1010', ~ B'1100', B'1100' << 1, B'1100' >> 1, B'11' || B'00', B'1' || B'001'
 ?column? | ?column? | ?column? | ?column? | ?column? | ?column? | ?column? | ?column?
----------+----------+----------+----------+----------+----------+----------+----------
 1000     | 1110     | 0110     | 0011     | 1000     | 0110     | 1100     | 1001
(1 row)

> select B'11' & B'1'
ERROR 22026: cannot AND bit strings of different sizes

> select length(B'1010'), bit_length(B'1010'), octet_length(B'101010101'), bit_count(B'1011'), get_bit(B'1011', 1), set_bit(B'1011', 1, 1), position(B'01' in B'1101'), substring(B'110010' from 2 for 3), overlay(B'0000' placing B'11' from 2 for 2)
 length | bit_length | octet_length | bit_count | get_bit | set_bit | position | substring | overlay
--------+------------+--------------+-----------+---------+---------+----------+-----------+---------
      4 |          4 |            2 |         3 |       0 | 1111    |        3 | 100       | 0110
(1 row)

> select get_bit(B'1011', 9)
ERROR 2202E: bit index 9 out of valid range (0..3)

> select B'1' < B'10', B'10' < B'11', B'101' = B'101'::varbit, max(x), min(x) from (values (B'10'),(B'011')) t(x) group by ()
ERROR 42883: function max(bit) does not exist
LINE 1: select B'1' < B'10', B'10' < B'11', B'101' = B'101'::varbit, max(x), min(x) from (values (B'10'),(B'011')) t(x) group by ()
                                                                     ^
HINT: No function matches the given name and argument types. You might need to add explicit type casts.

> select bit_and(x), bit_or(x), bit_xor(x) from (values (B'10'),(B'11')) t(x)
ERROR 42883: Function 'bit_and' requires Integer, but received String (DataType: Utf8).. No function matches the given name and argument types 'bit_and(Utf8)'. You might need to add explicit type casts.

> select pg_typeof(B'101'), pg_typeof(B'1'||B'0'), pg_typeof(X'1f'), pg_typeof('1'::bit), pg_typeof(B'1' & B'1')
 pg_typeof |  pg_typeof  | pg_typeof | pg_typeof | pg_typeof
-----------+-------------+-----------+-----------+-----------
 bit       | bit varying | bit       | bit       | bit
(1 row)

> select array[B'1',B'0'], '{101,1}'::varbit[]
 array | varbit
-------+---------
 {1,0} | {101,1}
(1 row)

> select '1'::bit varying(0)
ERROR 22023: length for type varbit must be at least 1
LINE 1: select '1'::bit varying(0)
               ^

> select '1'::bit(0)
ERROR 22023: length for type bit must be at least 1
LINE 1: select '1'::bit(0)
               ^

> select '1'::bit(83886081)
ERROR 22023: length for type bit cannot exceed 83886080
LINE 1: select '1'::bit(83886081)
               ^

> select B'102'
ERROR 22P02: "2" is not a valid binary digit
LINE 1: select B'102'
               ^

> select X'1G'
ERROR 22P02: "G" is not a valid hexadecimal digit
LINE 1: select X'1G'
               ^

> select 1::bit, 300::bit(4)
 bit | bit
-----+------
 1   | 1100
(1 row)

> select B'101'::text, '11'::text::bit(2)
 text | bit
------+-----
 101  | 11
(1 row)

> select B'101' <~> '111'
 ?column?
----------
        1
(1 row)

> create table bt2 (id int primary key, b bit(8), f varbit)
CREATE TABLE

> insert into bt2 values (1, '10101010', '1'), (2, '11110000', ''), (3, null, '0101')
INSERT 0 3

> select id, b <~> '10101111', b <%> '10101111' from bt2 order by b <~> '10101111', id
 id | ?column? |      ?column?
----+----------+---------------------
  1 |        2 | 0.33333333333333337
  2 |        6 |                0.75
  3 |     NULL |                NULL
(3 rows)

> select * from bt2 where b = B'11110000'
 id |    b     | f
----+----------+---
  2 | 11110000 |
(1 row)

> select b, count(*) from bt2 group by b order by b
    b     | count
----------+-------
 10101010 |     1
 11110000 |     1
 NULL     |     1
(3 rows)

> update bt2 set b = ~b where id = 1 returning b
    b
----------
 01010101
(1 row)
UPDATE 1

> select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'bt2'::regclass and attnum > 0 order by attnum
 attname | format_type
---------+-------------
 id      | integer
 b       | bit(8)
 f       | bit varying
(3 rows)

> alter table bt2 alter column f type bit(2) using f::bit(2)
ALTER TABLE

> select f from bt2 order by id
 f
----
 10
 00
 01
(3 rows)
