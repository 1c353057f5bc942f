"""Speed: every workload, on this engine and on others, in turns. Run: python -m bench --help."""
