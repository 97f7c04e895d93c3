"""One question in SQL as a person types it: is it one that may be asked at all?

Pure. The first of the walls, the same before SQLite and PostgreSQL: what is not known to be harmless does not pass. Only plain
words, numbers, texts and signs; only one SELECT; only functions that are listed, so none that reads a file, runs a text as SQL,
sleeps or changes who one is. Which tables there are is the databases' own wall (`hub.store.explore`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hub.sentences import Said, said

LONGEST = 10_000
"""Characters of a question."""

FUNCTIONS = frozenset(
    [
        *("count", "sum", "avg", "min", "max", "abs", "round", "coalesce", "nullif", "cast"),
        *("lower", "upper", "length", "substr", "replace", "trim", "ltrim", "rtrim"),
        *("row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile"),
        *("lag", "lead", "first_value", "last_value", "nth_value"),
    ]
)
"""What may be called; each is in SQLite and in PostgreSQL, and means the same."""

_BEFORE_PARENTHESIS = frozenset(
    [
        *("in", "values", "over", "filter", "using", "and", "or", "not", "exists", "when", "then", "else", "as", "case"),
        *("on", "where", "having", "by", "from", "join", "select", "distinct", "union", "all", "except", "intersect"),
        *("like", "between", "is", "limit", "offset", "materialized", "decimal", "numeric", "varchar", "char"),
    ]
)  # fmt: skip
"""Words of SQL itself after which a parenthesis may stand without being a call."""

_NEVER = frozenset(
    [
        *("insert", "update", "delete", "merge", "upsert", "create", "drop", "alter", "truncate", "grant", "revoke"),
        *("attach", "detach", "pragma", "vacuum", "analyze", "reindex", "explain", "copy", "into", "call", "do", "execute"),
        *("prepare", "declare", "fetch", "listen", "notify", "load", "lock", "set", "reset", "show", "begin", "commit"),
        *("rollback", "savepoint", "release", "returning", "tablesample", "table", "only", "public", "main", "temp"),
        *("information_schema", "indexed", "operator", "collate", "for"),
    ]
)  # fmt: skip
"""Words that stand in no question of ours, whatever they would mean there."""

_HIDDEN = ("pg_", "sqlite_", "pragma_", "shop_", "hub_")
"""No name that begins so can be asked for: the databases' own tables, and functions that are ours."""

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)
    |(?P<text>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*")
    |(?P<word>[^\W\d]\w*)
    |(?P<sign><>|<=|>=|!=|\|\||[-+*/%<>=(),.;])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str

    @property
    def word(self) -> str:
        """A name, as the databases compare it; "" where it is none."""
        if self.kind == "quoted":
            return self.text[1:-1].replace('""', '"').lower()
        return self.text.lower() if self.kind == "word" else ""


def read_question(text: str) -> str | Said:
    """The question without a semicolon at its end; or why it cannot be asked, as a sentence."""
    if len(text) > LONGEST:
        return said("A question has at most %(count)s characters.", count=LONGEST)
    tokens = _tokens(text)
    if isinstance(tokens, Said):
        return tokens
    while tokens and tokens[-1].text == ";":
        tokens.pop()
    if not tokens:
        return said("Write a question. There are examples on the page.")
    wrong = _wrong(tokens)
    if wrong is not None:
        return wrong
    return _put_together(tokens)


def _put_together(tokens: list[_Token]) -> str:
    """The question anew from its tokens, so that no sign that a database might read otherwise is left between them."""
    text = ""
    for token in tokens:
        near = not text or token.text in ("(", ")", ",", ".") or text.endswith(("(", "."))
        text += token.text if near else f" {token.text}"
    return text


def _tokens(text: str) -> list[_Token] | Said:
    found: list[_Token] = []
    place = 0
    while place < len(text):
        some = _TOKEN.match(text, place)
        if some is None:
            return _unread(text[place:])
        kind = str(some.lastgroup)
        if text.startswith(("--", "/*"), place):
            return said("Leave comments out.")
        if kind != "space":
            if _glued(found, text, place, kind):
                return said("Put a space before %(what)s.", what=some[0][:40])
            found.append(_Token(kind, some[0]))
        place = some.end()
    return found


def _glued(found: list[_Token], text: str, place: int, kind: str) -> bool:
    """Whether a text or a word stands right behind a word or a number: e'…', x'…', 1e… mean other things then."""
    if not found or kind == "sign" or place == 0 or text[place - 1].isspace():
        return False
    return found[-1].kind != "sign"


def _unread(rest: str) -> Said:
    if rest[0] in "'\"":
        return said("A quotation mark is open: %(what)s", what=rest[:40])
    return said("The sign %(sign)s cannot stand in a question.", sign=rest[0])


def _wrong(tokens: list[_Token]) -> Said | None:
    if tokens[0].word not in ("select", "with", "values") or tokens[0].kind != "word":
        return said("Only questions: they begin with SELECT or WITH.")
    open_now = 0
    for place, token in enumerate(tokens):
        after = tokens[place + 1] if place + 1 < len(tokens) else _Token("", "")
        if token.text == ";":
            return said("One question at a time: leave out what stands behind the semicolon.")
        open_now += (token.text == "(") - (token.text == ")")
        if open_now < 0:
            return said("A parenthesis is closed that was not opened.")
        if any(ord(sign) < 32 for sign in token.text if token.kind in ("text", "quoted")):
            return said("A text is on one line.")
        word = token.word
        if not word:
            continue
        if word in _NEVER or word.startswith(_HIDDEN):
            return said("The word %(word)s cannot stand in a question.", word=token.text[:60])
        if after.text == "(" and not _may_open(token):
            return said(
                "%(word)s cannot be called here. What can: %(some)s.",
                word=token.text[:60],
                some=", ".join(sorted(FUNCTIONS)),
            )
    return said("A parenthesis is not closed.") if open_now else None


def _may_open(token: _Token) -> bool:
    return token.kind == "word" and (token.word in FUNCTIONS or token.word in _BEFORE_PARENTHESIS)
