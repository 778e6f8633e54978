"""The addresses of the pages, each written in one place; knows no row and no query."""

from dataclasses import dataclass, replace
from urllib.parse import quote

from dashboards.scope import Scope, scope_query


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses below `home`; traces keep what `kept` says, pages of rows its time."""

    home: str
    kept: tuple[tuple[str, str], ...] = ()

    def only(self, *names: str) -> dict[str, str]:
        """Return some of what addresses keep."""
        return {name: value for name, value in self.kept if name in names}

    def margin(self, scope: Scope, suffix: str = "", **more: str | int | None) -> str:
        """Return the margin table (or its .csv, .json) of a scope."""
        return f"{self.home}/margin/table{suffix}{scope_query(scope, **more, **self.only('as_of'))}"

    def lines(self, scope: Scope, suffix: str = "", **more: str | int | None) -> str:
        """Return the rated lines behind a figure."""
        return f"{self.home}/rated_lines{suffix}{scope_query(scope, **more, **self.only('as_of'))}"

    def revenue(self, scope: Scope, **more: str | int | None) -> str:
        """Return the trace of a revenue figure down to its rated lines."""
        return f"{self.home}/trace/revenue{scope_query(scope, **{**dict(self.kept), **more})}"

    def cogs(self, scope: Scope, **more: str | int | None) -> str:
        """Return the trace of a COGS figure down to its cost rows."""
        return f"{self.home}/trace/cogs{scope_query(scope, **{**dict(self.kept), **more})}"

    def trace(self, path: str, **asked: str | int | None) -> str:
        """Return a page of the trace that is of a document: a bill, an invoice, a division."""
        kept = self.only("as_of", "lang")
        return f"{self.home}/trace/{path}{scope_query(Scope(), **asked, **kept)}"

    def line(self, line_id: str) -> str:
        """Return the page that explains one rated line."""
        return f"{self.home}/rated_lines/{quote(line_id, safe='')}"

    def signed_line(self, line_id: str) -> str:
        """Return the signed file of one rated line."""
        return f"{self.line(line_id)}/explanation.csv"

    def usage_of_line(self, line_id: str, page: int) -> str:
        """Return a page of the usage counted for one rated line."""
        return f"{self.line(line_id)}?page={page}"

    def costs(self, scope: Scope, suffix: str = "", **more: str | int | None) -> str:
        """Return the cost rows behind a COGS figure."""
        return f"{self.home}/costs{suffix}{scope_query(scope, **more, **self.only('as_of'))}"

    def drafts(self, service: str | None = None, **more: str | int | None) -> str:
        """Return the invoice drafts of a service, or of all."""
        return f"{self.home}/drafts{scope_query(replace(Scope(), service=service), **more)}"

    def draft(self, draft_id: str) -> str:
        """Return the page of one invoice draft."""
        return f"{self.home}/drafts/{quote(draft_id, safe='')}"

    def asset(self, name: str, version: str) -> str:
        """Return a file of the pages; a new version has a new address."""
        return f"{self.home}/static/{name}?v={version}"
