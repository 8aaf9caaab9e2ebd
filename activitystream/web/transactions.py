"""End the requests to our URLs: commit what they wrote, if nobody else commits it."""

from typing import Any

from tg.appwrappers.base import ApplicationWrapper

from .. import model
from ..lib import after_commit

#: In the WSGI environment: our controller answers this request.
SERVED_BY_US = "activitystream.served_by_us"

#: repoze.tm2 sets it if it commits at the end of the request.
_REPOZE_TM = "repoze.tm.active"


class RequestEnd(ApplicationWrapper):
    """End the transaction of a request to one of our URLs, as the host's controllers do theirs.

    It wraps TurboGears' transaction manager, so that one has already ended its transaction.
    """

    def __init__(self, next_handler: Any, config: Any) -> None:
        super().__init__(next_handler, config)
        self._session = config["DBSession"]

    def __call__(self, controller: Any, environ: dict[str, Any], context: Any) -> Any:
        """Answer the request, then end its transaction if it was one of ours."""
        model.check_use(self._session)
        with after_commit.request() as request:
            try:
                response = self.next_handler(controller, environ, context)
                request.succeeded = response.status_int < 400
            finally:
                if SERVED_BY_US in environ:
                    model.orm.end_request(request.succeeded, managed=_REPOZE_TM in environ)
        return response
