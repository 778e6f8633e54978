"""What `odoo check` looks at, one file for each kind of thing; every look only asks."""
