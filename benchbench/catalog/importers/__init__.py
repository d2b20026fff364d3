"""From what the world publishes to rows of the catalogue, one module per kind of source.

A plain CSV in the catalogue's own columns needs none of them: `catalog.load` takes it as it is.
"""
