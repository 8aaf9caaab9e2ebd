"""A board for neighbours, to see activitystream at work."""

import argparse
import logging
import re
import sys


def main() -> None:
    """Serve the board until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument(
        "--db", default="mim://", metavar="URL", help="mongodb://… for a server; in memory if none"
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", default=8080, type=int, help="the port to listen on; 0: any")
    options = parser.parse_args()
    in_memory = options.db.startswith("mim://")
    if not (in_memory or options.db.startswith(("mongodb://", "mongodb+srv://"))):
        parser.error("--db must be mongodb://… for a server, or mim:// for memory")
    if not 0 <= options.port <= 65535:
        parser.error("--port must be a number from 0 to 65535")

    try:
        import waitress
        from pymongo.errors import PyMongoError

        from .app import make_app
    except ModuleNotFoundError as error:
        sys.exit(f"The demo needs {error.name}: pip install 'tgapp-activitystream[demo]'")

    try:
        app = make_app(options.db)
    except (PyMongoError, ValueError) as error:
        reason = re.split(r" \(configured|, full error", str(error))[0]
        sys.exit(f"The demo cannot use this database: {reason}")
    # Ming's database in memory is not made for several threads; that others wait is no news.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    try:
        server = waitress.create_server(
            app, host=options.host, port=options.port, threads=1 if in_memory else 8
        )
    except (OSError, OverflowError, ValueError) as error:
        sys.exit(f"The demo cannot listen on {options.host}, port {options.port}: {error}")
    # A name like localhost may stand for two addresses, and then for two sockets.
    several = getattr(server, "effective_listen", None)
    host, port = several[0] if several else (server.effective_host, server.effective_port)
    print(f"The board is at http://{f'[{host}]' if ':' in host else host}:{port}/", flush=True)
    kept = "nothing is kept" if in_memory else "the server keeps what was done"
    print(f"Ctrl-C ends it, and {kept}.", flush=True)
    server.run()


if __name__ == "__main__":
    main()
