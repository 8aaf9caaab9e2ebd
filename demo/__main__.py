"""Serve the demo."""

import argparse
import errno
import logging
import os
import re
import sys
from typing import Any

_DATABASES = ("sqlite:///", "postgresql+psycopg://", "mongodb://", "mongodb+srv://", "mim://")


def main() -> None:
    """Serve the board until Ctrl-C."""
    options = _options()
    app = _app(options.db)
    server = _server(app, options)
    # A name like localhost may have two addresses; then there are two sockets.
    several = getattr(server, "effective_listen", None)
    host, port = several[0] if several else (server.effective_host, server.effective_port)
    print(f"The board is at http://{f'[{host}]' if ':' in host else host}:{port}/", flush=True)
    print(f"Ctrl-C ends it, and {_kept(options.db)}.", flush=True)
    server.run()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument(
        "--db",
        default="sqlite:///demo.db",
        metavar="URL",
        help="sqlite:///FILE (default: %(default)s), postgresql+psycopg://… or mongodb://… for a "
        "server, mim:// for memory",
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", default=8080, type=int, help="the port to listen on; 0: any")
    options = parser.parse_args()
    if not options.db.startswith(_DATABASES):
        parser.error(f"--db must start with one of {', '.join(_DATABASES)}")
    if not 0 <= options.port <= 65535:
        parser.error("--port must be a number from 0 to 65535")
    return options


def _app(db_url: str) -> Any:
    """Make the app, or exit with the reason why that fails."""
    try:
        from demo import model
        from demo.config.application import make_app

        return make_app(db_url)
    except ImportError as error:
        sys.exit(_missing(error))
    except (model.orm.DatabaseError, ValueError) as error:
        text = str(getattr(error, "orig", None) or error)
        reason = re.split(r" \(configured|, full error|\n", text)[0]
        sys.exit(f"The demo cannot use this database: {reason}")


def _server(app: Any, options: argparse.Namespace) -> Any:
    """Listen, or exit with the reason why that fails."""
    try:
        import waitress
    except ImportError as error:
        sys.exit(_missing(error))
    # Ming's in-memory database is not thread-safe. With one thread, a queue of requests is normal.
    threads = 1 if options.db.startswith("mim:") else 8
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    try:
        return waitress.create_server(app, host=options.host, port=options.port, threads=threads)
    except (OSError, OverflowError, ValueError) as error:
        # The port is taken, or only root may listen on it.
        port_is_bad = getattr(error, "errno", None) in (errno.EADDRINUSE, errno.EACCES)
        sys.exit(
            f"The demo cannot listen on {options.host}, port {options.port}: {error}"
            f"{'; take another one by --port' if port_is_bad else ''}"
        )


def _missing(error: ImportError) -> str:
    return f"The demo needs {error.name or error}: ./dev demo installs it"


def _kept(db_url: str) -> str:
    """Return the sentence about what the demo keeps."""
    scheme, _, rest = db_url.partition("://")
    if scheme == "mim":
        return "nothing is kept"
    file = os.path.abspath(rest.partition("?")[0][1:])
    return f"{file if scheme == 'sqlite' else 'the server'} keeps what was done"


if __name__ == "__main__":
    main()
