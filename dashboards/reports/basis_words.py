"""What revenue means on each basis, in words; where the lines behind a figure are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from dashboards.links import Links
from dashboards.margin import Basis
from dashboards.margin.invoiced import OTHER_INVOICED
from dashboards.reports.filters import range_words
from dashboards.reports.words import Words
from dashboards.scope import Scope, scope_query

NAMES: Mapping[Basis, str] = {
    Basis.RATED: "Rated", Basis.INVOICED: "Invoiced", Basis.RECOGNISED: "Recognised",
}  # fmt: skip
LEADS: Mapping[Basis, str] = {
    Basis.RATED: "{months} · rated revenue by service date · CAD",
    Basis.INVOICED: "{months} · invoiced revenue by invoice date · CAD",
    Basis.RECOGNISED: "{months} · recognised revenue by service period · CAD",
}
NOTES: Mapping[Basis, str] = {
    Basis.RATED: "Revenue is rated revenue by service date, before tax, of closed periods.",
    Basis.INVOICED: (
        "Revenue is what Odoo has posted: invoice lines less credit notes, before tax, by invoice "
        "date. Units are those used, by service date."
    ),
    Basis.RECOGNISED: "Revenue is invoiced revenue by service period, after Odoo's deferrals.",
}
# Asks for the lines of no metric, or of no plan.
NONE_NAMED = "(none)"


@dataclass(frozen=True, slots=True)
class InvoicedLinks(Links):
    """Addresses where the lines behind revenue are Odoo's posted ones."""

    def lines(self, scope: Scope, suffix: str = "", **more: str | int | None) -> str:
        """Return the posted lines behind a figure."""
        asked = {**dict(self.kept), **more}
        for name in ("metric", "plan"):
            if asked.pop(f"no_{name}", None):
                asked[name] = NONE_NAMED
        return f"{self.home}/invoiced{suffix}{scope_query(scope, **asked)}"

    def revenue(self, scope: Scope, **more: str | int | None) -> str:
        """Return the posted lines of a revenue figure: a trace begins at an invoice line."""
        return self.lines(scope, "", **more)

    def margin(self, scope: Scope, suffix: str = "", **more: str | int | None) -> str:
        """Return the margin table of a scope, on the same basis."""
        asked = {**more, "basis": str(Basis.INVOICED), **self.only("as_of")}
        return f"{self.home}/margin/table{suffix}{scope_query(scope, **asked)}"


def links_on_basis(links: Links, basis: Basis) -> Links:
    """Return the addresses with the lines of a basis behind its revenue."""
    return InvoicedLinks(links.home, links.kept) if basis is Basis.INVOICED else links


def lead_words(months: Sequence[date], basis: Basis, words: Words) -> str:
    """Return the line below a heading: which months, which revenue, which currency."""
    return words.say(LEADS[basis], months=range_words(months, words))


def metric_words(metric: str, words: Words) -> str:
    """Return what a metric is called: its code, or what lines of no metric of ours are."""
    return words.say("Other invoiced") if metric == OTHER_INVOICED else metric
