"""What may be refused when a lake is opened or written; each says what to do next."""

from storage.patience import StoreUnavailableError


class LakeError(RuntimeError):
    """The lake could not be opened or written as asked."""


class LakeBusyError(LakeError):
    """Another process already writes this lake."""


class LakeUnreachableError(LakeError, StoreUnavailableError):
    """The catalogue or the data of the lake can't be reached as configured."""


class LakeMemoryError(LakeError):
    """What was to be written or read does not fit into the memory that it may take."""


class LakeVersionError(LakeError):
    """The lake was written by a newer release than this one."""


class NoAnswerError(LakeError):
    """A question was understood and has no answer: its numbers or its memory have no room."""


class StaleMarkError(LakeError):
    """Another worker moved the stream's mark first; nothing of this append was kept."""
