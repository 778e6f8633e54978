"""What a sentence about a {count} of things says of one, by its English text about many.

French says of none what it says of one. A sentence that is not here is the same for any number.
"""

from collections.abc import Mapping

SINGULAR: Mapping[str, Mapping[str, str]] = {
    "Costs of {count} providers end early: {names}.": {
        "en": "Costs of {count} provider end early: {names}.",
        "fr": "Les coûts de {count} fournisseur s'arrêtent tôt\u00a0: {names}.",
    },
    "No costs of {count} providers that had some before: {names}.": {
        "en": "No costs of {count} provider that had some before: {names}.",
        "fr": "Aucun coût de {count} fournisseur qui en avait auparavant\u00a0: {names}.",
    },
    "{count} closings are blocked: {names}.": {
        "en": "{count} closing is blocked: {names}.",
        "fr": "{count} fermeture est bloquée\u00a0: {names}.",
    },
    "{count} closings are due and not billed: {names}.": {
        "en": "{count} closing is due and not billed: {names}.",
        "fr": "{count} fermeture est due et non facturée\u00a0: {names}.",
    },
    "{count} corrections are unfinished: {names}.": {
        "en": "{count} correction is unfinished: {names}.",
        "fr": "{count} correction est inachevée\u00a0: {names}.",
    },
    "{count} cost rows": {"en": "{count} cost row", "fr": "{count} ligne de coût"},
    "{count} customers cost {amount} more than they bring.": {
        "en": "{count} customer costs {amount} more than it brings.",
        "fr": "{count} client coûte {amount} de plus qu'il ne rapporte.",
    },
    "{count} days have no estimate: no rate to CAD is known for {currencies}.": {
        "en": "{count} day has no estimate: no rate to CAD is known for {currencies}.",
        "fr": (
            "{count} jour n'a pas d'estimation\u00a0: aucun taux en CAD n'est connu pour "
            "{currencies}."
        ),
    },
    "{count} events in quarantine count nothing.": {
        "en": "{count} event in quarantine counts nothing.",
        "fr": "{count} événement en quarantaine ne compte pour rien.",
    },
    (
        "{count} invoiced lines in {currency} are not added: only CAD revenue is in these "
        "figures, while COGS is of all; their customers are not judged."
    ): {
        "en": (
            "{count} invoiced line in {currency} is not added: only CAD revenue is in these "
            "figures, while COGS is of all; its customer is not judged."
        ),
        "fr": (
            "{count} ligne facturée en {currency} n'est pas additionnée\u00a0: seul le revenu en "
            "CAD est dans ces chiffres, le coût y est en entier; son client n'est pas jugé."
        ),
    },
    "{count} lines are on their way here": {
        "en": "{count} line is on its way here",
        "fr": "{count} ligne est en chemin",
    },
    "{count} overrides": {"en": "{count} override", "fr": "{count} dérogation"},
    "{count} parts": {"en": "{count} part", "fr": "{count} part"},
    "{count} parts; they add up to the figure exactly. In CAD.": {
        "en": "{count} part; it is the figure exactly. In CAD.",
        "fr": "{count} part; c'est exactement le chiffre. En CAD.",
    },
    (
        "{count} rated lines in {currency} are not added: only CAD revenue is in these "
        "figures, while COGS is of all; their customers are not judged."
    ): {
        "en": (
            "{count} rated line in {currency} is not added: only CAD revenue is in these "
            "figures, while COGS is of all; its customer is not judged."
        ),
        "fr": (
            "{count} ligne tarifée en {currency} n'est pas ajoutée\u00a0: seul le revenu en CAD "
            "est compté, alors que le coût est celui de tous; son client n'est pas jugé."
        ),
    },
    "{count} rated lines are not in the lake yet.": {
        "en": "{count} rated line is not in the lake yet.",
        "fr": "{count} ligne tarifée n'est pas encore dans le lac.",
    },
    "{count} rates to CAD are missing: {names}.": {
        "en": "{count} rate to CAD is missing: {names}.",
        "fr": "{count} taux vers le CAD manque\u00a0: {names}.",
    },
    (
        "{count} rows as Odoo has posted them; credit notes are negative. A line that bills no "
        "rated line of ours is other invoiced. The total is of CAD."
    ): {
        "en": (
            "{count} row as Odoo has posted it; credit notes are negative. A line that bills no "
            "rated line of ours is other invoiced. The total is of CAD."
        ),
        "fr": (
            "{count} ligne comme Odoo l'a comptabilisée; les notes de crédit sont négatives. Une "
            "ligne qui ne facture aucune de nos lignes tarifées est «\u00a0autre facturé\u00a0». "
            "Le total est en CAD."
        ),
    },
    "{count} rows, as taken in": {
        "en": "{count} row, as taken in",
        "fr": "{count} ligne, telle que reçue",
    },
    (
        "{count} rows, in CAD; cost that names no account is Shared, cost that names no "
        "service Unallocated, so that all rows add up to the total."
    ): {
        "en": (
            "{count} row, in CAD; cost that names no account is Shared, cost that names no "
            "service Unallocated, so that all rows add up to the total."
        ),
        "fr": (
            "{count} ligne, en CAD; un coût sans compte est «\u00a0Partagé\u00a0», un coût sans "
            "service «\u00a0Non attribué\u00a0», pour que toutes les lignes fassent le total."
        ),
    },
    "{count} subscriptions in {currency} are not added: only CAD is here.": {
        "en": "{count} subscription in {currency} is not added: only CAD is here.",
        "fr": "{count} abonnement en {currency} n'est pas additionné\u00a0: seul le CAD est ici.",
    },
    "{shown} of {count} owners, the largest first; each leads to the figure it counts in.": {
        "en": "{shown} of {count} owner; it leads to the figure it counts in.",
        "fr": "{shown} de {count} bénéficiaire; il mène au chiffre où il compte.",
    },
}
