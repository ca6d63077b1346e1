"""Reports of studies: one HTML page, tables, figures."""
