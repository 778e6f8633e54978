"""What is wrong with rows of costs, and where."""

from dataclasses import dataclass

WHOLE_FILE = 0


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why a row can't be taken; rows count from 1 after the header, 0 is the whole file.

    `line_number` is where the row ends in the file, from 1; 0 where there are no lines.
    """

    row_number: int
    reason: str
    column: str = ""
    line_number: int = 0

    @property
    def place(self) -> str:
        """Return where to look: row, line and column, as far as they are known."""
        if self.row_number == WHOLE_FILE and not self.line_number:
            return "the file"
        row = f"row {self.row_number}" if self.row_number else ""
        line = f"line {self.line_number}" if self.line_number else ""
        return ", ".join(part for part in (row, line, self.column) if part)


def by_row(fault: RowFault) -> int:
    """Return the row a fault is of, to sort by."""
    return fault.row_number
