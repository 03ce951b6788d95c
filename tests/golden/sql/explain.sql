# How each kind of read reaches its rows.

> CREATE TABLE book (id int PRIMARY KEY, author text, year int, v vector(2))
CREATE TABLE

> CREATE TABLE author (name text PRIMARY KEY, country text)
CREATE TABLE

> INSERT INTO book VALUES (1, 'a', 2001, '[1,2]'), (2, 'b', 2002, '[3,4]')
INSERT 0 2

> EXPLAIN SELECT * FROM book WHERE id = 1
              QUERY PLAN
--------------------------------------
 Primary Key Lookup on book (keys: 1)
   Filter: on each entry
(2 rows)

> EXPLAIN SELECT * FROM book WHERE id IN (1, 2)
              QUERY PLAN
--------------------------------------
 Primary Key Lookup on book (keys: 2)
   Filter: on each entry
(2 rows)

> EXPLAIN SELECT count(*) FROM book WHERE id IN (1, 2)
                 QUERY PLAN
--------------------------------------------
 Aggregate on rows
   ->  Primary Key Lookup on book (keys: 2)
         Filter: on each entry
(3 rows)

> EXPLAIN SELECT * FROM book WHERE id = 1 OR (id = 2 AND year < 9999)
              QUERY PLAN
--------------------------------------
 Primary Key Lookup on book (keys: 2)
   Filter: on each entry
(2 rows)

> SELECT count(*) FROM book WHERE id = 1 OR (id = 2 AND year < 9999) OR id = 1
 count
-------
     2
(1 row)

> EXPLAIN SELECT * FROM book WHERE id > 1 AND id <= 5
           QUERY PLAN
--------------------------------
 Primary Key Range Scan on book
   Filter: on each entry
(2 rows)

> EXPLAIN SELECT * FROM book WHERE author = 'a'
       QUERY PLAN
-------------------------
 Seq Scan on book
   Filter: on each entry
(2 rows)

> CREATE INDEX book_author ON book (author)
CREATE INDEX

> EXPLAIN SELECT * FROM book WHERE author = 'a'
              QUERY PLAN
--------------------------------------
 Index Scan using book_author on book
   Filter: on each entry
(2 rows)

> EXPLAIN SELECT * FROM book WHERE author = 'a' AND year > 2000 ORDER BY year LIMIT 5
                    QUERY PLAN
--------------------------------------------------
 Limit
   ->  Sort
         ->  Index Scan using book_author on book
               Filter: on each entry
(4 rows)

> EXPLAIN SELECT * FROM book ORDER BY id
    QUERY PLAN
------------------
 Seq Scan on book
(1 row)

> EXPLAIN SELECT * FROM book ORDER BY id DESC LIMIT 1
            QUERY PLAN
-----------------------------------
 Limit
   ->  Seq Scan on book (backward)
(2 rows)

> EXPLAIN SELECT * FROM book ORDER BY v <-> '[1,1]' LIMIT 5
                   QUERY PLAN
-------------------------------------------------
 Limit
   ->  Sort by l2 distance (exact)
         ->  Seq Scan on book
               Order By: l2 distance to a vector
(4 rows)

> EXPLAIN UPDATE book SET year = 1 WHERE id = 1
    QUERY PLAN
------------------
 Update on book
   ->  Key lookup
(2 rows)

> EXPLAIN DELETE FROM book WHERE author = 'a'
                 QUERY PLAN
--------------------------------------------
 Delete on book
   ->  Index Scan using book_author on book
         Filter: on each entry
(3 rows)

> EXPLAIN INSERT INTO book VALUES (3, 'c', 1, NULL)
   QUERY PLAN
----------------
 Insert on book
   ->  Values
(2 rows)

> SELECT count(*) FROM book
 count
-------
     2
(1 row)

> EXPLAIN (FORMAT JSON) SELECT 1
                            QUERY PLAN
-------------------------------------------------------------------
 [\n  {\n    "Plan": {\n      "Node Type": "Result"\n    }\n  }\n]
(1 row)

> EXPLAIN (FORMAT JSON, COSTS OFF) SELECT * FROM book WHERE author = 'a' ORDER BY year LIMIT 5
                                                                                                                                                                                         QUERY PLAN
--------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------
 [\n  {\n    "Plan": {\n      "Node Type": "Limit",\n      "Plans": [\n        {\n          "Node Type": "Sort",\n          "Plans": [\n            {\n              "Node Type": "Index Scan",\n              "Index Name": "book_author",\n              "Relation Name": "book",\n              "Filter": "on each entry"\n            }\n          ]\n        }\n      ]\n    }\n  }\n]
(1 row)

> EXPLAIN (FORMAT JSON, ANALYZE, SUMMARY OFF, TIMING OFF) DELETE FROM book WHERE id = 99
                                                                                                                     QUERY PLAN
----------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------------
 [\n  {\n    "Plan": {\n      "Node Type": "ModifyTable",\n      "Operation": "Delete",\n      "Relation Name": "book",\n      "Plans": [\n        {\n          "Node Type": "Key lookup"\n        }\n      ]\n    },\n    "Actual Rows": 0\n  }\n]
(1 row)

> EXPLAIN (COSTS OFF, ANALYZE, SUMMARY OFF) SELECT * FROM book WHERE id = 1
              QUERY PLAN
--------------------------------------
 Primary Key Lookup on book (keys: 1)
   Filter: on each entry
 Rows: 1
(3 rows)

> EXPLAIN (FORMAT YAML) SELECT 1
            QUERY PLAN
-----------------------------------
 - Plan: \n    Node Type: "Result"
(1 row)

> EXPLAIN (FORMAT other) SELECT 1
ERROR 22023: unrecognized value for EXPLAIN option "format": "other"

> EXPLAIN (other) SELECT 1
ERROR 42601: unrecognized EXPLAIN option "other"

> EXPLAIN (TIMING) SELECT 1
ERROR 22023: EXPLAIN option TIMING requires ANALYZE

> EXPLAIN (ANALYZE, GENERIC_PLAN) SELECT 1
ERROR 22023: EXPLAIN options ANALYZE and GENERIC_PLAN cannot be used together

> EXPLAIN (ANALYZE maybe) SELECT 1
ERROR 22023: analyze requires a Boolean value

> EXPLAIN SELECT nothing FROM book
ERROR 42703: column "nothing" does not exist
LINE 1: EXPLAIN SELECT nothing FROM book
                       ^

> EXPLAIN GET MEMORY WHERE metadata.source = "x" LIMIT 3
          QUERY PLAN
-------------------------------
 Limit
   ->  Seq Scan on memory
         Filter: on each entry
(3 rows)

> EXPLAIN GET MEMORY WHERE id = "x"
               QUERY PLAN
----------------------------------------
 Primary Key Lookup on memory (keys: 1)
   Filter: on each entry
(2 rows)
