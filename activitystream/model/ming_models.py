"""Where 0.1.1 had the class: hosts that import it from here still find it."""

from .ming import Action

__all__ = ["Action"]
