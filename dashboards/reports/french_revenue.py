"""The sentences of revenue bases, invoiced lines and recurring revenue in French of Canada."""

FRENCH_OF_REVENUE = {
    (
        "Closed months are shown as they were closed, with what Odoo was seen to have posted by "
        "then; what changed since stands in the next open month."
    ): (
        "Les mois clos sont présentés tels que clos, avec ce qu'Odoo avait alors comptabilisé; ce "
        "qui a changé depuis figure dans le prochain mois ouvert."
    ),
    "Odoo's total is known as of now only: figures of another time are not compared with it": (
        "le total d'Odoo n'est connu qu'à ce jour\u00a0: des chiffres d'un autre moment ne lui "
        "sont pas comparés"
    ),
    "A close keeps nothing of this page: its figures are those of now.": (
        "Une clôture ne conserve rien de cette page\u00a0: ses chiffres sont ceux d'aujourd'hui."
    ),
    "A cent of difference on a line of an invoice.": (
        "Un cent d'écart sur une ligne d'une facture."
    ),
    (
        "A rated line is spread over the days of its period, whole cents; an invoiced one stands "
        "on its invoice's date. A figure leads to the rows of its month. In CAD."
    ): (
        "Une ligne tarifée est répartie sur les jours de sa période, en cents entiers; une ligne "
        "facturée est à la date de sa facture. Un chiffre mène aux lignes de son mois. En CAD."
    ),
    "Added by hand": "Ajouté à la main",
    "Amount": "Montant",
    "Before tax, in CAD, by invoice date": "Avant taxes, en CAD, par date de facture",
    "Before tax, in CAD, by invoice date; Odoo as last read {moment}": (
        "Avant taxes, en CAD, par date de facture; Odoo tel que lu le {moment}"
    ),
    "Before {month}": "Avant {month}",
    "Billed by Odoo alone": "Facturé par Odoo seul",
    "Billed by another system": "Facturé par un autre système",
    "By day": "Par jour",
    "By invoice date. The bars add up to the cent.": (
        "Par date de facture. Les barres s'additionnent au cent près."
    ),
    "By service": "Par service",
    "By service date, of closed periods.": "Par date de service, des périodes fermées.",
    "Came back": "Revenus",
    "Cancelled or deleted": "Annulées ou supprimées",
    "Closing": "Clôture",
    (
        "COGS is the providers' effective cost of the same months in CAD, without taxes. Gross "
        "profit is revenue minus COGS; gross margin is gross profit ÷ revenue. Figures are "
        "rounded half-up only here: rounded rows can differ from their total by a cent."
    ): (
        "Le coût des ventes est le coût effectif des fournisseurs pour les mêmes mois, en CAD, "
        "sans taxes. Le bénéfice brut est le revenu moins le coût; la marge brute est le bénéfice "
        "brut ÷ le revenu. Les chiffres ne sont arrondis qu'ici\u00a0: des lignes arrondies "
        "peuvent différer de leur total d'un cent."
    ),
    "Contraction": "Contraction",
    "Credit notes": "Notes de crédit",
    "Credit notes and lines made in Odoo took back what it was invoiced.": (
        "Des notes de crédit et des lignes faites dans Odoo ont repris ce qui lui était facturé."
    ),
    "Credited": "Crédité",
    "Currency": "Devise",
    "Date": "Date",
    "Day": "Jour",
    "Days are shown of the newest three months only.": (
        "Les jours ne sont montrés que pour les trois mois les plus récents."
    ),
    "Difference": "Écart",
    "Drafts not posted": "Brouillons non comptabilisés",
    "Edited by hand": "Modifié à la main",
    "End of {month}": "Fin de {month}",
    "Expansion": "Expansion",
    "Figure": "Chiffre",
    "Flat fees and invoices that no draft of ours made.": (
        "Frais fixes et factures qu'aucun de nos brouillons n'a faits."
    ),
    "From rated to invoiced revenue": "Du revenu tarifé au revenu facturé",
    "Gross margin by day": "Marge brute par jour",
    "Growth": "Croissance",
    "In Odoo as a draft, which is no revenue yet.": (
        "Dans Odoo en brouillon, ce qui n'est pas encore un revenu."
    ),
    "Invoice": "Facture",
    "Invoiced in other months": "Facturé en d'autres mois",
    "Invoiced in these months for usage and fees of others.": (
        "Facturé en ces mois pour l'usage et les frais d'autres mois."
    ),
    "Invoiced less rated": "Facturé moins tarifé",
    "Invoiced lines": "Lignes facturées",
    "Invoiced revenue": "Revenu facturé",
    "Invoiced revenue here": "Revenu facturé ici",
    (
        "Invoiced revenue stands in the month of its invoice, COGS in the month it was used: what "
        "is billed after the month ends meets the COGS of the next."
    ): (
        "Le revenu facturé est au mois de sa facture, le coût au mois de l'usage\u00a0: ce qui est "
        "facturé après la fin du mois rencontre le coût du mois suivant."
    ),
    "Its invoice has a date outside these.": "Sa facture a une date hors de ces mois.",
    "Lines people put on invoices of ours.": "Lignes que des gens ont mises sur nos factures.",
    "Lines taken off": "Lignes retirées",
    "Made in Odoo, posted in these months.": "Faites dans Odoo, comptabilisées en ces mois.",
    "Metric and plan choose nothing here: fees are counted by customer.": (
        "La métrique et le forfait ne choisissent rien ici\u00a0: les frais se comptent par client."
    ),
    "Monthly recurring revenue": "Revenu mensuel récurrent",
    "No Odoo has been read, so what was invoiced is not known here.": (
        "Aucun Odoo n'a été lu\u00a0: ce qui a été facturé n'est pas connu ici."
    ),
    "No plan fee is owed here in these months.": "Aucuns frais de forfait ne sont dus ici.",
    "No recurring revenue yet": "Pas encore de revenu récurrent",
    "No subscription with a plan fee in CAD has begun in these months.": (
        "Aucun abonnement avec des frais de forfait en CAD n'a commencé en ces mois."
    ),
    "Not sent yet": "Pas encore envoyé",
    "Odoo has posted nothing here in these months.": "Odoo n'a rien comptabilisé ici en ces mois.",
    (
        "Odoo's deferred-revenue entries (its Enterprise accounting) are not read, and our "
        "invoice lines carry no deferral dates, so recognised revenue is not known here."
    ): (
        "Les écritures de revenus reportés d'Odoo (sa comptabilité Enterprise) ne sont pas lues, "
        "et nos lignes de facture n'ont pas de dates de report\u00a0: le revenu constaté n'est "
        "pas connu ici."
    ),
    "Odoo's totals know no metric and no plan": (
        "les totaux d'Odoo ne connaissent ni métrique ni forfait"
    ),
    "On no invoice": "Sur aucune facture",
    "On the invoice": "Sur la facture",
    "On the way here": "En chemin",
    "Opening": "Ouverture",
    "Other currency": "Autre devise",
    "Other invoiced": "Autre facturé",
    "Parked": "Mis de côté",
    "Paying customers": "Clients payants",
    (
        "Plan fees of running subscriptions at each month's end, a year's by twelfths, weeks at "
        "52 a year; usage and trials are not in it. Opening and movements add up to the closing "
        "exactly."
    ): (
        "Frais de forfait des abonnements en cours à la fin de chaque mois, l'année par douzièmes, "
        "52 semaines par an; l'usage et les essais n'y sont pas. L'ouverture et les mouvements "
        "donnent exactement la clôture."
    ),
    "Posted in Odoo, its lines are not in the lake yet.": (
        "Comptabilisé dans Odoo, ses lignes ne sont pas encore dans le lac."
    ),
    "Posted in Odoo, less credit notes": "Comptabilisé dans Odoo, moins les notes de crédit",
    "Posted lines": "Lignes comptabilisées",
    "Rated in one currency, invoiced in another.": "Tarifé en une devise, facturé en une autre.",
    "Rated in other months": "Tarifé en d'autres mois",
    "Rated in shadow: never sent by us.": "Tarifé en mode ombre\u00a0: jamais envoyé par nous.",
    "Rated revenue": "Revenu tarifé",
    "Rated to invoiced, {months}": "Du tarifé au facturé, {months}",
    "Read what became of our invoices": "Lire ce que sont devenues nos factures",
    "Recurring": "Récurrent",
    "Removed by hand from an invoice that was posted.": (
        "Retirées à la main d'une facture comptabilisée."
    ),
    "Revenue is invoiced revenue by service period, after Odoo's deferrals.": (
        "Le revenu est le revenu facturé par période de service, après les reports d'Odoo."
    ),
    "Revenue is rated revenue by service date, before tax, of closed periods.": (
        "Le revenu est le revenu tarifé par date de service, avant taxes, des périodes fermées."
    ),
    (
        "Revenue is what Odoo has posted: invoice lines less credit notes, before tax, by invoice "
        "date. Units are those used, by service date."
    ): (
        "Le revenu est ce qu'Odoo a comptabilisé\u00a0: lignes de facture moins notes de crédit, "
        "avant taxes, par date de facture. Les unités sont celles utilisées, par date de service."
    ),
    "Rounding": "Arrondi",
    "The amount was changed in Odoo.": "Le montant a été changé dans Odoo.",
    "The charge is rated and not invoiceable.": "La charge est tarifée et non facturable.",
    "The draft is set aside until its problem is mended.": (
        "Le brouillon est mis de côté jusqu'à ce que son problème soit réglé."
    ),
    "The draft waits to be sent to Odoo.": "Le brouillon attend d'être envoyé à Odoo.",
    "The invoice was cancelled or deleted in Odoo.": (
        "La facture a été annulée ou supprimée dans Odoo."
    ),
    "The same months together, in CAD": "Les mêmes mois ensemble, en CAD",
    "Tie-out to Odoo's ledger": "Rapprochement au grand livre d'Odoo",
    "What lies between": "Ce qui sépare",
    "What lies between rated and invoiced revenue, in CAD; 0.00 is nothing": (
        "Ce qui sépare le revenu tarifé du revenu facturé, en CAD; 0,00 n'est rien"
    ),
    "What moved recurring revenue, {months}": "Ce qui a fait varier le récurrent, {months}",
    "an invoice always names its service and its customer": (
        "une facture nomme toujours son service et son client"
    ),
    "no opening": "pas d'ouverture",
    (
        "{count} invoiced lines in {currency} are not added: only CAD revenue is in these "
        "figures, while COGS is of all; their customers are not judged."
    ): (
        "{count} lignes facturées en {currency} ne sont pas additionnées\u00a0: seul le revenu en "
        "CAD est dans ces chiffres, le coût y est en entier; leurs clients ne sont pas jugés."
    ),
    "{count} lines are on their way here": "{count} lignes sont en chemin",
    (
        "{count} rows as Odoo has posted them; credit notes are negative. A line that bills no "
        "rated line of ours is other invoiced. The total is of CAD."
    ): (
        "{count} lignes comme Odoo les a comptabilisées; les notes de crédit sont négatives. Une "
        "ligne qui ne facture aucune de nos lignes tarifées est «\u00a0autre facturé\u00a0». Le "
        "total est en CAD."
    ),
    "{count} subscriptions in {currency} are not added: only CAD is here.": (
        "{count} abonnements en {currency} ne sont pas additionnés\u00a0: seul le CAD est ici."
    ),
    "{months} · before tax · CAD": "{months} · avant taxes · CAD",
    "{months} · before tax, less credit notes": "{months} · avant taxes, moins notes de crédit",
    "{months} · invoiced revenue by invoice date · CAD": (
        "{months} · revenu facturé par date de facture · CAD"
    ),
    "{months} · plan fees brought to a month · CAD": (
        "{months} · frais de forfait ramenés au mois · CAD"
    ),
    "{months} · recognised revenue by service period · CAD": (
        "{months} · revenu constaté par période de service · CAD"
    ),
    "{month} is not over: its closing is of this moment.": (
        "{month} n'est pas terminé\u00a0: sa clôture est celle de ce moment."
    ),
}
