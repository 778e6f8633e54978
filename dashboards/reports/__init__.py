"""Reports: one answer as page, CSV, JSON or workbook, in English and French of Canada."""
