"""What to type in a shell, for the log."""

import shlex

import tg


def config_option() -> str:
    """``-c`` with the file that the running app was configured by.

    Without it gearbox takes development.ini, and so another database. The file of an app that was
    configured by none is called production.ini.
    """
    return f"-c {shlex.quote(tg.config.get('__file__') or 'production.ini')}"
