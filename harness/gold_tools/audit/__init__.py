"""What in a gold is no fault and may be a slip: a module for each thing that is looked at."""
