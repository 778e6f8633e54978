"""The sentences of the pages in French of Canada, by their English text."""

from dashboards.reports.french_prices import FRENCH_OF_PRICES

FRENCH = FRENCH_OF_PRICES | {
    (
        "A cost names its owner by its tags, by its subaccount, or by a rule of attribution; "
        "new rules apply to old costs too."
    ): (
        "Un coût nomme son propriétaire par ses étiquettes, par son sous-compte ou par une "
        "règle d'attribution; une nouvelle règle vaut aussi pour les coûts passés."
    ),
    "A unit of {metric} brings {price} and costs {cost}.": (
        "Une unité de {metric} rapporte {price} et coûte {cost}."
    ),
    "Above this page": "Au-dessus de cette page",
    "Accounts called {account} in all services": "Les comptes {account} de tous les services",
    "All": "Tous",
    "All customers": "Tous les clients",
    "All losing customers, with break-even prices": (
        "Tous les clients déficitaires, avec leurs seuils de rentabilité"
    ),
    "All months": "Tous les mois",
    "All services": "Tous les services",
    "Apply": "Appliquer",
    "As of": "En date du",
    "Before": "Avant",
    "Below zero since": "Déficitaire depuis",
    "Break-even price": "Seuil de rentabilité",
    "Breaks even at {price} a unit.": "Seuil de rentabilité\u00a0: {price} l'unité.",
    "Bridge": "Variation",
    "By account, month and both, sorted as you like": (
        "Par compte, par mois ou les deux, dans l'ordre voulu"
    ),
    "By plan": "Par forfait",
    "COGS": "Coût des ventes",
    "COGS by month": "Coût des ventes par mois",
    "COGS by provider": "Coût des ventes par fournisseur",
    "COGS by provider and month, in CAD": "Coût des ventes par fournisseur et par mois, en CAD",
    "COGS goes to its account's plan where the account has one plan that month. In CAD.": (
        "Le coût va au forfait de son compte si le compte n'a qu'un forfait ce mois-là. En CAD."
    ),
    "Cause": "Cause",
    "Change": "Variation",
    "Change (points)": "Variation (points)",
    "Change of gross profit on {before}, in CAD": (
        "Variation du bénéfice brut par rapport à {before}, en CAD"
    ),
    "Chart": "Graphique",
    "Clear": "Effacer",
    "Close and rate a billing period": "Fermer et tarifer une période de facturation",
    (
        "Closed months are shown as they were closed; what changed since stands in the next open "
        "month. The rows behind a figure are those of now."
    ): (
        "Les mois clos sont montrés tels que clos; ce qui a changé depuis figure au prochain mois "
        "ouvert. Les lignes derrière un chiffre sont celles d'aujourd'hui."
    ),
    "Columns by month, revenue beside COGS.": (
        "Colonnes par mois, revenu à côté du coût des ventes."
    ),
    "Compared with": "Par rapport à",
    "Contribution by customer": "Contribution par client",
    "Cost rows": "Lignes de coût",
    "Cost that names no account or no service changed.": (
        "Le coût qui ne nomme ni compte ni service a changé."
    ),
    "Cost without usage": "Coût sans usage",
    "Costly usage": "Usage coûteux",
    "Costs that name no customer": "Coûts qui ne nomment aucun client",
    "Costs to": "Coûts jusqu'au",
    "Customer": "Client",
    "Customers": "Clients",
    "Customers losing money": "Clients déficitaires",
    "Customers losing money by month": "Clients déficitaires par mois",
    "Customers that moved most": "Clients qui ont le plus varié",
    "Default": "Par défaut",
    "Digest of the sources": "Empreinte des sources",
    "Digest of these figures": "Empreinte de ces chiffres",
    "Estimated": "Estimé",
    "Every cost names its service and its account.": "Chaque coût nomme son service et son compte.",
    "Exchange rate": "Taux de change",
    "Fees and costs of no metric": "Frais et coûts sans métrique",
    "Figures": "Chiffres",
    "Filters": "Filtres",
    "For": "Pour",
    "From": "De",
    "From {before} to {months} · CAD": "De {before} à {months} · CAD",
    "Gross margin": "Marge brute",
    "Gross margin by month": "Marge brute par mois",
    "Gross margin by service and month": "Marge brute par service et par mois",
    "Gross profit": "Bénéfice brut",
    "Gross profit of accounts without revenue or cost before.": (
        "Bénéfice brut des comptes sans revenu ni coût auparavant."
    ),
    "Gross profit of accounts without revenue or cost now.": (
        "Bénéfice brut des comptes sans revenu ni coût maintenant."
    ),
    (
        "Gross profit ÷ revenue; n/a where there is no revenue, ▼ where COGS is above it. A "
        "service opens into its metrics and plans."
    ): (
        "Bénéfice brut ÷ revenu; s.o. sans revenu, ▼ si le coût le dépasse. Un service "
        "s'ouvre sur ses métriques et ses forfaits."
    ),
    "Gross profit, {before} to {months}": "Bénéfice brut, de {before} à {months}",
    "Headline figures": "Chiffres clés",
    "How fresh these figures are": "Fraîcheur de ces chiffres",
    "Import what the providers charged": "Importer ce que les fournisseurs ont facturé",
    "Included quota": "Quota inclus",
    "Invoice drafts": "Brouillons de facture",
    "Invoiced": "Facturé",
    "It costs more than it brings": "Il coûte plus qu'il ne rapporte",
    "It pays {price} a unit of {metric}, other customers pay {usual}; the unit costs {cost}.": (
        "Il paie {price} l'unité de {metric}, les autres clients paient {usual}; l'unité "
        "coûte {cost}."
    ),
    "It uses the service and is billed nothing.": (
        "Il utilise le service et rien ne lui est facturé."
    ),
    "Its costs are of no metric it is billed for.": (
        "Ses coûts ne sont d'aucune métrique qui lui est facturée."
    ),
    (
        "Its unit of {metric} costs {cost}, {times} times what it costs for others ({usual}); "
        "it brings {price}."
    ): (
        "Son unité de {metric} coûte {cost}, soit {times} fois ce qu'elle coûte ailleurs "
        "({usual}); elle rapporte {price}."
    ),
    "Last closed month": "Dernier mois fermé",
    "Legend": "Légende",
    "Lines rated": "Lignes tarifées",
    "Losing customers": "Clients déficitaires",
    "Lost customers": "Clients perdus",
    "Margin by service": "Marge par service",
    "Meaning": "Sens",
    "Metric": "Métrique",
    "Mix": "Composition",
    "Money in Canadian dollars unless a currency is named. Times are of Toronto.": (
        "Montants en dollars canadiens sauf mention d'une autre monnaie. Heure de Toronto."
    ),
    "Month": "Mois",
    "Month by month": "Mois par mois",
    "Monthly close": "Clôture mensuelle",
    "Months": "Mois",
    "More or fewer units, at the metric's average profit before.": (
        "Plus ou moins d'unités, au bénéfice moyen d'avant."
    ),
    "Names its customer": "Nomme son client",
    "Names no customer": "Ne nomme aucun client",
    "New customers": "Nouveaux clients",
    "Next": "Suivant",
    (
        "No cost file yet: COGS is zero, so gross margin says nothing. Import one with: "
        "fusion-billing import costs FILE"
    ): (
        "Aucun fichier de coûts\u00a0: le coût des ventes est nul et la marge ne dit rien. "
        "Pour en importer un\u00a0: fusion-billing import costs FILE"
    ),
    "No cost has been imported for {months}: gross margin is overstated there.": (
        "Aucun coût importé pour {months}\u00a0: la marge brute y est surestimée."
    ),
    "No cost in these months.": "Aucun coût pour ces mois.",
    "No customer costs more than it brings.": "Aucun client ne coûte plus qu'il ne rapporte.",
    "No customer's gross profit moved.": "Le bénéfice brut d'aucun client n'a varié.",
    "No figures yet": "Aucun chiffre encore",
    "No metric has units in these months.": "Aucune métrique n'a d'unités pour ces mois.",
    "No month has revenue or cost.": "Aucun mois n'a de revenu ni de coût.",
    "No rated line and no cost matches these filters.": (
        "Aucune ligne tarifée et aucun coût ne répond à ces filtres."
    ),
    "No revenue": "Aucun revenu",
    "No single plan": "Pas de forfait unique",
    "Not known on this basis": "Inconnu sur cette base",
    "Nothing here": "Rien ici",
    "Notice": "Avis",
    "Of it estimated": "Dont estimé",
    "Other services": "Autres services",
    "Overview": "Vue d'ensemble",
    "Page {page} of {pages}": "Page {page} de {pages}",
    "Pages": "Pages",
    "Pages of this table": "Pages de ce tableau",
    "Plan": "Forfait",
    "Previous": "Précédent",
    "Price": "Prix",
    "Price below cost": "Prix sous le coût",
    "Profit a unit": "Bénéfice par unité",
    "Provider": "Fournisseur",
    "Provider price": "Prix du fournisseur",
    "Rated": "Tarifé",
    "Rated lines": "Lignes tarifées",
    "Realised price": "Prix réalisé",
    (
        "Realised price is revenue ÷ all units, included ones too; the break-even price is of "
        "a unit beyond the included ones. In CAD."
    ): (
        "Le prix réalisé est le revenu ÷ toutes les unités, incluses comprises; le seuil de "
        "rentabilité est celui d'une unité au-delà des incluses. En CAD."
    ),
    "Recognised": "Constaté",
    "Report": "Rapport",
    "Revenue": "Revenu",
    "Revenue and COGS by month": "Revenu et coût des ventes par mois",
    "Revenue and COGS by month and service": "Revenu et coût des ventes par mois et par service",
    "Revenue, COGS, gross profit and gross margin by month, in CAD": (
        "Revenu, coût des ventes, bénéfice brut et marge brute par mois, en CAD"
    ),
    "Service": "Service",
    "Share": "Part",
    "Shared": "Partagé",
    "Shared cost": "Coût partagé",
    "Show everything": "Tout montrer",
    "Show it": "Le montrer",
    "Show rated revenue": "Montrer le revenu tarifé",
    "Show the cost rows without a service": "Montrer les lignes de coût sans service",
    "Show the {currency} lines": "Montrer les lignes en {currency}",
    "Skip to content": "Aller au contenu",
    "The CAD rate of the provider's currency changed.": (
        "Le taux en CAD de la monnaie du fournisseur a changé."
    ),
    "The axis does not begin at 0.": "L'axe ne commence pas à 0.",
    "The bars add up to the change exactly.": "Les barres font exactement la variation.",
    (
        "The cause is what, put at its service's usual level, would help most. The break-even "
        "price is of a unit beyond the included ones; n/a where no price could end the loss."
    ): (
        "La cause est ce qui aiderait le plus, ramené au niveau habituel du service. Le seuil "
        "de rentabilité est celui d'une unité au-delà des incluses; s.o. si aucun prix ne "
        "suffirait."
    ),
    (
        "The provider grew dearer: a unit of {metric} costs {cost}, before it was {usual}; it "
        "brings {price}."
    ): (
        "Le fournisseur a augmenté ses prix\u00a0: une unité de {metric} coûte {cost}, contre "
        "{usual} avant; elle rapporte {price}."
    ),
    "The same figures as a table": "Les mêmes chiffres en tableau",
    "The same months together": "Les mêmes mois réunis",
    "To": "À",
    "Total": "Total",
    "Two things bring them:": "Deux choses les apportent\u00a0:",
    "Unallocated": "Non attribué",
    "Unattributed COGS": "Coût des ventes non attribué",
    "Unit cost": "Coût unitaire",
    "Unit economics": "Rentabilité unitaire",
    "Units": "Unités",
    "Units moved between customers that pay or cost differently.": (
        "Des unités sont passées entre des clients qui paient ou coûtent autrement."
    ),
    "Units, realised price and unit cost by month, in CAD": (
        "Unités, prix réalisé et coût unitaire par mois, en CAD"
    ),
    "Unknown": "Inconnu",
    "Usage watermark": "Repère d'usage",
    "Volume": "Volume",
    "What a unit brings and costs": "Ce que rapporte et coûte une unité",
    "What a unit brings changed, and fees without units.": (
        "Ce que rapporte une unité a changé, et les frais sans unités."
    ),
    "What a unit costs changed at equal rates, and costs without units.": (
        "Ce que coûte une unité a changé à taux égal, et les coûts sans unités."
    ),
    "What changed": "Ce qui a changé",
    "What each losing customer costs": "Ce que coûte chaque client déficitaire",
    "What moved gross profit, in CAD": "Ce qui a fait varier le bénéfice brut, en CAD",
    "Who loses money, and why": "Qui perd de l'argent, et pourquoi",
    "Why": "Pourquoi",
    "Why gross profit moved": "Pourquoi le bénéfice brut a varié",
    "Why it loses money": "Pourquoi il est déficitaire",
    "as closed": "tels que clos",
    "as of now": "actuels",
    "by price list, before the provider's bill": (
        "selon la liste de prix, avant la facture du fournisseur"
    ),
    "gross margin": "marge brute",
    "n/a": "s.o.",
    "negative revenue": "revenu négatif",
    "no cost": "aucun coût",
    "no margin to compare": "aucune marge à comparer",
    "no month yet": "aucun mois encore",
    "no revenue": "aucun revenu",
    "no unit is priced": "aucune unité tarifée",
    "no units": "aucune unité",
    "none yet": "rien encore",
    "nothing to compare with": "rien à quoi comparer",
    "revenue": "revenu",
    "shared or unallocated": "partagé ou non attribué",
    "solid: revenue": "plein\u00a0: revenu",
    "striped: COGS": "hachuré\u00a0: coût des ventes",
    "target: {share} or more": "cible\u00a0: {share} ou plus",
    "the months before": "les mois précédents",
    "the same months a year before": "les mêmes mois un an avant",
    "unchanged on {before}": "inchangé par rapport à {before}",
    "{amount} of COGS names no service and is in no service's margin.": (
        "{amount} de coûts ne nomment aucun service et ne sont dans la marge d'aucun."
    ),
    "{count} customers cost {amount} more than they bring.": (
        "{count} clients coûtent {amount} de plus qu'ils ne rapportent."
    ),
    "{count} in {before}": "{count} en {before}",
    (
        "{count} rated lines in {currency} are not added: only CAD revenue is in these "
        "figures, while COGS is of all; their customers are not judged."
    ): (
        "{count} lignes tarifées en {currency} ne sont pas ajoutées\u00a0: seul le revenu en "
        "CAD est compté, alors que le coût est celui de tous; leurs clients ne sont pas "
        "jugés."
    ),
    (
        "{count} rows, in CAD; cost that names no account is Shared, cost that names no "
        "service Unallocated, so that all rows add up to the total."
    ): (
        "{count} lignes, en CAD; un coût sans compte est «\u00a0Partagé\u00a0», un coût sans "
        "service «\u00a0Non attribué\u00a0», pour que toutes les lignes fassent le total."
    ),
    "{figure} by month": "{figure} par mois",
    "{first} to {last}": "{first} à {last}",
    "{months} against {before}, in CAD": "{months} par rapport à {before}, en CAD",
    "{months} is not over: revenue is rated when a period closes, costs arrive before.": (
        "{months} n'est pas terminé\u00a0: le revenu est tarifé à la fermeture d'une période, "
        "les coûts arrivent avant."
    ),
    "{months} · direct COGS above revenue · CAD": (
        "{months} · coût direct supérieur au revenu · CAD"
    ),
    "{months} · effective cost without taxes · CAD": "{months} · coût effectif sans taxes · CAD",
    "{months} · rated revenue by service date · CAD": (
        "{months} · revenu tarifé par date de service · CAD"
    ),
    "{months}, in CAD": "{months}, en CAD",
    "{month}: revenue {revenue}, COGS {cogs}": (
        "{month}\u00a0: revenu {revenue}, coût des ventes {cogs}"
    ),
    (
        "{share} of its {metric} units are included in its plan: a unit brings {price} and "
        "costs {cost}, elsewhere it brings {usual}."
    ): (
        "{share} de ses unités de {metric} sont incluses dans son forfait\u00a0: une unité "
        "rapporte {price} et coûte {cost}, ailleurs elle rapporte {usual}."
    ),
    "▲ {change} more than {before}": "▲ {change} de plus que {before}",
    "▲ {points} points above {before}": "▲ {points} points au-dessus de {before}",
    "▼ {change} less than {before}": "▼ {change} de moins que {before}",
    "▼ {points} points below {before}": "▼ {points} points sous {before}",
}
