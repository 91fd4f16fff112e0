"""The parts that Bailiwick stands on, found and started: a database and a broker.

============================ ===================================================================
`processes`                  a child that is ours: its log, its ready-check, its end
`launch`                     what runs in the child before the part does
`postgres_server`            one PostgreSQL server over one data folder
`embedded_database`          which PostgreSQL: the one from the wheel, else one on the machine
`mosquitto_broker`           one Mosquitto over one data folder
`embedded_broker`            the broker from the wheel, and what it cannot promise
`private_prefix`             packages of a Debian suite, unpacked into a folder of ours
`browser`                    a headless Chromium in such a folder, for the tests of the page
`usage`                      what a process and its children use
`real_parts`                 a real TimescaleDB and Mosquitto in such a folder
============================ ===================================================================
"""
