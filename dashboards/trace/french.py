"""The sentences of the trace in French of Canada, by their English text."""

FRENCH_OF_TRACE = {
    "Amounts before tax, in {currency}": "Montants avant taxes, en {currency}",
    "As Odoo posted it, and the rated lines it bills": (
        "Telle que comptabilisée dans Odoo, et les lignes tarifées qu'elle facture"
    ),
    "Back to the figure": "Retour au chiffre",
    "Billed cost": "Coût facturé",
    "By category; a tax counts 0 in COGS": (
        "Par catégorie; une taxe compte 0 dans le coût des ventes"
    ),
    "CAD rate": "Taux en CAD",
    "COGS, row by row": "Coût des ventes, ligne par ligne",
    "Category": "Catégorie",
    "Cost": "Coût",
    "Divided by a rule": "Réparti par une règle",
    "Effective cost": "Coût effectif",
    "Invoice in Odoo": "Facture dans Odoo",
    "Invoice line": "Ligne de facture",
    "Invoice lines": "Lignes de facture",
    "Invoice {number} in Odoo": "Facture {number} dans Odoo",
    "Its parts": "Ses parts",
    "Nothing makes this figure: it is zero.": "Rien ne compose ce chiffre\u00a0: il est nul.",
    "Parts": "Parts",
    "Rate from": "Source du taux",
    "Rated line": "Ligne tarifée",
    "Revenue, line by line": "Revenu, ligne par ligne",
    "Revision": "Révision",
    "Show figures of now": "Voir les chiffres actuels",
    "The figure": "Le chiffre",
    "The figure is as it was closed; its parts are those of now.": (
        "Le chiffre est celui de la clôture; ses parts sont celles d'aujourd'hui."
    ),
    "The figure less its parts, exact, in CAD": "Le chiffre moins ses parts, exact, en CAD",
    "The parts and the figure": "Les parts et le chiffre",
    "The rule's parts; they add up to the cost rows exactly. In CAD.": (
        "Les parts de la règle; leur somme est exactement celle des lignes de coût. En CAD."
    ),
    "What": "Quoi",
    "What it charged": "Ce qu'elle facture",
    "What the provider charged, and the figures it counts in": (
        "Ce que le fournisseur a facturé, et les chiffres où cela compte"
    ),
    "Whose it became": "À qui revient le coût",
    "Whose it is": "À qui",
    "a rule divides it": "une règle le répartit",
    "as the margin pages say": "selon les pages de marge",
    "credit note": "note de crédit",
    "file {name}": "fichier {name}",
    "invoice": "facture",
    "its own row says": "selon sa propre ligne",
    "made in Odoo": "saisie dans Odoo",
    "nobody's yet": "encore à personne",
    "none: the parts are the figure": "aucun\u00a0: les parts sont le chiffre",
    "on no posted invoice": "sur aucune facture comptabilisée",
    "the parts are those of now": "les parts sont celles d'aujourd'hui",
    "usage × price list": "usage × liste de prix",
    "{count} cost rows": "{count} lignes de coût",
    "{count} parts": "{count} parts",
    "{count} parts; they add up to the figure exactly. In CAD.": (
        "{count} parts; leur somme est exactement le chiffre. En CAD."
    ),
    "{count} rows, as taken in": "{count} lignes, telles que reçues",
    "{provider}: bill {bill}": "{provider}\u00a0: facture {bill}",
    "{shown} of {count} owners, the largest first; each leads to the figure it counts in.": (
        "{shown} de {count} bénéficiaires, les plus grands d'abord; chacun mène au chiffre où il "
        "compte."
    ),
}
