"""The sentences of the close in French of Canada, by their English text."""

FRENCH_OF_CLOSE = {
    "A close would keep": "Une clôture conserverait",
    "A closed month keeps its figures; what changes later stands in the next one.": (
        "Un mois clos garde ses chiffres; ce qui change ensuite figure au mois suivant."
    ),
    "Account": "Compte",
    "Add the rates: fusion-billing costs rates FILE": (
        "Ajouter les taux\u00a0: fusion-billing costs rates FILE"
    ),
    "All rated lines are in the lake.": "Toutes les lignes tarifées sont dans le lac.",
    "All revenue of the month is in CAD.": "Tout le revenu du mois est en CAD.",
    "All usage taken in until the month's end is in the lake.": (
        "Tout l'usage reçu jusqu'à la fin du mois est dans le lac."
    ),
    "As things are now. With a FAIL a close is refused unless it is forced.": (
        "État actuel. Avec un FAIL, la clôture est refusée, à moins d'être forcée."
    ),
    "As things were when the month was closed.": "État au moment de la clôture.",
    "Bill run": "Facturation",
    "Blocked closings": "Fermetures bloquées",
    "By": "Par",
    "Changed since": "Changé depuis",
    "Changes of earlier closed months": "Changements de mois clos antérieurs",
    "Checklist": "Liste de contrôle",
    "Checklist of the close": "Liste de contrôle de la clôture",
    "Close of {month}": "Clôture de {month}",
    "Closed against its checklist by {author}: {reason}": (
        "Clos malgré sa liste de contrôle par {author}\u00a0: {reason}"
    ),
    "Corrections": "Corrections",
    "Costs and rules as of": "Coûts et règles en date du",
    "Costs of {count} providers end early: {names}.": (
        "Les coûts de {count} fournisseurs s'arrêtent tôt\u00a0: {names}."
    ),
    "Costs reach the end of the month, as they did before.": (
        "Les coûts vont jusqu'à la fin du mois, comme auparavant."
    ),
    "Currencies": "Devises",
    "Decision": "Décision",
    "Decisions": "Décisions",
    "Drafts for Odoo": "Brouillons pour Odoo",
    "Estimates": "Estimations",
    "Every provider of the month before has costs in the month.": (
        "Chaque fournisseur du mois précédent a des coûts ce mois-ci."
    ),
    "Every subscription is billed until the month's end.": (
        "Chaque abonnement est facturé jusqu'à la fin du mois."
    ),
    "Figures a close would keep": "Chiffres qu'une clôture conserverait",
    "Figures kept by the close": "Chiffres conservés par la clôture",
    "Forced": "Forcée",
    "Import the providers' actual costs, or close with the estimate.": (
        "Importer les coûts réels des fournisseurs, ou clore avec l'estimation."
    ),
    "Import what the providers charged: fusion-billing import costs FILE": (
        "Importer les coûts des fournisseurs\u00a0: fusion-billing import costs FILE"
    ),
    "Import what they charged: fusion-billing import costs FILE": (
        "Importer leurs coûts\u00a0: fusion-billing import costs FILE"
    ),
    "In CAD.": "En CAD.",
    "Item": "Point",
    "Kept by the close": "Conservé par la clôture",
    "Kept figures never change. {month} itself and its changes since then add up to it as it is "
    "now. In CAD.": (
        "Les chiffres conservés ne changent jamais. Ceux de {month} et ses changements depuis "
        "donnent ensemble ceux d'aujourd'hui. En CAD."
    ),
    "Lake snapshot": "Instantané du lac",
    "Let it be flushed: a running service does it by itself.": (
        "Le laisser verser au lac\u00a0: un service en marche le fait de lui-même."
    ),
    "Lines in other currencies are in no figure: {names}.": (
        "Les lignes en d'autres devises ne sont dans aucun chiffre\u00a0: {names}."
    ),
    "Mend, replay or dismiss them: fusion-billing quarantine list": (
        "Les corriger, rejouer ou écarter\u00a0: fusion-billing quarantine list"
    ),
    "No COGS is an estimate.": "Aucun coût n'est une estimation.",
    "No closing is blocked.": "Aucune fermeture n'est bloquée.",
    "No correction is unfinished.": "Aucune correction n'est inachevée.",
    "No cost of any provider is known.": "Aucun coût de fournisseur n'est connu.",
    "No costs of {count} providers that had some before: {names}.": (
        "Aucun coût de {count} fournisseurs qui en avaient auparavant\u00a0: {names}."
    ),
    "No event waits in quarantine.": "Aucun événement n'attend en quarantaine.",
    "No rate to CAD is missing.": "Aucun taux vers le CAD ne manque.",
    "Nobody decided anything about this month.": "Personne n'a rien décidé au sujet de ce mois.",
    "Nothing changed since the close.": "Rien n'a changé depuis la clôture.",
    "Nothing is sent to Odoo from here.": "Rien n'est envoyé à Odoo d'ici.",
    "Of a closed month the figures its close keeps; of another those of now. In CAD.": (
        "D'un mois clos, les chiffres de sa clôture; d'un autre, ceux d'aujourd'hui. En CAD."
    ),
    "Of month": "Du mois",
    "Of the month's drafts {sent} are sent, {waiting} wait, {parked} are parked.": (
        "Des brouillons du mois, {sent} sont envoyés, {waiting} attendent, {parked} sont en panne."
    ),
    "Post-close adjustments": "Ajustements après clôture",
    "Provider costs": "Coûts des fournisseurs",
    "Quarantine": "Quarantaine",
    "Rates to CAD": "Taux vers le CAD",
    "Reach of costs": "Portée des coûts",
    "Reason": "Motif",
    "Reopened by {author}: {reason}": "Rouvert par {author}\u00a0: {reason}",
    "Repeat each correction: it goes on where it stopped.": (
        "Répéter chaque correction\u00a0: elle reprend où elle s'est arrêtée."
    ),
    "Run the bill: fusion-billing bill": "Lancer la facturation\u00a0: fusion-billing bill",
    "SHA-256": "SHA-256",
    "Say whose it is: fusion-billing costs rules add": (
        "Dire à qui il revient\u00a0: fusion-billing costs rules add"
    ),
    "See that their last days are imported.": "Vérifier que leurs derniers jours sont importés.",
    "See what holds them: fusion-billing odoo sync": (
        "Voir ce qui les retient\u00a0: fusion-billing odoo sync"
    ),
    "Since then, for {month}": "Depuis, pour {month}",
    "Since then, held by later closes": "Depuis, dans des clôtures suivantes",
    "Stands in": "Figure en",
    "State": "État",
    "Status": "Statut",
    "Tell them apart from these figures.": "Les présenter à part de ces chiffres.",
    "The SHA-256 is of the kept figures; the last close's lead to the file.": (
        "Le SHA-256 est celui des chiffres conservés; celui de la clôture en vigueur mène au "
        "fichier."
    ),
    "The first {shown} of {count} rows, in CAD; the files have all.": (
        "Les {shown} premières lignes de {count}, en CAD; les fichiers les ont toutes."
    ),
    "The service has neither revenue nor cost in this month.": (
        "Le service n'a ni revenu ni coût ce mois-ci."
    ),
    "There is no month to close.": "Il n'y a aucun mois à clore.",
    "They are moved each minute, and by the close itself: try again.": (
        "Elles sont versées chaque minute, et par la clôture elle-même\u00a0: réessayer."
    ),
    "Totals": "Totaux",
    "Two engines count their usage differently: fusion-billing lake check --deep": (
        "Deux moteurs comptent leur usage différemment\u00a0: fusion-billing lake check --deep"
    ),
    "Usage": "Usage",
    "Usage of the month still waits in the inbox.": (
        "De l'usage du mois attend encore dans la boîte de réception."
    ),
    "What to do": "Que faire",
    "What was found": "Constat",
    "When": "Quand",
    "by {author}, {when}": "par {author}, {when}",
    "closed": "clos",
    "gross profit of post-close adjustments": "bénéfice brut des ajustements après clôture",
    "if it were closed now": "si la clôture avait lieu maintenant",
    "items fail": "points en échec",
    "kept by the close": "conservé par la clôture",
    "nobody closed it yet": "personne ne l'a encore clos",
    "nothing fails": "rien n'échoue",
    "open": "ouvert",
    "reopened": "rouvert",
    "soft closed": "clos provisoirement",
    "yes": "oui",
    "{amount} CAD of COGS is an estimate by price list.": (
        "{amount} CAD de coût est une estimation selon la liste de prix."
    ),
    "{count} closings are blocked: {names}.": "{count} fermetures sont bloquées\u00a0: {names}.",
    "{count} closings are due and not billed: {names}.": (
        "{count} fermetures sont dues et non facturées\u00a0: {names}."
    ),
    "{count} corrections are unfinished: {names}.": (
        "{count} corrections sont inachevées\u00a0: {names}."
    ),
    "{count} events in quarantine count nothing.": (
        "{count} événements en quarantaine ne comptent pour rien."
    ),
    "{count} rated lines are not in the lake yet.": (
        "{count} lignes tarifées ne sont pas encore dans le lac."
    ),
    "{count} rates to CAD are missing: {names}.": (
        "{count} taux vers le CAD manquent\u00a0: {names}."
    ),
    "{month} itself": "{month}, en propre",
    "{month} itself, as it is now": "{month}, en propre, aujourd'hui",
    "{share} % of the house's COGS names no service ({amount} CAD); {shared} CAD of this service's "
    "names no account.": (
        "{share}\u00a0% du coût de la maison ne nomme aucun service ({amount} CAD); {shared} CAD "
        "de celui de ce service ne nomme aucun compte."
    ),
}
