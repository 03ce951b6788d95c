"""Generates calls of functions, asks PostgreSQL 18 for their results, and keeps some as golden files.

    python tests/differential/functions.py URL                     writes tests/golden/functions
    python tests/differential/functions.py URL OURS --calls 5000   compares this server (OURS) with PostgreSQL, and writes nothing

A call may begin with settings in brackets. Every family is generated with a seed of its own, so that the files are the same each time. A line is a call, the next one `= `
with its result as text, or `! ` with the SQLSTATE and the message of its error. `tests/it/functions.rs` reads them.
"""

import argparse
import random
from pathlib import Path

from answers import Side

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "functions"
# Calls of a family that are kept, and of some families.
KEPT = 300
KEPT_OF = {"numerics": 2000}


def quoted(text: str) -> str:
    """A literal with escapes."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


class Expressions:
    """Regular expressions with groups, alternatives, look-around and back references."""

    WRONG = [
        "(", "a)", "[a", "a{2", "a{2,1}", "*a", "a**", "\\", "\\q", "(?<a)", "a{300}", "[[:x:]]", "[b-a]", "(?z)", "\\8",
        "(a\\1)", "***=a+", "***:a+", "(?i)AB", "(?n)a.b", "(?x)a b # c", "(?q)a.b", "(?e)a)b", "(?b)a\\(b\\)\\1",
        "[[:<:]]a[[:>:]]", "\\x61", "\\u0062", "\\061", "[a\\d]", "[]a]", "[^]a]", "[a-]", "[[.hyphen.]]", "[[=a=]]", "(?c)A",
        "(?p)a.b", "(?w)^b", "x|", "|x", "()", "(|a)", "\\cA", "a{,2}", "{", "a{}", "(?:a", "(?#c)a", "\\B", "[\\]", "a\\Z",
    ]

    def __init__(self, r: random.Random):
        self.r, self.groups, self.closed, self.is_looking = r, 0, [], False

    def atom(self, depth: int) -> str:
        r = self.r
        chance = r.random()
        if chance < 0.35:
            return r.choice("abc")
        if chance < 0.42:
            return r.choice([".", "[ab]", "[^a]", r"\w", r"\d", "[[:alpha:]]", r"\s", "[a-c]", r"\W"])
        if depth > 0 and chance < 0.68 and not self.is_looking:
            self.groups += 1
            number = self.groups
            inside = self.choice(depth - 1)
            self.closed.append(number)
            return f"({inside})"
        if depth > 0 and chance < 0.78:
            return f"(?:{self.choice(depth - 1)})"
        if chance < 0.81 and self.closed and not self.is_looking:
            return f"\\{r.choice(self.closed)}"
        return r.choice("abcab")

    def count(self) -> str:
        r = self.r
        if r.random() < 0.5:
            return ""
        often = ["*", "+", "?"]
        count = r.choice(often if r.random() < 0.5 else [*often, "{2}", "{1,2}", "{0,1}", "{2,}", "{1,1}"])
        return count + ("?" if r.random() < 0.3 else "")

    def part(self, depth: int) -> str:
        r = self.r
        chance = r.random()
        if chance < 0.05:
            return r.choice(["^", "$", r"\m", r"\M", r"\y", r"\Y", r"\A", r"\Z"])
        if chance < 0.09 and depth > 0:
            outer, self.is_looking = self.is_looking, True
            inside = self.choice(depth - 1)
            self.is_looking = outer
            return f"{r.choice(['(?=', '(?!', '(?<=', '(?<!'])}{inside})"
        return self.atom(depth) + self.count()

    def choice(self, depth: int) -> str:
        r = self.r
        branches = ["".join(self.part(depth) for _ in range(r.choice([1, 1, 2, 2, 3]))) for _ in range(r.choice([1, 1, 1, 2, 3]))]
        return "|".join(branches)


def regular_expressions(r: random.Random) -> str:
    pattern = r.choice(Expressions.WRONG) if r.random() < 0.1 else Expressions(r).choice(2)
    text = "".join(r.choice("abcab AB\n-1") if r.random() < 0.3 else r.choice("ab") for _ in range(r.choice([0, 2, 4, 6, 9])))
    flags = r.choice(["", "", "", "i", "n", "x", "p", "w", "s", "in"])
    text, pattern, shown = quoted(text), quoted(pattern), quoted(flags)
    start, number = r.choice([1, 1, 2, 3, 0]), r.choice([1, 1, 2, 0])
    to = quoted(r.choice(["X", "[\\&]", "<\\1>", "\\2\\1", "\\\\", "\\x", ""]))
    return r.choice(
        [
            f"{text} ~ {pattern}",
            f"{text} !~* {pattern}",
            f"regexp_like({text}, {pattern}, {shown})",
            f"regexp_match({text}, {pattern}, {shown})",
            f"regexp_match({text}, {pattern}, {shown})",
            f"regexp_count({text}, {pattern}, {start}, {shown})",
            f"regexp_instr({text}, {pattern}, {start}, {number}, {r.choice([0, 1, 2])}, {shown}, {r.choice([0, 1])})",
            f"regexp_substr({text}, {pattern}, {start}, {number}, {shown}, {r.choice([0, 0, 1])})",
            f"regexp_replace({text}, {pattern}, {to}, {quoted(flags + r.choice(['', 'g']))})",
            f"regexp_replace({text}, {pattern}, {to}, {start}, {number})",
            f"regexp_split_to_array({text}, {pattern}, {shown})",
            f"substring({text} from {pattern})",
        ]
    )


def similar(r: random.Random) -> str:
    parts = ["a", "b", "_", "%", "(a|b)", "[ab]", "[^a]", "a*", "b+", "c?", "{2}", "|", "#%", "#_", "#\"", "\\d", ".", "^", "$", "("]
    pattern = quoted("".join(r.choice(parts) for _ in range(r.randint(0, 6))))
    text = quoted("".join(r.choice("abc%_.1") for _ in range(r.randint(0, 6))))
    return r.choice(
        [
            f"{text} SIMILAR TO {pattern}",
            f"{text} NOT SIMILAR TO {pattern} ESCAPE '#'",
            f"substring({text} from {pattern} for '#')",
            f"{text} LIKE {pattern} ESCAPE '#'",
        ]
    )


def number_template(r: random.Random) -> str:
    chance = r.random()
    if chance < 0.15:
        odd = [
            "RN", "FMRN", "rn", "9.99EEEE", "9EEEE", "FM9.9EEEE", "999V99", "9 9 9 9", '9"text"9', "", "B9999", "B0", '999\\"9', "RN9",
            "9.9.9", "9PR9", "SS9", "99SMI", "EEEE9", "S9SG", "PRS9", "V9.9", "th9", "9G9,9",
        ]
        return r.choice(odd)
    before = "".join(r.choice("9990,G") for _ in range(r.randint(1, 7)))
    behind = "".join(r.choice("990") for _ in range(r.randint(0, 5)))
    template = before + (r.choice(".D") + behind if behind or r.random() < 0.1 else "")
    if r.random() < 0.3:
        template = "FM" + template
    first = r.choice(["", "", "", "", "S", "MI", "SG", "PL", "L", "$"])
    last = r.choice(["", "", "", "S", "MI", "PR", "SG", "PL", "TH", "th"]) if not first else ""
    return first + template + last


def to_char_numbers(r: random.Random) -> str:
    kind = r.choice(["int", "numeric", "numeric", "float8"])
    number = {
        "int": [0, 1, -1, 5, 12, -12, 123, -123, 485, 1234, 3999, 4000, -99999, 123456, 11, 12, 13, 21, 102, 111],
        "numeric": [0, "0.0", "0.1", "-0.1", "12.34", "-12.345", "485.8", "99.995", "1234567.891", "0.00001", "999.9999", "-0.45", 100],
        "float8": [0, 0.1, -0.1, 12.34, -12.345, 1e15, 1e20, "NaN", "Infinity", "-Infinity", 0.5, 1.5, 2.5, 99999.99],
    }[kind]
    return f"to_char('{r.choice(number)}'::{kind}, {quoted(number_template(r))})"


def to_number(r: random.Random) -> str:
    texts = [
        "12", "-12", "1,234.56", "12.3-", "<5>", " 12", "+7", "12th", "$12", "1 2 3", "MCMXCIV", "abc", "", "-0.5", "12,454.8-", "485-",
        "1.2.3", "+ 5", "- 5", "0012", "  -3.14",
    ]
    return f"to_number({quoted(r.choice(texts))}, {quoted(number_template(r))})"


FIELDS = (
    "YYYY YYY YY Y Y,YYY IYYY IYY IY I MM MON Mon mon MONTH Month month DD DDD IDDD D ID DAY Day day DY Dy dy HH HH12 HH24 MI SS MS US "
    "FF1 FF2 FF3 FF4 FF5 FF6 SSSS SSSSS AM PM am pm A.M. p.m. BC AD B.C. ad CC Q WW IW W J RM rm TZ tz TZH TZM OF hh24 mi ss yyyy mm dd "
    "ddd ff3 iyyy q j cc"
).split()


def to_char_times(r: random.Random) -> str:
    template = ""
    for _ in range(r.randint(1, 5)):
        template += r.choice(["", "", "", "FM", "fm", "TM"]) + r.choice(FIELDS) + r.choice(["", "", "", "", "TH", "th"])
        template += r.choice(["", "-", " ", "/", ":", '"x y"', ", ", '\\"'])
    kind = r.choice(["timestamp", "timestamptz", "interval"])
    times = [
        "2024-02-29 13:04:05.678901", "1999-12-31 23:59:59.999", "2000-01-01", "0001-01-01", "0044-03-15 12:00:00 BC",
        "0001-12-31 01:02:03 BC", "2010-01-03 00:30:00", "2009-12-31 11:00:01.5", "1900-06-07 08:09:10", "12345-06-07 08:09:10",
        "2021-01-04 00:00:00.000001", "1582-10-15 03:03:03", "infinity",
    ]
    spans = [
        "1 year 2 mons 3 days 04:05:06.789", "-1 year -2 mons", "25:00:00", "-25:30:10.5", "12 mons", "100 years", "0",
        "3 days -00:00:01", "-3 days", "1 mon", "15 hours 2 minutes 12 seconds", "-00:00:00.5", "500 hours",
    ]
    return f"to_char('{r.choice(spans if kind == 'interval' else times)}'::{kind}, {quoted(template)})"


def times_of_texts(r: random.Random) -> str:
    def digits(width: int, least: int, most: int) -> str:
        return f"{r.randint(least, most):0{width}}"

    parts = {
        "YYYY": lambda: digits(4, 1, 2500), "YY": lambda: digits(2, 0, 99), "YYY": lambda: digits(3, 0, 999), "Y": lambda: digits(1, 0, 9),
        "Y,YYY": lambda: f"{r.randint(0, 9)},{digits(3, 0, 999)}", "MM": lambda: digits(2, 0, 13), "DD": lambda: digits(2, 0, 32),
        "Mon": lambda: r.choice(["Jan", "feb", "MAR", "Xyz", "Sept"]), "Month": lambda: r.choice(["January", "february", "May", "Sep"]),
        "DDD": lambda: digits(3, 0, 367), "HH24": lambda: digits(2, 0, 25), "HH": lambda: digits(2, 0, 13), "MI": lambda: digits(2, 0, 61),
        "SS": lambda: digits(2, 0, 61), "MS": lambda: digits(1, 0, 1200), "US": lambda: digits(1, 0, 1200000), "FF3": lambda: digits(1, 0, 999),
        "FF1": lambda: digits(1, 0, 9), "SSSS": lambda: digits(1, 0, 90000), "AM": lambda: r.choice(["AM", "pm", "a.m.", "xm"]),
        "BC": lambda: r.choice(["BC", "ad"]), "CC": lambda: digits(1, -3, 21), "J": lambda: digits(1, 0, 2600000),
        "IYYY": lambda: digits(4, 1990, 2030), "IW": lambda: digits(2, 0, 54), "ID": lambda: digits(1, 0, 8), "IDDD": lambda: digits(3, 0, 372),
        "WW": lambda: digits(2, 1, 53), "W": lambda: digits(1, 1, 5), "D": lambda: digits(1, 1, 7), "Q": lambda: digits(1, 1, 4),
        "RM": lambda: r.choice(["I", "iv", "XII", "foo"]), "Day": lambda: r.choice(["Monday", "sunday", "Funday"]),
        "TZH": lambda: r.choice(["+02", "-05", "3", "+16"]), "TZM": lambda: r.choice(["30", "61"]), "OF": lambda: r.choice(["+02", "-05:30"]),
        "TZ": lambda: r.choice(["UTC", "+03", "EST", "GMT", "xyz"]),
    }
    names = r.sample(list(parts), r.randint(1, 4)) if r.random() < 0.5 else ["YYYY", r.choice(["MM", "Mon"]), "DD", *r.sample(list(parts)[10:18], 1)]
    text = template = ""
    for name in names:
        separator = r.choice(["", "-", " ", "/", "  ", ":"])
        template += r.choice(["", "", "", "FM"]) + (name.lower() if r.random() < 0.1 else name) + separator
        text += parts[name]() + (separator if r.random() < 0.8 else r.choice(["-", " ", ""]))
    prefix = "FX" if r.random() < 0.06 else ""
    call = r.choice(["to_timestamp", "to_timestamp", "to_date"])
    return f"{call}({quoted(text)}, {quoted(prefix + template)})"


DOCUMENTS = [
    '{"a": 1, "b": [1, 2, 3], "c": {"d": "x", "e": null}}', '[1, "2", null, true, {"a": [1, 2]}, [3, 4]]',
    '{"a": [{"b": 1}, {"b": 2, "c": "abc"}, {"d": 3}]}', '"str"', "12.5", "null", "[]", "{}", "[[1, 2], [3, [4, 5]]]",
    '{"x": {"y": {"z": [0, -1.50, 2e2]}}, "a": "10"}',
    '["2017-03-10", "12:34:56", "2017-03-10 12:34:56", "2017-03-10T12:34:56+03:00", "12:34:56-01", "bad"]',
    '[true, false, "t", "no", 1, 0, 2.5, "1.5", "abc", "12"]', '["abc", "ABC", "aBd", "a\\nb", "", "xyz"]',
]


class Paths:
    """SQL/JSON paths."""

    METHODS = (
        "type size abs floor ceiling double bigint boolean integer number string date time time_tz timestamp timestamp_tz datetime decimal"
    ).split()
    ODD = [
        "", "$.", "$[", "@", "last", "$ ? (1)", "$.a.b(", "1 +", '$.a like_regex "("', '$.a like_regex "a" flag "z"', "$.**{-1}", "strict",
        "lax", "$a", '"a', "0x1F", "1_000", "1e3", ".5", '$."a b"', "$[last]", "$.type", "$ == 1 == 2", "!($.a)", "($.a > 1)", "-(-1)",
        "($.a + 1).type()", "null", "$.null", "$.a ? (@ > 1) ? (@ < 3)", "2 * (3 + 4)", "(1 + 2) * 3", "-$.a", '-"a"',
    ]

    def __init__(self, r: random.Random):
        self.r = r

    def steps(self, depth: int) -> str:
        r = self.r
        out = ""
        for _ in range(r.choice([0, 1, 1, 2, 2, 3])):
            chance = r.random()
            if chance < 0.3:
                out += "." + r.choice("abcdxyze")
            elif chance < 0.36:
                out += ".*"
            elif chance < 0.48:
                out += "[*]"
            elif chance < 0.58:
                out += f"[{r.choice(['0', '1', 'last', 'last - 1', '0 to 2', '1, 0', '-1', '5', '$v', '1.7'])}]"
            elif chance < 0.65:
                out += r.choice([".**", ".**{1}", ".**{0 to 1}", ".**{last}", ".**{1 to last}"])
            elif chance < 0.75 and depth > 0:
                out += f" ? ({self.condition(depth - 1, True)})"
            else:
                out += f".{r.choice(self.METHODS)}()"
        return out

    def primary(self, depth: int, inside: bool) -> str:
        r = self.r
        chance = r.random()
        if chance < 0.55:
            return "$" + self.steps(depth)
        if inside and chance < 0.8:
            return "@" + self.steps(depth)
        return r.choice(["1", "2", "0", "-1", "1.5", '"a"', "true", "null", '"abc"', "$v", "$w", "10"])

    def expression(self, depth: int, inside: bool) -> str:
        r = self.r
        if depth <= 0 or r.random() < 0.75:
            return self.primary(depth, inside)
        return f"{self.primary(depth - 1, inside)} {r.choice('+-*/%')} {self.primary(depth - 1, inside)}"

    def condition(self, depth: int, inside: bool) -> str:
        r = self.r
        chance = r.random()
        if depth > 0 and chance < 0.12:
            return f"{self.condition(depth - 1, inside)} {r.choice(['&&', '||'])} {self.condition(depth - 1, inside)}"
        if depth > 0 and chance < 0.2:
            return r.choice(["!({})", "({}) is unknown"]).format(self.condition(depth - 1, inside))
        if chance < 0.3:
            return f"exists({self.expression(depth - 1, inside)})"
        if chance < 0.4:
            return f'{self.primary(depth - 1, inside)} starts with "a"'
        if chance < 0.5:
            flag = r.choice(["", ' flag "i"', ' flag "s"', ' flag "im"'])
            return f'{self.primary(depth - 1, inside)} like_regex "{r.choice(["^a", "b.*", "a.b", "^b"])}"{flag}'
        operator = r.choice(["==", "!=", "<", "<=", ">", ">="])
        return f"{self.expression(depth - 1, inside)} {operator} {self.expression(depth - 1, inside)}"


def json_paths(r: random.Random) -> str:
    paths = Paths(r)
    path = r.choice(["", "", "strict "]) + (paths.expression(2, False) if r.random() < 0.75 else paths.condition(2, False))
    path = quoted(r.choice(Paths.ODD) if r.random() < 0.12 else path)
    document = quoted(r.choice(DOCUMENTS))
    silent = r.choice(["", "", ", true"])
    variables = """, '{"v": 1, "w": "a"}'"""
    return r.choice(
        [
            f"jsonb_path_query_array_tz({document}, {path}{variables}{silent})",
            f"jsonb_path_query_array({document}, {path}{variables}{silent})",
            f"jsonb_path_query_first_tz({document}, {path}{variables}{silent})",
            f"jsonb_path_exists_tz({document}, {path}{variables}{silent})",
            f"jsonb_path_match({document}, {path}{variables}{silent})",
            f"{path}::jsonpath",
            f"{document}::jsonb @? {path}",
            f"{document}::jsonb @@ {path}",
        ]
    )


def json_changes(r: random.Random) -> str:
    # Without numbers whose digits end in zeros: COMPAT.md.
    document = quoted(r.choice([document for document in DOCUMENTS if "1.50" not in document]))
    path = quoted(r.choice(["{a}", "{b,0}", "{b,-1}", "{b,9}", "{c,d}", "{x,y,z,1}", "{0}", "{}", "{a,0,b}", "{zz}", "{b,x}"]))
    value = quoted(r.choice(["1", '"n"', "null", "[1]", "{}"]))
    truth = r.choice(["true", "false"])
    texts = quoted(r.choice(["{a,1,b,2}", "{a,1,b}", "{{a,1},{b,NULL}}", "{{a,b,c}}", "{}", "{NULL,1}", "{a,NULL}"]))
    return r.choice(
        [
            f"jsonb_insert({document}, {path}, {value}, {truth})",
            f"jsonb_set({document}, {path}, {value}, {truth})",
            f"jsonb_set_lax({document}, {path}, NULL, true, '{r.choice(['delete_key', 'use_json_null', 'return_target', 'raise_exception'])}')",
            f"jsonb_strip_nulls({document}, {truth})",
            f"json_object({texts}::text[])",
            f"jsonb_object({texts}::text[])",
            f"{document}::jsonb #- {path}",
            f"array_to_json({r.choice(['ARRAY[1,2]', 'ARRAY[[1,2],[3,4]]', quoted('{a,NULL}') + '::text[]'])}, {truth})",
        ]
    )


def bytes_and_texts(r: random.Random) -> str:
    data = "'\\x" + bytes(r.randrange(256) for _ in range(r.choice([0, 1, 3, 5, 60]))).hex() + "'::bytea"
    at, count = r.randint(-2, 9), r.randint(-1, 5)
    encoded = quoted(r.choice(["YQ==", "YWI=", "YWJj", "YQ", "Y Q==", "a*b=", "00ff", "0", "0g", "a\\\\b\\001", "\\9", "", "=AAA"]))
    name = quoted(r.choice(["foo.bar", '"Foo".Bar', " a . b ", "1a", "a.", ".a", '"a', 'a"b"', "a b", '""', "Ä.b$1"]))
    escapes = quoted(r.choice(["d\\0061t", "\\+000061", "\\u0061", "\\U00000061", "\\\\x", "\\zz", "\\d83d\\de00", "\\d83d", "abc"]))
    kind = r.choice(["int4", "bool", "date", "numeric", "uuid", "varchar(3)", "jsonb", "interval"])
    return r.choice(
        [
            f"encode({data}, '{r.choice(['hex', 'base64', 'escape', 'x'])}')",
            f"decode({encoded}, '{r.choice(['hex', 'base64', 'escape'])}')",
            f"get_byte({data}, {at})",
            f"set_byte({data}, {at}, {r.randint(-1, 300)})",
            f"get_bit({data}, {at})",
            f"set_bit({data}, {at}, {r.choice([0, 1, 2])})",
            f"bit_count({data})",
            f"crc32({data})",
            f"crc32c({data})",
            f"reverse({data})",
            f"substr({data}, {at}, {count})",
            f"substring({data} from {at})",
            f"btrim({data}, '\\x00ff'::bytea)",
            f"to_hex({r.choice([0, 255, -1, 2147483647, -2147483647, 4294967296])})",
            f"to_bin({r.choice([0, 5, -1])})",
            f"to_oct({r.choice([0, 8, -1])})",
            f"parse_ident({name}, {r.choice(['true', 'false'])})",
            f"unistr({escapes})",
            f"num_nulls({r.choice(['1, NULL', 'NULL', '1, 2, NULL', 'VARIADIC ARRAY[1, NULL]'])})",
            f"num_nonnulls({r.choice(['1, NULL', 'NULL', '1, 2, NULL'])})",
            f"pg_input_is_valid({quoted(r.choice(['1', 'x', 'true', '2024-02-30', '1.5', '{}', '1 day', 'abcd', '']))}, '{kind}')",
            f"div({r.choice([7, -7, 7.5, 0])}, {r.choice([2, -2, 0, 0.3])})",
            f"scale({r.choice(['1.50', '1', '-0.001'])})",
            f"min_scale({r.choice(['1.50', '1', '-0.0010', '100'])})",
            f"quote_literal({quoted(r.choice(['a', 'it' + chr(39) + 's', 'a' + chr(92) + 'b']))})",
        ]
    )


SETTINGS = {
    "TimeZone": "UTC", "DateStyle": "ISO, MDY", "IntervalStyle": "postgres", "bytea_output": "hex", "extra_float_digits": "1",
}
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Sao_Paulo", "<+03>-3", "EST5EDT"]
# Around changes of clocks in these zones, between them, and far away.
TIMES = [
    "2024-03-31 01:59:59.5", "2024-03-31 02:30:00", "2024-03-31 03:00:00", "2024-10-27 01:30:00", "2024-10-27 02:30:00", "2024-10-27 03:00:00",
    "2024-03-10 02:30:00", "2024-03-10 07:30:00", "2024-11-03 01:30:00", "2024-11-03 06:30:00.123456", "2024-04-07 01:45:00",
    "2024-04-06 15:15:00", "2024-10-06 02:15:00", "2018-11-04 00:30:00", "2019-02-16 23:30:00", "1970-01-01 00:00:00", "1900-01-01 12:00:00",
    "0044-03-15 12:00:00 BC", "0001-01-01 00:00:00", "2100-06-15 12:00:00", "2500-07-01 12:00:00", "200000-07-01 12:00:00", "infinity", "-infinity",
]
SPANS = ["1 day", "1 mon", "-1 mon", "24 hours", "1 day 1 hour", "-1 day -30 minutes", "1 year 2 mons -3 days 04:05:06.7", "12 hours", "3 mons"]


def zoned(r: random.Random) -> str:
    zone, other = r.choice(ZONES), r.choice([*ZONES, "UTC", "PST", "MSK", "CEST", "IST"])
    time, later, span = r.choice(TIMES), r.choice(TIMES), r.choice(SPANS)
    unit = r.choice(["hour", "day", "week", "month", "quarter", "year", "decade", "century", "millennium", "minute", "milliseconds"])
    field = r.choice(["hour", "day", "dow", "doy", "week", "isoyear", "timezone", "timezone_hour", "timezone_minute", "epoch", "month", "year"])
    stamp, finite = f"timestamptz '{time}'", f"timestamptz '{r.choice(TIMES[:-2])}'"
    return f"[TimeZone={zone}] " + r.choice(
        [
            stamp,
            f"'{time}+02'::timestamptz",
            f"'{time} {other}'::timestamptz",
            f"{stamp} {r.choice('+-')} interval '{span}'",
            f"{stamp} - timestamptz '{later}+00'",
            f"{stamp}::timestamp",
            f"{stamp}::date",
            f"{stamp}::time",
            f"timestamp '{time}'::timestamptz",
            f"timestamp '{time}' AT TIME ZONE '{other}'",
            f"{stamp} AT TIME ZONE '{other}'",
            f"{stamp} AT TIME ZONE interval '-03:30'",
            f"date '{time.split()[0]}'::timestamptz" if "BC" not in time else stamp,
            f"date_trunc('{unit}', {stamp})",
            f"date_trunc('{unit}', {stamp}, '{other}')",
            f"date_part('{field}', {finite})",
            f"age({stamp}, timestamptz '{later}')",
            f"date_bin('15 minutes', {stamp}, timestamptz '2001-01-01')",
            f"date_add({stamp}, interval '{span}', '{other}')",
            f"to_char({stamp}, 'YYYY-MM-DD HH24:MI:SS TZ tz OF TZH:TZM')",
            f"to_timestamp('2024-07-01 12:30', 'YYYY-MM-DD HH24:MI')",
            f"make_timestamptz(2024, {r.randint(1, 12)}, {r.randint(1, 28)}, {r.randint(0, 23)}, 30, 15.5)",
            f"make_timestamptz(2024, 3, 31, 2, 30, 0, '{other}')",
            f"array(SELECT g FROM generate_series({finite}, {finite} + interval '3 days', interval '1 day') g)",
            f"to_jsonb({stamp})",
            f"jsonb_build_object('t', {stamp})",
            f"ARRAY[{stamp}, NULL]",
            f"concat({stamp}, ' ', timestamp '{time}')",
            f"format('%s|%L', {stamp}, {stamp})",
            f"{stamp} = timestamp '{time}'",
            f"{stamp} < date '2024-04-01'",
        ]
    )


def styled(r: random.Random) -> str:
    settings = {
        "TimeZone": r.choice(["UTC", "Europe/Berlin", "America/Sao_Paulo", "<+03>-3"]),
        "DateStyle": r.choice(["ISO", "SQL", "Postgres", "German"]) + ", " + r.choice(["MDY", "DMY", "YMD"]),
        "IntervalStyle": r.choice(["postgres", "postgres_verbose", "sql_standard", "iso_8601"]),
        "bytea_output": r.choice(["hex", "escape"]),
        "extra_float_digits": r.choice(["1", "0", "-3", "-15", "3"]),
    }
    span = r.choice(
        [
            "0", "1 year 2 mons", "1 day", "-1 day", "1 mon -1 day", "3 days 04:05:06.789", "-3 days -04:05:06", "-1 mon 1 sec", "1.5 sec", "-0.5 sec",
            "1 year 2 mons 3 days 04:05:06", "-1 year -2 mons +3 days -04:05:06", "1 hour", "-1 min", "infinity", "1 sec", "-1 sec", "100 hours",
            "1-2", "-1-2", "1 2:03:04", "-1 2:03:04", "P1Y2M3DT4H5M6S", "PT0.5S", "1 day 2 day", "1 mon 2 months", "2562047788:00:54.775807",
            "9223372036854775808 microseconds", "-9223372036854775808 microseconds", "178956970 years 8 mons", "1 hour 2:00", "@ 1 min 2 sec ago",
        ]
    )
    number = r.choice(["0.1", "1e20", "-1.5", "123456789.123456789", "1e-7", "NaN", "Infinity", "0.30000000000000004", "1e15", "100000", "3.14159265358979"])
    day = r.choice(["01/02/2024", "13/02/2024", "2024-01-02", "99/01/02", "8-Jan-1999", "01-02-03", "20240102", "31.12.2024", "Jan 8, 99", "0044-03-15 BC"])
    call = r.choice(
        [
            f"interval '{span}'",
            f"interval '{span}'",
            f"{number if number[0] in '-0123456789' else repr(number)}::float8",
            f"'{number}'::float4",
            f"'{day}'::date",
            f"'{day}'::timestamp",
            f"'{day} 13:14:15.5'::timestamptz",
            f"timestamptz '{r.choice(TIMES)}'",
            f"timestamp '{r.choice(TIMES)}'",
            f"date '{r.choice(['2024-02-29', 'infinity', '0001-01-01'])}'",
            r"'\x00ff5c41207e7f'::bytea",
            r"'a\b\001'::bytea",
            f"ARRAY[interval '{span}']",
            f"ARRAY['{number}'::float8, 1]",
            f"concat(interval '{span}', '/', timestamp '2024-03-01 12:00', '/', '{number}'::float8)",
            f"format('%s %L', interval '{span}', date '2024-03-01')",
            f"to_jsonb('{number}'::float8)",
            "to_jsonb(date '2024-03-01')",
            "to_jsonb(timestamp '2024-03-01 12:00')",
            f"quote_literal(timestamp '2024-03-01 12:00')",
        ]
    )
    return "".join(f"[{name}={value}]" for name, value in settings.items()) + " " + call


def intervals(r: random.Random) -> str:
    spans = [
        "1 day", "-1 day", "1 mon", "35 days", "27:30:00", "1 mon -1 day", "infinity", "-infinity", "2147483647 days", "-2147483648 days",
        "2147483647 months", "1 year 2 mons 3 days 04:05:06.789", "9223372036854775807 us", "-9223372036854775808 us", "0", "2562047 hours",
        "2562048 hours", "1.5 mons", "0.1 years", "-3 days 12:00:00",
    ]
    one, two, number = r.choice(spans), r.choice(spans), r.choice(["0", "2", "-1", "0.5", "1e300", "'nan'", "'infinity'", "3", "1000000"])
    field = r.choice(["year", "month", "day", "hour", "minute", "quarter", "decade", "century", "millennium", "week"])
    unit = r.choice(["year", "month", "day", "hour", "minute", "week", "decade", "quarter", "fortnight", "millisecond"])
    time = r.choice(["2024-01-31 12:00:00", "294240-12-31 23:59:59", "4714-11-24 00:00:00 BC", "infinity", "-infinity", "0001-01-01 00:00:00"])
    declared = r.choice(["year", "month", "day", "hour", "minute", "second", "year to month", "day to hour", "day to minute", "minute to second"])
    literal = r.choice(["1", "1-2", "1 2:03", "2:03", "1.5", "1 2:03:04.5678"])
    return r.choice(
        [
            f"interval '{one}' + interval '{two}'",
            f"interval '{one}' - interval '{two}'",
            f"interval '{one}' * {number}::float8",
            f"interval '{one}' / {number}::float8",
            f"-interval '{one}'",
            f"interval '{one}' {r.choice(['=', '<', '>', '<=', '<>'])} interval '{two}'",
            f"justify_days(interval '{one}')",
            f"justify_hours(interval '{one}')",
            f"justify_interval(interval '{one}')",
            f"date_part('{field}', interval '{one}')",
            f"date_trunc('{unit}', interval '{one}')",
            f"isfinite(interval '{one}')",
            f"greatest(interval '{one}', interval '{two}')",
            f"timestamp '{time}' + interval '{one}'",
            f"timestamp '{time}' - interval '{one}'",
            f"timestamp '{time}' - timestamp '{r.choice(['2024-01-01', 'infinity', '4714-11-24 BC'])}'",
            f"age(timestamp '{time}', timestamp '2000-02-29 13:00')",
            f"date '2024-01-31' + interval '{one}'",
            f"date '{r.choice(['2024-01-31', '5874897-12-31', '4714-11-24 BC', 'infinity'])}' {r.choice('+-')} {r.choice(['1', '2147483647', '0'])}",
            f"date_trunc('{unit}', timestamp '{time}')",
            f"date_bin('{r.choice(['15 minutes', '1 day', '0', '-1 day', '1 mon', 'infinity'])}', timestamp '{time}', timestamp '2001-01-01')",
            f"interval '{literal}' {declared}",
            f"'{literal}'::interval {declared}",
            f"interval({r.choice([0, 1, 3, 6])}) '1.23456789 seconds'",
            f"(interval '{one}')::time",
            f"make_interval(years => {r.choice([0, 1, 178956970, 178956971])}, hours => {r.choice([0, -5, 2147483647])}, secs => {r.choice(['0', '1.5', '1e10'])})",
            f"interval '{one}'",
        ]
    )


NUMBERS = [
    "0", "0.000", "1", "-1", "1.0", "0.1", "-0.5", "2", "10", "9999", "10000", "10001", "0.9", "1.1", "1.05", "99999999999999999999",
    "-99999999999999999999.99", "1e-20", "1e20", "1e50", "123456789.123456789", "0.00012345", "170141183460469231731687303715884105728",
    "-170141183460469231731687303715884105728", "79228162514264337593543950335", "NaN", "Infinity", "-Infinity", "5", "2.5", "-2.5", "0.5",
    "7", "0.33333333333333333333333333333333333333333333", "1e-100", "1e100", "1.0000000001", "12.5", "4.000", "65536", "0.01", "2.000000",
]
NO_NUMBERS = ["", "x", "1.2.3", "-nan", "1__0", "_1", "1_", "1e", "0x", "0x1.5", "1e131072", "1e-16384", "0x1F", "0b101", "1_000.5_0", "1e1_0", " -inf "]


def numerics(r: random.Random) -> str:
    def digits() -> str:
        if r.random() < 0.5:
            return r.choice(NUMBERS)
        scale = r.choice([0, 0, 1, 2, 3, 4, 7, 10, 20, 40])
        mantissa = str(r.randrange(10 ** r.choice([1, 2, 3, 4, 5, 8, 12, 20, 40]))).rjust(scale + 1, "0")
        whole, fraction = (mantissa[:-scale], "." + mantissa[-scale:]) if scale else (mantissa, "")
        return r.choice(["", "", "-"]) + whole + fraction

    def number() -> str:
        text = digits()
        is_plain = text.lstrip("-").replace(".", "").isdigit() and "." in text and not text.startswith("-")
        return text if is_plain and r.random() < 0.3 else f"'{text}'::numeric"

    one, two, three = number(), number(), number()
    places = r.choice([0, 1, 2, 3, 5, 10, 20, -1, -2, -3, -5, -10])
    small = f"'{r.choice([r.randrange(-30, 60), r.randrange(-999, 999) / 100, '0.5', 'NaN', 'Infinity'])}'::numeric"
    template = r.choice(["999D99", "FM999999990.0099", "9.99EEEE", "S9999", "000.000", "RN", "9V99", "9,999,999.9", "FM99PR"])
    kind = r.choice(["int2", "int4", "int8", "float4", "float8", "text", "numeric(10,2)", "numeric(5,-2)", "numeric(3,6)", "numeric(50,20)", "bool"])
    return r.choice(
        [
            *[f"{one} {operator} {two}" for operator in ["+", "-", "*", "/", "%", "<", "<=", "=", "<>", ">", ">="]],
            f"{one} / {two}",
            f"{one} ^ {small}",
            f"power({one}, {small})",
            f"log({one}, {two})",
            f"div({one}, {two})",
            f"mod({one}, {two})",
            f"gcd({one}, {two})",
            f"lcm({one}, {two})",
            f"sqrt({one})",
            f"exp({small})",
            f"ln({one})",
            f"log({one})",
            f"round({one}, {places})",
            f"trunc({one}, {places})",
            f"{r.choice(['round', 'trunc', 'ceil', 'floor', 'abs', 'sign', 'scale', 'min_scale', 'trim_scale', '-'])}({one})",
            f"round({one} / {two}, {places})",
            f"({one} + {two}) * {three}",
            f"factorial({r.choice([0, 1, 5, 20, 25, 30, 60, -1])})",
            f"to_char({one}, '{template}')",
            f"({one})::{kind}",
            f"'{r.choice(NO_NUMBERS)}'::numeric",
            f"'{r.choice(['0.1', '1e20', '123456789.123456789', '1e-10', 'NaN', '-Infinity', '1.5'])}'::{r.choice(['float4', 'float8'])}::numeric",
        ]
    )


def angles(r: random.Random) -> str:
    degrees = r.choice([0, 15, 30, 45, 60, 90, 120, 135, 150, 180, 210, 225, 270, 300, 315, 330, 360, 390, 720, 1e6])
    degrees = r.choice([f"{degrees}", f"-{degrees}", f"{r.uniform(-400, 400):.3f}", "'inf'", "'nan'"])
    part = r.choice(["0", "0.5", "-0.5", "1", "-1", "1.1", f"{r.uniform(-1, 1):.4f}", "'nan'"])
    whole = r.choice(["0.5", "1", "2", "5", "20", "0", "-1", "-0.5", "1000", "'inf'", "'-inf'", "'nan'"])
    # Few digits: the last ones of a float are those of the library of mathematics.
    return r.choice(
        [
            f"round({r.choice(['sind', 'cosd', 'tand', 'cotd'])}({degrees}::float8)::numeric, 10)",
            f"{r.choice(['sind', 'cosd'])}({r.choice([0, 30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 330, 360, -30, -150])})",
            f"round({r.choice(['asind', 'acosd', 'atand'])}({part}::float8)::numeric, 10)",
            f"round(atan2d({part}::float8, {whole}::float8)::numeric, 10)",
            f"round({r.choice(['erf', 'erfc'])}({part}::float8)::numeric, 10)",
            f"left({r.choice(['gamma', 'lgamma'])}({whole}::float8)::text, 10)",
        ]
    )


def arrays_made(r: random.Random) -> str:
    array = r.choice(["ARRAY[1,2,3]", "'{}'::int[]", "ARRAY['a','b',NULL]", "'{{1,2},{3,4},{5,6}}'::int[]", "ARRAY[1.5,2.25]", "NULL::text[]"])
    bounds = r.choice(["ARRAY[1,3,5,10]", "ARRAY[1.5,2.5]", "'{}'::int[]", "ARRAY[1,NULL]", "ARRAY[0,5.5]"])
    return r.choice(
        [
            f"trim_array({array}, {r.choice([0, 1, 2, 3, 4, -1])})",
            f"array_length(array_sample({array}, {r.choice([0, 1, 2, -1, 5])}), 1)",
            f"array_length(array_shuffle({array}), 1)",
            f"array_fill({r.choice(['7', chr(39) + 'x' + chr(39) + '::text', 'NULL::int', 'true'])}, ARRAY[{r.choice([0, 1, 3, -1, 'NULL'])}])",
            f"array_fill(1, {r.choice(['NULL', 'ARRAY[2147483647]', 'ARRAY[2]', chr(39) + '{}' + chr(39)])})",
            f"width_bucket({r.choice([0, 1, 3, 4, 12])}, {bounds})",
            f"{quoted(r.choice(['foo', 'bar', 'a%']))} {r.choice(['LIKE', 'NOT LIKE', 'ILIKE', 'NOT ILIKE'])} {r.choice(['ANY', 'ALL'])} "
            f"({r.choice(['ARRAY[' + chr(39) + '%o' + chr(39) + ',' + chr(39) + 'F%' + chr(39) + ']', 'ARRAY[' + chr(39) + 'b%' + chr(39) + ',NULL]', chr(39) + '{}' + chr(39) + '::text[]'])})",
        ]
    )


def json_texts(r: random.Random) -> str:
    spaced = r.choice(['{ "b": 1, "a" : [1, 2.50, null ], "n":null }', ' [ 1,{"x" : null} , "y"] ', '"s"', " 1.50 ", "null", '{"a":{"b":{"c":7}}}'])
    document = f"{quoted(spaced)}::json"
    value = r.choice(["1", "1.50", "'t'::text", "NULL", "true", "ARRAY[1,2]", "'{{1,2},{3,4}}'::int[]", document, quoted('{"b":1, "a":2}') + "::jsonb"])
    return r.choice(
        [
            f"{document} -> {quoted(r.choice(['a', 'b', 'n', 'zz']))}",
            f"{document} -> {r.choice([0, 1, -1, 9])}",
            f"{document} ->> {quoted(r.choice(['a', 'b', 'n']))}",
            f"{document} #> {quoted(r.choice(['{a}', '{a,b}', '{a,1}', '{}', '{1,x}']))}",
            f"{document} #>> {quoted(r.choice(['{a}', '{a,b}', '{a,1}']))}",
            f"to_json({value})",
            f"to_jsonb({value})",
            f"json_build_array({value}, {value})",
            f"json_build_object('k', {value})",
            f"json_build_object({value}, 1)",
            f"json_build_object('k')",
            f"jsonb_build_array({value})",
            f"jsonb_build_object('k', {value})",
            f"json_strip_nulls({document}, {r.choice(['true', 'false'])})",
            f"json_typeof({document})",
        ]
    )


def conversions(r: random.Random) -> str:
    size = r.choice(["1", "123bytes", "1kB", "1.5 MB", " 1 GB ", "-1.1kB", "1e2 kb", ".5 GB", "1 AB", "", "kb", "..", "1 TB", "2pb", "1 kB x", "0.5"])
    encoding = r.choice(["UTF8", "latin1", "utf-8", "nonsense"])
    text = quoted(r.choice(["abc", "äöü", "\u20ac", ""]))
    decomposed = quoted(r.choice(["a\u0308", "\u00e4", "\ufb01", "abc"]))
    character = quoted(r.choice(["a", "ab", "", "\\101", "\\377", "\u00e4", "\\"]))
    data = r.choice([f"convert_to({text}, 'UTF8')", "'\\xff'::bytea", "'\\x00'::bytea"])
    types = r.choice(["int4", "bool", "numeric(4,1)", "varchar(2)", "uuid", "text", "jsonb", "nosuch"])
    return r.choice(
        [
            f"pg_size_bytes({quoted(size)})",
            f"convert_to({text}, '{encoding}')",
            f"convert_from({data}, '{encoding}')",
            f"normalize({decomposed}, {r.choice(['NFC', 'NFD', 'NFKC', 'NFKD'])})",
            f"(SELECT message FROM pg_input_error_info({quoted(r.choice(['1', 'x', 'true', '1.55', 'abcd', '{}', '12345']))}, '{types}'))",
            f"(SELECT sql_error_code FROM pg_input_error_info({quoted(r.choice(['1', 'x', 'true', '1.55', 'abcd', '{}', '12345']))}, '{types}'))",
            f"{r.choice(['int4', 'int8', 'float8', 'text', 'numeric', 'bool'])}({quoted(r.choice(['1', '12', '0']))})",
            f"{r.choice(['float4send', 'float8send'])}({r.choice(['1.5', '-0.1', '0', '1e20'])})",
            f"{r.choice(['int2send', 'int4send', 'int8send'])}({r.choice(['1', '-1', '300'])})",
            f"{r.choice(['booleq', 'boollt', 'boolge', 'booland_statefunc', 'boolor_statefunc'])}({r.choice(['true', 'false', 'NULL'])}, {r.choice(['true', 'false'])})",
            f"""{r.choice(['vector_cmp', 'vector_lt', 'vector_ge', 'halfvec_cmp'])}({quoted(r.choice(['[1,2]', '[1,3]', '[1]']))}, {quoted(r.choice(['[1,2]', '[0,9]']))})""",
            f'{character}::"char"',
        ]
    )


def formats(r: random.Random) -> str:
    position, width = r.choice(["", "", "1$", "2$", "0$", "9$"]), r.choice(["", "", "5", "10", "-8", "-", "*", "*1$", "*2$", "-*"])
    pattern = quoted(f"<%{position}{width}{r.choice(['s', 's', 'I', 'L', 'x', '%'])}>" + r.choice(["", "%%", "%s", "%"]))
    one = r.choice(["'Hello'", "NULL", "10", "'it''s'", "-7"])
    return f"format({pattern}, {one}, {r.choice(['12', chr(39) + 'A b' + chr(39), 'NULL::int'])})"


def json_constructors(r: random.Random) -> str:
    value = lambda: r.choice(["1", "'x'", "NULL", "1.50", "true", "ARRAY[1,2]", "'{\"b\":1}'::jsonb", "'[1,{}]' FORMAT JSON", "'t'::text"])
    key = lambda: r.choice(["'a'", "'b'", "1", "1.5", "true", "NULL", "'a' || 'b'"])
    nulls = r.choice(["", "", " NULL ON NULL", " ABSENT ON NULL"])
    unique = r.choice(["", "", " WITH UNIQUE", " WITH UNIQUE KEYS", " WITHOUT UNIQUE KEYS"])
    returning = r.choice(["", "", "", " RETURNING json", " RETURNING jsonb", " RETURNING text", " RETURNING bytea FORMAT JSON ENCODING UTF8"])
    members = ", ".join(f"{key()}{r.choice([': ', ' VALUE '])}{value()}" for _ in range(r.randint(0, 3)))
    document = quoted(r.choice(["1", "[1]", "{}", '{"a":1,"a":2}', "{", "", "null", '"s"', " [ ]", '[{"a":1,"a":2}]']))
    rows = "FROM (VALUES (1, 'x'), (2, NULL), (2, 'y')) AS v(k, t)"
    return r.choice(
        [
            f"JSON_OBJECT({members}{nulls}{unique}{returning})",
            f"JSON_OBJECT({members}{nulls}{unique}{returning})",
            f"JSON_ARRAY({', '.join(value() for _ in range(r.randint(0, 3)))}{nulls}{returning})",
            f"JSON_ARRAY({value()}, JSON_ARRAY({value()}{returning}))",
            f"JSON_ARRAY(SELECT t {rows} ORDER BY k, t{returning})",
            f"(SELECT JSON_ARRAYAGG({r.choice(['t', 'k', 'ARRAY[k]'])} ORDER BY k, t{nulls}{returning}) {rows})",
            f"(SELECT JSON_OBJECTAGG({r.choice(['k', 't'])}: {r.choice(['t', 'k'])}{nulls}{unique}{returning}) {rows})",
            f"(SELECT json_agg({r.choice(['v', 't', 'ARRAY[k, 2]', 'row(k, t)'])}) {rows})",
            f"(SELECT {r.choice(['json', 'jsonb'])}_object_agg{r.choice(['', '_strict', '_unique', '_unique_strict'])}(k, t) {rows})",
            f"(SELECT row_to_json({r.choice(['v', 'row(k, t, true)'])}) {rows} LIMIT 1)",
            f"{document}{r.choice(['', '::text'])} IS {r.choice(['', 'NOT '])}JSON {r.choice(['', 'VALUE', 'SCALAR', 'ARRAY', 'OBJECT'])}{unique}",
        ]
    )


def parts(r: random.Random) -> str:
    at = r.choice(["0", "1", "-1", "2", "'a'", "'b'", "'0'", "NULL", "9"])
    document = quoted(r.choice(['{"a":[1,{"b":null}],"0":7}', "[1,[2,3],null]", '"s"', "5"]))
    data, bits = r.choice(["'abcdef'::bytea", "'\\x00ff00'::bytea"]), r.choice(["B'0101011'", "B'1'"])
    place = r.choice(["2", "3", "0", "9"])
    number = r.choice(["1.5", "0", "-2", "1e-300", "1e300", "'nan'", "'inf'", "'-inf'"])
    return r.choice(
        [
            f"({document}::jsonb)[{at}]",
            f"({document}::jsonb)[{at}][{r.choice(['0', '1', chr(39) + 'b' + chr(39)])}]",
            f"(ARRAY[1,2,3])[{r.choice([':2', '2:', '1:2', '0:9', ':'])}]",
            f"(row({r.choice(['1', chr(39) + 'x' + chr(39)])}, 2.5)).f{r.choice([1, 2, 3])}",
            f"overlay({data} placing '\\x0102'::bytea from {place}{r.choice(['', ' for 1', ' for 0'])})",
            f"overlay({bits} placing B'00' from {place})",
            f"substring({bits} from {place}{r.choice(['', ' for 2'])})",
            f"trim({r.choice(['both', 'leading', 'trailing'])} '\\x0061'::bytea from {data})",
            f"trim({r.choice(['both', 'leading', 'trailing'])} from '  x ')",
            f"substring('abcdefg' similar {r.choice(['a#' + chr(34) + '%#' + chr(34) + 'g', 'a%', '#' + chr(34) + 'b%#' + chr(34)]).join([chr(39), chr(39)])} escape '#')",
            f"{number}::float8 / {r.choice(['2', '0', '1e300', chr(39) + 'inf' + chr(39) + '::float8', '-0.0::float8'])}",
            f"{number}::float8::float4 / {r.choice(['2::float4', '0::float4'])}",
            f"(SELECT string_agg(coalesce(x, 'NULL'), '|') FROM string_to_table({r.choice([quoted('a,b,,c'), quoted(''), 'NULL'])}, {r.choice([quoted(','), quoted(''), 'NULL'])}, {r.choice([quoted(''), quoted('b')])}) AS x)",
            f"{r.choice(['to_json', 'to_jsonb', 'cardinality'])}({r.choice(['ARRAY[1,2]', 'NULL', 'ARRAY[[1],[2]]'])})",
            f"pg_typeof({r.choice(['ARRAY[1,2]', 'ARRAY[1,NULL]', 'cardinality(ARRAY[1])', 'JSON_ARRAY(1)', 'json_agg(1)', 'substring(B' + chr(39) + '1' + chr(39) + ' from 1)'])})",
            f"jsonb_path_query_first('[1,2]', '$[*] ? (@ > $x)', vars => '{{\"x\": 1}}'{r.choice(['', ', silent => true'])})",
        ]
    )


# Calls that this server knowingly answers otherwise: its answer, and why.
DIFFERS = {
    "E' bbb' ~ E'(b)\\\\m|\\\\1(a*(c|b+\\\\1+a)*c)|b(?:($c\\\\3*|\\\\3*){0,1}){2}'": (
        "= true",
        "PostgreSQL finds no way for a back reference within a repetition that matches nothing",
    ),
}

FAMILIES = [
    regular_expressions, similar, to_char_numbers, to_number, to_char_times, times_of_texts, json_paths, json_changes, bytes_and_texts,
    numerics, zoned, styled, intervals, angles, arrays_made, json_texts, conversions, formats, json_constructors, parts,
]


def answer(side: Side, line: str) -> str:
    call = line
    if line.startswith("["):
        settings, given = dict(SETTINGS), line
        while given.startswith("["):
            setting, given = given[1:].split("]", 1)
            name, value = setting.split("=", 1)
            settings[name] = value
        for name, value in settings.items():
            side.do(f"SET {name} = '{value}'")
        call = given.strip()
        found = answer(side, call)
        for name, value in SETTINGS.items():
            side.do(f"SET {name} = '{value}'")
        return found
    result = side.ask(f"SELECT ({call})::text")
    one_line = lambda text: text.replace("\\", "\\\\").replace("\n", "\\n")
    if result.sqlstate:
        return f"! {result.sqlstate} {one_line(result.message)}"
    value = result.rows[0][0]
    return "= NULL" if value is None else f"= {one_line(value)}"


def calls_of(family, count: int, seed: int) -> list[str]:
    r = random.Random(f"{family.__name__}{seed}")
    calls: dict[str, None] = {}
    # Some families have fewer different calls than are asked for.
    for _ in range(50 * count):
        calls[family(r)] = None
        if len(calls) == count:
            break
    return list(calls)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("theirs")
    parser.add_argument("ours", nargs="?")
    parser.add_argument("--calls", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shown", type=int, default=10)
    parser.add_argument("--family")
    options = parser.parse_args()
    theirs = Side("PostgreSQL", options.theirs)
    theirs.ask("SET timezone = 'UTC'")
    ours = Side("NebulusDB", options.ours) if options.ours else None
    for family in FAMILIES:
        if options.family and family.__name__ != options.family:
            continue
        lines, differing = [], []
        count = options.calls or KEPT_OF.get(family.__name__, KEPT)
        for call in calls_of(family, count, options.seed):
            expected = answer(theirs, call)
            if call in DIFFERS:
                own, reason = DIFFERS[call]
                lines += [f"# differs: {expected} in PostgreSQL; {reason}", call, own]
            else:
                lines += [call, expected]
            if ours and (found := answer(ours, call)) != expected:
                differing.append(f"{call}\n  - {expected}\n  + {found}")
        if ours:
            print(f"{family.__name__}: {len(differing)} of {count} differ")
            print("\n".join(differing[: options.shown]))
        else:
            GOLDEN.mkdir(parents=True, exist_ok=True)
            (GOLDEN / f"{family.__name__}.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
