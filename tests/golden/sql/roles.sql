# Roles: made, changed, renamed and dropped, memberships, and SET ROLE.

> CREATE ROLE nr_ann LOGIN PASSWORD 'one' CONNECTION LIMIT 3 VALID UNTIL '2100-01-01 00:00:00+00'
CREATE ROLE

> CREATE USER nr_bob NOINHERIT
CREATE ROLE

> CREATE GROUP nr_staff
CREATE ROLE

> CREATE ROLE nr_ann
ERROR 42710: role "nr_ann" already exists

> CREATE ROLE pg_x
ERROR 42939: role name "pg_x" is reserved
DETAIL: Role names starting with "pg_" are reserved.

> CREATE ROLE "public"
ERROR 42939: role name "public" is reserved

> CREATE ROLE none
ERROR 42939: role name "none" is reserved

> CREATE ROLE current_user
ERROR 42939: CURRENT_USER cannot be used as a role name here

> CREATE ROLE nr_x LOGIN NOLOGIN
ERROR 42601: conflicting or redundant options

> CREATE ROLE nr_x CONNECTION LIMIT -2
ERROR 22023: invalid connection limit: -2

> CREATE ROLE nr_x PASSWORD hush
ERROR 42601: syntax error at or near "…"
DETAIL: Expected the password as a string.

> CREATE ROLE nr_x VALID UNTIL 'nonsense'
ERROR 22007: invalid input syntax for type timestamp with time zone: "nonsense"

> CREATE ROLE nr_x PASSWORD ''
NOTICE: empty string is not a valid password, clearing password
CREATE ROLE

> SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolconnlimit, rolpassword, rolvaliduntil AT TIME ZONE 'UTC' AS until FROM pg_roles WHERE rolname LIKE 'nr\_%' ORDER BY 1
 rolname  | rolsuper | rolinherit | rolcreaterole | rolcreatedb | rolcanlogin | rolconnlimit | rolpassword |        until
----------+----------+------------+---------------+-------------+-------------+--------------+-------------+---------------------
 nr_ann   | f        | t          | f             | f           | t           |            3 | ********    | 2100-01-01 00:00:00
 nr_bob   | f        | f          | f             | f           | t           |           -1 | ********    | NULL
 nr_staff | f        | t          | f             | f           | f           |           -1 | ********    | NULL
 nr_x     | f        | t          | f             | f           | f           |           -1 | ********    | NULL
(4 rows)

> SELECT rolname, rolpassword LIKE 'SCRAM-SHA-256$4096:%' AS is_scram FROM pg_authid WHERE rolname LIKE 'nr\_%' ORDER BY 1
 rolname  | is_scram
----------+----------
 nr_ann   | t
 nr_bob   | NULL
 nr_staff | NULL
 nr_x     | NULL
(4 rows)

> SELECT usename FROM pg_user WHERE usename LIKE 'nr\_%' ORDER BY 1
 usename
---------
 nr_ann
 nr_bob
(2 rows)

> SELECT groname FROM pg_group WHERE groname LIKE 'nr\_%' ORDER BY 1
 groname
----------
 nr_staff
 nr_x
(2 rows)

> ALTER ROLE nr_x CREATEROLE CREATEDB
ALTER ROLE

> ALTER ROLE nr_x RENAME TO nr_admin
ALTER ROLE

> ALTER ROLE nr_nobody RENAME TO nr_y
ERROR 42704: role "nr_nobody" does not exist

> ALTER ROLE nr_ann RENAME TO nr_bob
ERROR 42710: role "nr_bob" already exists

> ALTER ROLE nr_ann SET statement_timeout = '5s'
ALTER ROLE

> ALTER ROLE nr_ann SET search_path TO nr_s, public
ALTER ROLE

> ALTER ROLE nr_ann SET nonsense TO 1
ERROR 42704: unrecognized configuration parameter "nonsense"

> SELECT setconfig FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = setrole WHERE rolname = 'nr_ann'
                     setconfig
---------------------------------------------------
 {"search_path=nr_s, public",statement_timeout=5s}
(1 row)

> ALTER ROLE nr_ann RESET statement_timeout
ALTER ROLE

> SELECT rolconfig FROM pg_roles WHERE rolname = 'nr_ann'
          rolconfig
------------------------------
 {"search_path=nr_s, public"}
(1 row)

# Memberships.

> GRANT nr_staff TO nr_ann, nr_bob
GRANT ROLE

> GRANT nr_staff TO nr_ann
NOTICE: role "nr_ann" has already been granted membership in role "nr_staff" by role "nebulus"
GRANT ROLE

> GRANT nr_ann TO nr_staff
ERROR 0LP01: role "nr_ann" is a member of role "nr_staff"

> GRANT nr_ann TO nr_ann
ERROR 0LP01: role "nr_ann" is a member of role "nr_ann"

> GRANT nr_staff TO nr_nobody
ERROR 42704: role "nr_nobody" does not exist

> GRANT nr_staff TO nr_admin WITH ADMIN OPTION, INHERIT FALSE
GRANT ROLE

> SELECT r.rolname AS role, m.rolname AS member, admin_option, inherit_option, set_option FROM pg_auth_members a JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member WHERE r.rolname LIKE 'nr\_%' ORDER BY 1, 2
   role   |  member  | admin_option | inherit_option | set_option
----------+----------+--------------+----------------+------------
 nr_staff | nr_admin | t            | f              | t
 nr_staff | nr_ann   | f            | t              | t
 nr_staff | nr_bob   | f            | f              | t
(3 rows)

> SELECT pg_has_role('nr_ann', 'nr_staff', 'usage') AS ann, pg_has_role('nr_bob', 'nr_staff', 'usage') AS bob, pg_has_role('nr_bob', 'nr_staff', 'member') AS member, pg_has_role('nr_admin', 'nr_staff', 'usage with admin option') AS admin
 ann | bob | member | admin
-----+-----+--------+-------
 t   | f   | t      | t
(1 row)

> REVOKE ADMIN OPTION FOR nr_staff FROM nr_admin
REVOKE ROLE

> REVOKE nr_staff FROM nr_nobody
ERROR 42704: role "nr_nobody" does not exist

> REVOKE nr_admin FROM nr_ann
WARNING: role "nr_ann" has not been granted membership in role "nr_admin" by role "nebulus"
REVOKE ROLE

# Who is who.

> SET ROLE nr_ann
SET

> SELECT current_user, current_role, current_setting('role') AS role
 current_user | current_role |  role
--------------+--------------+--------
 nr_ann       | nr_ann       | nr_ann
(1 row)

> CREATE ROLE nr_z
ERROR 42501: permission denied to create role
DETAIL: Only roles with the CREATEROLE attribute may create roles.

> ALTER ROLE nr_bob CREATEDB
ERROR 42501: permission denied to alter role
DETAIL: Only roles with the CREATEROLE attribute and the ADMIN option on role "nr_bob" may alter this role.

> ALTER ROLE nr_bob PASSWORD 'two'
ERROR 42501: permission denied to alter role
DETAIL: To change another role's password, the current user must have the CREATEROLE attribute and the ADMIN option on the role.

> ALTER ROLE nr_ann PASSWORD 'three'
ALTER ROLE

> ALTER ROLE nr_ann SUPERUSER
ERROR 42501: permission denied to alter role
DETAIL: Only roles with the SUPERUSER attribute may change the SUPERUSER attribute.

> DROP ROLE nr_bob
ERROR 42501: permission denied to drop role
DETAIL: Only roles with the CREATEROLE attribute and the ADMIN option on the target roles may drop roles.

> GRANT nr_staff TO nr_admin
ERROR 42501: permission denied to grant role "nr_staff"
DETAIL: Only roles with the ADMIN option on role "nr_staff" may grant this role.

> SET ROLE nr_staff
SET

> RESET ROLE
RESET

> SET ROLE nr_nobody
ERROR 22023: role "nr_nobody" does not exist

> SET ROLE NONE
SET

> SET SESSION AUTHORIZATION nr_bob
SET

> SELECT current_user, session_user
 current_user | session_user
--------------+--------------
 nr_bob       | nr_bob
(1 row)

> SET ROLE nr_ann
ERROR 42501: permission denied to set role "nr_ann"

> SET ROLE nr_staff
SET

> SELECT current_user, session_user
 current_user | session_user
--------------+--------------
 nr_staff     | nr_bob
(1 row)

> SELECT count(*) FROM pg_authid
ERROR 42501: permission denied for table pg_authid

> SELECT count(*) FROM pg_shadow
ERROR 42501: permission denied for view pg_shadow

> SELECT role_name FROM information_schema.enabled_roles ORDER BY 1
 role_name
-----------
 nr_staff
(1 row)

> RESET SESSION AUTHORIZATION
RESET

> SET ROLE nr_admin
SET

> CREATE ROLE nr_made
CREATE ROLE

> CREATE ROLE nr_super SUPERUSER
ERROR 42501: permission denied to create role
DETAIL: Only roles with the SUPERUSER attribute may create roles with the SUPERUSER attribute.

> CREATE ROLE nr_repl REPLICATION
ERROR 42501: permission denied to create role
DETAIL: Only roles with the REPLICATION attribute may create roles with the REPLICATION attribute.

> SELECT r.rolname AS role, m.rolname AS member, admin_option, inherit_option, set_option FROM pg_auth_members a JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member WHERE r.rolname = 'nr_made'
  role   |  member  | admin_option | inherit_option | set_option
---------+----------+--------------+----------------+------------
 nr_made | nr_admin | t            | f              | f
(1 row)

> GRANT nr_made TO nr_bob
GRANT ROLE

> DROP ROLE nr_bob
ERROR 42501: permission denied to drop role
DETAIL: Only roles with the CREATEROLE attribute and the ADMIN option on role "nr_bob" may drop this role.

> DROP ROLE nr_made
DROP ROLE

> RESET ROLE
RESET

> BEGIN
BEGIN

> SET LOCAL ROLE nr_ann
SET

> SELECT current_user
 current_user
--------------
 nr_ann
(1 row)

> COMMIT
COMMIT

> SHOW role
 role
------
 none
(1 row)

> BEGIN
BEGIN

> CREATE ROLE nr_gone
CREATE ROLE

> SET ROLE nr_gone
SET

> ROLLBACK
ROLLBACK

> SHOW role
 role
------
 none
(1 row)

> DROP ROLE nr_gone
ERROR 42704: role "nr_gone" does not exist

> DROP ROLE IF EXISTS nr_gone
NOTICE: role "nr_gone" does not exist, skipping
DROP ROLE

> DROP ROLE nr_ann, nr_bob, nr_staff, nr_admin
DROP ROLE

> SELECT count(*) FROM pg_roles WHERE rolname LIKE 'nr\_%'
 count
-------
     0
(1 row)
