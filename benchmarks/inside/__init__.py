"""What the benchmarks run in the bench's Python, on sites of their own."""
