"""One concept a module; ``managers`` holds the public verbs."""
