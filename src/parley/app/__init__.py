"""The async use cases. Owns the ports that doors and backends implement."""
