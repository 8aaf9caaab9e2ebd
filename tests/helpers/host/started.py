"""The host's app, as it was started last: most tests want the same one."""

import tg

from tests.helpers.host.app import make_app


class StartedApp:
    """The app without options on one database, and what tests may change of it."""

    def __init__(self, database):
        self.database = database
        self.app = make_app(database)
        self._config = tg.config.config_proxy.current_conf()
        self._options = dict(self._config)
        self._hooks = {name: list(called) for name, called in tg.hooks._hooks.items()}

    def serves(self, database):
        """Return whether it is of this database, and no other app was started since."""
        return (
            self.database is database
            and tg.config.config_proxy.current_conf() is self._config
            # Starting an app clears them first, and may fail afterwards.
            and all(
                hook in tg.hooks._hooks.get(name, ())
                for name, hooks in self._hooks.items()
                for hook in hooks
            )
        )

    def mend(self):
        """Forget the hooks that tests registered, and the options that they set."""
        for name, called in tg.hooks._hooks.items():
            called[:] = self._hooks.get(name, ())
        self._config.clear()
        self._config.update(self._options)


_last = None


def started_app(database):
    """Return the app without options: as it runs, or else a new one."""
    global _last
    if _last is None or not _last.serves(database):
        _last = None
        _last = StartedApp(database)
    _last.mend()
    return _last.app
