"""What the package does, one concept a module; ``managers`` holds the public methods."""
