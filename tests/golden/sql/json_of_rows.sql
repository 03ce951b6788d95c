# JSON of rows, wherever they stand: in arrays, in subqueries, among the arguments of what builds an object.

> CREATE TABLE line (i int, v text, a int[])
CREATE TABLE

> INSERT INTO line VALUES (1, 'x', '{1,2}'), (2, 'y', '{3}')
INSERT 0 2

> SELECT array_to_json(array_agg(q)) FROM (SELECT i, v FROM line ORDER BY i) q
           array_to_json
-----------------------------------
 [{"i":1,"v":"x"},{"i":2,"v":"y"}]
(1 row)

> SELECT array_to_json(array_agg(q ORDER BY q.i DESC)) FROM (SELECT i, v FROM line) q
           array_to_json
-----------------------------------
 [{"i":2,"v":"y"},{"i":1,"v":"x"}]
(1 row)

> SELECT to_jsonb(array_agg(q)) FROM (SELECT i, v FROM line ORDER BY i) q
                 to_jsonb
------------------------------------------
 [{"i": 1, "v": "x"}, {"i": 2, "v": "y"}]
(1 row)

> SELECT json_build_object('one', (SELECT row_to_json(r) FROM (SELECT 1 AS a) r))
 json_build_object
-------------------
 {"one" : {"a":1}}
(1 row)

> SELECT to_json((SELECT json_agg(v ORDER BY v) FROM line))
  to_json
------------
 ["x", "y"]
(1 row)

> SELECT json_build_array(1, (SELECT jsonb_build_object('a', 1)), ARRAY[1, 2], NULL, true, 1.5, 'x')
              json_build_array
--------------------------------------------
 [1, {"a": 1}, [1,2], null, true, 1.5, "x"]
(1 row)

> SELECT row_to_json(q) FROM (SELECT i, (SELECT json_agg(l) FROM line l WHERE l.i = line.i) AS kids FROM line ORDER BY i) q
                row_to_json
--------------------------------------------
 {"i":1,"kids":[{"i":1,"v":"x","a":[1,2]}]}
 {"i":2,"kids":[{"i":2,"v":"y","a":[3]}]}
(2 rows)

> SELECT jsonb_build_object('all', (SELECT array_agg(i ORDER BY i) FROM line), 'most', (SELECT max(i) FROM line))
     jsonb_build_object
----------------------------
 {"all": [1, 2], "most": 2}
(1 row)

> SELECT row_to_json(row(1, ARRAY[row(2, 'x'), row(3, NULL)]))
                     row_to_json
------------------------------------------------------
 {"f1":1,"f2":[{"f1":2,"f2":"x"},{"f1":3,"f2":null}]}
(1 row)

> SELECT to_jsonb(row(1, row(2, row(3))))
                  to_jsonb
---------------------------------------------
 {"f1": 1, "f2": {"f1": 2, "f2": {"f1": 3}}}
(1 row)

> SELECT coalesce(json_agg(q), '[]') FROM (SELECT i FROM line WHERE false) q
 coalesce
----------
 []
(1 row)

> SELECT json_agg(row(i, v) ORDER BY i) FROM line
                 json_agg
-------------------------------------------
 [{"f1":1,"f2":"x"}, \n {"f1":2,"f2":"y"}]
(1 row)

> SELECT jsonb_path_query('[1, "2", 3]', '+$', silent => true)
 jsonb_path_query
------------------
 1
(1 row)

> SELECT jsonb_path_query_array('[{"a": 1}, {"a": 2}, {}]', 'strict $[*].a', silent => true)
 jsonb_path_query_array
------------------------
 [1, 2]
(1 row)

> SELECT jsonb_path_query_first('[{"a": 1}, {"a": 2}, {}]', 'strict $[*].a', silent => true)
 jsonb_path_query_first
------------------------
 1
(1 row)

