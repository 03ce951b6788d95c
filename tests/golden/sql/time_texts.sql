# Texts of dates, times and intervals in all forms that PostgreSQL reads. PostgreSQL's answers.

> select interval '1 month - 1 second', interval '@ 1 hour @ 42 minutes @ 20 seconds', interval '2 3 hours', interval 'P0002-10T1S', interval 'PT10:30', interval '1 2' day to hour
    interval     | interval |    interval     |         interval         | interval |    interval
-----------------+----------+-----------------+--------------------------+----------+----------------
 1 mon -00:00:01 | 01:42:20 | 2 days 03:00:00 | 2 years 10 mons 00:00:01 | 10:30:00 | 1 day 02:00:00
(1 row)

> select interval 'P2147483648'
ERROR 22015: interval field value out of range: "P2147483648"
LINE 1: select interval 'P2147483648'
                        ^

> select interval 'P1-2147483647-2147483647'
ERROR 22008: interval out of range
LINE 1: select interval 'P1-2147483647-2147483647'
                        ^

> select interval '4 millenniums 5 centuries 4 decades 1 year 4 months 4 days 17 minutes 31 seconds'
             interval
-----------------------------------
 4541 years 4 mons 4 days 00:17:31
(1 row)

> select interval '-'
ERROR 22007: invalid input syntax for type interval: "-"
LINE 1: select interval '-'
                        ^

> select interval '1 2 days'
ERROR 22007: invalid input syntax for type interval: "1 2 days"
LINE 1: select interval '1 2 days'
                        ^

> select interval '1 2 3 hours'
ERROR 22007: invalid input syntax for type interval: "1 2 3 hours"
LINE 1: select interval '1 2 3 hours'
                        ^

> select interval '- 1 day'
 interval
----------
 -1 days
(1 row)

> select interval '+ 5 hours - 3 days'
     interval
-------------------
 -3 days +05:00:00
(1 row)

> select interval '1 day, 2 hours'
    interval
----------------
 1 day 02:00:00
(1 row)

> select interval '1:2:3:4'
ERROR 22007: invalid input syntax for type interval: "1:2:3:4"
LINE 1: select interval '1:2:3:4'
                        ^

> select interval 'PT'
 interval
----------
 00:00:00
(1 row)

> select interval 'P'
ERROR 22007: invalid input syntax for type interval: "P"
LINE 1: select interval 'P'
                        ^

> select interval 'P1Y2'
ERROR 22007: invalid input syntax for type interval: "P1Y2"
LINE 1: select interval 'P1Y2'
                        ^

> select interval 'PT1:2:3:4'
ERROR 22007: invalid input syntax for type interval: "PT1:2:3:4"
LINE 1: select interval 'PT1:2:3:4'
                        ^

> select interval 'P1YT'
 interval
----------
 1 year
(1 row)

> select interval 'P1W', interval 'P1.5Y', interval 'PT1.5H', interval 'P-1Y-2M'
 interval |   interval    | interval |     interval
----------+---------------+----------+------------------
 7 days   | 1 year 6 mons | 01:30:00 | -1 years -2 mons
(1 row)

> set intervalstyle = sql_standard
SET

> select interval '-23 hours 45 min 12.34 sec', interval '-1 day 23 hours 45 min 12.34 sec', interval '-1 year 2 months 1 day 23 hours 45 min 12.34 sec', interval '-1 year 2 months 1 day 23 hours 45 min +12.34 sec'
   interval   |    interval    |       interval       |       interval
--------------+----------------+----------------------+-----------------------
 -23:45:12.34 | -1 23:45:12.34 | -1-2 -1 -23:45:12.34 | -0-10 +1 +23:45:12.34
(1 row)

> select interval '-1-2', interval '-1 1:2:3', interval '1 -1:2:3', interval '-5 days ago'
 interval |  interval  |     interval     | interval
----------+------------+------------------+-----------
 -1-2     | -1 1:02:03 | +0-0 +1 -1:02:03 | 5 0:00:00
(1 row)

> reset intervalstyle
RESET

> select date '1999 01 08', date '01 08 1999', date '99 08 01'
ERROR 22008: date/time field value out of range: "99 08 01"
LINE 1: select date '1999 01 08', date '01 08 1999', date '99 08 01'
                                                          ^
HINT: Perhaps you need a different "DateStyle" setting.

> select date '2024 1', date '1 2 3 4'
ERROR 22007: invalid input syntax for type date: "2024 1"
LINE 1: select date '2024 1', date '1 2 3 4'
                    ^

> select timestamptz '20011227 040506-08', timestamptz '20011227 040506.789-08', timestamptz '20011227T040506-08', timestamptz 'J2452271-08', timestamptz 'J2452271.5+08', timestamptz 'J2452271T040506-08'
      timestamptz       |        timestamptz         |      timestamptz       |      timestamptz       |      timestamptz       |      timestamptz
------------------------+----------------------------+------------------------+------------------------+------------------------+------------------------
 2001-12-27 12:05:06+00 | 2001-12-27 12:05:06.789+00 | 2001-12-27 12:05:06+00 | 2001-12-27 08:00:00+00 | 2001-12-27 04:00:00+00 | 2001-12-27 12:05:06+00
(1 row)

> select time '040506.789-08', time 'T040506.789-08', time '0405', time '040506'
     time     |     time     |   time   |   time
--------------+--------------+----------+----------
 04:05:06.789 | 04:05:06.789 | 04:05:00 | 04:05:06
(1 row)

> select timestamp '2001-12-27 040506', timestamp '2001 12 27 04:05:06'
      timestamp      |      timestamp
---------------------+---------------------
 2001-12-27 04:05:06 | 2001-12-27 04:05:06
(1 row)

> set datestyle = 'ISO, DMY'
SET

> select date '08 01 1999', date '1999 01 08'
    date    |    date
------------+------------
 1999-01-08 | 1999-01-08
(1 row)

> set datestyle = 'ISO, YMD'
SET

> select date '08 01 12'
    date
------------
 2008-01-12
(1 row)

> reset datestyle
RESET

> reset time zone
RESET
