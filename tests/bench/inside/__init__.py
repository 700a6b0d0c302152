"""What the harness runs with the bench's Python."""
