"""Charts of the report: static SVG in the page's own colours."""
