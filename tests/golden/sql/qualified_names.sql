# Names with their schema before them, wherever a column can be named.

> CREATE TABLE public.person (id serial PRIMARY KEY, email text UNIQUE, visits int DEFAULT 0, facts jsonb)
CREATE TABLE

> INSERT INTO public.person (email) VALUES ('a@b') RETURNING public.person.id, "public"."person"."email"
 id | email
----+-------
  1 | a@b
(1 row)
INSERT 0 1

> UPDATE public.person SET visits = public.person.visits + 1 WHERE public.person.id = 1 RETURNING public.person.visits
 visits
--------
      1
(1 row)
UPDATE 1

> UPDATE public.person SET visits = public.person.visits + 1, facts = '{"k": 1}' WHERE (public.person.email = 'a@b' AND 1=1) RETURNING public.person.*
 id | email | visits |  facts
----+-------+--------+----------
  1 | a@b   |      2 | {"k": 1}
(1 row)
UPDATE 1

> UPDATE person SET visits = length(public.person.email) WHERE public.person.id IN (SELECT 1) RETURNING upper(public.person.email) AS email, public.person.visits
 email | visits
-------+--------
 A@B   |      3
(1 row)
UPDATE 1

> INSERT INTO public.person (email) VALUES ('a@b') ON CONFLICT (email) DO UPDATE SET visits = public.person.visits + 10 WHERE (public.person.email = 'a@b' AND 1=1) RETURNING public.person.visits
 visits
--------
     13
(1 row)
INSERT 0 1

> SELECT public.person.facts->>'k' AS k, public.person.id FROM public.person WHERE public.person.facts->>'k' = '1' ORDER BY public.person.id
 k | id
---+----
 1 |  1
(1 row)

> SELECT public.person.* FROM person
 id | email | visits |  facts
----+-------+--------+----------
  1 | a@b   |     13 | {"k": 1}
(1 row)

> DELETE FROM public.person WHERE public.person.id = 1 RETURNING public.person.email
 email
-------
 a@b
(1 row)
DELETE 1

# The schema has to be that of the table, and a table with an alias is only known by that.

> INSERT INTO person (email) VALUES ('x') RETURNING other.person.id
ERROR 42P01: missing FROM-clause entry for table "person"
LINE 1: INSERT INTO person (email) VALUES ('x') RETURNING other.person.id
                                                          ^

> UPDATE person SET visits = 1 WHERE other.person.id = 1
ERROR 42P01: missing FROM-clause entry for table "person"
LINE 1: UPDATE person SET visits = 1 WHERE other.person.id = 1
                                           ^

> SELECT other.person.id FROM person
ERROR 42P01: missing FROM-clause entry for table "person"
LINE 1: SELECT other.person.id FROM person
               ^

> SELECT public.p.id FROM person p
ERROR 42P01: missing FROM-clause entry for table "p"
LINE 1: SELECT public.p.id FROM person p
               ^

> SELECT other.person.* FROM person
ERROR 42P01: missing FROM-clause entry for table "person"
LINE 1: SELECT other.person.* FROM person
               ^

> UPDATE person AS p SET visits = 1 RETURNING public.person.id
ERROR 42P01: missing FROM-clause entry for table "person"
LINE 1: UPDATE person AS p SET visits = 1 RETURNING public.person.id
                                                    ^

> INSERT INTO person (email) VALUES ('x') ON CONFLICT (email) DO UPDATE SET visits = public.excluded.visits
ERROR 42P01: missing FROM-clause entry for table "excluded"
LINE 1: INSERT INTO person (email) VALUES ('x') ON CONFLICT (email) DO UPDATE SET visits = public.excluded.visits
                                                                                           ^
