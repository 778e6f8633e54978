"""The one fault of this package: a part is not here, with the reason and the cure."""


class PartMissingError(Exception):
    """A real part cannot be had on this machine; `command` is what installs it."""

    def __init__(self, reason: str, command: str) -> None:
        """Keep the reason and the command apart, so that a report can show both."""
        super().__init__(f"{reason} (to install it: {command})")
        self.reason = reason
        self.command = command
