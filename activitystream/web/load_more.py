"""Lists in a page of the host's, with a link "Load more" to the same page.

Without scripts, the link opens that page. With htmx, the rest of the list is taken out of it and
appended to what is shown. The header ``HX-Target`` of an htmx request names the list, and the last
day that has a heading already.
"""

from datetime import date
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from markupsafe import Markup
from tg import request

from ..lib.grouped_streams import GroupedStream, GroupPage
from ..lib.streams import Stream, StreamPage
from .days import by_day
from .outside import as_read_there
from .rendering import Line, render_list

#: The number of actions on a page, if a whole stream is given.
_PAGE_SIZE = 25


def page_of(actions: Any) -> StreamPage | GroupPage:
    """Return the page to show: the given one, or the first of a stream.

    :raises TypeError: if it is neither a page nor a stream.
    """
    if isinstance(actions, (Stream, GroupedStream)):
        return actions.page(_PAGE_SIZE)
    if not isinstance(actions, (StreamPage, GroupPage)):
        raise TypeError(
            f"a list with more=… needs a page of a stream, like stream.page(25, before); got "
            f"{type(actions).__name__}"
        )
    return actions


def render_page_of(
    page: StreamPage | GroupPage, lines: list[Line], more: str, nothing: str | None = None
) -> Markup:
    """Render a page of a list, with a link to the next page.

    :param lines: the lines of the page.
    :param more: the URL of the host's page that shows the list.
    :param nothing: the text of an empty list; None uses the option ``empty_text``.
    """
    url = urlsplit(str(more))
    kept = [each for each in parse_qsl(url.query, keep_blank_values=True) if each[0] != "before"]
    name = urlsplit("")._replace(path=url.path, query=urlencode(kept)).geturl()
    list_id = f"activitystream-{sha256(name.encode()).hexdigest()[:12]}"
    target, _, last_day = request.headers.get("HX-Target", "").partition("_")
    is_appended = target == list_id
    continued = _day_from(last_day) if is_appended else None
    days = list(by_day(lines, continued))
    last = days[-1].date if days else continued
    older = None
    if page.next is not None:
        query = urlencode([*kept, ("before", page.next)])
        older = as_read_there(url._replace(query=query, fragment="").geturl())
    return render_list(
        days,
        {"/": older, "/more": older} if older else None,
        nothing="" if older or is_appended else nothing,
        list_id=list_id,
        last_day=last.isoformat() if last else "",
    )


def _day_from(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
