"""Commands that the log tells the host to type."""

import shlex

import tg


def config_option() -> str:
    """Return ``-c`` with the configuration file of the running app.

    Without it gearbox reads development.ini, which may name another database. For an app without
    a file it is production.ini.
    """
    return f"-c {shlex.quote(tg.config.get('__file__') or 'production.ini')}"
