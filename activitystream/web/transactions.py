"""The end of a request of ours: what it wrote is committed where nobody else commits."""

from typing import Any

from tg.appwrappers.base import ApplicationWrapper

from .. import model

#: In the WSGI environment: one of our own controllers answers this request.
OURS = "activitystream.ours"

#: repoze.tm2 says by it that it commits when the request ends.
_REPOZE_TM = "repoze.tm.active"


class RequestEnd(ApplicationWrapper):
    """Ends the transaction of a request to one of our URLs, in place of the host's own controllers.

    It comes after TurboGears' transaction manager, so that nothing is left of a transaction that
    this one has ended.
    """

    def __init__(self, next_handler: Any, config: Any) -> None:
        super().__init__(next_handler, config)
        self._session = config["DBSession"]

    def __call__(self, controller: Any, environ: dict[str, Any], context: Any) -> Any:
        model.check_use(self._session)
        succeeded = False
        try:
            response = self.next_handler(controller, environ, context)
            succeeded = response.status_int < 400
        finally:
            if OURS in environ:
                model.orm.end_request(succeeded, managed=_REPOZE_TM in environ)
        return response
