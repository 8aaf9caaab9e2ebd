"""The board as a WSGI app."""

from typing import Any

import tg
from webob import Request, Response
from webob.dec import wsgify

from demo import model, websetup
from demo.config.app_cfg import base_config

#: What a browser may load and do: nothing inline, and of another site only htmx.
_POLICY = (
    "default-src 'none'; script-src 'self' https://unpkg.com/htmx.org@1.9.12/; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def make_app(db_url: str) -> Any:
    """Make the board on a database, and put something on it if it is empty.

    :param db_url: ``sqlite:///file.db``, or a server's; ``mim://`` for memory.
    :raises model.orm.DatabaseError, ValueError: if the database cannot be used.
    """
    model.choose_orm(db_url)
    app = base_config(db_url).make_wsgi_app({}, {})
    # gearbox setup-app does this for a quickstarted app.
    websetup.setup_app(None, tg.config, {})
    return guarded(app)


@wsgify.middleware
def guarded(request: Request, app: Any) -> Response:
    """Tell the browser to be careful, with pages, errors and files alike."""
    response = request.get_response(app)
    response.headers.update(
        {
            "Content-Security-Policy": _POLICY,
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }
    )
    return response
