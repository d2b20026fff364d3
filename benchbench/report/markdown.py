"""The report as Markdown: for a pull request, a wiki, a mail. The same view, the same bytes."""

from collections.abc import Iterator

from benchbench.formats import escaped, paragraph, table
from benchbench.report.blocks import Block, Cell, Note, Notes, Part, Plot, Prose, Section, Table
from benchbench.report.headline import Answer
from benchbench.report.view import View

_MARKS = {"measured": "●", "predicted": "○", "assumed": "◌"}


def render(view: View) -> str:
    """Headline, tables and doubts; a chart is its words and its table, the raw data stay apart."""
    quick = " (indicative)" if view.indicative else ""
    blocks = [
        f"# {escaped(view.title)}",
        f"benchbench {escaped(view.tool_version)}, {view.generated_on}{quick}",
        *map(_answer, view.answers),
        *(text for section in view.sections for text in _section(section)),
    ]
    return "\n\n".join(blocks) + "\n"


def _answer(answer: Answer) -> str:
    quick = " *(indicative)*" if answer.indicative else ""
    said = f"**{escaped(answer.question)}.** {escaped(answer.sentence)}{quick}"
    return "\n".join([said, *([""] if answer.details else []), *_items(answer.details)])


def _items(sentences: tuple[str, ...]) -> Iterator[str]:
    yield from (f"- {escaped(sentence)}" for sentence in sentences)


def _section(section: Section) -> Iterator[str]:
    yield f"## {escaped(section.title)}"
    yield paragraph(section.lede)
    for part in section.parts:
        yield from _part(part)


def _part(part: Part) -> Iterator[str]:
    yield f"### {escaped(part.title)}"
    for block in part.blocks:
        yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    match block:
        case Prose():
            yield from map(paragraph, block.paragraphs)
            if block.commands:
                yield "\n".join(["```sh", *block.commands, "```"])
        case Table():
            yield from _table(block)
        case Notes():
            yield "\n".join(map(_note, block.items))
        case Plot():
            yield f"**{escaped(block.title)}.** {escaped(block.description)}"
            yield from _table(block.table)


def _table(block: Table) -> Iterator[str]:
    """What is left out on paper, for its length, is left out here too."""
    if block.off_paper:
        yield paragraph(block.off_paper)
        return
    yield f"*{escaped(block.caption)}*"
    headings = [column.label for column in block.columns]
    yield table(headings, ([_cell(cell) for cell in row.cells] for row in block.rows))


def _cell(cell: Cell) -> str:
    mark = "" if cell.basis is None else f"{_MARKS[cell.basis]} {cell.basis}"
    return ", ".join(filter(None, (cell.text, cell.detail, mark)))


def _note(note: Note) -> str:
    raised = "; ".join(f"{message} ({where})" for message, where in note.raised)
    return f"- **{note.severity}**: {escaped(raised)}. *{escaped(note.remedy)}*"
