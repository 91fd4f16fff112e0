"""The words of the field: ids, records, facts, violations and the wire codec. Imports nothing else of ours."""
