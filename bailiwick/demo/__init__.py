"""``bailiwick demo``: the whole system on embedded parts, over real MQTT, in one command.

================== =========================================================================
`config`           what was asked for, and what it needs of the machine
`system`           the parts and processes: started in order, watched, ended in order
`fleet_process`    the simulated devices, in a process of their own
`run`              from a bare folder to the report
`figures`          the line that is printed while it runs
`reporting`        the JSON report of contract.md
================== =========================================================================
"""
