"""The catalogue where Odoo, or a file, owns it: wanted, judged, and kept as versions."""
