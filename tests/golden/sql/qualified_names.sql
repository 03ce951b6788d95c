# Names with their schema before them, wherever a column can be named.

> CREATE TABLE public.person (id serial PRIMARY KEY, email text UNIQUE, visits int DEFAULT 0, facts jsonb)

> INSERT INTO public.person (email) VALUES ('a@b') RETURNING public.person.id, "public"."person"."email"

> UPDATE public.person SET visits = public.person.visits + 1 WHERE public.person.id = 1 RETURNING public.person.visits

> UPDATE public.person SET visits = public.person.visits + 1, facts = '{"k": 1}' WHERE (public.person.email = 'a@b' AND 1=1) RETURNING public.person.*

> UPDATE person SET visits = length(public.person.email) WHERE public.person.id IN (SELECT 1) RETURNING upper(public.person.email) AS email, public.person.visits

> INSERT INTO public.person (email) VALUES ('a@b') ON CONFLICT (email) DO UPDATE SET visits = public.person.visits + 10 WHERE (public.person.email = 'a@b' AND 1=1) RETURNING public.person.visits

> SELECT public.person.facts->>'k' AS k, public.person.id FROM public.person WHERE public.person.facts->>'k' = '1' ORDER BY public.person.id

> SELECT public.person.* FROM person

> DELETE FROM public.person WHERE public.person.id = 1 RETURNING public.person.email

# The schema has to be that of the table, and a table with an alias is only known by that.

> INSERT INTO person (email) VALUES ('x') RETURNING other.person.id

> UPDATE person SET visits = 1 WHERE other.person.id = 1

> SELECT other.person.id FROM person

> SELECT public.p.id FROM person p

> SELECT other.person.* FROM person

> UPDATE person AS p SET visits = 1 RETURNING public.person.id

> INSERT INTO person (email) VALUES ('x') ON CONFLICT (email) DO UPDATE SET visits = public.excluded.visits
