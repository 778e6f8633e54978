"""import: what others have, a file a kind."""

from fusion_billing.commands import import_costs, import_lago, imports

app = imports.app
app.command("costs")(import_costs.costs)
app.command("lago")(import_lago.lago)
