"""What peers are run with, each in an environment of its own."""
