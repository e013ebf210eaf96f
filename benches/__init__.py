"""What fourwire costs and reaches, beside others in the same run: ``python -m benches``."""
