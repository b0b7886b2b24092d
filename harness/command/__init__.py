"""One file per subcommand: `run` reads its arguments and calls what does the work."""
