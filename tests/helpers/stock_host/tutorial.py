"""The app of docs/tutorial.rst, made by the blocks of code there."""

from tests.helpers.documents import blocks
from tests.helpers.stock_host import MingHost, SQLAlchemyHost

TUTORIAL = "docs/tutorial.rst"

NAME = "myproject"


def edited(text, block):
    """Return a file's text with the highlighted lines of a block in it.

    The other lines say where: highlighted lines stand between the two around them, in place of
    what the file has there, or after the one before them where none follows.
    """
    lines, place, waiting = text.splitlines(), 0, []
    for number, line in enumerate(block.text.splitlines(), 1):
        if number in block.highlighted:
            waiting.append(line)
        elif line.strip() and not (number == 1 and NAME in line):
            there = [each.strip() for each in lines].index(line.strip(), place)
            if waiting:
                lines[place:there] = waiting
                there, waiting = place + len(waiting), []
            place = there + 1
    lines[place:place] = waiting
    return "\n".join(lines) + "\n"


class _Tutorial:
    name = NAME

    def _tell_news(self):
        for language in ("python", "html"):
            for block in blocks(language, self.orm, of=[TUTORIAL]):
                file = self.app / block.file
                file.write_text(edited(file.read_text(), block))


class OnMing(_Tutorial, MingHost):
    orm = "Ming"


class OnSQLAlchemy(_Tutorial, SQLAlchemyHost):
    orm = "SQLAlchemy"
