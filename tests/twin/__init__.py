"""The slow scalar twin of the rules: written straight from the specification, shares no code with `geofence`.

One plain reading, record by record and fix by fix, that recomputes a wearer's violations from nothing after every
line. It is the oracle that the fast rules are compared with; it is never imported by the product.
"""
