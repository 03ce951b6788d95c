"""Writes the tables of src/sql/registry and what PostgreSQL resolves over them.

registry.py tables URL    functions.txt, operators.txt, casts.txt and types.txt: OIDs, names and signatures as the catalogs of
                          that server (PostgreSQL 18 with pgvector) have them; of functions those whose names are listed already
registry.py golden URL    tests/golden/resolution: what type each operator, function and CASE has over all types

Both run nothing but SELECT, and FUNCTIONS_SKIPPED are not called.
"""

import sys
from collections import defaultdict
from pathlib import Path

from psycopg import pq

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "src/sql/registry"
GOLDEN = ROOT / "tests/golden/resolution"
# OIDs of what comes with the extension: of types as src/types/column_type.rs has them, of the rest from here on, in order.
VECTOR_TYPES = {"vector": 16385, "_vector": 16386, "halfvec": 16387, "_halfvec": 16388, "sparsevec": 16389, "_sparsevec": 16390}
FUNCTION_FIRST, OPERATOR_FIRST, CAST_FIRST = 13_000, 13_400, 13_700
# Internals of the extension that no statement calls.
INTERNAL = "handler|typmod|_accum$|_combine$|_avg$|_support$|_negative_inner_product$|spherical"
# The types that operators and functions are tried over.
TRIED = """bool bytea char name int8 int2 int4 text oid json float4 float8 bpchar varchar date time timestamp timestamptz interval
    numeric regclass regtype uuid jsonb bit varbit vector halfvec sparsevec _int4 _int8 _float8 _text _numeric _bool
    _date _uuid _jsonb int2vector oidvector unknown""".split()
# Of which all are tried in three places.
FEW = "int4 int8 numeric float8 text date timestamptz interval jsonb _int4 vector unknown".split()
FUNCTIONS_SKIPPED = {"pg_sleep", "pg_notify", "setseed", "set_config", "pg_sleep_for", "pg_sleep_until"}


class Server:
    def __init__(self, url):
        self.connection = pq.PGconn.connect(url.encode())
        if self.connection.status != pq.ConnStatus.OK:
            raise SystemExit(self.connection.error_message.decode())

    def rows(self, statement):
        result = self.connection.exec_(statement.encode())
        if result.status != pq.ExecStatus.TUPLES_OK:
            raise SystemExit(f"{statement}: {result.error_message.decode()}")
        value = lambda row, column: (result.get_value(row, column) or b"").decode()
        return [[value(row, column) for column in range(result.nfields)] for row in range(result.ntuples)]

    def described(self, statements):
        """The type of the one column of each statement as the server parses it, or the SQLSTATE."""
        answers = []
        for statement in statements:
            result = self.connection.prepare(b"", statement.encode())
            if result.status == pq.ExecStatus.COMMAND_OK:
                answers.append(self.connection.describe_prepared(b"").ftype(0))
            else:
                answers.append(result.error_field(pq.DiagnosticField.SQLSTATE).decode())
        return answers


def named_vectors(server):
    """OIDs of the extension's types in that server, and here."""
    rows = server.rows("SELECT oid::int8, typname FROM pg_type WHERE typname ~ '(vector|halfvec|sparsevec)$' AND oid > 16383")
    return {oid: str(VECTOR_TYPES[name]) for oid, name in rows if name in VECTOR_TYPES}


def write(name, header, lines):
    path = TABLES / name
    path.write_text("".join(f"-- {line}\n" for line in header) + "".join(f"{line}\n" for line in lines))


def types(server, here):
    rows = server.rows("""SELECT oid::int8, typname, typcategory, typispreferred, typarray::int8,
        CASE WHEN typlen = -1 AND typsubscript = 'array_subscript_handler'::regproc THEN typelem::int8 ELSE 0 END
        FROM pg_type WHERE typtype IN ('b', 'p', 'r', 'm') AND (typnamespace = 'pg_catalog'::regnamespace OR oid IN
        (SELECT objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass) OR typname IN ('_vector', '_halfvec', '_sparsevec'))
        AND NOT (typrelid <> 0) AND (typelem = 0 OR NOT EXISTS (SELECT FROM pg_type e WHERE e.oid = pg_type.typelem AND e.typrelid <> 0))
        ORDER BY oid""")
    lines = [" ".join(here.get(word, word) for word in row) for row in rows]
    write("types.txt", ["The types of PostgreSQL 18 and pgvector: OID, name, category, whether it is preferred, its array, its elements."],
          sorted(lines, key=lambda line: int(line.split()[0])))


def functions(server, here):
    path = TABLES / "functions.txt"
    names = {line.split()[0] for line in path.read_text().splitlines() if not line.startswith("--")}
    own = server.rows(f"""SELECT DISTINCT proname FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.refclassid = 'pg_extension'::regclass
        JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'vector' WHERE proname !~ '{INTERNAL}'""")
    names |= {name for name, in own}
    casts = server.rows("SELECT DISTINCT proname FROM pg_cast JOIN pg_proc p ON p.oid = castfunc")
    names |= {name for name, in casts}
    rows = server.rows("""SELECT proname, p.oid::int8, prokind, provolatile, proisstrict, proretset, provariadic::int8, prorettype::int8,
        (SELECT string_agg(a::text, ',' ORDER BY n) FROM unnest(proargtypes::oid[]) WITH ORDINALITY AS t(a, n)),
        array_to_string(proargnames, ','), pg_get_expr(proargdefaults, 0),
        (SELECT string_agg(a::text, ',' ORDER BY n) FROM unnest(proallargtypes, proargmodes) WITH ORDINALITY AS t(a, m, n) WHERE m IN ('o', 't')),
        coalesce(aggkind::text, ''), coalesce(aggnumdirectargs, 0)
        FROM pg_proc p LEFT JOIN pg_aggregate ON aggfnoid = p.oid
        WHERE pronamespace IN ('pg_catalog'::regnamespace, 'public'::regnamespace) AND prokind IN ('f', 'a', 'w')
        ORDER BY proname COLLATE "C", p.oid < 16384 DESC, p.oid""")
    lines, number = [], FUNCTION_FIRST
    for name, oid, kind, volatility, strict, many, variadic, returns, arguments, labels, defaults, outs, aggregate, direct in rows:
        if name not in names:
            continue
        if int(oid) > 16383:
            oid, number = str(number), number + 1
        words = [name, oid, kind, volatility, strict, many, variadic, here.get(returns, returns)]
        words.append(",".join(here.get(each, each) for each in arguments.split(",")) if arguments else "-")
        if labels.strip(","):
            words.append("names=" + labels)
        if defaults:
            words.append("defaults=" + defaults.replace(", ", ","))
        if outs:
            words.append("out=" + outs)
        if aggregate in ("o", "h"):
            words.append(f"direct={aggregate}{direct}")
        assert all(" " not in word for word in words), words
        lines.append(" ".join(words))
    write("functions.txt", ["The functions that a statement may call here and PostgreSQL 18 or pgvector has, as pg_proc has them, each of their",
          "forms: name, OID, kind, volatility, strict, returns a set, variadic type, type of the result, types of the arguments (- for",
          "none); then, where there are any, names= of the arguments, defaults= of the last of them, out= types of columns, direct=",
          "kind of an ordered-set aggregate and how many of its arguments are direct ones."], lines)


def operators(server, here):
    rows = server.rows("""SELECT oprname, o.oid::int8, oprleft::int8, oprright::int8, oprresult::int8, oprcom::int8, oprnegate::int8,
        oprcanmerge, oprcanhash, proname FROM pg_operator o JOIN pg_proc p ON p.oid = oprcode
        ORDER BY oprname COLLATE "C", o.oid < 16384 DESC, o.oid""")
    numbers, number = dict(here), OPERATOR_FIRST
    for row in rows:
        if int(row[1]) > 16383:
            numbers[row[1]], number = str(number), number + 1
    lines = [" ".join(numbers.get(word, word) for word in row) for row in rows]
    write("operators.txt", ["The operators of PostgreSQL 18 and pgvector, as pg_operator has them: name, OID, type on the left (0 for none), on the right,",
          "type of the result, commutator, negator, whether it merges and hashes, name of its function."], lines)


def casts(server, here):
    rows = server.rows("""SELECT castsource::int8, casttarget::int8, c.oid::int8, castcontext, castmethod, coalesce(proname, '-')
        FROM pg_cast c LEFT JOIN pg_proc p ON p.oid = castfunc ORDER BY c.oid""")
    known = {line.split()[0] for line in (TABLES / "types.txt").read_text().splitlines()}
    lines, number = [], CAST_FIRST
    for source, target, oid, *rest in rows:
        if int(oid) > 16383:
            oid, number = str(number), number + 1
        source, target = here.get(source, source), here.get(target, target)
        if {source, target} <= known:
            lines.append(" ".join([source, target, oid, *rest]))
    write("casts.txt", ["The casts of PostgreSQL 18 and pgvector, as pg_cast has them: source, target, OID, context (i implicit, a assignment, e",
          "explicit), method (f function, b the same bytes, i by way of the text), name of the function."], lines)


def shown(name):
    return {"char": '"char"'}.get(name, name[1:] + "[]" if name.startswith("_") else name)


def tried(name):
    return "NULL" if name == "unknown" else f"NULL::{shown(name)}"


def by_result(answers, words):
    """`result word word …` for each result that some words have; those that have none are left out."""
    results = defaultdict(list)
    for word, answer in zip(words, answers):
        if answer not in ("42601", "42883", "42846", "42804"):
            results[answer].append(word)
    return [f"{result} {' '.join(found)}" for result, found in sorted(results.items())]


def golden(server, here):
    GOLDEN.mkdir(parents=True, exist_ok=True)
    name_of = {int(oid): name for oid, name in server.rows("SELECT oid::int8, typname FROM pg_type")}
    label = lambda answer: name_of[answer] if isinstance(answer, int) else answer

    def ask(words, statement):
        return by_result([label(answer) for answer in server.described([statement(word) for word in words])], words)

    def keep(name, lines):
        (GOLDEN / name).write_text("".join(f"{line}\n" for line in lines))
        print(name, len(lines))

    names = [name for name, in server.rows('SELECT DISTINCT oprname COLLATE "C" AS n FROM pg_operator ORDER BY n')]
    keep("operators.txt", [f"{name} {left or '-'}: {found}" for name in names for left in [None, *TRIED] for found in
        ask(TRIED, lambda right: f"SELECT {'' if left is None else tried(left)} {name} {tried(right)}")])
    keep("casts.txt", [f"{source}: {found}" for source in TRIED for found in
        ask([each for each in TRIED if each != "unknown"], lambda target: f"SELECT CAST({tried(source)} AS {shown(target)})")])
    # PostgreSQL looks at ELSE first.
    keep("common_types.txt", [f"{first}: {found}" for first in TRIED for found in
        ask(TRIED, lambda second: f"SELECT CASE WHEN true THEN {tried(second)} ELSE {tried(first)} END")])
    forms = defaultdict(set)
    for line in (TABLES / "functions.txt").read_text().splitlines():
        words = line.split()
        is_of_bytes = len(words) > 8 and {"2275", "2281"} & {words[7], *words[8].split(",")}
        if not line.startswith("--") and words[0] not in FUNCTIONS_SKIPPED and "direct=" not in line and not is_of_bytes:
            count = 0 if words[8] == "-" else words[8].count(",") + 1
            forms[words[0], words[2] == "w"] |= {count, *([1, 2, 3] if words[6] != "0" else [])}
    lines = []
    for (name, is_window), counts in forms.items():
        over = " OVER ()" if is_window else ""
        call = lambda *of: f'SELECT "{name}"({", ".join(map(tried, of))}){over}'
        for before in [(), *([(first,) for first in TRIED] if 2 in counts else []),
                       *([(first, second) for first in FEW for second in FEW] if 3 in counts else [])]:
            if len(before) + 1 in counts or 0 < len(before) < max(counts):
                words = TRIED if len(before) < 2 else FEW
                for found in ask(words, lambda last: call(*before, last)):
                    lines.append(f"{name} {' '.join([*before, ''])}: {found}".replace(" : ", ": "))
    keep("functions.txt", lines)


if __name__ == "__main__":
    server = Server(sys.argv[2])
    here = named_vectors(server)
    if sys.argv[1] == "tables":
        types(server, here), functions(server, here), operators(server, here), casts(server, here)
    else:
        golden(server, here)
