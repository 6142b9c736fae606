"""The programme: rules, ledger, services and pages. `app.main` wires everything together."""
