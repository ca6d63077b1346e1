"""Self-contained HTML pages: sections of tables, charts and images; charts as data for pages and PDF files."""
