"""The board as a WSGI app."""

from typing import Any

import tg
from webob import Request, Response
from webob.dec import wsgify

from demo import model, websetup
from demo.config.app_cfg import base_config

#: The browser runs nothing inline, and loads only htmx from another site.
_POLICY = (
    "default-src 'none'; script-src 'self' https://unpkg.com/htmx.org@1.9.12/; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def make_app(db_url: str) -> Any:
    """Make the app on a database, and fill the database if it is empty.

    :param db_url: ``sqlite:///file.db``, a server's URL, or ``mim://`` for an in-memory database.
    :raises model.orm.DatabaseError, ValueError: if the database cannot be used.
    """
    model.choose_orm(db_url)
    app = base_config(db_url).make_wsgi_app({}, {})
    # gearbox setup-app does this for a quickstarted app.
    websetup.setup_app(None, tg.config, {})
    return guarded(app)


@wsgify.middleware
def guarded(request: Request, app: Any) -> Response:
    """Add security headers to all responses: pages, errors and files."""
    response = request.get_response(app)
    response.headers.update(
        {
            "Content-Security-Policy": _POLICY,
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }
    )
    return response
