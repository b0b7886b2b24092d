"""Gold of one's own: starting, checking, counting, looking over and converting annotations."""
