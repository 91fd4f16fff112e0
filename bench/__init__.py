"""The benchmarks, each a command: ``python -m bench.NAME`` writes bench/results/NAME.json."""
