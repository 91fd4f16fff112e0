"""TimescaleDB or plain PostgreSQL: schema, queries, units of work. The only folder that knows SQL."""
