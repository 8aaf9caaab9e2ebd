"""A board for neighbours, to see activitystream at work."""

import argparse
import errno
import logging
import os
import re
import sys

_DATABASES = ("sqlite:///", "postgresql+psycopg://", "mongodb://", "mongodb+srv://", "mim://")
#: It is taken, or it is root's.
_ABOUT_THE_PORT = (errno.EADDRINUSE, errno.EACCES)


def main() -> None:
    """Serve the board until Ctrl-C."""
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

    try:
        import waitress

        from . import model
        from .app import make_app

        app = make_app(options.db)
    except ModuleNotFoundError as error:
        sys.exit(f"The demo needs {error.name}: pip install 'tgapp-activitystream[demo]'")
    except (model.orm.DatabaseError, ImportError, ValueError) as error:
        text = str(getattr(error, "orig", None) or error)
        reason = re.split(r" \(configured|, full error|\n", text)[0]
        sys.exit(f"The demo cannot use this database: {reason}")
    in_memory = options.db.startswith("mim:")
    # Ming's database in memory is not made for several threads; that others wait is no news.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    try:
        server = waitress.create_server(
            app, host=options.host, port=options.port, threads=1 if in_memory else 8
        )
    except (OSError, OverflowError, ValueError) as error:
        place = f"{options.host}, port {options.port}"
        code = getattr(error, "errno", None)
        instead = "; take another one by --port" if code in _ABOUT_THE_PORT else ""
        sys.exit(f"The demo cannot listen on {place}: {error}{instead}")
    # A name like localhost may stand for two addresses, and then for two sockets.
    several = getattr(server, "effective_listen", None)
    host, port = several[0] if several else (server.effective_host, server.effective_port)
    print(f"The board is at http://{f'[{host}]' if ':' in host else host}:{port}/", flush=True)
    print(f"Ctrl-C ends it, and {_kept(options.db)}.", flush=True)
    server.run()


def _kept(db_url: str) -> str:
    """What is left of what was done."""
    scheme, _, rest = db_url.partition("://")
    if scheme == "mim":
        return "nothing is kept"
    file = os.path.abspath(rest.partition("?")[0][1:])
    return f"{file if scheme == 'sqlite' else 'the server'} keeps what was done"


if __name__ == "__main__":
    main()
