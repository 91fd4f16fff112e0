"""How somebody is told: one module a channel, each keeps the port of `alerts.channels.channel`."""
