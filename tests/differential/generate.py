"""Random statements over the tables, typed, so that PostgreSQL takes nearly all of them.

An expression that can fail stands only behind a guard which makes it safe (`CASE WHEN jsonb_typeof(…) = 'number' THEN
…::numeric`), as users write it: what the statement answers does then not depend on an order that SQL leaves open.
"""

import random

from tables import COLUMNS, TABLES, VALUES, quoted
from tree import NOTHING, Node, atom, literal, optional

DEPTH_MAX = 4
COMPARISONS = ["=", "<>", "<", "<=", ">", ">="]
COMPARED = ["int4", "int8", "float8", "float4", "numeric", "text", "bool", "date", "jsonb"]
NUMBERS = ["int4", "int8", "float8", "float4", "numeric"]


def items(nodes: list[Node]) -> Node:
    return Node("items", ", ".join(["@"] * len(nodes)), tuple(nodes))


class Generator:
    """Makes statements out of one source of chance."""

    def __init__(self, chance: random.Random):
        self.chance = chance
        # Aliases in sight, innermost last: subqueries may name those of the outer query.
        self.scopes: list[list[str]] = []
        self.aliases = 0

    # Expressions

    def literal(self, kind: str) -> Node:
        if self.chance.randrange(6) == 0:
            return literal(kind, f"NULL::{kind}", None)
        value = self.chance.choice(VALUES[kind])
        if kind in ("int4", "numeric"):
            return literal(kind, value if not value.startswith("-") else f"({value})", value)
        return literal(kind, f"{quoted(value)}::{kind}", value)

    def column(self, kind: str) -> Node:
        names = [name for name, of in COLUMNS.items() if of == kind]
        # One time in four the outer query's, where there is one.
        outer = len(self.scopes) > 1 and self.chance.randrange(4) == 0
        aliases = self.scopes[-2] if outer else self.scopes[-1]
        if not aliases:
            return self.literal(kind)
        return atom(kind, f"{self.chance.choice(aliases)}.{self.chance.choice(names)}")

    def expression(self, kind: str, depth: int) -> Node:
        if depth <= 0 or self.chance.randrange(3) == 0:
            return self.column(kind) if self.chance.randrange(3) else self.literal(kind)
        makers = {
            "bool": self.condition, "int4": self.integer, "int8": self.integer, "float8": self.float,
            "text": self.text, "jsonb": self.json, "numeric": self.numeric,
        }  # fmt: skip
        if kind in makers and self.chance.randrange(2):
            return makers[kind](kind, depth)
        return self.general(kind, depth)

    def general(self, kind: str, depth: int) -> Node:
        """What exists for every type."""
        below = depth - 1
        pick = self.chance.randrange(6)
        if pick == 5:
            return self.scalar_query(kind, below)
        if pick == 0:
            clauses = self.chance.randint(1, 2)
            parts: list[Node] = []
            for _ in range(clauses):
                parts += [self.expression("bool", below), self.expression(kind, below)]
            otherwise = " ELSE @" if self.chance.randrange(3) else ""
            if otherwise:
                parts.append(self.expression(kind, below))
            return Node(kind, "CASE" + " WHEN @ THEN @" * clauses + otherwise + " END", tuple(parts))
        if pick == 1 and kind in COMPARED:
            parts = [self.expression(kind, below) for _ in range(3)]
            return Node(kind, "CASE @ WHEN @ THEN @ END", tuple(parts))
        if pick == 2 and kind in COMPARED:
            return Node(kind, "nullif(@, @)", (self.expression(kind, below), self.expression(kind, below)))
        if pick == 3 and kind in ("int4", "int8", "float8", "text", "date", "numeric"):
            name = self.chance.choice(["greatest", "least"])
            return Node(kind, name + "(@, @)", (self.expression(kind, below), self.expression(kind, below)))
        return Node(kind, "coalesce(@, @)", (self.expression(kind, below), self.expression(kind, below)))

    def integer(self, kind: str, depth: int) -> Node:
        pick = self.chance.randrange(3)
        if pick == 0 and kind == "int4":
            return Node(kind, "length(@)", (self.expression("text", depth - 1),))
        if pick == 1 and kind == "int4":
            inner = self.column("text").text()
            return atom(kind, f"CASE WHEN {inner} ~ '^[0-9]+$' THEN {inner}::int4 END")
        return Node(kind, "(- @)", (self.column(kind),))

    def float(self, kind: str, depth: int) -> Node:
        pick = self.chance.randrange(5)
        if pick == 4 and kind == "float8":
            # What a numeric and a float lead to.
            form = self.chance.choice(["coalesce(@, @)", "greatest(@, @)", "least(@, @)", "nullif(@, @)",
                                       "CASE WHEN @ IS NULL THEN 0.5 ELSE @ END"])  # fmt: skip
            kinds = self.chance.sample(["numeric", "float8"], 2)
            return Node(kind, form, tuple(self.expression(each, depth - 1) for each in kinds))
        if pick == 0:
            operator = self.chance.choice(["<->", "<=>", "<#>", "<+>"])
            return Node(kind, "(@ " + operator + " @)", (self.column("vector"), self.column("vector")))
        if pick == 1:
            return Node(kind, "(@ - @)", (self.expression(kind, depth - 1), self.expression(kind, depth - 1)))
        if pick == 2:
            return Node(kind, "(- @)", (self.expression(kind, depth - 1),))
        return Node(kind, "(@::float8)", (self.expression(self.chance.choice(["int4", "float4"]), depth - 1),))

    def numeric(self, kind: str, depth: int) -> Node:
        if self.chance.randrange(2):
            inner = self.column("jsonb").text()
            guarded = f"CASE WHEN jsonb_typeof({inner} -> 'p') = 'number' THEN ({inner} ->> 'p')::numeric ELSE @ END"
            return Node(kind, guarded, (self.expression(kind, depth - 1),))
        operator = self.chance.choice(["+", "-"])
        return Node(kind, "(@ " + operator + " @)", (self.column(kind), self.literal(kind)))

    def text(self, kind: str, depth: int) -> Node:
        pick = self.chance.randrange(4)
        if pick == 0:
            return Node(kind, "(@ ->> 'p')", (self.expression("jsonb", depth - 1),))
        if pick == 1:
            return Node(kind, "(@ || @)", (self.expression(kind, depth - 1), self.expression(kind, depth - 1)))
        if pick == 2:
            return Node(kind, "jsonb_typeof(@)", (self.expression("jsonb", depth - 1),))
        return Node(kind, self.chance.choice(["lower", "upper"]) + "(@)", (self.expression(kind, depth - 1),))

    def json(self, kind: str, depth: int) -> Node:
        return Node(kind, "(@ -> " + self.chance.choice(["'p'", "'q'"]) + ")", (self.expression(kind, depth - 1),))

    # Conditions

    def condition(self, kind: str, depth: int) -> Node:
        below = depth - 1
        makers = [
            self.comparison, self.comparison, self.in_list, self.in_query, self.in_query, self.exists, self.connective,
            self.connective, self.tested, self.any_all, self.guarded, self.matched, self.between,
        ]  # fmt: skip
        return self.chance.choice(makers)(below)

    def comparison(self, depth: int) -> Node:
        kind = self.chance.choice(COMPARED)
        operator = self.chance.choice([*COMPARISONS, "IS DISTINCT FROM", "IS NOT DISTINCT FROM"])
        other = kind
        if kind in NUMBERS and self.chance.randrange(4) == 0:
            other = self.chance.choice(NUMBERS)
        parts = (self.expression(kind, depth), self.expression(other, depth))
        return Node("bool", "(@ " + operator + " @)", parts)

    def between(self, depth: int) -> Node:
        kind = self.chance.choice(["int4", "float8", "text", "date", "numeric"])
        word = self.chance.choice(["BETWEEN", "NOT BETWEEN"])
        return Node("bool", "(@ " + word + " @ AND @)", tuple(self.expression(kind, depth) for _ in range(3)))

    def in_list(self, depth: int) -> Node:
        kind = self.chance.choice(COMPARED)
        word = self.chance.choice(["IN", "NOT IN"])
        kinds = NUMBERS if kind in NUMBERS and self.chance.randrange(3) == 0 else [kind]
        members = [self.expression(self.chance.choice(kinds), depth - 1) for _ in range(self.chance.randint(1, 4))]
        # The parser takes a list that begins with a subquery for one.
        members = items([self.literal(kind), *members] if members[0].text().startswith("(SELECT") else members)
        return Node("bool", "(@ " + word + " (@))", (self.expression(kind, depth), members))

    def in_query(self, depth: int) -> Node:
        kind = self.chance.choice(["int4", "int8", "float8", "float4", "text", "numeric", "bool", "date", "jsonb"])
        form = self.chance.choice(["@ IN (@)", "@ NOT IN (@)", "@ = ANY (@)", "@ <> ALL (@)", "@ > ALL (@)"])
        rows = self.chance.choice(NUMBERS) if kind in NUMBERS and self.chance.randrange(4) == 0 else kind
        return Node("bool", "(" + form + ")", (self.expression(kind, depth), self.subquery(rows, depth)))

    def exists(self, depth: int) -> Node:
        word = self.chance.choice(["EXISTS", "NOT EXISTS"])
        return Node("bool", "(" + word + " (@))", (self.subquery("int4", depth),))

    def subquery(self, kind: str, depth: int) -> Node:
        self.aliases += 1
        alias = f"s{self.aliases}"
        self.scopes.append([alias])
        selected = self.expression(kind, min(depth, 1))
        where = NOTHING
        if self.chance.randrange(3):
            where = optional("where", " WHERE @", self.simple_condition(min(depth, 1)))
        self.scopes.pop()
        return Node(f"query-{kind}", f"SELECT @ FROM {self.chance.choice(TABLES)} {alias}@", (selected, where))

    def scalar_query(self, kind: str, depth: int) -> Node:
        """A subquery of one row or none, which may show values of the outer query."""
        if self.chance.randrange(4) == 0:
            return Node(kind, "(SELECT @ WHERE @)", (self.expression(kind, min(depth, 1)), self.tested_column(0)))
        self.aliases += 1
        alias, table = f"s{self.aliases}", self.chance.choice(TABLES)
        is_aggregate = kind in NUMBERS and self.chance.randrange(3) == 0
        around = self.scopes
        # An aggregate of outer columns alone would be one of the outer query.
        self.scopes = [[alias]] if is_aggregate else [*around, [alias]]
        selected = self.expression(kind, min(depth, 1))
        self.scopes = [*around, [alias]]
        where = NOTHING
        if self.chance.randrange(2):
            where = optional("where", " WHERE @", self.simple_condition(0))
        self.scopes = around
        if is_aggregate:
            form = f"(SELECT {self.chance.choice(['min', 'max'])}(@) FROM {table} {alias}@)"
            return Node(kind, form, (selected, where))
        return Node(kind, f"(SELECT @ AS z FROM {table} {alias}@ ORDER BY {alias}.id LIMIT 1)", (selected, where))

    def simple_condition(self, depth: int) -> Node:
        """One that holds no further subquery."""
        makers = [self.comparison, self.in_list, self.tested_column, self.between]
        return self.chance.choice(makers)(depth if depth < 1 else 0)

    def tested_column(self, depth: int) -> Node:
        kind = self.chance.choice(list(VALUES))
        return Node("bool", "(@ " + self.chance.choice(["IS NULL", "IS NOT NULL"]) + ")", (self.column(kind),))

    def connective(self, depth: int) -> Node:
        pick = self.chance.randrange(3)
        if pick == 0:
            return Node("bool", "(NOT @)", (self.expression("bool", depth),))
        word = "AND" if pick == 1 else "OR"
        return Node("bool", "(@ " + word + " @)", (self.expression("bool", depth), self.expression("bool", depth)))

    def tested(self, depth: int) -> Node:
        tests = ["IS NULL", "IS NOT NULL", "IS TRUE", "IS NOT TRUE", "IS FALSE", "IS NOT FALSE", "IS UNKNOWN"]
        return Node("bool", "(@ " + self.chance.choice(tests) + ")", (self.condition("bool", depth),))

    def any_all(self, depth: int) -> Node:
        kind = self.chance.choice(["int4", "text", "float8"])
        values = [None if self.chance.randrange(4) == 0 else self.chance.choice(VALUES[kind]) for _ in range(3)]
        array = ",".join("NULL" if value is None else '"' + value + '"' for value in values)
        form = self.chance.choice(["= ANY", "<> ALL", "< ANY", ">= ALL"])
        return Node("bool", f"(@ {form} ({quoted('{' + array + '}')}::{kind}[]))", (self.expression(kind, depth),))

    def guarded(self, depth: int) -> Node:
        """A cast that fails without its guard."""
        if self.chance.randrange(2):
            # Not a child: what shrinks would take the guard off its cast.
            inner = self.column("jsonb").text()
            form = f"(jsonb_typeof({inner} -> 'p') = 'number' AND ({inner} ->> 'p')::numeric >= @)"
            return Node("bool", form, (self.literal("numeric"),))
        inner = self.column("text").text()
        form = f"(CASE WHEN {inner} ~ '^[0-9]+$' THEN {inner}::int4 > @ ELSE @ END)"
        return Node("bool", form, (self.literal("int4"), self.expression("bool", depth)))

    def matched(self, depth: int) -> Node:
        pattern = self.chance.choice(["'a%'", "'%b'", "'_'", "'%'", "''", "NULL::text", "'a\\%'"])
        word = self.chance.choice(["LIKE", "NOT LIKE", "ILIKE"])
        return Node("bool", "(@ " + word + " " + pattern + ")", (self.expression("text", depth),))

    # Statements

    def where(self, depth: int = DEPTH_MAX) -> Node:
        if self.chance.randrange(8) == 0:
            return NOTHING
        return optional("where", " WHERE @", self.condition("bool", depth))

    def statement(self) -> tuple[Node, bool]:
        """A statement, and whether the order of its rows counts."""
        self.scopes, self.aliases = [], 0
        pick = self.chance.randrange(20)
        if pick < 5:
            return self.select()
        if pick < 6:
            return self.join(), False
        if pick < 7:
            return self.join_by_names(), False
        if pick < 10:
            return self.aggregate(), False
        if pick < 11:
            return self.set_operation(), False
        if pick < 12:
            return self.window(), False
        if pick < 15:
            return self.update(), False
        if pick < 18:
            return self.delete(), False
        return self.insert(), False

    def selected(self, count: int, depth: int = DEPTH_MAX) -> Node:
        return items([self.expression(self.chance.choice(COMPARED), depth) for _ in range(count)])

    def select(self) -> tuple[Node, bool]:
        table = self.chance.choice(TABLES)
        self.scopes = [[table]]
        if self.chance.randrange(3) == 0:
            parts = (self.selected(self.chance.randint(1, 2), 2), self.where())
            return Node("select", f"SELECT DISTINCT @ FROM {table}@", parts), False
        order = self.chance.choice(["f", "g", "r", "n", "x", "i", "d", "j", "o", "b"])
        direction = self.chance.choice(["", " DESC", " NULLS FIRST", " DESC NULLS LAST"])
        limit = ""
        if self.chance.randrange(3) == 0:
            limit = f" LIMIT {self.chance.randint(0, 5)} OFFSET {self.chance.randint(0, 3)}"
        tail = f" ORDER BY {table}.{order}{direction}, {table}.id{limit}"
        parts = (self.selected(self.chance.randint(1, 3)), self.where())
        return Node("select", f"SELECT {table}.id, @ FROM {table}@{tail}", parts), True

    def join(self) -> Node:
        self.scopes = [["a", "b"]]
        word = self.chance.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
        kind = self.chance.choice(["int4", "float8", "text", "float4", "numeric", "bool", "date"])
        names = [name for name, of in COLUMNS.items() if of == kind]
        on = Node("on", f"a.{self.chance.choice(names)} = b.{self.chance.choice(names)}")
        if word != "FULL JOIN" and self.chance.randrange(2):
            on = Node("bool", "(@ AND @)", (on, self.simple_condition(1)))
        parts = (self.selected(1, 2), on, self.where(2))
        return Node("select", f"SELECT a.id, b.id, @ FROM t a {word} u b ON @@", parts)

    def join_by_names(self) -> Node:
        """Up to four relations of a few columns, joined by NATURAL and USING, and what `*` or a merged column shows of them."""
        names = self.chance.sample(["i", "k", "f", "r", "n", "x", "o", "d", "j"], 4)
        shown = self.chance.sample(names, 2)
        joined = f"(SELECT {', '.join(shown)} FROM {self.chance.choice(TABLES)}) a0"
        for number in range(1, self.chance.randint(2, 4)):
            columns = self.chance.sample(names, self.chance.randint(1, 3))
            both = [name for name in columns if shown.count(name) == 1]
            word = self.chance.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
            relation = f"(SELECT {', '.join(columns)} FROM {self.chance.choice(TABLES)}) a{number}"
            is_natural = self.chance.randrange(2) == 0 and all(shown.count(name) < 2 for name in columns)
            if is_natural or not both:
                merged = both if is_natural else []
                by = f"NATURAL {word} {relation}" if is_natural else f"CROSS JOIN {relation}"
            else:
                merged = self.chance.sample(both, self.chance.randint(1, len(both)))
                by = f"{word} {relation} USING ({', '.join(merged)})"
            joined = f"{joined} {by}"
            if is_natural:
                merged = [name for name in shown if name in merged]
            shown = [*merged, *(n for n in shown if n not in merged), *(n for n in columns if n not in merged)]
        single = [name for name in shown if shown.count(name) == 1]
        if not single or self.chance.randrange(2):
            return Node("select", f"SELECT * FROM {joined}")
        name = self.chance.choice(single)
        if self.chance.randrange(2):
            return Node("select", f"SELECT {name}, count(*) FROM {joined} GROUP BY {name}")
        return Node("select", f"SELECT {name}, {name} IS NULL FROM {joined} WHERE {name} IS NOT NULL")

    def aggregate(self) -> Node:
        table = self.chance.choice(TABLES)
        self.scopes = [[table]]
        outputs = []
        for _ in range(self.chance.randint(1, 3)):
            kind = self.chance.choice(["int4", "float8", "float4", "numeric", "text", "date", "bool", "jsonb"])
            forms = ["count(@)", "count(DISTINCT @)"]
            if kind not in ("bool", "jsonb"):
                forms += ["min(@)", "max(@)"]
            if kind == "bool":
                forms += ["bool_and(@)", "bool_or(@)"]
            form, parts = self.chance.choice(forms), [self.expression(kind, 2)]
            if self.chance.randrange(3) == 0:
                form += " FILTER (WHERE @)"
                parts.append(self.condition("bool", 2))
            outputs.append(Node("output", form, tuple(parts)))
        group, head, having = "", "", NOTHING
        if self.chance.randrange(3):
            name = self.chance.choice(["f", "r", "x", "i", "n", "o", "d"])
            group, head = f" GROUP BY {table}.{name}", f"{table}.{name}, "
            if self.chance.randrange(3) == 0:
                having = optional("having", " HAVING count(@) " + self.chance.choice(COMPARISONS) + " 1",
                                  self.expression("float8", 1))  # fmt: skip
        parts = (items([Node("output", "count(*)"), *outputs]), self.where(3), having)
        return Node("select", f"SELECT {head}@ FROM {table}@{group}@", parts)

    def set_operation(self) -> Node:
        word = self.chance.choice(["UNION", "UNION ALL", "EXCEPT", "EXCEPT ALL", "INTERSECT", "INTERSECT ALL"])
        kind = self.chance.choice(["int4", "int8", "float8", "text", "float4", "numeric", "bool", "date", "jsonb"])
        other = self.chance.choice(NUMBERS) if kind in NUMBERS and self.chance.randrange(3) == 0 else kind
        self.scopes = [["t"]]
        left = (self.expression(kind, 2), self.where(2))
        self.scopes = [["u"]]
        right = (self.expression(other, 2), self.where(2))
        return Node("select", f"SELECT @ FROM t@ {word} SELECT @ FROM u@", (*left, *right))

    def window(self) -> Node:
        table = self.chance.choice(TABLES)
        self.scopes = [[table]]
        call = self.chance.choice(["rank()", "dense_rank()", "row_number()", "count(*)"])
        order = self.chance.choice(["f", "r", "x", "i", "n"]) + self.chance.choice(["", " DESC"])
        if call == "row_number()":
            order += ", id"
        partition = self.chance.choice(["", "PARTITION BY f ", "PARTITION BY o ", "PARTITION BY i "])
        where = self.where(2)
        return Node("select", f"SELECT id, {call} OVER ({partition}ORDER BY {order}) FROM {table}@", (where,))

    def assigned(self, count: int) -> Node:
        names = self.chance.sample([name for name in COLUMNS if name not in ("id", "v")], count)
        nodes = [Node("assignment", name + " = @", (self.stored(COLUMNS[name], 3),)) for name in names]
        return items(nodes)

    def stored(self, kind: str, depth: int) -> Node:
        return self.expression(kind, depth)

    def returning(self, alias: str) -> Node:
        if self.chance.randrange(2):
            return NOTHING
        return optional("returning", f" RETURNING {alias}.id, @", self.expression("bool", 2))

    def update(self) -> Node:
        table = self.chance.choice(TABLES)
        if self.chance.randrange(4) == 0:
            # Each row of t meets at most one of u.
            self.scopes = [["t", "u"]]
            parts = (self.assigned(1), self.condition("bool", 2), self.returning("t"))
            return Node("update", "UPDATE t SET @ FROM u WHERE u.id = t.k AND @@", parts)
        self.scopes = [[table]]
        parts = (self.assigned(self.chance.randint(1, 2)), self.where(3), self.returning(table))
        return Node("update", f"UPDATE {table} SET @@@", parts)

    def delete(self) -> Node:
        table = self.chance.choice(TABLES)
        if self.chance.randrange(5) == 0:
            self.scopes = [["t", "u"]]
            parts = (self.condition("bool", 2), self.returning("t"))
            return Node("delete", "DELETE FROM t USING u WHERE u.id = t.k AND @@", parts)
        self.scopes = [[table]]
        return Node("delete", f"DELETE FROM {table}@@", (self.where(3), self.returning(table)))

    def insert(self) -> Node:
        self.scopes = [[]]
        table = self.chance.choice(TABLES)
        names = self.chance.sample([name for name in COLUMNS if name not in ("id", "v")], 2)
        number = self.chance.randint(1, 20)
        if self.chance.randrange(2):
            values = [self.stored(COLUMNS[name], 2) for name in names]
            source, parts = f"VALUES ({number}, @, @)", values
        else:
            other = self.chance.choice(TABLES)
            self.scopes = [[other]]
            source = f"SELECT {other}.id + {number}, @, @ FROM {other}@"
            parts = [*(self.stored(COLUMNS[name], 2) for name in names), self.where(2)]
        self.scopes = [[table, "excluded"]]
        conflict = " ON CONFLICT (id) DO NOTHING"
        if self.chance.randrange(3):
            conflict = f" ON CONFLICT (id) DO UPDATE SET {names[0]} = @@"
            parts += [self.stored(COLUMNS[names[0]], 2), self.where(2)]
        self.scopes = [[table]]
        parts.append(self.returning(table))
        return Node("insert", f"INSERT INTO {table} (id, {names[0]}, {names[1]}) {source}{conflict}@", tuple(parts))
