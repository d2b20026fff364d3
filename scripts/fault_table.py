"""Write the table of faults: what goes wrong, what happens then, and the tests that prove it.

    python scripts/fault_table.py

A test names the fault it proves, `@pytest.mark.fault("disk")`, and says in the first line of its
docstring what it proves. `tests/test_fault_table.py` holds the committed page against the tests.
"""  # noqa: INP001  a script, not a package

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "faults.md"


@dataclass(frozen=True)
class Fault:
    """What may go wrong, and what happens then."""

    what: str
    then: str


FAULTS = {
    "death": Fault(
        "out of memory (CPU limit, CUDA), segfault, abort, illegal instruction",
        "Each measurement has a process of its own. Its death is a failure record with kind and "
        "signal; the others go on; `run` exits with 4. A failure is shown and never ranked.",
    ),
    "hang or kill": Fault(
        "hang; Ctrl-C; second Ctrl-C; kill -9 of worker; of runner",
        "A hang ends at its timeout: TERM, a grace period, KILL to the whole group. Whoever dies, "
        "nobody is left behind, what was finished is stored, and `--resume` goes on from there.",
    ),
    "two runners": Fault(
        "two runners at once",
        "They would measure each other: the second is refused, and told who holds the machine or "
        "the folder.",
    ),
    "disk": Fault(
        "disk full, EIO, file-size limit, crash at any system call",
        "The old file or the new file, never a torn one; the exit is not 0, and one sentence names "
        "the next step.",
    ),
    "left behind": Fault(
        "what a killed run left behind",
        "The next run takes it away: half-written files, scratch folders, notes of old plans. What "
        "a living process holds stays.",
    ),
    "damaged file": Fault(
        "corrupt or truncated file, newer or older schema, duplicates",
        "A damaged document stays where it is, is named with the reason, and counts for nothing. "
        "An older form is read, a newer one refused with “upgrade”; a copy does not count twice.",
    ),
    "lie": Fault(
        "NaN loss, wrong-but-fast output, silent CPU fallback",
        "INVALID, the number withheld. Another device, precision, batch or backend is another "
        "record, never a silent substitute.",
    ),
    "machine": Fault(
        "throttling, noisy neighbour, clock jump, GPU lost (Xid), counters missing",
        "A doubt with its cause, or INVALID. What could not be counted is unknown, never 0.",
    ),
    "catalogue": Fault(
        "malformed catalogue, negative/NaN/zero price, unit or currency mix-up, "
        "BOM/CRLF/`;`, 1 M rows",
        "The row is rejected with its line and the reason, the others are used; memory stays "
        "bounded.",
    ),
    "name": Fault(
        "hostile names: HTML, ANSI, bidi, CSV formulas, path traversal",
        "Escaped, stripped, prefixed or refused, wherever the name goes.",
    ),
    "weights": Fault(
        "pickle or remote code in weights",
        "Weights are read as numbers only (safetensors, `weights_only=True`): no code of theirs "
        "runs.",
    ),
    "metadata": Fault(
        "cloud metadata through a proxy or redirect",
        "Asked for only on request, at a literal address, without proxy or redirect, within half a "
        "second; type, region and lifecycle, never credentials.",
    ),
    "secrets": Fault(
        "secrets in the environment",
        "A record holds the variables of a list, those that change results, and no other.",
    ),
}
"""By the name that tests mark."""


@dataclass(frozen=True, order=True)
class Proof:
    """A test, and the fact it states."""

    file: str
    line: int
    name: str
    fact: str


def proofs(folder: Path = ROOT / "tests") -> dict[str, list[Proof]]:
    """The tests below `folder` by the fault they name, known or not."""
    found: dict[str, list[Proof]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                for fault in _marked(node):
                    found.setdefault(fault, []).append(_proof(path, node, folder.parent))
    return {fault: sorted(named) for fault, named in found.items()}


def _marked(test: ast.FunctionDef) -> Iterator[str]:
    for mark in test.decorator_list:
        match mark:
            case ast.Call(func=ast.Attribute(attr="fault"), args=[name]):
                yield ast.literal_eval(name)


def _proof(path: Path, test: ast.FunctionDef, root: Path) -> Proof:
    fact = (ast.get_docstring(test) or "").partition("\n")[0]
    return Proof(path.relative_to(root).as_posix(), test.lineno, test.name, fact)


def page(found: dict[str, list[Proof]]) -> str:
    """The whole document."""
    rows = [
        f"| {one.what} | {one.then} | [{len(found.get(name, ()))}](#{_anchor(name)}) |\n"
        for name, one in FAULTS.items()
    ]
    parts = [
        f"\n## {name.capitalize()} {{ #{_anchor(name)} }}\n\n{one.what}\n\n{_list(found[name])}"
        for name, one in FAULTS.items()
        if name in found
    ]
    return (
        "# What may go wrong, and what happens then\n\n"
        "<!-- Written by scripts/fault_table.py from the tests; change those. -->\n\n"
        "Each line is held by tests that fail without the guard they prove. They run without a "
        "GPU; where the fault is a GPU's, a fake one has it.\n\n"
        "| What goes wrong | What happens | Tests |\n|---|---|---|\n"
        f"{''.join(rows)}{''.join(parts)}"
    )


def _anchor(name: str) -> str:
    return name.replace(" ", "-")


def _list(found: list[Proof]) -> str:
    return "".join(f"- {_escaped(one.fact)} `{one.file}::{one.name}`\n" for one in found)


def _escaped(text: str) -> str:
    """A fact is text, not markup."""
    return text.replace("<", "&lt;").replace("*", "\\*")


def main() -> None:
    """Write it."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(proofs()), encoding="utf-8")


if __name__ == "__main__":
    main()
