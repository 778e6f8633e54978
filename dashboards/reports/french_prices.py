"""The sentences of the price list and of figures as of a time, in French of Canada."""

from dashboards.reports.french_revenue import FRENCH_OF_REVENUE

FRENCH_OF_PRICES = FRENCH_OF_REVENUE | {
    "as known {moment}": "tels que connus {moment}",
    (
        "Figures are those known {moment}: lines, costs, rules and rates that came later are left "
        "out. Usage that divides a cost, and where drafts stand, are of now."
    ): (
        "Les chiffres sont ceux connus {moment}\u00a0: les lignes, coûts, règles et taux arrivés "
        "plus tard n'y sont pas. L'usage qui répartit un coût, et l'état des brouillons, sont ceux "
        "d'aujourd'hui."
    ),
    "Bill less estimate": "Facture moins estimation",
    (
        "By provider and day, all services together, in CAD. A day that only one of them has is "
        "not compared."
    ): (
        "Par fournisseur et par jour, tous services réunis, en CAD. Un jour qui n'a que l'un des "
        "deux n'est pas comparé."
    ),
    "Currency": "Devise",
    "Days with both": "Jours qui ont les deux",
    "Estimate": "Estimation",
    "Estimate and bill": "Estimation et facture",
    "Kind": "Genre",
    "No price is known: fusion-billing costs prices add lets usage stand in for a bill that has "
    "not come.": (
        "Aucun prix n'est connu\u00a0: avec fusion-billing costs prices add, l'usage tient lieu "
        "d'une facture qui n'est pas arrivée."
    ),
    "No provider with a price has usage or a bill in these months.": (
        "Aucun fournisseur avec un prix n'a d'usage ni de facture dans ces mois."
    ),
    "Of the estimate": "De l'estimation",
    "Price list": "Liste de prix",
    "Prices in force": "Prix en vigueur",
    "Provider's bill": "Facture du fournisseur",
    (
        "The price of one unit, for days from the first to before the last; an override wins over "
        "other prices of the same metric and provider."
    ): (
        "Le prix d'une unité, du premier jour jusqu'avant le dernier; un prix dérogatoire "
        "l'emporte sur les autres prix du même indicateur et du même fournisseur."
    ),
    "Today": "Aujourd'hui",
    "Unit price": "Prix unitaire",
    "Until": "Jusqu'au",
    "What a unit should cost, and what the provider charged · {months}": (
        "Ce qu'une unité devrait coûter et ce que le fournisseur a facturé · {months}"
    ),
    "days with a bill": "jours avec facture",
    "ended": "terminé",
    "in force": "en vigueur",
    "later": "à venir",
    "list price": "prix de liste",
    "no bill yet": "pas encore de facture",
    "no end": "sans fin",
    "no usage": "aucun usage",
    "nothing estimated": "rien d'estimé",
    "nothing to compare": "rien à comparer",
    "override": "dérogation",
    "replaced by an override": "remplacé par une dérogation",
    "target: {share} or less": "cible\u00a0: {share} ou moins",
    "the same days": "les mêmes jours",
    "{count} days have no estimate: no rate to CAD is known for {currencies}.": (
        "{count} jours n'ont pas d'estimation\u00a0: aucun taux en CAD n'est connu pour "
        "{currencies}."
    ),
    "{count} overrides": "{count} dérogations",
}
