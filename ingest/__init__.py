"""MQTT to batches to decisions to one commit to the acknowledgement."""
