"""A real device against every clause of the wire protocol (docs/conform.md): the centre is played to it, and what it says is judged.

`clauses` has the list, `steps` and `guided` what is done to the device, `centre` the broker, `service` the command.
"""
