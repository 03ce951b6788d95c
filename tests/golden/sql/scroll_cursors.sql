# Cursors that go both ways, and what FETCH and MOVE say of those that do not. PostgreSQL's answers.

> create temp table cu as select i as n from generate_series(1,5) i
SELECT 5

> begin
BEGIN

> declare s scroll cursor for select n from cu order by n
DECLARE CURSOR

> fetch 2 from s
 n
---
 1
 2
(2 rows)
FETCH 2

> fetch prior from s
 n
---
 1
(1 row)
FETCH 1

> fetch prior from s
 n
---
(0 rows)
FETCH 0

> fetch next from s
 n
---
 1
(1 row)
FETCH 1

> fetch last from s
 n
---
 5
(1 row)
FETCH 1

> fetch next from s
 n
---
(0 rows)
FETCH 0

> fetch prior from s
 n
---
 5
(1 row)
FETCH 1

> fetch first from s
 n
---
 1
(1 row)
FETCH 1

> fetch backward 1 from s
 n
---
(0 rows)
FETCH 0

> fetch absolute 3 from s
 n
---
 3
(1 row)
FETCH 1

> fetch relative -1 from s
 n
---
 2
(1 row)
FETCH 1

> fetch relative 2 from s
 n
---
 4
(1 row)
FETCH 1

> fetch relative 0 from s
 n
---
 4
(1 row)
FETCH 1

> fetch absolute -2 from s
 n
---
 4
(1 row)
FETCH 1

> fetch absolute -9 from s
 n
---
(0 rows)
FETCH 0

> fetch forward all from s
 n
---
 1
 2
 3
 4
 5
(5 rows)
FETCH 5

> fetch backward 2 from s
 n
---
 5
 4
(2 rows)
FETCH 2

> fetch backward all from s
 n
---
 3
 2
 1
(3 rows)
FETCH 3

> fetch backward all from s
 n
---
(0 rows)
FETCH 0

> fetch all from s
 n
---
 1
 2
 3
 4
 5
(5 rows)
FETCH 5

> fetch absolute 0 from s
 n
---
(0 rows)
FETCH 0

> fetch -1 from s
 n
---
(0 rows)
FETCH 0

> fetch 2 from s
 n
---
 1
 2
(2 rows)
FETCH 2

> fetch -1 from s
 n
---
 1
(1 row)
FETCH 1

> fetch forward 0 from s
 n
---
 1
(1 row)
FETCH 1

> fetch backward 0 from s
 n
---
 1
(1 row)
FETCH 1

> move backward all in s
MOVE 0

> move 3 in s
MOVE 3

> move relative -1 in s
MOVE 1

> move last in s
MOVE 1

> fetch forward -2 from s
 n
---
 4
 3
(2 rows)
FETCH 2

> fetch backward -1 from s
 n
---
 4
(1 row)
FETCH 1

> fetch absolute 99 from s
 n
---
(0 rows)
FETCH 0

> fetch prior from s
 n
---
 5
(1 row)
FETCH 1

> move absolute 99 in s
MOVE 0

> move all in s
MOVE 0

> close s
CLOSE CURSOR

> declare f no scroll cursor for select n from cu order by n
DECLARE CURSOR

> fetch absolute 2 from f
 n
---
 2
(1 row)
FETCH 1

> fetch relative 2 from f
 n
---
 4
(1 row)
FETCH 1

> fetch first from f
ERROR 55000: cursor can only scan forward
HINT: Declare it with SCROLL option to enable backward scan.

> rollback
ROLLBACK

> begin
BEGIN

> declare f no scroll cursor for select n from cu order by n
DECLARE CURSOR

> fetch 1 from f
 n
---
 1
(1 row)
FETCH 1

> fetch prior from f
ERROR 55000: cursor can only scan forward
HINT: Declare it with SCROLL option to enable backward scan.

> rollback
ROLLBACK

> begin
BEGIN

> declare h scroll cursor with hold for select n from cu order by n
DECLARE CURSOR

> fetch 2 from h
 n
---
 1
 2
(2 rows)
FETCH 2

> select name, is_holdable, is_scrollable from pg_cursors
 name | is_holdable | is_scrollable
------+-------------+---------------
 h    | t           | t
(1 row)

> commit
COMMIT

> fetch prior from h
 n
---
 1
(1 row)
FETCH 1

> fetch last from h
 n
---
 5
(1 row)
FETCH 1

> fetch backward all from h
 n
---
 4
 3
 2
 1
(4 rows)
FETCH 4

> close h
CLOSE CURSOR
