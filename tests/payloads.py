"""What a name, a cell or a document may hold when somebody means harm. One list for all tests."""

import json

MARKUP = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></script></style><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% for x in () %}",
    "&lt;b&gt; ]]> -->",
)
FORMULAS = (
    '=HYPERLINK("http://x","y")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\uff1d1+1",
)
STEERING = (
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]0;title\x07",
    "\x9b31mC1",
    "a\rb",
    "a\x08\x08b",
    "null\x00byte",
    "del\x7f",
)
UNSEEN = (
    "gpj.\u202eexe",
    "\u2066isolate\u2069",
    "zero\u200bwidth\u200d",
    "\ufeffmark",
    "line\u2028end\u2029",
    "tag\U000e0041",
)
RICH = ("[red]x[/red]", "[/x]", "[link=http://x]y[/link]", ":bomb:", "[bold", "[@click=app.quit]z")
PATHS = (
    "../../etc/passwd",
    "/etc/passwd",
    "..\\..\\x",
    "x/../../y",
    "~/.ssh/id",
    "C:\\x",
    "CON",
    ".",
    "..",
    "",
)
SHELL = ("$(touch x)", "`touch x`", "a; touch x", "a\ntouch x", "--help", "%n%s")
ODD = ("\u0130\u0131\ufb01", "e\u0301" * 20, "\U0001f4a9", "x" * 5000, "9" * 5000, "1e999", "nan")
NAMES = (*MARKUP, *FORMULAS, *STEERING, *UNSEEN, *RICH, *PATHS, *SHELL, *ODD)
"""Texts that any JSON, TOML or TOML-like document can carry."""

DEEP = b"[" * 100_000
DOCUMENTS = (
    b"",
    b"\x00",
    b"\xff\xfe\x00\x00",
    b"\xef\xbb\xbf{}",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b"NaN",
    b'{"a": Infinity}',
    b'{"a": 1, "a": 2}',
    b'{"schema": ' + b"9" * 5000 + b"}",
    b'{"schema": 1e999}',
    DEEP,
    DEEP + b"]" * 100_000,
    b'{"a":' * 50_000,
    b"\r\n" * 1000,
    b"\xc3\x28 not utf-8",
    b"\xed\xa0\x80",
    b'"\\ud800"',
    b"a = " + DEEP,
    b"a = 1",
    b"[a]\nb = 1",
    b'{"products": 1e99999999999}',
    b'{"NextPageLink": 1e99999999999}',
    b'{"products": {"A": ' + b"9" * 5000 + b"}}",
    b".".join([b"a"] * 5000) + b" = 1",
    b"a = 1" + b"0" * 5000,
    b"!!python/object/apply:os.system ['touch x']",
    b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94.",
    b"PK\x03\x04" + b"\x00" * 26,
    b"\x1f\x8b\x08\x00" + b"\x00" * 20,
)
"""Whole files: broken text, deep ones, a pickle, a ZIP archive, a gzip member, YAML."""


def steers(shown: str) -> list[str]:
    """Marks that a terminal would obey or not show; line ends and colours of ours excepted."""
    return [mark for mark in shown if not mark.isprintable() and mark not in "\n\u00a0\u202f"]


def runs(cell: str) -> bool:
    """Whether a spreadsheet would take a cell for a formula."""
    bare = cell.lstrip(" \t\r\n")
    return bare[:1] in {"=", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"} or (
        bare[:1] in {"+", "-"} and not _is_number(bare)
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def as_json(name: str) -> str:
    """The text as JSON has it."""
    return json.dumps(name)
