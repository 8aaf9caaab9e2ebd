"""The controller that tgext.pluggable mounts at ``/activitystream``."""

from .root import RootController

__all__ = ["RootController"]
