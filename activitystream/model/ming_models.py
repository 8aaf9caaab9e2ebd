"""The module where 0.1.1 had ``Action``, for hosts that import it from here."""

from .ming import Action

__all__ = ["Action"]
